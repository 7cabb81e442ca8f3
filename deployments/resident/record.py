"""How the resident set stands, written down for other processes: who watches over it, and how each part is."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from fresh.adapters.processes import lives
from fresh.domain.host import Host
from fresh.domain.value import Value

FOLDER = "up"
_RECORD = "up.json"


class Health(StrEnum):
    """How a part is."""

    STARTING = "starting"
    HEALTHY = "healthy"
    WAITING = "waiting to be started again"
    OFF = "off"


class Part(Value):
    """One part of the set; `reason` says why it is off, or why it was started again last."""

    name: str
    health: Health
    host: Host | None = None
    reason: str = ""
    restarts: int = 0


class Standing(Value):
    """The whole set: `host` watches over it, `url` is the Prefect API that it uses."""

    host: Host
    url: str
    repository: str
    since: datetime
    parts: tuple[Part, ...] = ()

    @property
    def lives(self) -> bool:
        """Whether its supervisor still runs."""
        return lives(self.host) is True

    @property
    def healthy(self) -> bool:
        """Whether it lives and every part that is not off is well."""
        return self.lives and all(part.health in (Health.HEALTHY, Health.OFF) for part in self.parts)

    @property
    def ui(self) -> str:
        """Where people look at it."""
        return self.url.removesuffix("/api")


def write_standing(folder: Path, standing: Standing) -> None:
    """Replace the record in one step."""
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=f".{_RECORD}.", delete=False) as draft:
        draft.write(standing.model_dump_json(indent=1))
    os.replace(draft.name, folder / _RECORD)


def read_standing(folder: Path) -> Standing | None:
    """Read the record; None when there never was a set, or one of another version."""
    try:
        return Standing.model_validate_json((folder / _RECORD).read_text())
    except (OSError, ValidationError):
        return None


def living(home: Path) -> Standing | None:
    """Find the set of a state directory, if it lives."""
    standing = read_standing(home / FOLDER)
    return standing if standing is not None and standing.lives else None
