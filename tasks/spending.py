"""Money while a run goes on: its accounts, the seats it can fund, and what people must hear of it."""

from __future__ import annotations

from pathlib import Path

from fresh.domain.agent import Ticket
from fresh.domain.alerting import Alert, alert_key, due
from fresh.domain.budget import HoldState, agent_account, fundable_seats, run_account
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import RunRecord
from fresh.domain.refusing import too_dear
from fresh.domain.spending import Spending, expected_cost, spending
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate

ASIDE_PERCENT = 5
"""Of every cap, kept so that an agent that runs dry can still write up what it has."""


def demand_affordable(tools: Toolbox, order: RunOrder, engine: EngineName) -> None:
    """Refuse an order whose very first request could cost more than its limits allow, before anything exists.

    Raises BudgetExhausted, and OperatorMistake for a model without a price.
    """
    if engine is not EngineName.LLM:
        return
    least = tools.least(order)
    for limit, name in ((order.budget, "--budget"), (order.cap, "--cap")):
        if least > limit - aside_of(limit):
            raise too_dear(tools.model_of(order), least, limit, name)


def aside_of(cap: Usd) -> Usd:
    """Say how much of a cap only a wrap-up may use."""
    return Usd(cap.micros * ASIDE_PERCENT // 100)


def open_run_account(tools: Toolbox, record: RunRecord) -> None:
    """Open the account of a run, and close what dead owners left in it."""
    budget = record.order.budget
    tools.ledger.open_account(run_account(record.id), budget, aside_of(budget))
    reap(tools)


def open_agent_account(tools: Toolbox, ticket: Ticket) -> None:
    """Open the account of an agent; a request without one is refused."""
    tools.ledger.open_account(agent_account(ticket.agent_id), ticket.order.cap, aside_of(ticket.order.cap))


def spent_by(ticket: Ticket) -> Spending:
    """Sum up what an agent has spent so far."""
    return spending(toolbox(Path(ticket.repository)).ledger.holds(agent_account(ticket.agent_id)))


def spent_by_all(tools: Toolbox, run_id: str) -> Spending:
    """Sum up what a run has spent so far."""
    return spending(tools.ledger.holds(run_account(run_id)))


def reap(tools: Toolbox) -> None:
    """Close the reservations of processes that are gone, and say what became of each."""
    for hold in tools.ledger.reap(tools.clock.now()):
        narrate(
            tools,
            hold.run_id,
            f"Agent {hold.agent_id}: {hold.amount.exact} of a request whose process died is"
            f" {'charged in full' if hold.state is HoldState.SENT else 'given back'}.",
            hold.agent_id,
        )


def seats(tools: Toolbox, record: RunRecord, live: set[str]) -> int:
    """Count the agents that the rest of the budget can take to their end, the living ones included."""
    account = tools.ledger.account(run_account(record.id))
    if account is None or account.frozen:
        return len(live)
    agents = tools.ledger.agent_accounts(record.id)
    costs = {agent: its.spent + its.held for agent, its in agents.items()}
    ended = [costs.get(report.agent_id, ZERO) for report in tools.journal.reports(record.id)]
    order = record.order
    one = expected_cost(order.cap, order.budget, ended, tools.least(order))
    still = [max(ZERO, one - costs.get(agent, ZERO)) for agent in live]
    free = account.cap - account.spent - account.held
    return fundable_seats(free, still, one, order.agents)


def note_shrinking(tools: Toolbox, record: RunRecord, seats: int) -> None:
    """Say once for each number of seats that the budget funds no more of them, and how it stood."""
    account = tools.ledger.account(run_account(record.id))
    if account is None:
        return
    fewer = (
        f"seats shrink to {seats} of {record.order.agents}"
        if seats
        else f"no further agent can be funded; {EngineName.CODEMOD} goes on at $0"
    )
    left = account.cap - account.spent - account.held
    _tell_once(
        tools,
        record,
        f"seats:{record.id}:{seats}",
        f"{tools.clock.now():%H:%M} UTC: {fewer}, because {left} of {account.cap} is left"
        f" ({account.spent} spent, {account.held} held).",
    )


def told_of_money(tools: Toolbox, record: RunRecord) -> tuple[str, ...]:
    """List what was told of money during a run, for its report."""
    keys = [f"seats:{record.id}:{number}" for number in reversed(range(record.order.agents))]
    keys += [alert_key(record.id, alert) for alert in Alert]
    return tuple(filter(None, (tools.journal.recall(key) for key in keys)))


def watch_money(tools: Toolbox, record: RunRecord) -> None:
    """Tell every alert that is due, each once a run; where no model works there is nothing to tell."""
    account = tools.ledger.account(run_account(record.id))
    if account is None or record.engine is not EngineName.LLM:
        return
    now = tools.clock.now()
    for alert, text in due(
        account, record.opened_at, record.deadline, now, tools.least(record.order)
    ).items():
        _tell_once(tools, record, alert_key(record.id, alert), text)


def _tell_once(tools: Toolbox, record: RunRecord, key: str, text: str) -> None:
    if tools.journal.recall(key) is None and tools.journal.remember(key, text) == text:
        narrate(tools, record.id, text)
