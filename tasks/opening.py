"""Open a run: claim the repository, take the base commit, and draw work from the inventory."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain import narration
from fresh.domain.agent import Outcome, Ticket
from fresh.domain.assignment import Assignment
from fresh.domain.feature import Inventory, Kind
from fresh.domain.identity import OURS, agent_id, branch_name
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import RunRecord
from fresh.domain.report import PassedOver
from fresh.domain.selection import Pick, Selection, select
from fresh.errors import OperatorMistake
from fresh.wiring import Toolbox, bring, toolbox
from tasks.assigning import issue_picks
from tasks.durable import narrate
from tasks.landing import base_branch_key, open_branches
from tasks.learning import acceptance_of, is_over
from tasks.revising import revision_tickets, take_up
from tasks.spending import demand_affordable, open_agent_account, open_run_account


@task(name="open run", cache_policy=NO_CACHE)
def open_run(order: RunOrder, run_id: str | None) -> RunRecord:
    """Claim the repository and write the run down; an unfinished run of that id is entered again as it stands.

    Raises OperatorMistake when another host works on the repository, or when it can't be worked on at all.
    """
    tools = toolbox(bring(order.repo))
    here = str(tools.repository)
    name = run_id or secrets.token_hex(4)
    holder = tools.journal.claim(here, name, tools.host, tools.clock.now())
    if holder is not None:
        raise OperatorMistake(
            f"Run {holder.run_id} works on {here} already (process {holder.host.pid} on {holder.host.machine}).",
            hint="Watch it with `fresh auto status`, or end it with `fresh auto stop`.",
        )
    known = next((record for record in tools.journal.runs(here) if record.id == name), None)
    if known is not None:
        tools.workspace.take_base(known.base)
        open_run_account(tools, known)
        return known
    tools.workspace.demand_branches(OURS)
    now = tools.clock.now()
    engine = tools.engine_for(order)
    demand_affordable(tools, order, engine)
    record = tools.journal.open_run(
        RunRecord(
            id=name,
            repository=here,
            order=order,
            base=tools.workspace.take_base(),
            engine=engine,
            seed=order.seed if order.seed is not None else secrets.randbits(63),
            opened_at=now,
            deadline=now + timedelta(hours=order.hours),
        )
    )
    open_run_account(tools, record)
    tools.journal.remember(base_branch_key(name), tools.workspace.head_branch() or "")
    return record


def choose(
    tools: Toolbox,
    record: RunRecord,
    inventory: Inventory,
    name: EngineName | None = None,
    ahead: Sequence[Pick] = (),
) -> Selection:
    """Rank what is worth doing now: nothing that was drawn before or is drawn `ahead`, no file that an open branch holds."""
    engine = tools.engine(name or record.engine)
    taken, leased = _in_flight(tools, record)
    taken |= {(pick.feature.key, pick.kind) for pick in ahead}
    leased |= {path for pick in ahead for path in pick.footprint}
    return select(
        inventory,
        record.order,
        seed=record.seed,
        leased=leased,
        taken=taken,
        acceptance=acceptance_of(tools, record.base),
        screen=lambda feature, kind: engine.screen(feature, kind, inventory),
    )


def choose_issues(
    tools: Toolbox, record: RunRecord, inventory: Inventory, name: EngineName | None = None
) -> tuple[list[tuple[Pick, Assignment]], list[PassedOver]]:
    """Choose what the issues of the order ask for, oldest first; say why for those that are left."""
    return issue_picks(tools, record, inventory, name or record.engine, *_in_flight(tools, record))


@task(name="draw work", cache_policy=NO_CACHE)
def draw(record: RunRecord, seats: int, engine: EngineName) -> list[Ticket]:
    """Draw tickets for at most `seats` agents and write them down before any of them starts."""
    tools = toolbox(Path(record.repository))
    inventory = tools.with_issues(tools.prover.measured(record.order, record.base))
    tools.journal.note_inventory(record.id, inventory.digest)
    revisions = revision_tickets(tools, record, engine)[:seats]
    asked, left = choose_issues(tools, record, inventory, engine)
    asked = asked[: seats - len(revisions)]
    selection = choose(tools, record, inventory, engine, [pick for pick, _ in asked])
    tools.passed_over[record.id] = (
        *left,
        *(
            PassedOver(feature=over.feature, kind=over.kind, reason=over.reason)
            for over in selection.passed_over
        ),
    )
    picks = selection.picks[: seats - len(revisions) - len(asked)]
    tickets = [
        *revisions,
        *(_ticket(record, pick, engine, issue) for pick, issue in asked),
        *(_ticket(record, pick, engine) for pick in picks),
    ]
    for ticket in tickets:
        open_agent_account(tools, ticket)
        tools.journal.add_agent(ticket, tools.clock.now())
        take_up(tools, ticket)
        narrate(tools, record.id, narration.began(ticket), ticket.agent_id)
    return tickets


def _ticket(record: RunRecord, pick: Pick, engine: EngineName, issue: Assignment | None = None) -> Ticket:
    name = agent_id(record.id, pick.feature.key, pick.kind)
    return Ticket(
        run_id=record.id,
        agent_id=name,
        order=record.order,
        repository=record.repository,
        base=record.base,
        branch=branch_name(name, pick.feature.name),
        feature=pick.feature,
        kind=pick.kind,
        reasons=pick.reasons,
        footprint=pick.footprint,
        engine=engine,
        seed=record.seed,
        issue=issue,
    )


def _in_flight(tools: Toolbox, record: RunRecord) -> tuple[frozenset[tuple[str, Kind]], frozenset[str]]:
    """Find what is being worked or waits for review: candidates of this run, and every open branch of an agent."""
    tickets = tools.journal.tickets(record.id)
    ended = {report.agent_id for report in tools.journal.reports(record.id)}
    taken = {(ticket.feature.key, ticket.kind) for ticket in tickets}
    leased = {path for ticket in tickets if ticket.agent_id not in ended for path in ticket.footprint}
    over = is_over(tools)
    for earlier in tools.journal.runs(record.repository):
        for report in tools.journal.reports(earlier.id):
            if report.outcome is not Outcome.COMPLETED or not report.branch or not report.change:
                continue
            if report.pull_request in over:
                continue
            standing = tools.workspace.published(report.branch)
            if standing is not None and not tools.workspace.contains(record.base, standing):
                taken.add((report.feature, report.kind))
                leased.update(report.change.paths)
    for sha in open_branches(tools, record.base).values():
        # Whoever made it, in whichever journal it stands: its files are somebody's until it is merged or gone.
        fork = tools.workspace.fork_point(record.base, sha)
        leased.update(tools.workspace.change(fork, sha).paths if fork is not None else ())
    return frozenset(taken), frozenset(leased)
