"""How changes fit together: with the base that moved on, with what else waits for review, and with one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from pydantic import Field

from fresh.domain.agent import AgentReport
from fresh.domain.feature import Kind
from fresh.domain.fitting import Landing
from fresh.domain.value import Value


class Place(StrEnum):
    """What became of one branch when all of a run's branches were merged."""

    MERGES = "merges"
    CONFLICTS = "conflicts"
    BREAKS = "breaks"


class Placed(Value):
    """One branch in the suggested order; what does not merge stands behind what does, with the reason."""

    agent_id: str
    branch: str
    commit: str
    place: Place
    why: str = ""


class Integration(Value):
    """What came of merging the branches of a run, in the order in which a person should merge them."""

    base: str
    order: tuple[Placed, ...]
    commit: str | None = Field(default=None, description="sha of the merge of all that merge, in the mirror")
    tested: bool = False
    fact: str = ""

    def placed(self, place: Place) -> tuple[Placed, ...]:
        """The branches that ended this way."""
        return tuple(each for each in self.order if each.place is place)

    def of(self, agent_id: str) -> Placed | None:
        """Find where an agent's branch stands."""
        return next((each for each in self.order if each.agent_id == agent_id), None)

    def number(self, agent_id: str) -> int | None:
        """Say as which one, counted from 1, an agent's branch should be merged; None when it should not."""
        names = [each.agent_id for each in self.placed(Place.MERGES)]
        return names.index(agent_id) + 1 if agent_id in names else None


def suggest_order(
    reports: Sequence[AgentReport], conflicts: Mapping[str, Collection[str]]
) -> tuple[AgentReport, ...]:
    """Order changes for merging: what conflicts with the fewest others, then tests, then the smallest.

    `conflicts` maps an agent's id to the ids of those whose changes conflict with its own.
    """

    def place(report: AgentReport) -> tuple[int, bool, int, int, str]:
        files = report.change.files if report.change is not None else ()
        lines = sum(file.added + file.removed for file in files)
        partners = len(conflicts.get(report.agent_id, ()))
        return partners, report.kind is not Kind.TESTS, len(files), lines, report.agent_id

    return tuple(sorted(reports, key=place))


def obstacles(landing: Landing) -> tuple[str, ...]:
    """Say with what a change can't be merged, each as half a sentence."""
    said = []
    if landing.base_conflicts:
        said.append(f"it conflicts with the base at {landing.base[:10]} in {_some(landing.base_conflicts)}")
    said += [f"it conflicts with {each.branch} in {_some(each.paths)}" for each in landing.overlaps]
    if landing.broken:
        said.append(f"merged with the base at {landing.base[:10]}, {_some(landing.broken)} fails")
    return tuple(said)


def _some(paths: Sequence[str], most: int = 3) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more
