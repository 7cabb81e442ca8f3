"""Where built environments stand: each is whole or not there, however many build it and whoever dies meanwhile."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from fresh.domain.value import Value


class Built(Value):
    """One environment that was built. `where` is its directory; `generated` maps repository paths to files there."""

    where: str
    python_mounts: tuple[tuple[str, str], ...]
    how: str
    digest: str
    has_pytest: bool
    import_roots: tuple[str, ...] = ()
    generated: tuple[tuple[str, str], ...] = ()


class Shelf:
    """The environments of one key. A build happens in a directory of its own; a marker, written last, names it."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._marker = place / "environment.json"

    def standing(self) -> Built | None:
        """Find the environment that is whole."""
        try:
            built = Built.model_validate_json(self._marker.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None
        return built if (Path(built.where) / "venv/bin/python").is_symlink() else None

    @contextmanager
    def building(self) -> Iterator[Path]:
        """Hold the right to build, and a fresh directory to build in; what earlier builds left is removed."""
        self._place.mkdir(parents=True, exist_ok=True)
        with open(self._place.with_suffix(".lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            standing = self.standing()
            for place in self._place.iterdir():
                if place.is_dir() and (standing is None or Path(standing.where) != place):
                    shutil.rmtree(place, ignore_errors=True)
            fresh = self._place / uuid.uuid4().hex[:12]
            fresh.mkdir(mode=0o755)
            yield fresh

    def finish(self, built: Built) -> None:
        """Say that an environment is whole; from here on everybody uses it."""
        draft = self._marker.with_suffix(f".{uuid.uuid4().hex[:8]}")
        with open(draft, "wb") as marker:
            marker.write(built.model_dump_json().encode())
            marker.flush()
            os.fsync(marker.fileno())
        os.replace(draft, self._marker)
