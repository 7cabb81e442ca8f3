"""What `fresh auto status` shows: plain dataclasses, because the command must answer in half a second."""

from __future__ import annotations

from dataclasses import dataclass

from fresh.domain.phase import Phase


@dataclass(frozen=True)
class QuestionStatus:
    """An open question of an agent; `deadline` is ISO 8601."""

    id: str
    why: str
    text: str
    deadline: str
    commit: str | None = None


@dataclass(frozen=True)
class DecidedStatus:
    """A decision that an agent has not gone on with yet; `at` is ISO 8601."""

    question: str
    answer: str
    by: str
    through: str
    at: str


@dataclass(frozen=True)
class AgentStatus:
    """One agent of a run; money in US dollars."""

    id: str
    phase: Phase
    feature: str
    kind: str
    runtime_seconds: float
    cost_usd: float
    cap_usd: float
    branch: str
    commit: str | None = None
    question: QuestionStatus | None = None
    decided: DecidedStatus | None = None
    pull_request: str | None = None
    ci: str | None = None
    flow_run_url: str | None = None
    failure: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunStatus:
    """One run; `died` means that it is unfinished and no process works on it."""

    run_id: str
    running: bool
    died: bool
    repository: str
    strategy: str
    engine: str
    spent_usd: float
    held_usd: float
    budget_usd: float
    opened_at: str
    deadline: str
    agents: tuple[AgentStatus, ...] = ()
    report: str | None = None
    stopped: str | None = None
    stop_requested: str | None = None
    alerts: tuple[str, ...] = ()
