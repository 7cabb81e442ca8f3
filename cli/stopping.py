"""`fresh auto stop`: ask a run to end and see that it does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.person import typist
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.adapters.prefect_server.forcing import FORCED_AFTER, kill_host
from fresh.deciding import ask_to_stop
from fresh.domain.record import Claim
from fresh.domain.stopping import StopRequest
from fresh.errors import Refusal
from fresh.ports import Journal
from fresh.roster import read_people
from fresh.settings import read_settings

POLL = 0.2
PATIENCE = 1800.0
"""Seconds that running agents get to finish their step; a step is at most one test run or one round of work."""
REMIND_EVERY = 30.0


@click.command(short_help="End the run; its work is kept.")
@click.option("--force", is_flag=True, help="Kill everything within ten seconds, sandboxes too.")
@with_repo
def stop(force: bool, repo: str) -> None:
    """End the run that works on the repository.

    No agent is started any more, running ones finish their step, and work in progress is kept on its branch.
    """
    place = find_place(repo)
    if place.is_blank:
        click.echo("No run is running.")
        return
    with opened_journal(place) as journal:
        claim = journal.standing_claim(str(place.repository), datetime.now(UTC))
        if claim is None:
            _say_nothing_runs(journal, place)
            return
        _request(journal, claim, force, place)
        _wait(journal, claim, force, place.home)


def ask_to_end(place: Place, force: bool, tell: Callable[[str], None]) -> None:
    """Ask the run that works on the repository to end, and wait for nothing. Raises Refusal."""
    with opened_journal(place) as journal:
        claim = journal.standing_claim(str(place.repository), datetime.now(UTC))
        if claim is None:
            tell("No run is running.")
            return
        _request(journal, claim, force, place, tell)


def _say_nothing_runs(journal: Journal, place: Place) -> None:
    click.echo("No run is running.")
    newest = next(iter(journal.runs(str(place.repository))), None)
    if newest is not None and newest.closed_at is None:
        click.echo(f"Run {newest.id} is unfinished, because its process died: fresh auto resume {newest.id}")


def _request(
    journal: Journal, claim: Claim, force: bool, place: Place, tell: Callable[[str], None] = click.echo
) -> None:
    """Write the request down. Raises Refusal."""
    now, actor = datetime.now(UTC), typist(place.repository)
    request = StopRequest(run_id=claim.run_id, force=force, by=actor.name, through=actor.door.value, at=now)
    refused = ask_to_stop(journal, read_people(read_settings(), place.home), actor, request, now)
    if refused is not None:
        raise Refusal(refused.sentence)
    kept = "killing everything" if force else "running agents finish their step and keep their work"
    tell(f"Stopping run {claim.run_id}: {kept}.")


def _wait(journal: Journal, claim: Claim, force: bool, home: Path) -> None:
    """Wait until the run has ended; by force, kill its process and its server when it does not. Raises Refusal."""
    try:
        if _has_ended(journal, claim, FORCED_AFTER if force else PATIENCE):
            click.echo(f"Run {claim.run_id} has ended. See: fresh auto report {claim.run_id}")
            return
    except KeyboardInterrupt:
        click.echo(f"\nRun {claim.run_id} still stops; --force kills it.", err=True)
        raise
    if not force:
        raise Refusal(
            f"Run {claim.run_id} has not ended after {PATIENCE / 60:.0f} minutes.",
            hint="fresh auto stop --force",
        )
    kill_host(claim, home)
    click.echo(
        f"Run {claim.run_id} did not end itself within {FORCED_AFTER:g} s, so its process {claim.host.pid} was killed; "
        f"`fresh auto resume {claim.run_id}` writes its report."
    )


def _has_ended(journal: Journal, claim: Claim, patience: float) -> bool:
    began = time.monotonic()
    reminded = began
    while (now := time.monotonic()) - began < patience:
        standing = journal.standing_claim(claim.repository, datetime.now(UTC))
        if standing is None or standing.host != claim.host or standing.run_id != claim.run_id:
            return True
        if now - reminded >= REMIND_EVERY:
            reminded = now
            click.echo(_progress(journal, claim.run_id))
        time.sleep(POLL)
    return False


def _progress(journal: Journal, run_id: str) -> str:
    ended = len(journal.reports(run_id))
    return f"{ended} of {len(journal.tickets(run_id))} agents have ended."
