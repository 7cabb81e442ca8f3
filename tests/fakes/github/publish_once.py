"""Publish one agent's change from a process of its own, so that a test can kill it.

python -m tests.fakes.github.publish_once FOLDER API [SECTION] < the token

With a section, that is put below the published page.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fresh.adapters.github_forge import GitHubForge
from fresh.adapters.githubbing.access import Credentials
from fresh.adapters.githubbing.places import Install
from fresh.adapters.local_forge import LocalForge
from fresh.adapters.system_clock import SystemClock
from fresh.domain.agent import AgentReport, Ticket
from tests.fakes.github.bench import KeptTexts


def main(folder: Path, api: str, token: str, section: str = "") -> None:
    """Publish what lies in the folder."""
    ticket = Ticket.model_validate_json((folder / "ticket.json").read_text())
    report = AgentReport.model_validate_json((folder / "report.json").read_text())
    forge = GitHubForge(
        folder / "shop",
        folder / "state",
        Install(Credentials(token=token), api),
        local=LocalForge(folder / "state"),
        clock=SystemClock(),
        memory=KeptTexts(),
    )
    print(forge.publish(ticket, report, "Test total", "Evidence.").address)
    if section:
        forge.amend(ticket, section)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.stdin.read(), *sys.argv[3:])
