"""The end of an agent and of a run, written down where people look."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain import narration
from fresh.domain.advice import advice, needs_you, sentence
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.landing import Integration
from fresh.domain.publication import review_key
from fresh.domain.record import RunRecord
from fresh.domain.report import RunReport
from fresh.domain.report_page import markdown
from fresh.domain.stopping import WhyStopped
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate
from tasks.showing import show_page, show_picture
from tasks.spending import reap, spent_by, spent_by_all, told_of_money


def report_of(
    ticket: Ticket,
    outcome: Outcome,
    *,
    summary: str = "",
    failure: str | None = None,
    commit: str | None = None,
) -> AgentReport:
    """Begin the report of an agent with what its ticket knows, and what it has cost so far."""
    its = spent_by(ticket)
    return AgentReport(
        agent_id=ticket.agent_id,
        feature=ticket.feature.key,
        kind=ticket.kind,
        outcome=outcome,
        reasons=ticket.reasons,
        summary=summary,
        branch=ticket.branch if commit else None,
        commit=commit,
        failure=failure,
        cost=its.spent,
        spending=its,
    )


def ended_as(report: AgentReport, outcome: Outcome, failure: str) -> AgentReport:
    """Turn a report into that of an agent that ended otherwise than by completing."""
    return report.model_copy(update={"outcome": outcome, "failure": failure})


def complete(ticket: Ticket, report: AgentReport) -> AgentReport:
    """Write down how an agent ended; the first report stands."""
    tools = toolbox(Path(ticket.repository))
    now = tools.clock.now()
    entered = tools.journal.entered_at(ticket.agent_id)
    took = (now - entered).total_seconds() if entered is not None else 0.0
    its = spent_by(ticket)
    whole = report.model_copy(update={"runtime_seconds": round(took, 1), "cost": its.spent, "spending": its})
    standing = tools.journal.end_agent(tools.redact.model(whole), now)
    narrate(tools, ticket.run_id, narration.ended(standing), ticket.agent_id)
    tools.prover.clear(ticket)
    return standing


def _told_of_reviewers(tools: Toolbox, record: RunRecord) -> tuple[str, ...]:
    told = tools.journal.recall(review_key(record.id))
    return () if told is None else (told,)


@task(name="report", cache_policy=NO_CACHE)
def write_report(
    record: RunRecord,
    why: WhyStopped,
    counts: dict[str, int],
    notes: tuple[str, ...],
    integration: Integration | None = None,
) -> RunReport:
    """Write the report of a run as JSON and Markdown, show it in Prefect, and close the run."""
    return close(record, why, counts, notes, integration)


def close(
    record: RunRecord,
    why: WhyStopped,
    counts: dict[str, int],
    notes: tuple[str, ...],
    integration: Integration | None = None,
) -> RunReport:
    """Write the report and close the run; also where no Prefect is at hand."""
    tools = toolbox(Path(record.repository))
    agents = tools.journal.reports(record.id)
    reap(tools)
    spent = spent_by_all(tools, record.id)
    report = RunReport(
        run_id=record.id,
        repository=record.repository,
        base=record.base,
        order=record.order,
        engine=record.engine,
        seed=record.seed,
        inventory_digest=tools.journal.run(record.id).inventory_digest,
        inventory_summary=counts,
        started_at=record.opened_at,
        ended_at=tools.clock.now(),
        stopped=why,
        cost=spent.spent,
        spending=spent,
        agents=agents,
        passed_over=tools.passed_over.get(record.id, ()),
        notes=(*notes, *told_of_money(tools, record), *_told_of_reviewers(tools, record)),
        integration=integration,
    )
    needs = tuple(sentence(need) for need in needs_you(report))
    report = report.model_copy(update={"needs": needs, "advice": advice(report)})
    page = tools.redact(markdown(report))
    chart = tools.draw(report)
    path = tools.reports.write(report, page, chart)
    tools.journal.close_run(record.id, why, report.ended_at, str(path))
    narrate(tools, record.id, narration.cost(spent.spent, record.order.budget))
    narrate(tools, record.id, f"Run {record.id} ended because {why}; its report is {path}")
    show_page(f"report-{record.id}", page, f"Report of run {record.id}")
    show_picture(f"chart-{record.id}", chart, f"Cost and outcomes of run {record.id}")
    return report
