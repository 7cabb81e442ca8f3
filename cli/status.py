"""`fresh auto status`: from any terminal, in under half a second, also while the Prefect server is down."""

from __future__ import annotations

import time

import click

from cli import screens
from cli.place import Place, find_place, opened_journal, with_repo
from cli.status_json import as_json
from fresh.adapters.journal.window import look
from fresh.adapters.processes import name_lives
from fresh.domain.status import RunStatus

FORMATS = ("summary", "detailed", "json")


@click.command(short_help="Show what the agents do and what waits for you.")
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    default="summary",
    show_default=True,
    help="How much, for whom.",
)
@with_repo
def status(shape: str, repo: str) -> None:
    """Show what the agents do and what waits for you."""
    run = read_status(find_place(repo))
    if shape == "json":
        click.echo(as_json(run), nl=False)
    elif run is None:
        click.echo(screens.NO_RUN)
    else:
        click.echo(screens.detailed(run) if shape == "detailed" else screens.summary(run), nl=False)


def read_status(place: Place) -> RunStatus | None:
    """Read the newest run of a repository; None when there is none."""
    repository = str(place.repository)
    file = place.journal_file
    if file is not None:
        return look(file, name_lives, time.time(), repository=repository)
    with opened_journal(place) as journal:
        return journal.status(repository=repository)
