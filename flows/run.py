"""One run: open it, prepare what its agents share, fill the seats until a reason to stop, report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from prefect import flow
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.forcing import end_now, leave
from flows.guarding import guarded
from flows.holding import Holding
from flows.launching import lives_elsewhere
from flows.reviewing import Reviewers
from flows.seating import Seats
from flows.stopping import reason_to_stop
from flows.supervising import supervised
from fresh.domain import narration
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.counting import count
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.parking import unblocked
from fresh.domain.record import RunRecord
from fresh.domain.report import RunReport
from fresh.domain.stopping import WhyStopped
from fresh.errors import FreshError
from fresh.wiring import Toolbox, toolbox
from tasks.amending import amend_pages
from tasks.hiding import secrets_hidden
from tasks.landing import integrate
from tasks.opening import draw, open_run
from tasks.preparing import prepare, survey
from tasks.reporting import close, complete, report_of, write_report
from tasks.showing import finish_showing, show_progress
from tasks.spending import told_of_money

THREADS = 512
"""A waiting agent keeps its thread, so there must be more of them than seats."""
MOST_TRIES = 3
"""How many features a wave may draw for each of its seats, when engines decline."""


def _run_name() -> str:
    given = flow_run.parameters
    order = given["order"]
    order = order if isinstance(order, RunOrder) else RunOrder.model_validate(order)
    where = Path(order.repo).absolute().name
    return f"{where}: {count(order.agents, 'agent')}, {order.strategy}, {order.budget}"


@flow(
    name="run",
    flow_run_name=_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=THREADS),  # type: ignore[arg-type]
    persist_result=False,
)
def run(order: RunOrder, run_id: str | None = None) -> RunReport:
    """Run autonomous development agents on a repository, under a budget, and report what they did.

    With the id of an unfinished run it goes on where that run was.

    Args:
        order: What is ordered
        run_id: Empty for another run; the id of an unfinished one goes on with it
    """
    record = open_run(order, run_id)
    tools = toolbox(Path(record.repository))
    with tools.reports.logging(record), secrets_hidden(tools.redact), _hosted(tools, record):
        with _closed_unless_begun(tools, record):
            notes = prepare(record)
            counts = survey(record)
        why = _work(tools, record)
        together = integrate(record, may_test=not tools.journal.stop_requests(record.id))
        amended = amend_pages(record, together)
        return write_report(record, why, counts, (*notes, *amended), together)


@contextmanager
def _hosted(tools: Toolbox, record: RunRecord) -> Iterator[None]:
    """Take over from a host that died, and watch over the run."""
    tools.control.make_limits()
    guard = guarded(
        tools, record, lambda request: end_now(tools, record, request), lambda: leave(tools, record)
    )
    try:
        with guard, supervised(tools, record):
            _retire_dead(tools, record)
            tools.journal.note_flow_run(record.id, str(flow_run.id))
            with tools.observe("run", {"run": record.id, "engine": record.engine.value}):
                yield
    finally:
        finish_showing()


@contextmanager
def _closed_unless_begun(tools: Toolbox, record: RunRecord) -> Iterator[None]:
    """Close a run that is refused before it has an agent: there is nothing to resume, so it must not bar the next one."""
    try:
        yield
    except FreshError as refused:
        if not tools.journal.tickets(record.id):
            # A full disk refuses the report too; what is told is the first trouble.
            with suppress(FreshError):
                close(record, WhyStopped.REFUSED, {}, (refused.message,))
        raise


def _retire_dead(tools: Toolbox, record: RunRecord) -> None:
    """Mark the flow runs of an earlier host as crashed: a run whose process died stays as it was for ever."""
    earlier = [
        tools.journal.flow_run(ticket.agent_id)
        for ticket in tools.journal.tickets(record.id)
        if not lives_elsewhere(tools, ticket.agent_id)
    ]
    for dead in (*earlier, tools.journal.run_flow(record.id)):
        if dead is not None:
            tools.control.retire(dead, "Its process died; the run was entered again.")


def _work(tools: Toolbox, record: RunRecord) -> WhyStopped:
    """Fill seats until there is a reason to stop and everybody has ended."""
    seats = Seats(tools, record)
    waiting = seats.rejoin(_unfinished(tools, record))
    may_draw = record.closed_at is None
    why: WhyStopped | None = None
    holding, reviewers = Holding(tools, record), Reviewers(tools, record)
    while True:
        why = why or reason_to_stop(tools, record.id)
        if why is not None:
            _leave_unstarted(waiting, why)
        else:
            waiting += _answered(tools, record, seats.live)
        engine, free = seats.free()
        wanted = min(free, _still_wanted(tools, record))
        is_held = False
        if why is None and (waiting or (may_draw and wanted > 0)):
            allowed = holding.seats(len(waiting) or wanted)
            is_held, free, wanted = allowed == 0, min(free, allowed), min(wanted, allowed)
        if may_draw and why is None and not waiting and wanted > 0:
            wanted = reviewers.seats(wanted, len(seats.live))
            if reviewers.why is not None and not seats.live:
                return reviewers.why
            waiting = draw(record, wanted, engine) if wanted > 0 else []
            may_draw = bool(waiting) or wanted == 0
        for ticket in waiting[:free]:
            seats.fill(ticket)
        del waiting[:free]
        if not seats.live and not waiting and not is_held:
            return why or _why_nothing_more(may_draw, record.engine, engine)
        waiting += seats.clear_ended()
        _show(tools, record)


def _why_nothing_more(may_draw: bool, ordered: EngineName, engine: EngineName) -> WhyStopped:
    if may_draw:
        return WhyStopped.DONE
    return WhyStopped.NOTHING_WORTHWHILE if engine is ordered else WhyStopped.BUDGET


def _still_wanted(tools: Toolbox, record: RunRecord) -> int:
    """Count how many features may still be drawn; overnight there is no end.

    A wave is as many features as it has seats. One that its engine declined was not worked, and the next one takes
    its place, but not for ever.
    """
    if record.order.overnight:
        return record.order.agents
    drawn = len(tools.journal.tickets(record.id))
    declined = sum(report.outcome is Outcome.DECLINED for report in tools.journal.reports(record.id))
    seats = record.order.agents
    return min(seats - (drawn - declined), MOST_TRIES * seats - drawn)


def _unfinished(tools: Toolbox, record: RunRecord) -> list[Ticket]:
    """Find the agents that a dead host left, and the parked ones that have nobody to wait for."""
    asking = {question.agent_id for question in tools.journal.questions(record.id, undecided=True)}
    for agent_id in unblocked(tools.journal.reports(record.id), asking):
        tools.journal.reopen_agent(agent_id)
    reported = {report.agent_id for report in tools.journal.reports(record.id)}
    return [ticket for ticket in tools.journal.tickets(record.id) if ticket.agent_id not in reported]


def _answered(tools: Toolbox, record: RunRecord, live: Mapping[str, Ticket]) -> list[Ticket]:
    """Find the parked agents whose question was decided meanwhile, and take back their reports: they get a seat again.

    One that is live has been decided on while it was parking itself; its thread must end first.
    """
    parked = {
        standing.question.agent_id
        for standing in tools.journal.standings(record.id, unapplied=True)
        if standing.agent_ended is Outcome.PARKED and standing.question.agent_id not in live
    }
    for agent_id in parked:
        tools.journal.reopen_agent(agent_id)
    return (
        [ticket for ticket in tools.journal.tickets(record.id) if ticket.agent_id in parked] if parked else []
    )


def _leave_unstarted(waiting: list[Ticket], why: WhyStopped) -> None:
    """Report the agents that got no seat any more: every agent of a run ends exactly once.

    What was decided on one that the run has no hours left for is kept: it is parked again, and entered again later.
    """
    for ticket in waiting:
        journal = toolbox(Path(ticket.repository)).journal
        undelivered = journal.questions(ticket.run_id, unapplied=True)
        if why is WhyStopped.HOURS and any(asked.agent_id == ticket.agent_id for asked in undelivered):
            outcome, left = Outcome.PARKED, "Decided, and not gone on with yet"
        else:
            entered = journal.entered_at(ticket.agent_id) is not None
            outcome, left = Outcome.STOPPED, "Not gone on with" if entered else "Not started"
        complete(ticket, report_of(ticket, outcome, failure=f"{left}, because {why}."))
    waiting.clear()


def _show(tools: Toolbox, record: RunRecord) -> None:
    """Show progress in Prefect when an agent has ended, or something was told of money, since the last look."""
    tickets = tools.journal.tickets(record.id)
    reports = tools.journal.reports(record.id)
    told = told_of_money(tools, record) if record.engine is EngineName.LLM else ()
    if tools.shown.get(record.id) != len(reports) + len(told):
        tools.shown[record.id] = len(reports) + len(told)
        lines = [*told, *(narration.ended(report) for report in reports)]
        show_progress(record.id, len(reports), len(tickets), lines)
