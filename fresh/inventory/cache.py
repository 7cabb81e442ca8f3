"""What earlier scans found, kept by the hash of the content it was found in.

Every file is replaced as a whole, so two scans at once lose at most some of each other's work. Every line carries a
checksum: what does not match is not there, and is found again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from fresh.domain.feature import Inventory
from fresh.errors import StorageFailed

MOST_INVENTORIES = 24
LONGEST_SHARD = 16 << 20
HERE = Path(__file__).parent
EXTRACTOR = (
    "words.py",
    "record.py",
    "syntax.py",
    "notable.py",
    "scopes.py",
    "shown.py",
    "marks.py",
    "walk.py",
    "extract.py",
    "tolerant.py",
    "documents.py",
)


def version_of(paths: Iterable[Path]) -> str:
    """Name a version by the code itself, so that a changed rule never meets what an older one found."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def version_name(*versions: str) -> str:
    """Join versions of several things to one short name."""
    return hashlib.sha256("\0".join(versions).encode()).hexdigest()[:12]


def extractor_version() -> str:
    """Name the version of everything that turns content into records."""
    return version_of(HERE / name for name in EXTRACTOR)


def rules_version() -> str:
    """Name the version of everything that an inventory follows from."""
    domain = HERE.parent / "domain"
    values = [domain / name for name in ("feature.py", "nature.py", "entry_rules.py", "protection.py")]
    return version_of([*HERE.glob("*.py"), *values])


class Shards:
    """Texts without line breaks, filed under content hashes, in one file per first digit of the hash."""

    def __init__(self, cache: Path, name: str, version: str) -> None:
        self.folder = cache / f"{name}-{version}"
        self._name = name

    def load(self, keys: Iterable[str]) -> dict[str, str]:
        """Find what is kept under these keys; what is damaged counts as not kept."""
        wanted: dict[str, set[bytes]] = {}
        for key in keys:
            wanted.setdefault(key[0], set()).add(key.encode())
        found: dict[str, str] = {}
        for digit, names in wanted.items():
            for name, line in self._lines(digit).items():
                if name in names and (text := _payload(line)) is not None:
                    found[name.decode()] = text
        return found

    def store(self, found: Mapping[str, str], used: Iterable[str]) -> None:
        """Keep more; a shard that has grown too long forgets what is not among `used`. Raises StorageFailed."""
        by_digit: dict[str, dict[bytes, bytes]] = {}
        for key, text in found.items():
            by_digit.setdefault(key[0], {})[key.encode()] = _line(key, text)
        if not by_digit:
            return
        in_use = {key.encode() for key in used}
        for digit, added in by_digit.items():
            lines = {**self._lines(digit), **added}
            if sum(map(len, lines.values())) > LONGEST_SHARD:
                lines = {key: line for key, line in lines.items() if key in in_use}
            write_whole(self.folder / digit, b"\n".join(lines.values()))
        for other in self.folder.parent.glob(f"{self._name}-*"):
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)

    def _lines(self, digit: str) -> dict[bytes, bytes]:
        try:
            content = (self.folder / digit).read_bytes()
        except OSError:
            return {}
        return {line.partition(b" ")[0]: line for line in content.split(b"\n") if line}


def _line(key: str, text: str) -> bytes:
    payload = text.replace("\n", " ").encode()
    return f"{key} {zlib.crc32(payload):08x} ".encode() + payload


def _payload(line: bytes) -> str | None:
    parts = line.split(b" ", 2)
    if len(parts) != 3 or parts[1] != f"{zlib.crc32(parts[2]):08x}".encode():
        return None
    return parts[2].decode()


class Inventories:
    """Whole inventories by commit, compressed; the oldest ones go."""

    def __init__(self, cache: Path) -> None:
        self.folder = cache / "inventories"

    def load(self, name: str) -> Inventory | None:
        """Find a kept inventory; a damaged one counts as none."""
        path = self.folder / name
        try:
            inventory = Inventory.model_validate_json(zlib.decompress(path.read_bytes()))
            os.utime(path)
        except (OSError, zlib.error, ValidationError, MemoryError):
            return None
        return inventory

    def store(self, name: str, inventory: Inventory) -> None:
        """Keep an inventory. Raises StorageFailed."""
        write_whole(self.folder / name, zlib.compress(inventory.model_dump_json().encode(), 1))
        for path in _oldest_first(self.folder)[:-MOST_INVENTORIES]:
            path.unlink(missing_ok=True)


def _oldest_first(folder: Path) -> list[Path]:
    """List files by the time of their last use; another process may be deleting them right now."""
    dated: list[tuple[float, Path]] = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            dated.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(dated)]


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file at once; its readers see the old content or all of the new one. Raises StorageFailed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageFailed(
            f"The inventory's cache {path.parent} can't be written: {error.strerror or error}.",
            hint="Make room, or point FRESH_HOME to a folder that can be written.",
            retryable=False,
        ) from error
