"""`fresh auto replay`: an agent's conversation with its model once more, without the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cli.finding import find_agent, find_run
from cli.looking import UNSAFE
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.domain.agent import Ticket
from fresh.domain.transcript import Turn
from fresh.domain.transcript_page import transcript_lines
from fresh.errors import OperatorMistake, Refusal
from fresh.ports import Journal

if TYPE_CHECKING:
    from fresh.ports import Bench
    from fresh.wiring import Toolbox


@click.command(short_help="Play a conversation with a model again, without one.")
@click.argument("id")
@click.option("--transcript", is_flag=True, help="Show the conversation while it is played.")
@with_repo
def replay(id: str, transcript: bool, repo: str) -> None:
    """Play the conversation of an agent, or of all agents of a run, again from what was kept of it.

    No model is asked, nothing is paid, and no branch is touched. The replies are the ones that came, and what they call
    is carried out once more in the sandbox, on a tree of its own at the agent's base commit. The exit code is 1 where
    a conversation goes another way than it went.
    """
    place = find_place(repo)
    with opened_journal(place) as journal:
        tickets = _meant(journal, place, id)
        talks = [(ticket, turns) for ticket in tickets if (turns := journal.turns(ticket.agent_id))]
    if not talks:
        raise Refusal(f"{id} has had no conversation with a model.", hint=f"See: fresh auto logs {id}")
    same = [_play(place, ticket, turns, transcript) for ticket, turns in talks]
    if not all(same):
        click.get_current_context().exit(1)


def _meant(journal: Journal, place: Place, typed: str) -> tuple[Ticket, ...]:
    """List the agents that are meant: those of a run, or one by its own id. Raises OperatorMistake."""
    try:
        record = find_run(journal, str(place.repository), typed)
    except OperatorMistake:
        record = None
    if record is not None:
        return journal.tickets(record.id)
    return (find_agent(journal, str(place.repository), typed).ticket,)


def _play(place: Place, ticket: Ticket, turns: tuple[Turn, ...], shows: bool) -> bool:
    from fresh.engines.llm.replay import replay as play_again
    from fresh.settings import read_settings
    from fresh.wiring import build_toolbox

    settings = read_settings()
    tools = build_toolbox(place.repository, settings, alone=True)
    with _bench(tools, ticket) as bench:
        played = play_again(bench, turns, tools.clock, secrets=settings.secrets())
    for row in transcript_lines(played.turns) if shows else ():
        click.echo(UNSAFE.sub("�", row))
    wrote = ", ".join(played.wrote) or "nothing"
    replies = "1 reply" if played.replies == 1 else f"{played.replies} replies"
    said = f"{ticket.agent_id}: {replies} played again; it wrote {wrote}."
    click.echo(UNSAFE.sub("�", f"{said} {played.parted or 'Everything went as it did then.'}"))
    return played.parted is None


@contextmanager
def _bench(tools: Toolbox, ticket: Ticket) -> Iterator[Bench]:
    """Give a tree beside the agent's own, one at a time for a repository; it is gone afterwards."""
    from fresh.adapters.gitting.storage import locked

    again = ticket.model_copy(update={"agent_id": f"replay-{ticket.agent_id}"})
    with locked(tools.home / "replay.lock"):
        try:
            yield tools.prover.bench(again)
        finally:
            tools.prover.clear(again)
