"""The state directory: locks that a killed process can't leave behind, files that are whole or absent."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from fresh.errors import StorageFailed


@contextlib.contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold a lock across threads and processes; yield its descriptor, to be handed to children that work under it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take a lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader finds the old bytes or all of the new ones, also after a power cut."""
    spare = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        spare.rename(path)
    except BaseException:
        spare.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def storing(what: str) -> Iterator[None]:
    """Translate what the disk says. Raises StorageFailed."""
    try:
        yield
    except OSError as failed:
        raise StorageFailed(
            f"{what}: {failed}.", hint="Is the disk full, or the state directory not ours?"
        ) from failed
