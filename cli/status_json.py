"""`fresh auto status --format json`: the same values for programs."""

from __future__ import annotations

import json

from fresh.domain.status import AgentStatus, RunStatus


def as_json(run: RunStatus | None) -> str:
    """Show a run to programs; keys are only ever added."""
    return json.dumps(_nothing() if run is None else _values(run), indent=2, ensure_ascii=False) + "\n"


def _values(run: RunStatus) -> dict[str, object]:
    return {
        "running": run.running,
        "run_id": run.run_id,
        "strategy": run.strategy,
        "engine": run.engine,
        "cost": {"spent": run.spent_usd, "held": run.held_usd, "budget": run.budget_usd},
        "deadline": run.deadline,
        "agents": [_agent_values(agent) for agent in run.agents],
        "report": run.report,
        "repository": run.repository,
        "opened_at": run.opened_at,
        "died": run.died,
        "stopped": run.stopped,
        "stop_requested": run.stop_requested,
        "alerts": list(run.alerts),
    }


def _agent_values(agent: AgentStatus) -> dict[str, object]:
    question, decided = agent.question, agent.decided
    return {
        "id": agent.id,
        "phase": agent.phase.value,
        "feature": agent.feature,
        "kind": agent.kind,
        "runtime_seconds": agent.runtime_seconds,
        "cost_usd": agent.cost_usd,
        "cap_usd": agent.cap_usd,
        "branch": agent.branch,
        "commit": agent.commit,
        "question": None
        if question is None
        else {
            "id": question.id,
            "why": question.why,
            "text": question.text,
            "deadline": question.deadline,
            "commit": question.commit,
        },
        "pull_request": agent.pull_request,
        "ci": agent.ci,
        "flow_run_url": agent.flow_run_url,
        "failure": agent.failure,
        "reasons": list(agent.reasons),
        "decided": None
        if decided is None
        else {
            "question": decided.question,
            "answer": decided.answer,
            "by": decided.by,
            "through": decided.through,
            "at": decided.at,
        },
    }


def _nothing() -> dict[str, object]:
    empty = RunStatus(
        run_id="",
        running=False,
        died=False,
        repository="",
        strategy="",
        engine="",
        spent_usd=0.0,
        held_usd=0.0,
        budget_usd=0.0,
        opened_at="",
        deadline="",
    )
    absent = dict.fromkeys(("run_id", "strategy", "engine", "deadline", "repository", "opened_at"))
    return {**_values(empty), **absent}
