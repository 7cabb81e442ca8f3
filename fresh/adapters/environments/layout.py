"""Which directories of the host a Python interpreter needs, found without running it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fresh.ports import Mount

# The sandbox shows these itself.
SHOWN = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
MOST_LINKS = 40


@dataclass(frozen=True)
class Layout:
    """An interpreter, the virtual environment that it belongs to, and read-only mounts that make it start."""

    python: Path
    venv: Path | None
    mounts: tuple[Mount, ...]


class NoPython(Exception):
    """The path is no interpreter that could be shown in a sandbox; the message says why, as the end of a sentence."""


def lay_out(python: Path) -> Layout:
    """Follow an interpreter's links, and its pyvenv.cfg, to every installation that it starts from.

    Raises NoPython.
    """
    if not os.access(python, os.X_OK) or not python.is_file():
        raise NoPython("is no program that could be run")
    venv = python.parent.parent if (python.parent.parent / "pyvenv.cfg").is_file() else None
    prefixes = [hop.parent.parent for hop in _hops(python)]
    if venv is not None:
        prefixes = [prefix for prefix in prefixes if prefix != venv]
        prefixes.append(_home(venv).parent)
    mounts = [] if venv is None else [Mount(venv.resolve(), str(venv))]
    for prefix in prefixes:
        for target in (prefix, prefix.resolve()):
            mount = Mount(prefix.resolve(), str(target))
            if not _is_shown(target) and mount not in mounts:
                _demand_installation(prefix)
                mounts.append(mount)
    return Layout(python, venv, tuple(mounts))


def _hops(python: Path) -> list[Path]:
    hops = [python]
    while hops[-1].is_symlink():
        if len(hops) > MOST_LINKS:
            raise NoPython(f"leads through more than {MOST_LINKS} links")
        link = hops[-1]
        hops.append(Path(os.path.normpath(link.parent / os.readlink(link))))
    return hops


def _home(venv: Path) -> Path:
    """Read where a virtual environment says that its base interpreter lies."""
    for line in (venv / "pyvenv.cfg").read_text(errors="replace").splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return Path(value.strip())
    raise NoPython(f"lies in {venv}, whose pyvenv.cfg names no home")


def _is_shown(path: Path) -> bool:
    return path == Path("/") or any(path == Path(top) or Path(top) in path.parents for top in SHOWN)


def _demand_installation(prefix: Path) -> None:
    """A crafted pyvenv.cfg could name any directory of the host; only one that holds a standard library is shown."""
    if not any(prefix.glob("lib*/py*/os.py")) or prefix.resolve() in (Path.home(), Path("/")):
        raise NoPython(f"needs {prefix}, which holds no Python installation")
