"""The published pages of a run, once all of its branches are known: where each stands among the others."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain.agent import Ticket
from fresh.domain.landing import Integration
from fresh.domain.record import RunRecord
from fresh.domain.together import together_section
from fresh.errors import FreshError
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate
from tasks.showing import show_page


@task(name="amend pages", cache_policy=NO_CACHE)
def amend_pages(record: RunRecord, integration: Integration | None) -> tuple[str, ...]:
    """Put below each published page in which order the run's branches land; return what people should know.

    Done again, after a death or by a resumed run, it changes nothing that says so already.
    """
    if integration is None:
        return ()
    tools = toolbox(Path(record.repository))
    tickets = {ticket.agent_id: ticket for ticket in tools.journal.tickets(record.id)}
    placed = [tickets[each.agent_id] for each in integration.order if each.agent_id in tickets]
    return tuple(note for ticket in placed if (note := _amend(tools, ticket, integration)) is not None)


def _amend(tools: Toolbox, ticket: Ticket, integration: Integration) -> str | None:
    section = tools.redact(together_section(integration, ticket.agent_id, ticket.run_id))
    try:
        page = tools.forge.amend(ticket, section)
    except FreshError as trouble:
        said = f"The page of agent {ticket.agent_id} does not say how it lands beside the others: {trouble.message}"
        narrate(tools, ticket.run_id, said, ticket.agent_id)
        return said
    if page is not None and section:
        show_page(f"page-{ticket.agent_id}", page, f"Pull request of agent {ticket.agent_id}")
    return None
