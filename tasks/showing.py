"""What people see in the Prefect UI: tags, labels and artifacts. None of it may stop the work."""

from __future__ import annotations

import base64
import contextlib
import contextvars
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact
from prefect.runtime import flow_run

from fresh.domain.agent import Ticket
from fresh.domain.alerting import alerts_told
from fresh.domain.budget import agent_account, run_account
from fresh.domain.evidence import Evidence
from fresh.domain.identity import slug
from fresh.domain.money import ZERO, Usd
from fresh.domain.phase import Phase
from fresh.domain.record import RunRecord
from fresh.errors import ServerUnreachable
from fresh.wiring import Toolbox, toolbox
from tasks.board import Board

BOARD = Board()
LAST_WORDS = 5.0
"""Seconds."""

_marks: dict[str, tuple[dict[str, str], Usd]] = {}
"""By flow run: the tags that wait to be written, and what it had cost when the last of them was put."""
_marking = threading.Lock()

LOST = (httpx.HTTPError, ServerUnreachable, RuntimeError)


def show_money(tools: Toolbox, record: RunRecord, shown: Mapping[str, str]) -> Mapping[str, str]:
    """Keep the cost tags and labels of the run and of its agents current; `shown` is what they say already."""
    agents = tools.ledger.agent_accounts(record.id)
    costs = {flow: its.spent for agent, its in agents.items() if (flow := tools.journal.flow_run(agent))}
    run, account = tools.journal.run_flow(record.id), tools.ledger.account(run_account(record.id))
    if costs and run is not None and account is not None:
        costs[run] = account.spent
    told = _told(tools, record.id) if costs else ()
    words: dict[str, str] = {}
    for flow, cost in costs.items():
        marks = {"cost-usd": f"{cost.dollars:.2f}"}
        if flow == run and told:
            marks["budget-alert"] = ",".join(told)
        words[flow] = " ".join(marks.values())
        if shown.get(flow) != words[flow]:
            _mark(tools, flow, marks, cost)
    return words


def _told(tools: Toolbox, run_id: str) -> tuple[str, ...]:
    """List the alerts that were told of a run."""
    return tuple(alerts_told(tools.journal.recall, run_id))


def show_phase(ticket: Ticket, phase: Phase) -> None:
    """Keep the tags and labels of the agent's flow run current."""
    if flow_run.id is None:
        return
    tools = toolbox(Path(ticket.repository))
    account = tools.ledger.account(agent_account(ticket.agent_id))
    cost = account.spent if account is not None else ZERO
    _mark(tools, str(flow_run.id), {"phase": phase.value, "cost-usd": f"{cost.dollars:.2f}"}, cost)


def _mark(tools: Toolbox, flow: str, marks: Mapping[str, str], cost: Usd) -> None:
    """Have tags and labels of a flow run renewed; what still waits of it and is not named anew stays."""
    with _marking:
        waiting, _ = _marks.get(flow, ({}, ZERO))
        _marks[flow] = ({**waiting, **marks}, cost)

    def write() -> None:
        with _marking:
            newest, spent = _marks.pop(flow, ({}, ZERO))
        if newest:
            with contextlib.suppress(*LOST):
                tools.control.show(flow, newest, {"cost_usd": spent.dollars} if spent != ZERO else {})

    BOARD.put(f"marks {flow}", write)


def show_evidence(ticket: Ticket, evidence: Evidence) -> None:
    """Show what was measured on base and commit, and every check, as a table."""
    rows = [_row(figure.name, base=figure.base, head=figure.head) for figure in evidence.figures]
    rows += [_row(check.name, state=check.state.value, fact=check.fact) for check in evidence.checks]
    objections = "; ".join(evidence.policy.reasons) or "no rule objects"
    rows.append(_row("policy", state=evidence.policy.ruling.value, fact=objections))
    with contextlib.suppress(*LOST):
        create_table_artifact(
            table=rows,
            key=f"evidence-{ticket.agent_id}",
            description=f"{ticket.kind} of {ticket.feature.key} at {evidence.commit[:10]}",
        )


def _row(check: str, *, base: str = "", head: str = "", state: str = "", fact: str = "") -> dict[str, str]:
    return {"check": check, "base": base, "head": head, "state": state, "fact": fact}


def show_page(key: str, markdown: str, description: str) -> None:
    """Show a page of Markdown; the same key shows its newest version."""
    with contextlib.suppress(*LOST):
        create_markdown_artifact(markdown=markdown, key=slug(key, 60), description=description)


def show_picture(key: str, svg: str, description: str) -> None:
    """Show an SVG picture, which is carried in its own address; an empty one is not shown."""
    if not svg:
        return
    address = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    with contextlib.suppress(*LOST):
        create_image_artifact(image_url=address, key=slug(key, 60), description=description)


def show_progress(run_id: str, done: int, total: int, lines: Sequence[str]) -> None:
    """Show how far a run is."""
    bar = "\n".join(f"- {line}" for line in lines)
    text = f"**{done} of {total} agents ended**\n\n{bar}\n"
    # An artifact belongs to the flow run in whose context it is made.
    here = contextvars.copy_context()
    BOARD.put(
        f"progress {run_id}",
        lambda: here.run(show_page, f"progress-{run_id}", text, f"Progress of run {run_id}"),
    )


def finish_showing() -> None:
    """Write what still waits to be shown, before this process or its server ends."""
    BOARD.drain(LAST_WORDS)
