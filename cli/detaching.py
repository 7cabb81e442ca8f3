"""`fresh auto start --detach` and `--at`: hand an order to the `fresh up` that runs here."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from cli.aside import aside
from cli.person import typist
from cli.place import Place, opened_journal
from fresh.deciding import note_starter
from fresh.domain.order import RunOrder
from fresh.errors import OperatorMistake

if TYPE_CHECKING:
    from fresh.adapters.prefect_control import Ordered

INTERACTIVE, OVERNIGHT = "run/interactive", "run/overnight"


def hand_over(order: RunOrder, place: Place, at: str | None) -> None:
    """Create one flow run for the order, now or at the next time that `at` names.

    Raises OperatorMistake when no `fresh up` runs here, when a run works here already, and for a time that is none.
    """
    when = next_time(at, datetime.now().astimezone()) if at is not None else None
    url = _server(place)
    if when is None:
        _refuse_second_run(place)
    from fresh.adapters.prefect_server import client_environment
    from fresh.adapters.processes import lives
    from fresh.adapters.sql_journal import SqlJournal

    os.environ.update(client_environment(url))
    run = secrets.token_hex(4)
    with aside(place.home / "prefect"):
        from fresh.adapters.prefect_control import ordered_runs, start_deployment

        if when is None:
            refuse_ordered(ordered_runs((INTERACTIVE, OVERNIGHT)), place)
        flow_run = start_deployment(
            OVERNIGHT if order.overnight else INTERACTIVE,
            {"order": order.model_dump(mode="json"), "run_id": run},
            idempotency_key=f"ordered:{run}",
            tags=(f"run:{run}",),
            at=when,
        )
    with closing(SqlJournal(place.url, lives)) as journal:
        note_starter(journal, run, typist(place.repository))
    begins = f"begins at {when:%Y-%m-%d %H:%M}" if when is not None else "begins within seconds"
    click.echo(f"Run {run} {begins}: {url.removesuffix('/api')}/runs/flow-run/{flow_run}")
    click.echo("Watch it: fresh auto status; end it: fresh auto stop")


def refuse_ordered(runs: Sequence[Ordered], place: Place) -> None:
    """Raise OperatorMistake where a run of this repository was ordered before and has not ended: it may need seconds
    until it is seen in the journal, and of two nights Prefect would cancel the second one without a word here."""
    for run in runs:
        if run.repo in (".", str(place.repository)):
            name = f"Run {run.run_id}" if run.run_id else "A run"
            raise OperatorMistake(
                f"{name} on {place.repository} was ordered already, and is {run.state.lower()} in Prefect.",
                hint="One at a time works on a repository: watch it with `fresh auto status`, or order another with --at.",
            )


def next_time(typed: str, now: datetime) -> datetime:
    """Read `22:00` or an ISO date and time as the next such moment. Raises OperatorMistake."""
    try:
        if "T" in typed or "-" in typed:
            moment = datetime.fromisoformat(typed)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
        else:
            hour, minute = (int(part) for part in typed.split(":"))
            moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
            moment += timedelta(days=moment <= now)
    except ValueError as bad:
        raise OperatorMistake(
            f"--at {typed}: this is no time.", hint="Write 22:00, or 2026-11-30T22:00."
        ) from bad
    if moment <= now:
        raise OperatorMistake(f"--at {typed}: this time is over.", hint="Write a time that is still to come.")
    return moment


def _server(place: Place) -> str:
    from deployments.resident.record import living

    given = os.environ.get("PREFECT_API_URL")
    standing = living(place.home)
    if given is None and standing is None:
        raise OperatorMistake(
            f"No `fresh up` runs for {place.repository}, so nothing would carry the order out.",
            hint="Start it with `fresh up --detach`, or leave --detach and --at out.",
        )
    return standing.url if standing is not None else str(given)


def _refuse_second_run(place: Place) -> None:
    if place.is_blank:
        return
    with opened_journal(place) as journal:
        here = str(place.repository)
        holder = journal.standing_claim(here, datetime.now().astimezone())
        unfinished = next((record for record in journal.runs(here) if record.closed_at is None), None)
    if holder is not None:
        raise OperatorMistake(
            f"Run {holder.run_id} works on {here} already (process {holder.host.pid}).",
            hint="Watch it with `fresh auto status`, or end it with `fresh auto stop`.",
        )
    if unfinished is not None:
        raise OperatorMistake(
            f"Run {unfinished.id} on {here} is unfinished: its process died.",
            hint="`fresh up` goes on with it by itself; or close it: fresh auto start --new, here in the foreground.",
        )
