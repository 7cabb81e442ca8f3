"""A real sandbox with a tree in it, and eyes on the host's processes."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fresh.adapters.bwrap.spares import SPARES
from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.landlock_sandbox import LandlockSandbox
from fresh.ports import Command, Finished, Limits, Mount, Sandbox

HOME = "/repo"
PATIENT = Limits(wall=30.0)


@dataclass
class Lab:
    """A sandbox whose commands see `tree` as /repo and may write there."""

    sandbox: Sandbox
    tree: Path
    state: Path
    mounts: tuple[Mount, ...] = field(default=())

    def run(self, *argv: str, limits: Limits = PATIENT, environment: Mapping[str, str] | None = None,
            stdin: bytes = b"", mounts: tuple[Mount, ...] = ()) -> Finished:  # fmt: skip
        shown = (Mount(self.tree, HOME, writable=True), *self.mounts, *mounts)
        return self.sandbox.run(Command(argv, HOME, shown, environment or {}, limits, stdin))

    def shell(self, script: str, limits: Limits = PATIENT, mounts: tuple[Mount, ...] = ()) -> Finished:
        return self.run("/bin/sh", "-c", script, limits=limits, mounts=mounts)

    def python(self, code: str, limits: Limits = PATIENT, mounts: tuple[Mount, ...] = ()) -> Finished:
        return self.run("/usr/bin/python3", "-c", code, limits=limits, mounts=mounts)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    tree = tmp_path / "tree"
    tree.mkdir()
    return Lab(BwrapSandbox(tmp_path / "state"), tree, tmp_path / "state")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every user may enter; pytest's own are closed, and Landlock shows nothing elsewhere."""
    made = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="lab-"))
    made.chmod(0o755)
    yield made
    # Python's own rmtree falls into wells that a command can dig.
    subprocess.run(["/bin/rm", "-rf", made], check=True)


@pytest.fixture
def weaker_lab(open_place: Path) -> Lab:
    """A lab whose sandbox is the one on Landlock."""
    (open_place / "tree").mkdir()
    return Lab(LandlockSandbox(open_place / "state"), open_place / "tree", open_place / "state")


@pytest.fixture(params=["bwrap", "landlock"])
def either_lab(request: pytest.FixtureRequest) -> Lab:
    """A lab of either form, for what both promise."""
    found: Lab = request.getfixturevalue("lab" if request.param == "bwrap" else "weaker_lab")
    return found


@dataclass
class Host:
    """The processes of the host."""

    def find(self, word: str) -> list[Path]:
        """Find the processes that have `word` in their command line, without this one."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with suppress(OSError):
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    if word.encode() in line:
                        found.append(entry)
        return found

    def count(self, word: str) -> int:
        """Count them."""
        return len(self.find(word))

    def sleepers(self, seconds: str) -> list[Path]:
        """Find the processes that sleep for so long."""
        return [entry for entry in self.find(seconds) if _name_of(entry) == "sleep\n"]

    def wait_for_sleepers(self, seconds: str, many: int = 1) -> set[int]:
        """Wait until that many sleep, and say which uids they have."""
        deadline = time.monotonic() + 10
        while len(found := self.sleepers(seconds)) < many:
            assert time.monotonic() < deadline, f"{len(found)} of {many} processes sleep for {seconds}"
            time.sleep(0.02)
        return {entry.stat().st_uid for entry in found}

    def is_rid_of(self, word: str, seconds: float = 3.0) -> bool:
        """Wait until no process has this word."""
        deadline = time.monotonic() + seconds
        while self.count(word):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def _name_of(entry: Path) -> str:
    """Read the name of a process; empty when it has ended since it was found."""
    try:
        return (entry / "comm").read_text()
    except OSError:
        return ""


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def marker(tmp_path: Path) -> str:
    """Name seconds that no other command on this machine sleeps for."""
    return f"9{os.getpid()}.{time.monotonic_ns()}"


def waiting() -> int:
    """Wait until a launcher of this process waits for its words; return its pid."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        spare = SPARES._waiting
        if spare is not None:
            return spare.process.pid
        time.sleep(0.01)
    raise AssertionError("no launcher waits")
