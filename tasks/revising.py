"""Revisions: what reviewers want changed on an open pull request, as work of a new agent on the same branch."""

from __future__ import annotations

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.identity import agent_id
from fresh.domain.order import EngineName
from fresh.domain.record import RunRecord
from fresh.domain.reviewing import Remark, Revision, asked_by
from fresh.domain.selection import names_of
from fresh.errors import FreshError
from fresh.wiring import Toolbox
from tasks.learning import open_wishes, worked


def revision_tickets(tools: Toolbox, record: RunRecord, engine: EngineName) -> list[Ticket]:
    """Make a ticket for each open pull request that somebody wants changed; a person's words need an engine that reads.

    A pull request that another journal opened is left alone: what it is about is not known here.
    """
    if tools.reviews is None or engine is EngineName.CODEMOD:
        return []
    pulls = {pull.number: pull for pull in tools.feedback.pulls(record.repository)}
    origins = {
        report.pull_request: (ticket, report)
        for ticket, report in worked(tools)
        if report.outcome is Outcome.COMPLETED and report.pull_request
    }
    drawn = {ticket.agent_id for ticket in tools.journal.tickets(record.id)}
    tickets = []
    for number, wanted in open_wishes(tools).items():
        origin = origins.get(pulls[number].address)
        if origin is None or not _is_ordered(record, origin[0]):
            continue
        ticket = _ticket(tools, record, engine, origin, number, wanted)
        if ticket is not None and ticket.agent_id not in drawn:
            tickets.append(ticket)
    return tickets


def take_up(tools: Toolbox, ticket: Ticket) -> None:
    """Write down that an agent answers the remarks that its ticket is about."""
    if ticket.revision is not None:
        tools.feedback.take_up(ticket.repository, ticket.revision.remarks, ticket.agent_id, tools.clock.now())


def _is_ordered(record: RunRecord, ticket: Ticket) -> bool:
    order = record.order
    named = not order.features or bool(set(order.features) & set(names_of(ticket.feature)))
    return named and (not order.kinds or ticket.kind in order.kinds)


def _ticket(
    tools: Toolbox,
    record: RunRecord,
    engine: EngineName,
    origin: tuple[Ticket, AgentReport],
    number: int,
    wanted: tuple[Remark, ...],
) -> Ticket | None:
    first, report = origin
    ids = tuple(remark.id for remark in wanted)
    name = agent_id(record.id, "\0".join((first.feature.key, *ids)), first.kind)
    try:
        fetched = tools.reviews.fetch(number) if tools.reviews is not None else None
    except FreshError as lost:
        tools.log.warning("Pull request %s can't be revised now: %s", report.pull_request, lost.message)
        return None
    if fetched is None or report.pull_request is None:
        return None
    branch, head = fetched
    tools.workspace.keep(f"{name}-head", head)
    authors = ", ".join(dict.fromkeys(remark.author for remark in wanted))
    said = tools.feedback.remarks(record.repository, number)
    return Ticket(
        run_id=record.id,
        agent_id=name,
        order=record.order,
        repository=record.repository,
        base=head,
        branch=branch,
        feature=first.feature,
        kind=first.kind,
        reasons=(f"{authors} asked for changes on {report.pull_request}", *first.reasons),
        footprint=first.footprint,
        engine=engine,
        seed=record.seed,
        revision=Revision(
            number=number,
            address=report.pull_request,
            branch=branch,
            head=head,
            base=report.evidence.base if report.evidence is not None else first.base,
            standing=tools.workspace.published(branch),
            asked=asked_by(wanted, said),
            by=authors,
            remarks=ids,
        ),
    )
