"""Where a server can be found, written down by the server itself before it does anything else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pydantic import ValidationError

from fresh.adapters.prefect_server.health import is_healthy
from fresh.adapters.processes import lives
from fresh.domain.host import Host
from fresh.domain.value import Value

_RECORD = "server.json"


class ServerRecord(Value):
    """One server: its API, its process, and the process that it ends with (None when it stays)."""

    url: str
    host: Host
    owner: Host | None = None

    @property
    def lives(self) -> bool:
        """Whether the process still runs."""
        return lives(self.host) is True

    @property
    def ending(self) -> bool:
        """Whether the server lives, but is about to end because its owner is gone."""
        return self.lives and self.owner is not None and lives(self.owner) is not True


def write_record(home: Path, record: ServerRecord) -> None:
    """Replace the record of `home` in one step."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=home, prefix=f".{_RECORD}.", delete=False) as draft:
        draft.write(record.model_dump_json())
    os.replace(draft.name, home / _RECORD)


def read_record(home: Path) -> ServerRecord | None:
    """Read the record of `home`; None when no server of this version ever wrote one."""
    try:
        return ServerRecord.model_validate_json((home / _RECORD).read_text())
    except (OSError, ValidationError):
        return None


def find(home: Path) -> str | None:
    """Find the API of a server that lives and answers; None when there is none to rely on."""
    record = read_record(home)
    if record is None or not record.lives or record.ending:
        return None
    return record.url if is_healthy(record.url) else None
