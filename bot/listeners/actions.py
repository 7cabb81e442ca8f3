"""Buttons: decide, stop, show; and an answer to every button that we don't know any more."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from bot.answering import Body, answer, part, who
from bot.desk import Desk, said
from bot.listeners.pressing import NOT_OURS, NOT_RECORDED, OUT_OF_DATE, Outcome, asked, pressed, settle
from bot.listeners.showing import open_patch, open_report
from bot.messages.modals import changes_modal, reject_modal
from bot.served import Served
from fresh.adapters.prefect_server.forcing import FORCED_AFTER, kill_host
from fresh.deciding import ask_to_stop, say_refused
from fresh.domain.approval import Answer
from fresh.domain.people import Act
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest
from fresh.errors import FreshError, StorageFailed

log = logging.getLogger("fresh.bot")

ACK_BY = 2.0
"""Seconds until a click is acknowledged even while the journal is locked: after three, Slack shows a warning for good.

The answer that follows says whether it was recorded.
"""


def register(app: AsyncApp, desk: Desk) -> None:
    """Register every button, and the catch-all at the very end."""

    @app.action("approve")
    async def approve(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        value = str(action.get("value", ""))
        await record(desk, ack, body, lambda: settle(desk, body, value, Answer.APPROVED))

    @app.action("stop_agent")
    async def stop_agent(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        value = str(action.get("value", ""))
        await record(desk, ack, body, lambda: settle(desk, body, value, Answer.STOPPED))

    @app.action("stop_run")
    async def stop_run(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        value = str(action.get("value", ""))
        await record(desk, ack, body, lambda: _stop(desk, body, value))

    @app.action(re.compile("^(reject|changes)$"))
    async def ask_words(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        await _open_words(desk, body, str(action["action_id"]), str(action.get("value", "")))

    @app.action("diff")
    async def diff(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        await open_patch(desk, body, str(action.get("value", "")))

    @app.action("report")
    async def report(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        await open_report(desk, body, str(action.get("value", "")))

    @app.action(re.compile("^link_"))
    async def follow(ack: AsyncAck) -> None:
        await ack()

    @app.action(re.compile(".*"))
    async def unknown(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        tried = f"unknown button {action.get('action_id')}"
        await _note(desk, body, tried, str(action.get("value", "")))
        await answer(desk, body, OUT_OF_DATE)


async def record(desk: Desk, ack: AsyncAck, body: Body, act: Callable[[], Outcome]) -> None:
    """Commit, then acknowledge, then tell; the rest is the watcher's."""
    work = asyncio.ensure_future(_recorded(desk, act))
    await asyncio.wait([work], timeout=ACK_BY)
    await ack()
    outcome = await work
    if outcome.changed:
        desk.poke()
    await answer(desk, body, outcome.sentence)


async def _recorded(desk: Desk, act: Callable[[], Outcome]) -> Outcome:
    try:
        return await desk.aside(act)
    except StorageFailed as trouble:
        log.warning("A click was not recorded: %s", trouble.message)
        return Outcome(NOT_RECORDED)
    except FreshError as trouble:
        return Outcome(said(trouble))


async def _note(desk: Desk, body: Body, tried: str, value: str) -> None:
    try:
        await desk.aside(desk.note_forged, desk.actor(*who(desk, body)), tried, value)
    except FreshError as trouble:
        log.warning("An attempt was not audited: %s", trouble.message)


def _stop(desk: Desk, body: Body, value: str) -> Outcome:
    """Ask for the end of a run. It blocks."""
    found = pressed(desk, body, value, "stop")
    if isinstance(found, Outcome):
        return found
    if found.run_id is None:
        return Outcome(NOT_OURS)
    return stop_run(desk, body, found.run_id, force=False)


def stop_run(desk: Desk, body: Body, run_id: str, *, force: bool) -> Outcome:
    """Ask for the end of a run that was found. It blocks."""
    place = desk.shelf.run(run_id)
    if place is None:
        return Outcome(OUT_OF_DATE)
    served, record = place
    if record.closed_at is not None:
        return Outcome(f"Run {run_id} has ended already.")
    actor = desk.actor(*who(desk, body))
    now = desk.now()
    request = StopRequest(run_id=run_id, force=force, by=actor.name, through=actor.door.value, at=now)
    refused = ask_to_stop(served.journal, served.people, actor, request, now, desk.known.membership)
    if refused is not None:
        return Outcome(refused.sentence)
    if force:
        _see_to_it(served, record)
    kept = "everything is killed" if force else "running agents finish their step and keep their work"
    return Outcome(f"Run {run_id} is asked to stop: {kept}.", changed=True)


def _see_to_it(served: Served, record: RunRecord) -> None:
    """Kill the host of a run itself when it does not end by force, as the terminal does."""
    claim = served.journal.standing_claim(record.repository, datetime.now(UTC))
    if claim is None or claim.run_id != record.id:
        return

    def kill() -> None:
        try:
            standing = served.journal.standing_claim(record.repository, datetime.now(UTC))
            if standing is not None and (standing.host, standing.run_id) == (claim.host, claim.run_id):
                kill_host(claim, served.home_of(record))
                log.warning(
                    "Run %s did not end by force, so its process %d was killed.", claim.run_id, claim.host.pid
                )
        except FreshError as trouble:
            log.warning("Run %s did not end by force: %s", claim.run_id, trouble.message)

    timer = threading.Timer(FORCED_AFTER, kill)
    timer.daemon = True
    timer.start()


async def _open_words(desk: Desk, body: Body, wanted: str, value: str) -> None:
    """Open the modal for words. Who may not decide is told before they type."""
    tried = Answer.REJECTED if wanted == "reject" else Answer.CHANGES
    try:
        found = await desk.aside(asked, desk, body, value, tried.value)
    except FreshError as trouble:
        await answer(desk, body, said(trouble))
        return
    if isinstance(found, Outcome):
        await answer(desk, body, found.sentence)
        return
    question, _ = found
    actor = desk.actor(*who(desk, body))
    why = desk.may(question.served, actor, Act.APPROVE)
    if why is not None or question.standing.decision is not None:
        # The attempt itself says who was first, or why not, and is audited; a reason to change is not typed yet.
        words = "(not asked for)" if tried is Answer.CHANGES else ""
        outcome = await _recorded(desk, lambda: settle(desk, body, value, tried, words))
        await answer(desk, body, outcome.sentence if why is None else say_refused(why, Act.APPROVE))
        return
    make = reject_modal if wanted == "reject" else changes_modal
    try:
        await desk.client.views_open(
            trigger_id=part(body, "trigger_id"), view=make(question.standing.question, value)
        )
    except SlackApiError as refused:
        log.warning("A modal was not opened: %s", refused.response.get("error"))
        await answer(desk, body, "Slack did not open the form in time. Click again.")
