"""Look at an agent's tree without believing it: what differs from a commit, and what must never be committed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fresh.adapters.gitting.beneath import CHUNK, directory, read_up_to, regular_file
from fresh.adapters.gitting.names import flaw, leaves, reads_as_git
from fresh.adapters.gitting.objects import FILE, LINK, RUNNABLE, SUBMODULE, Entry
from fresh.errors import TreeRefused

MOST_ENTRIES = 200_000
DEEPEST = 128
LONGEST_PATH = 2048


@dataclass(frozen=True)
class Seen:
    """A file or link as it lies in the tree. `target` is a link's."""

    mode: str
    size: int
    target: bytes | None = None


@dataclass
class Survey:
    """What differs from the commit, and why some of it can't be committed; `problems` maps paths to reasons."""

    differing: dict[bytes, Seen] = field(default_factory=dict)
    gone: set[bytes] = field(default_factory=set)
    links: dict[bytes, bytes] = field(default_factory=dict)
    problems: dict[bytes, str] = field(default_factory=dict)


def survey(root: Path, known: Mapping[bytes, Entry]) -> Survey:
    """Walk a tree and compare every file with a commit, by its bytes: clocks and sizes can be forged. Raises TreeRefused."""
    found = Survey()
    unseen = {path for path, entry in known.items() if entry.mode != SUBMODULE}
    try:
        for path, seen, same in _walk(root, known, found.problems):
            unseen.discard(path)
            if seen.target is not None:
                found.links[path] = seen.target
            if not same:
                found.differing[path] = seen
    except OSError as failed:
        raise TreeRefused(
            f"The tree changed while it was read: {failed}.", hint="Does a command still run in it?"
        ) from failed
    found.gone = unseen - found.problems.keys()
    for path in found.links:
        if path in found.differing and leaves(path, found.links):
            found.problems[path] = "it is a symbolic link that leaves the tree"
    return found


def read_content(root: Path, path: bytes, seen: Seen, most: int) -> bytes:
    """Read what differs. Raises TreeRefused when it is no longer what was seen, or longer than `most` bytes."""
    if seen.target is not None:
        return seen.target
    *parents, name = path.split(b"/")
    try:
        with directory(root, parents) as below, regular_file(name, below) as file:
            content = read_up_to(file, most + 1)
    except OSError as failed:
        raise TreeRefused(f"{path!r} changed while it was read: {failed.strerror}.") from failed
    if len(content) > most:
        raise TreeRefused(f"{path!r} grew beyond {most} bytes while it was read.")
    return content


def hash_blob(content: bytes, algorithm: str) -> str:
    """Compute the hash that git gives to these bytes."""
    return hashlib.new(algorithm, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _walk(
    root: Path, known: Mapping[bytes, Entry], problems: dict[bytes, str]
) -> Iterator[tuple[bytes, Seen, bool]]:
    """Yield every file and link with whether it equals the known one; note in `problems` what is neither."""
    places = {*known, *(place for path in known for place in _above(path))}
    pending: list[tuple[bytes, ...]] = [()]
    count = 0
    while pending:
        parts = pending.pop()
        try:
            with directory(root, parts) as below:
                for name in map(os.fsencode, os.listdir(below)):
                    count += 1
                    if count > MOST_ENTRIES:
                        raise TreeRefused(f"The tree holds more than {MOST_ENTRIES} files and directories.")
                    path = b"/".join((*parts, name))
                    if path == b".git":
                        continue
                    problem = _name_problem(name, path, places)
                    if problem is not None:
                        problems[path] = problem
                        continue
                    mode = os.stat(name, dir_fd=below, follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode) and not _is_submodule(path, known):
                        pending.append((*parts, name))
                    elif stat.S_ISDIR(mode):
                        if not _is_empty(name, below):
                            problems[path] = "it is a submodule, whose files can't be changed here"
                    else:
                        yield from _look(name, below, path, known, problems)
        except PermissionError:
            problems[b"/".join(parts) or b"."] = "it can't be read"


def _look(
    name: bytes, below: int, path: bytes, known: Mapping[bytes, Entry], problems: dict[bytes, str]
) -> Iterator[tuple[bytes, Seen, bool]]:
    status = os.stat(name, dir_fd=below, follow_symlinks=False)
    entry = known.get(path)
    if entry is not None and entry.mode == SUBMODULE:
        problems[path] = "it takes the place of a submodule"
    elif stat.S_ISLNK(status.st_mode):
        target = os.readlink(name, dir_fd=below)
        if path.lower() == b".gitmodules":
            problems[path] = "git refuses it as a symbolic link"
        same = entry is not None and entry.mode == LINK and _hash(target, entry) == entry.blob
        yield path, Seen(LINK, len(target), target), same
    elif stat.S_ISREG(status.st_mode):
        mode = RUNNABLE if status.st_mode & 0o100 else FILE
        yield (
            path,
            Seen(mode, status.st_size),
            entry is not None and _is_same(name, below, mode, status.st_size, entry),
        )
    else:
        problems[path] = "it is neither a file nor a directory nor a link"


def _is_same(name: bytes, below: int, mode: str, size: int, entry: Entry) -> bool:
    # Old histories hold modes like 100664; git reads only the owner's right to run.
    runnable = bool(int(entry.mode, 8) & 0o100)
    if entry.mode == LINK or runnable != (mode == RUNNABLE) or size != entry.size:
        return False
    digest = hashlib.new(_algorithm(entry), b"blob %d\0" % size, usedforsecurity=False)
    with regular_file(name, below) as file:
        while piece := os.read(file, CHUNK):
            digest.update(piece)
    return digest.hexdigest() == entry.blob


def _name_problem(name: bytes, path: bytes, places: Collection[bytes]) -> str | None:
    if reads_as_git(name):
        return "it reads as a nested repository"
    wrong = flaw(name)
    if wrong and path not in places:
        return wrong
    if path.count(b"/") >= DEEPEST or len(path) > LONGEST_PATH:
        return f"it lies deeper than {DEEPEST} directories or {LONGEST_PATH} bytes"
    return None


def _above(path: bytes) -> Iterator[bytes]:
    """Yield every directory that holds a path."""
    while path := path.rpartition(b"/")[0]:
        yield path


def _is_submodule(path: bytes, known: Mapping[bytes, Entry]) -> bool:
    entry = known.get(path)
    return entry is not None and entry.mode == SUBMODULE


def _is_empty(name: bytes, below: int) -> bool:
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=below)
    try:
        return not os.listdir(descriptor)
    finally:
        os.close(descriptor)


def _hash(content: bytes, entry: Entry) -> str:
    return hash_blob(content, _algorithm(entry))


def _algorithm(entry: Entry) -> str:
    return "sha256" if len(entry.blob) == 64 else "sha1"
