"""Files below an agent's tree, opened one component at a time so that no link is ever followed."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from fresh.adapters.gitting.names import flaw, reads_as_git
from fresh.errors import StorageFailed, TreeRefused

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a fifo would wait for a writer that never comes.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
DEEPEST_DESCENT = 50
CHUNK = 1 << 20


def split(path: str) -> tuple[bytes, ...]:
    """Take a repository path apart. Raises TreeRefused for one that leaves the tree or enters `.git`."""
    try:
        parts = tuple(part.encode("utf-8") for part in path.split("/"))
    except UnicodeEncodeError:
        raise TreeRefused(f"{path!r} is no path of a tree: it is not UTF-8.") from None
    for part in parts:
        if part in (b"", b".", b"..") or reads_as_git(part):
            raise TreeRefused(
                f"{path!r} is no path below the tree.", hint="Use a path relative to the repository."
            )
        wrong = flaw(part)
        if wrong:
            raise TreeRefused(f"{path!r} is no path of a tree: {wrong}.")
    return parts


@contextlib.contextmanager
def directory(root: Path, parts: Sequence[bytes], *, make: bool = False) -> Iterator[int]:
    """Open a directory below `root`. Raises FileNotFoundError; NotADirectoryError for a link or a file on the way."""
    descriptor = os.open(root, _DIRECTORY)
    try:
        for part in parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            deeper = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def regular_file(name: bytes, below: int) -> Iterator[int]:
    """Open a regular file of an open directory. Raises OSError; ELOOP for a link, EINVAL for a special file."""
    descriptor = os.open(name, _FILE, dir_fd=below)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def read(root: Path, path: str, longest: int) -> bytes:
    """Read a file. Raises KeyError when there is none, TreeRefused when it is no plain file or too long."""
    *parents, name = split(path)
    with _explained(path):
        try:
            with directory(root, parents) as below, regular_file(name, below) as file:
                content = read_up_to(file, longest + 1)
        except FileNotFoundError:
            raise KeyError(path) from None
    if len(content) > longest:
        raise TreeRefused(f"{path!r} is longer than the {longest} bytes that may be read.")
    return content


def write(root: Path, path: str, content: bytes, beside: Path) -> None:
    """Write a file whole, through a spare one in `beside`; an existing file keeps its mode. Raises TreeRefused."""
    *parents, name = split(path)
    spare = beside / f".write-{secrets.token_hex(8)}"
    try:
        with _explained(path), directory(root, parents, make=True) as below:
            mode = _mode_of(name, below, path)
            descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
            os.rename(spare, name, dst_dir_fd=below)
    except FileNotFoundError:
        raise StorageFailed(f"The tree at {root} is gone.", hint="Plant it again.") from None
    finally:
        spare.unlink(missing_ok=True)


def read_up_to(descriptor: int, most: int) -> bytes:
    """Read at most `most` bytes."""
    pieces: list[bytes] = []
    left = most
    while left > 0:
        piece = os.read(descriptor, min(left, CHUNK))
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def remove(root: Path) -> None:
    """Remove a whole tree, whatever its depth and rights; another remover at work is no error."""
    try:
        descriptor = _enter(os.fsencode(root), None)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        root.unlink(missing_ok=True)
        return
    try:
        while os.listdir(descriptor):
            _empty(descriptor, descriptor, 0)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        root.rmdir()


def _empty(directory_fd: int, top: int, depth: int) -> None:
    """Empty a directory; what lies deeper than any honest tree is moved to the top and emptied from there."""
    for entry in list(os.scandir(directory_fd)):
        with contextlib.suppress(FileNotFoundError):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.name, dir_fd=directory_fd)
                continue
            child = _enter(os.fsencode(entry.name), directory_fd)
            try:
                if depth >= DEEPEST_DESCENT:
                    os.rename(entry.name, secrets.token_hex(16), src_dir_fd=directory_fd, dst_dir_fd=top)
                    continue
                _empty(child, top, depth + 1)
            finally:
                os.close(child)
            _remove_if_empty(entry.name, directory_fd)


def _remove_if_empty(name: str, below: int) -> None:
    """Remove a directory; one that was filled again meanwhile is left to the next look from the top."""
    try:
        os.rmdir(name, dir_fd=below)
    except OSError as failed:
        if failed.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _enter(name: bytes, below: int | None) -> int:
    """Open a directory for emptying it, giving ourselves the rights that its owner took away."""
    path = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=below)
    try:
        if os.fstat(path).st_mode & 0o700 != 0o700:
            os.chmod(f"/proc/self/fd/{path}", 0o700)
    finally:
        os.close(path)
    return os.open(name, _DIRECTORY, dir_fd=below)


def _mode_of(name: bytes, below: int, path: str) -> int:
    try:
        found = os.stat(name, dir_fd=below, follow_symlinks=False)
    except FileNotFoundError:
        return 0o644
    if not stat.S_ISREG(found.st_mode):
        raise TreeRefused(f"{path!r} is no plain file, so it can't be written.")
    return 0o755 if found.st_mode & 0o100 else 0o644


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as failed:
        if failed.errno in (errno.ENOTDIR, errno.ELOOP):
            raise TreeRefused(f"{path!r} crosses a symbolic link or a file.") from None
        if failed.errno in (errno.EINVAL, errno.EISDIR, errno.ENXIO):
            raise TreeRefused(f"{path!r} is no plain file.") from None
        if failed.errno in (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG):
            raise TreeRefused(f"{path!r} can't be opened: {os.strerror(failed.errno)}.") from None
        if failed.errno == errno.ENOENT:
            raise
        raise StorageFailed(f"{path!r} can't be read or written: {failed.strerror}.") from failed
