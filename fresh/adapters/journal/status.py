"""One run as `status` shows it, put together from a few plain SELECTs that both databases answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from fresh.domain.money import MICROS
from fresh.domain.phase import phase_of
from fresh.domain.status import AgentStatus, DecidedStatus, QuestionStatus, RunStatus

Cell: TypeAlias = "str | int | float | None"
Rows: TypeAlias = "Callable[[str, Mapping[str, Cell]], Sequence[Mapping[str, Cell]]]"
Alive: TypeAlias = "Callable[[str], bool | None]"

SILENT_FOR = 15.0
"""Seconds without a beat after which a host on another machine counts as dead."""

_NEWEST = """
SELECT * FROM run WHERE (:run_id IS NULL OR id = :run_id) AND (:repository IS NULL OR repository = :repository)
ORDER BY opened_at DESC, id DESC LIMIT 1
"""
_CLAIM = "SELECT host, beat FROM claim WHERE repository = :repository AND run_id = :run_id"
_LAST_EVENT = "SELECT MAX(at) AS at FROM event WHERE run_id = :run_id"
_AGENTS = "SELECT * FROM agent WHERE run_id = :run_id ORDER BY ordinal"
_STEPS = """
SELECT s.agent_id, s.name, s.ordinal, s.result FROM step s JOIN agent a ON a.id = s.agent_id
WHERE a.run_id = :run_id ORDER BY s.began_at, s.ordinal
"""
_OPEN = "SELECT * FROM question WHERE run_id = :run_id AND applied_at IS NULL ORDER BY asked_at"
_WAITING = ("", "parked")
"""Outcomes of agents that an answer can still reach."""
_MONEY = """
SELECT id, spent, held, frozen FROM account WHERE id = 'run:' || :run_id
OR id IN (SELECT 'agent:' || agent.id FROM agent WHERE agent.run_id = :run_id)
"""
_ALERTS = "SELECT text FROM memory WHERE key LIKE 'alert:' || :run_id || ':%' ORDER BY key"
_STOP = (
    "SELECT force, asked_by FROM stop WHERE run_id = :run_id AND agent_id IS NULL ORDER BY id DESC LIMIT 1"
)


def is_living(beat: float, now: float, alive: bool | None) -> bool:
    """Judge a host: its process when that can be seen from here, else its last beat."""
    return alive if alive is not None else now - beat < SILENT_FOR


def read_status(
    rows: Rows, alive: Alive, now: float, run_id: str | None = None, repository: str | None = None
) -> RunStatus | None:
    """Read one run, the newest by default; None when there is none.

    `alive` gets the name of a host. Where no process works on a run, its agents' time stands still at the last sign
    of life.
    """
    found = rows(_NEWEST, {"run_id": run_id, "repository": repository})
    if not found:
        return None
    run = found[0]
    record = json.loads(str(run["record"]))
    key: dict[str, Cell] = {"run_id": run["id"]}
    holders = rows(_CLAIM, {**key, "repository": run["repository"]})
    closed = run["closed_at"] is not None
    running = not closed and any(
        is_living(float(row["beat"] or 0), now, alive(str(row["host"]))) for row in holders
    )
    signs = [float(row["beat"] or 0) for row in holders] + [
        float(row["at"] or 0) for row in rows(_LAST_EVENT, key)
    ]
    money = {str(row["id"]): row for row in rows(_MONEY, key)}
    agents = _agents(rows, key, now if running else max(signs), money)
    stops = rows(_STOP, key)
    order = record["order"]
    return RunStatus(
        run_id=str(run["id"]),
        running=running,
        died=not closed and not running,
        repository=str(run["repository"]),
        strategy=order["strategy"],
        engine=record["engine"],
        spent_usd=_usd(money, f"run:{run['id']}", "spent"),
        held_usd=_usd(money, f"run:{run['id']}", "held"),
        alerts=tuple(str(row["text"]) for row in rows(_ALERTS, key)),
        budget_usd=order["budget"],
        opened_at=_iso(run["opened_at"]),
        deadline=_iso(run["deadline"]),
        agents=agents,
        report=_text(run["report"]),
        stopped=_text(run["stopped"]),
        stop_requested=_stop_words(stops[0]) if stops else None,
    )


def _agents(
    rows: Rows, key: Mapping[str, Cell], until: float, money: Mapping[str, Mapping[str, Cell]]
) -> tuple[AgentStatus, ...]:
    progress: dict[str, _Progress] = {}
    for step in rows(_STEPS, key):
        progress.setdefault(str(step["agent_id"]), _Progress()).take(step)
    asking = {str(row["agent_id"]): row for row in rows(_OPEN, key)}
    return tuple(
        _agent(row, progress.get(str(row["id"]), _Progress()), asking, until, money)
        for row in rows(_AGENTS, key)
    )


@dataclass
class _Progress:
    """What the steps of one agent have come to, before it has a report."""

    begun: list[str] = field(default_factory=list)
    commit: str | None = None
    pull_request: str | None = None
    ci: str | None = None

    def take(self, step: Mapping[str, Cell]) -> None:
        """Take in the next step, oldest first."""
        name = str(step["name"])
        self.begun.append(name)
        made = json.loads(str(step["result"])) if step["result"] else {}
        if name == "implement":
            self.commit = made.get("commit") or self.commit
        if name == "publish":
            self.pull_request = made.get("pull_request") or self.pull_request
        if name == "follow":
            self.ci = _colour(made["state"]) if made else "pending"


def _agent(
    row: Mapping[str, Cell],
    progress: _Progress,
    asking: Mapping[str, Mapping[str, Cell]],
    until: float,
    money: Mapping[str, Mapping[str, Cell]],
) -> AgentStatus:
    name = str(row["id"])
    ticket = json.loads(str(row["ticket"]))
    report = json.loads(str(row["report"])) if row["report"] else None
    question = asking.get(name) if (_text(row["outcome"]) or "") in _WAITING else None
    undecided = question is not None and question["answer"] is None
    started = row["entered_at"]
    ended = float(row["ended_at"] or until)
    return AgentStatus(
        id=name,
        phase=phase_of(progress.begun, undecided and report is None, _text(row["outcome"])),
        feature=ticket["feature"]["key"],
        kind=ticket["kind"],
        runtime_seconds=round(max(0.0, ended - float(started)), 1) if started is not None else 0.0,
        cost_usd=_usd(money, f"agent:{name}", "spent"),
        cap_usd=ticket["order"]["cap"],
        branch=ticket["branch"],
        commit=(report or {}).get("commit") or progress.commit,
        question=_question(question) if question is not None and undecided else None,
        decided=_decided(question) if question is not None and not undecided else None,
        pull_request=progress.pull_request if report is None else report.get("pull_request"),
        flow_run_url=_text(row["flow_run_url"]),
        ci=progress.ci if report is None else _colour(report.get("ci")),
        failure=(report or {}).get("failure"),
        reasons=tuple(ticket["reasons"]),
    )


def _colour(ci: Mapping[str, Sequence[Mapping[str, str]]] | None) -> str | None:
    """Say what a report's checks come to, as `CiState.colour` does."""
    if not ci:
        return None
    results = {check["result"] for check in ci.get("checks", ())}
    if not results:
        return "none"
    return "red" if "failed" in results else "pending" if "pending" in results else "green"


def _question(row: Mapping[str, Cell]) -> QuestionStatus:
    return QuestionStatus(
        id=str(row["id"]),
        why=str(row["why"]),
        text=str(row["text"]),
        deadline=_iso(row["deadline"]),
        commit=_text(row["commit_sha"]),
    )


def _decided(row: Mapping[str, Cell]) -> DecidedStatus:
    return DecidedStatus(
        question=str(row["id"]),
        answer=str(row["answer"]),
        by=str(row["decided_by"]),
        through=str(row["through"]),
        at=_iso(row["decided_at"]),
    )


def _usd(money: Mapping[str, Mapping[str, Cell]], account: str, column: str) -> float:
    """Read an amount in dollars; an account that was never opened has none."""
    row = money.get(account)
    return int(row[column] or 0) / MICROS if row is not None else 0.0


def _stop_words(row: Mapping[str, Cell]) -> str:
    return f"{'force' if row['force'] else 'graceful'}, by {row['asked_by']}"


def _text(cell: Cell) -> str | None:
    return None if cell is None else str(cell)


def _iso(cell: Cell) -> str:
    return datetime.fromtimestamp(float(cell or 0), UTC).isoformat(timespec="seconds")
