"""Submitted modals: the words of a decision, and the order of a run. Who submits is checked again."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.answering import Body, answer, who
from bot.desk import Desk, said
from bot.listeners.actions import record
from bot.listeners.pressing import Outcome, settle
from bot.messages.modals import given
from bot.ordering import run_of
from fresh.deciding import note_starter, permit
from fresh.domain.approval import Answer
from fresh.domain.counting import count
from fresh.domain.order import RunOrder
from fresh.domain.people import Act
from fresh.domain.quoting import line
from fresh.errors import FreshError

log = logging.getLogger("fresh.bot")
INPUTS = {"agents": "agents", "budget": "budget", "hours": "hours", "features": "feature"}
"""Which input holds which field of an order."""


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every modal."""

    @app.view("reject_words")
    async def reject(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        words = given(view["state"]["values"], "words")
        value = str(view.get("private_metadata", ""))
        await record(desk, ack, body, lambda: settle(desk, body, value, Answer.REJECTED, words))

    @app.view("changes_words")
    async def change(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        words = given(view["state"]["values"], "words")
        if not line(words):
            await ack(response_action="errors", errors={"words": "An agent needs words on what to change."})
            return
        value = str(view.get("private_metadata", ""))
        await record(desk, ack, body, lambda: settle(desk, body, value, Answer.CHANGES, words))

    @app.view("start_order")
    async def start(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        order = read_order(desk, view["state"]["values"])
        if isinstance(order, dict):
            await ack(response_action="errors", errors=order)
            return
        await ack()
        outcome = await desk.aside(_start, desk, body, order, str(view.get("id", "")))
        if outcome.changed:
            desk.poke()
        await answer(desk, body, outcome.sentence)

    @app.view_closed("shown")
    async def closed(ack: AsyncAck) -> None:
        await ack()


def read_order(desk: Desk, values: dict[str, Any]) -> RunOrder | dict[str, str]:
    """Read an order, or say by input what is wrong with it."""
    repositories = repositories_of(desk)
    chosen = given(values, "repository")
    if not chosen.isdigit() or int(chosen) >= len(repositories):
        return {"repository": "Choose a repository."}
    mode, feature = given(values, "mode"), line(given(values, "feature"))
    fields: dict[str, object] = {
        "repo": repositories[int(chosen)],
        "strategy": given(values, "strategy"),
        "overnight": mode.startswith("overnight"),
        "approval": mode != "overnight, ask nobody",
        "features": (feature,) if feature else (),
    }
    fields |= {name: given(values, name).strip() for name in ("agents", "budget", "hours")}
    try:
        return RunOrder.model_validate(fields)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_context=False, include_input=False)
        return {INPUTS.get(str(one["loc"][0]), "agents"): one["msg"][:150] for one in first if one["loc"]}


def repositories_of(desk: Desk) -> list[str]:
    """List the repositories that a run can be started on. A shared journal knows those that have had one."""
    found = []
    for served in desk.shelf.served:
        if served.repository is not None:
            found.append(str(served.repository))
        else:
            found += [record.repository for record in served.journal.runs()]
    return list(dict.fromkeys(found))


def _start(desk: Desk, body: Body, order: RunOrder, view_id: str) -> Outcome:
    """Hand an order over. It blocks."""
    actor, now = desk.actor(*who(desk, body)), desk.now()
    served = next(
        (
            one
            for one in desk.shelf.served
            if one.repository is not None and str(one.repository) == order.repo
        ),
        desk.shelf.served[0],
    )
    told = f"start {count(order.agents, 'agent')}, {order.budget}, {order.hours:g} h, {order.strategy}"
    try:
        refused = permit(
            served.journal, served.people, actor, Act.START, now, desk.known.membership, tried=told
        )
        if refused is not None:
            return Outcome(refused.sentence)
        unfinished = [run for run in served.journal.runs(order.repo) if run.closed_at is None]
        if unfinished:
            return Outcome(
                f"Run {unfinished[0].id} works there already. Watch it: `/fresh status {unfinished[0].id}`"
            )
        run_id = run_of(view_id)
        note_starter(served.journal, run_id, actor)
        where = desk.orders(order, run_id)
    except FreshError as trouble:
        return Outcome(said(trouble))
    return Outcome(
        f"Run {run_id} begins within seconds; its card comes into the channel. {where}", changed=True
    )
