"""pip on the host: it has the network, and installs wheels alone, so that nothing of what it fetches is run."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fresh.errors import Mishap

WALL = 1200.0
# The operator's own configuration of pip and of the way to its index; nothing else of ours, no key above all.
_PASSED = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)
_PASSED_STARTS = ("PIP_", "XDG_")
_PASSED_ANY_CASE = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
# `--upgrade`, because what venv brings along is old, and a build in isolation would get the newest too.
_OPTIONS = (
    "--upgrade",
    "--only-binary",
    ":all:",
    "--no-input",
    "--disable-pip-version-check",
    "--no-warn-script-location",
)
_UNREACHABLE = re.compile(
    r"Retrying \(Retry\(|NewConnectionError|ConnectTimeoutError|ProxyError|Name or service not known"
)
_UNMET = re.compile(r"No matching distribution found for ([^\n]+)|satisfies the requirement ([^\n]+)")
_CONFLICT = re.compile(r"ResolutionImpossible|conflicting dependencies|Cannot install ([^\n]+)")


@dataclass
class Installed:
    """What pip could install, and what had to be loosened or left out."""

    kept: list[str] = field(default_factory=list)
    loosened: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def make_venv(base: Path, place: Path) -> None:
    """Make an empty virtual environment with pip. Raises Mishap."""
    code, said = _run([str(base), "-I", "-m", "venv", str(place)], 300.0)
    if code != 0:
        raise Mishap(
            f"{base} could not make a virtual environment: {_last(said)}.",
            hint="On Debian: apt-get install python3-venv. Or give --python an interpreter that has everything.",
        )


def install(venv: Path, requirements: Sequence[str]) -> Installed:
    """Install wheels of the requirements, the most important first, into a venv that nothing was installed to yet.

    What can't be had as a wheel is tried without its version, then left out. Raises Mishap when the index can't be
    reached or pip fails in another way.
    """
    found = Installed(kept=list(requirements))
    for _ in range(2 * len(requirements) + 1):
        if not found.kept:
            return found
        code, said = _run(
            [str(venv / "bin/python"), "-I", "-m", "pip", "install", *_OPTIONS, *found.kept], WALL
        )
        if code == 0:
            return found
        if _UNREACHABLE.search(said):
            raise Mishap(
                f"pip can't reach its package index: {_last(said)}.",
                hint="Check the network, or give --python an interpreter that has everything.",
                retryable=True,
            )
        if not (_UNMET.search(said) or _CONFLICT.search(said)):
            raise Mishap(
                f"pip ended with exit code {code}: {_last(said)}.",
                hint="Give --python an interpreter that has everything.",
            )
        _give_in(found, culprit(said, found.kept))
    return found


def culprit(said: str, requirements: Sequence[str]) -> str:
    """Say which requirement pip's complaint is about; the least important one when it names none of them."""
    names = {canonicalize_name(Requirement(text).name): text for text in requirements}
    for unmet in _UNMET.finditer(said):
        for word in re.split(r"[\s(),>]+|->", unmet[1] or unmet[2] or ""):
            try:
                name = canonicalize_name(Requirement(word).name)
            except InvalidRequirement:
                continue
            if name in names:
                return names[name]
    requested = re.findall(r"The user requested ([^\n]+)", said)
    pinned = [text for text in reversed(requirements) if Requirement(text).specifier]
    named = [text for text in pinned if any(Requirement(text).name in line for line in requested)]
    return (named or pinned or list(reversed(requirements)))[0]


def _give_in(found: Installed, text: str) -> None:
    place = found.kept.index(text)
    requirement = Requirement(text)
    if requirement.specifier:
        requirement.specifier = type(requirement.specifier)()
        found.kept[place] = str(requirement)
        found.loosened.append(text)
    else:
        found.missing.append(text)
        del found.kept[place]


def _run(argv: Sequence[str], wall: float) -> tuple[int, str]:
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        cwd="/",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=wall)
    except subprocess.TimeoutExpired:
        raise Mishap(f"{argv[0]} took more than {wall:.0f} s.", retryable=True) from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return process.returncode, output.decode(errors="replace")


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED or name.startswith(_PASSED_STARTS) or name.lower() in _PASSED_ANY_CASE
    }


def _last(said: str) -> str:
    lines = [
        line.strip()
        for line in said.splitlines()
        if line.strip() and not line.startswith(("WARNING", "[notice"))
    ]
    return (lines or ["without a word"])[-1].removeprefix("ERROR: ").rstrip(".")[:300]
