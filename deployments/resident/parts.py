"""Which parts a resident set has, with what each is started, and how each is shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deployments.resident.belonging import FOLDER_NAMED, OWNER_NAMED
from deployments.resident.child import Child
from deployments.resident.record import Health, Part
from fresh.adapters.prefect_server import client_environment
from fresh.domain.host import Host
from fresh.keys import kept
from fresh.settings import read_settings

SHARED = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True)
class Household:
    """What every part is told: the repository, its state directory, and the process that owns them all.

    `is_given` says that the Prefect server is the operator's own.
    """

    repository: Path
    home: Path
    folder: Path
    owner: Host
    is_given: bool

    def children(self, url: str) -> tuple[Child, ...]:
        """Make every part that there is a reason for, with the API that it uses; nothing is started yet."""
        place = self.home / "prefect"
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = self._environment(url)
        keys = dict(kept())
        worker = {**environment, **keys, "PREFECT_CLIENT_MAX_RETRIES": "3"}
        parts = [
            Child("runner", self._argv("runner"), self.folder, place, worker),
            Child("reaper", self._argv("reaper"), self.folder, place, environment),
        ]
        if not missing_for_slack():
            slack = {name: text for name, text in keys.items() if name.startswith("SLACK_")}
            # The bot serves the repository that it is started in, and no part is started in one.
            slack.setdefault("FRESH_REPOSITORIES", os.environ.get("FRESH_REPOSITORIES", str(self.repository)))
            parts.append(Child("slack", self._argv("slack"), self.folder, place, {**environment, **slack}))
        return tuple(parts)

    def _argv(self, part: str) -> tuple[str, ...]:
        owner, folder = str(self.owner.pid), str(self.folder)
        words = (sys.executable, "-P", "-m", "deployments.part", part, "--owner", owner, "--folder", folder)
        return words if self.is_given else (*words, "--awaits-server")

    def _environment(self, url: str) -> Mapping[str, str]:
        around = {name: text for name, text in os.environ.items() if name != "PREFECT_API_URL"}
        home = None if self.is_given else self.home / "prefect"
        return {
            **around,
            **client_environment(url, home, around),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{around.get('PATH', os.defpath)}",
            "PREFECT_WORKER_QUERY_SECONDS": around.get("PREFECT_WORKER_QUERY_SECONDS", "2"),
            "FRESH_REPOSITORY": str(self.repository),
            **({SHARED: str(self.folder / "metrics")} if read_settings().metrics_port is not None else {}),
            FOLDER_NAMED: str(self.folder),
            OWNER_NAMED: self.owner.name,
        }


def parts_off(children: tuple[Child, ...]) -> tuple[Part, ...]:
    """List the parts that are left out, each with the reason."""
    if any(child.name == "slack" for child in children):
        return ()
    return (Part(name="slack", health=Health.OFF, reason=f"{missing_for_slack()} not set"),)


def missing_for_slack() -> str:
    """Name what the bot can't do without: its token, and one for sockets or a secret for requests over HTTP."""
    keys = kept()
    missing = [] if keys.get("SLACK_BOT_TOKEN") else ["SLACK_BOT_TOKEN"]
    if not keys.get("SLACK_APP_TOKEN") and not keys.get("SLACK_SIGNING_SECRET"):
        missing.append("SLACK_APP_TOKEN")
    return " and ".join(missing)


def part_line(part: Part) -> str:
    """Show one part on one line."""
    where = f" (process {part.host.pid})" if part.host is not None else ""
    again = f", started again {part.restarts} times" if part.restarts else ""
    why = f": {part.reason}" if part.reason else ""
    return f"{part.name:8} {part.health}{where}{again}{why}"
