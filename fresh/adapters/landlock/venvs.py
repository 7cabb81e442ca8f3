"""Virtual environments among the mounts: their files name places of the sandbox, where in this form nothing is.

What is written into an environment must not name the places where it really lay either: the tree that it was built
beside is gone later, and bubblewrap shows the same environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from fresh.adapters.landlock.paths import Moves
from fresh.adapters.landlock.texts import read_text, write_text
from fresh.ports import Mount

_NAMING = ("*.pth", "__editable__*_finder.py", "*.dist-info/direct_url.json")


def environments(mounts: Sequence[Mount]) -> Iterator[Mount]:
    """Pick the mounts that show a virtual environment."""
    return (mount for mount in mounts if (mount.source / "pyvenv.cfg").is_file())


def sites(environment: Path) -> list[Path]:
    """List where packages are installed."""
    return sorted(environment.glob("lib/python*/site-packages"))


def put_back(mounts: Sequence[Mount]) -> None:
    """Let what a command installed name the places that it was shown, and not those where they really are."""
    back = Moves({str(mount.source.absolute()): mount.target for mount in mounts})
    for mount in environments(mounts):
        if not mount.writable:
            continue
        naming = [file for site in sites(mount.source) for kind in _NAMING for file in site.glob(kind)]
        for file in (*naming, *_scripts(mount.source)):
            written = read_text(mount.source, file)
            if (named := back(written)) != written:
                write_text(mount.source, file, named)


def lend_scripts(mounts: Sequence[Mount], moves: Moves, place: Path) -> dict[str, str]:
    """Copy the scripts that start an interpreter at a place that moved to `place`, with the place where it is.

    Return for each directory of scripts the search path that finds the copies first.
    """
    found = {}
    for number, mount in enumerate(environments(mounts)):
        copies = place / f"bin-{number}"
        for script in _scripts(mount.source):
            first, newline, rest = read_text(mount.source, script).partition("\n")
            if not first.startswith("#!") or moves(first[2:].strip()) == first[2:].strip():
                continue
            copies.mkdir(mode=0o755, exist_ok=True)
            copy = copies / script.name
            copy.write_text(f"#!{moves(first[2:].strip())}{newline}{rest}", errors="surrogateescape")
            copy.chmod(0o755)
        if copies.is_dir():
            bin_directory = f"{mount.source.absolute()}/bin"
            found[bin_directory] = f"{copies}:{bin_directory}"
    return found


def _scripts(environment: Path) -> list[Path]:
    try:
        return sorted((environment / "bin").iterdir())
    except OSError:
        return []
