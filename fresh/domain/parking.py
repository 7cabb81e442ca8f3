"""Parked agents: who waits for a person, and who can go on as soon as somebody resumes the run."""

from __future__ import annotations

from collections.abc import Iterable

from fresh.domain.agent import AgentReport, Outcome


def unblocked(reports: Iterable[AgentReport], asking: Iterable[str]) -> frozenset[str]:
    """Find the parked agents that nobody has to answer; `asking` are those with an undecided question.

    Their question was decided meanwhile, or all that is left to do is to publish.
    """
    parked = {report.agent_id for report in reports if report.outcome is Outcome.PARKED}
    return frozenset(parked - set(asking))
