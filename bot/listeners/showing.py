"""Modals that show what an agent made and what a run came to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.answering import Body, answer, part, who
from bot.desk import Desk, said
from bot.listeners.pressing import Outcome, asked, pressed
from bot.messages.blocks import Block
from bot.messages.modals import note_modal, page_modal, patch_modal, wait_modal
from bot.served import Served
from fresh.domain.record import RunRecord
from fresh.errors import FreshError, Refusal, StorageFailed

log = logging.getLogger("fresh.bot")


async def open_patch(desk: Desk, body: Body, value: str) -> None:
    """Show the patch of a question's agent."""

    def read() -> Block | Outcome:
        found = asked(desk, body, value, "diff")
        if isinstance(found, Outcome):
            return found
        question = found[0].standing.question
        place = desk.shelf.run(question.run_id)
        if place is None:
            return Outcome("Its run is not known any more.")
        patch = patch_of(*place, question.agent_id)
        return patch_modal(
            desk.pen, f"Diff {question.agent_id}", patch, f"`fresh auto diff {question.agent_id}`"
        )

    await _show(desk, body, "Diff", read)


async def open_report(desk: Desk, body: Body, value: str) -> None:
    """Show the report of a run."""

    def read() -> Block | Outcome:
        found = pressed(desk, body, value, "report")
        if isinstance(found, Outcome):
            return found
        place = desk.shelf.run(found.run_id or "")
        if place is None:
            return Outcome("Its run is not known any more.")
        return page_modal(desk.pen, f"Report {found.run_id}", report_of(place[1]))

    await _show(desk, body, "Report", read)


def patch_of(served: Served, record: RunRecord, agent_id: str) -> str:
    """Read the patch of an agent's newest commit. It blocks. Raises Refusal where there is none, GitFailed."""
    status = served.journal.status(record.id)
    commits = {agent.id: agent.commit for agent in status.agents} if status is not None else {}
    commit = commits.get(agent_id)
    base = next(
        (ticket.base for ticket in served.journal.tickets(record.id) if ticket.agent_id == agent_id), None
    )
    if commit is None or base is None:
        raise Refusal(f"Agent {agent_id} has not made a commit.")
    from fresh.adapters.git_workspace import GitWorkspace

    return GitWorkspace(Path(record.repository), served.home_of(record)).diff(base, commit)


def report_of(record: RunRecord) -> str:
    """Read the written report of a run. It blocks. Raises Refusal where there is none, StorageFailed."""
    if record.report is None:
        raise Refusal(f"Run {record.id} has no report: it has not ended.")
    try:
        return Path(record.report).with_suffix(".md").read_text("utf-8")
    except OSError as trouble:
        raise StorageFailed(f"The report of run {record.id} can't be read: {trouble.strerror}.") from trouble


async def _show(desk: Desk, body: Body, title: str, read: Callable[[], Block | Outcome]) -> None:
    """Open a modal at once, because its trigger lives three seconds, and fill it with what was read."""
    refused = await desk.aside(desk.look_refused, desk.actor(*who(desk, body)), title.lower())
    if refused is not None:
        await answer(desk, body, refused)
        return
    opening = asyncio.ensure_future(_open(desk, body, title))
    try:
        found = await desk.aside(read)
    except FreshError as trouble:
        found = note_modal(desk.pen, title, said(trouble))
    view = await opening
    if isinstance(found, Outcome):
        found = note_modal(desk.pen, title, found.sentence)
    if not view:
        await answer(desk, body, "Slack did not open the window in time. Click again.")
        return
    try:
        await desk.client.views_update(view_id=view, view=found)
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as trouble:
        log.warning("A window was not filled: %s", type(trouble).__name__)


async def _open(desk: Desk, body: Body, title: str) -> str:
    try:
        opened = await desk.client.views_open(trigger_id=part(body, "trigger_id"), view=wait_modal(title))
    except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as trouble:
        log.warning("A window was not opened: %s", type(trouble).__name__)
        return ""
    return str(opened["view"]["id"])
