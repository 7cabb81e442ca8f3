"""`/fresh`: the same verbs as in the terminal."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.errors import SlackApiError

from bot.answering import Body, answer, part, who
from bot.desk import Desk, said
from bot.listeners.actions import record, stop_run
from bot.listeners.pressing import Outcome, settle_asked
from bot.listeners.showing import patch_of, report_of
from bot.listeners.views import repositories_of
from bot.messages.help import HELP, usage
from bot.messages.modals import start_modal
from bot.messages.status import status_text
from fresh.deciding import permit
from fresh.domain.approval import Answer
from fresh.domain.order import RunOrder
from fresh.domain.people import Act
from fresh.errors import FreshError, OperatorMistake

log = logging.getLogger("fresh.bot")
ANSWERS = {"approve": Answer.APPROVED, "reject": Answer.REJECTED, "changes": Answer.CHANGES}
INTERACTIVE = RunOrder(agents=5, hours=4)
LONGEST_PATCH = 2600


def register(app: AsyncApp, desk: Desk) -> None:
    """Register the command."""

    @app.command("/fresh")
    async def fresh(ack: AsyncAck, body: dict[str, Any], command: dict[str, Any]) -> None:
        verb, rest = split(str(command.get("text") or ""))
        if verb in ANSWERS or verb == "stop":
            await record(desk, ack, body, lambda: act(desk, body, verb, rest))
            return
        await ack()
        if verb == "start":
            await _open_order(desk, body)
            return
        try:
            text = await desk.aside(look, desk, body, verb, rest)
        except FreshError as trouble:
            text = said(trouble)
        await answer(desk, body, text)


def split(text: str) -> tuple[str, list[str]]:
    """Split what was typed into the verb and its words; what can't be read as quoted words is taken as it stands."""
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    return (words[0].lower(), words[1:]) if words else ("help", [])


def act(desk: Desk, body: Body, verb: str, rest: Sequence[str]) -> Outcome:
    """Decide or stop. It blocks. Raises OperatorMistake for what can't be done as typed."""
    if verb == "stop":
        force = "--force" in rest
        typed = next((word for word in rest if word != "--force"), None)
        _, record_ = desk.shelf.run_meant(typed)
        return stop_run(desk, body, record_.id, force=force)
    if not rest:
        raise OperatorMistake("Which agent?", hint=usage(verb))
    words = " ".join(rest[1:])
    asked = desk.shelf.asked_by(rest[0])
    return settle_asked(
        desk, desk.actor(*who(desk, body)), asked, ANSWERS[verb], words, asked.standing.question.seal
    )


def look(desk: Desk, body: Body, verb: str, rest: Sequence[str]) -> str:
    """Answer what changes nothing. It blocks. Raises OperatorMistake, Refusal."""
    if verb == "help":
        return HELP
    actor = desk.actor(*who(desk, body))
    refused = desk.look_refused(actor, f"/fresh {verb}")
    if refused is not None:
        return refused
    if verb == "status":
        return show_status(desk, rest[0] if rest else None)
    if verb == "report":
        _, record_ = desk.shelf.run_meant(rest[0] if rest else None)
        return "\n".join(("```", desk.pen.lines(report_of(record_), LONGEST_PATCH), "```"))
    if verb == "diff":
        if not rest:
            raise OperatorMistake("Which agent?", hint=usage(verb))
        served, record_, agent = desk.shelf.agent_meant(rest[0])
        patch = patch_of(served, record_, agent)
        more = "" if len(patch) <= LONGEST_PATCH else f"\nThe rest of it: `fresh auto diff {agent}`"
        return f"```{desk.pen.lines(patch, LONGEST_PATCH)}```{more}"
    return f"`{desk.pen.words(verb, 40)}` is no command.\n{HELP}"


def show_status(desk: Desk, typed: str | None) -> str:
    """Show one run, or all that are open. It blocks. Raises OperatorMistake."""
    if typed:
        served, record_ = desk.shelf.run_meant(typed)
        found = [served.journal.status(record_.id)]
    else:
        found = [
            served.journal.status(run.id)
            for served in desk.shelf.served
            for run in served.journal.runs()
            if run.closed_at is None
        ]
    shown = [status for status in found if status is not None]
    if not shown:
        return "No run is running. Start one: `/fresh start`"
    return "\n\n".join(status_text(desk.pen, status) for status in shown)[:2900]


async def _open_order(desk: Desk, body: Body) -> None:
    """Open the form for an order, for who may start a run."""
    actor, now = desk.actor(*who(desk, body)), desk.now()
    try:
        allowed = [one for one in desk.shelf.served if desk.may(one, actor, Act.START) is None]
        if not allowed:
            first = desk.shelf.served[0]
            refused = await desk.aside(
                permit,
                first.journal,
                first.people,
                actor,
                Act.START,
                now,
                desk.known.membership,
                tried="start",
            )
            await answer(desk, body, refused.sentence if refused is not None else "Try again in a moment.")
            return
        repositories = await desk.aside(repositories_of, desk)
    except FreshError as trouble:
        await answer(desk, body, said(trouble))
        return
    if not repositories:
        await answer(
            desk, body, "No repository is known yet. Set FRESH_REPOSITORIES and start the bot again."
        )
        return
    try:
        await desk.client.views_open(
            trigger_id=part(body, "trigger_id"), view=start_modal(repositories, INTERACTIVE)
        )
    except SlackApiError as refused_view:
        log.warning("The order form was not opened: %s", refused_view.response.get("error"))
        await answer(desk, body, "Slack did not open the form in time. Type it again.")
