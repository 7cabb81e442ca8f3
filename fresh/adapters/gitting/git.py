"""The one way to git: GitPython's command runner with an environment and options that no repository can bend."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from fresh.adapters.gitting.pristine import ENVIRONMENT, OPTIONS
from fresh.errors import GitFailed, OperatorMistake

if TYPE_CHECKING:
    from git.cmd import Git as Runner

QUICK = 120.0
LONG = 3600.0
"""Seconds for a call on few objects, and for one that may carry a whole history."""


@dataclass(frozen=True)
class Account:
    """The owner of files, by numbers."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Ended:
    """How git ended."""

    code: int
    output: bytes
    complaint: str


@dataclass(frozen=True)
class Git:
    """git on one git directory, as another account when root works for it.

    Without a directory, git looks for one from the directory given by `-C`.
    """

    directory: Path | None = None
    account: Account | None = None

    def run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        seconds: float = QUICK,
        locks: Sequence[int] = (),
    ) -> bytes:
        """Run git to its end and return what it printed. Raises GitFailed."""
        ended = self.ask(*arguments, stdin=stdin, environment=environment, seconds=seconds, locks=locks)
        if ended.code != 0:
            raise _failure(arguments, ended.code, ended.complaint)
        return ended.output

    def ask(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        seconds: float = QUICK,
        locks: Sequence[int] = (),
    ) -> Ended:
        """Run git where a failure is an answer. Raises GitFailed only when the time is over.

        `locks` are file descriptors that the child holds too, so that a lock outlives a killed caller until git is done.
        """
        source = subprocess.PIPE if stdin else subprocess.DEVNULL
        process = self.start(arguments, source, environment or {}, locks)
        return _finish(process, arguments, stdin, seconds)

    def start(
        self,
        arguments: Sequence[str],
        source: int | BinaryIO,
        environment: Mapping[str, str],
        locks: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start git in a session of its own, so that a Ctrl+C meant for us doesn't reach it."""
        variables = {**ENVIRONMENT, **environment}
        if self.directory is not None:
            variables["GIT_DIR"] = str(self.directory)
        options = [word for option in OPTIONS for word in ("-c", option)]
        # GitPython adds to our own environment and can't clear it; env(1) can.
        command = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        command += [_program(), *options, *arguments]
        account = self.account
        handle = _runner().execute(
            command,
            istream=source,
            as_process=True,
            start_new_session=True,
            pass_fds=tuple(locks),
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        process = handle.proc
        assert process is not None
        handle.proc = None  # GitPython's handle ends its process when it goes out of scope
        return process


def carry(
    source: Git, target: Git, wanted: str, known: Iterable[str], *, loose: bool, locks: Sequence[int] = ()
) -> None:
    """Copy what `wanted` needs beyond `known` from one repository to another, through a pipe between two plumbing calls.

    No transport takes part: no hook, no refspec and no remote's configuration has a say. Raises GitFailed.
    """
    packing = ("pack-objects", "--revs", "--thin", "--stdout", "--delta-base-offset", "-q")
    taking = ("unpack-objects", "-q") if loose else ("index-pack", "--stdin", "--fix-thin")
    with open(os.memfd_create("revisions"), "w+b") as revisions:
        revisions.write("".join(f"{line}\n" for line in (wanted, *(f"^{sha}" for sha in known))).encode())
        revisions.seek(0)
        packer = source.start(packing, revisions, {})
    assert packer.stdout is not None
    try:
        taker = target.start(taking, cast(BinaryIO, packer.stdout), {}, locks)
    except BaseException:
        _kill(packer)
        raise
    packer.stdout.close()
    packer.stdout = None
    try:
        taken = _finish(taker, taking, b"", LONG)
    except BaseException:
        _kill(packer)
        raise
    packed = _finish(packer, packing, b"", QUICK)
    if packed.code != 0:
        raise _failure(packing, packed.code, packed.complaint)
    if taken.code != 0:
        raise _failure(taking, taken.code, taken.complaint)


def _finish(
    process: subprocess.Popen[bytes], arguments: Sequence[str], stdin: bytes, seconds: float
) -> Ended:
    try:
        output, complaint = process.communicate(stdin or None, timeout=seconds)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise GitFailed(
            f"git {_verb(arguments)} was killed after {seconds:g} s.",
            hint="Is the disk slow or full?",
            retryable=True,
        ) from None
    except BaseException:
        _kill(process)
        raise
    return Ended(process.returncode, output or b"", (complaint or b"").decode("utf-8", "replace").strip())


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _failure(arguments: Sequence[str], code: int, complaint: str) -> GitFailed:
    said = " ".join(complaint.split())[-400:] or "it said nothing"
    return GitFailed(
        f"git {_verb(arguments)} ended with {code}: {said.rstrip('.')}.",
        hint="Is the disk full, or something not readable? Nothing of the repository was changed.",
    )


def _verb(arguments: Sequence[str]) -> str:
    return arguments[2] if arguments[0] in ("-C", "-c") else arguments[0]


@cache
def _program() -> str:
    found = shutil.which("git")
    if found is None:
        raise OperatorMistake("git is not on the PATH.", hint="Install it: apt-get install git")
    return found


@cache
def _runner() -> Runner:
    # Importing GitPython runs git once and takes 0.1 s, so it waits until git is needed.
    _program()
    from git.cmd import Git as Runner

    # With an unreadable working directory GitPython runs in ours, silently; "/" can always be entered.
    return Runner("/")
