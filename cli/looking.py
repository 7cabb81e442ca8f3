"""`fresh auto diff`, `logs` and `report`: what an agent made, what it did, what a run came to."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from cli.finding import find_agent, find_run
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.domain.quoting import line
from fresh.domain.record import RunRecord
from fresh.domain.transcript_page import transcript_lines
from fresh.errors import Refusal, StorageFailed

COLOURS = (
    ("+++", "white"),
    ("---", "white"),
    ("@@", "cyan"),
    ("+", "green"),
    ("-", "red"),
    ("diff ", "white"),
)
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal would obey or turn around instead of showing it."""


@click.command(short_help="Show what an agent made.")
@click.argument("agent")
@with_repo
def diff(agent: str, repo: str) -> None:
    """Show the patch of what AGENT made; through a pipe it is the patch itself."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        found = find_agent(journal, str(place.repository), agent)
        status = journal.status(found.record.id)
    commits = {shown.id: shown.commit for shown in status.agents} if status is not None else {}
    commit = commits.get(found.ticket.agent_id)
    if commit is None:
        raise Refusal(
            f"Agent {found.ticket.agent_id} has not made a commit.", hint=f"fresh auto logs {agent}"
        )
    from fresh.adapters.git_workspace import GitWorkspace

    patch = GitWorkspace(place.repository, place.home).diff(found.ticket.base, commit)
    # click would take colours out of the file that the patch is about.
    sys.stdout.write(_coloured(patch) if sys.stdout.isatty() else patch)


@click.command(short_help="Show what an agent did.")
@click.argument("agent")
@click.option("--transcript", is_flag=True, help="Show its conversation with the model instead.")
@click.option("--full", is_flag=True, help="With --transcript: leave nothing out of long texts.")
@with_repo
def logs(agent: str, transcript: bool, full: bool, repo: str) -> None:
    """Show every step of AGENT with its time, and where the whole log of its run lies."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        found = find_agent(journal, str(place.repository), agent)
        turns = journal.turns(found.ticket.agent_id) if transcript else ()
        events = journal.events(found.record.id, found.ticket.agent_id)
    if transcript:
        if not turns:
            raise Refusal(
                f"Agent {found.ticket.agent_id} has had no conversation with a model.",
                hint=f"See: fresh auto logs {agent}",
            )
        for row in transcript_lines(turns, None if full else 4000):
            click.echo(UNSAFE.sub("�", row))
        return
    for event in events:
        click.echo(f"{event.at.astimezone():%Y-%m-%d %H:%M:%S} {line(event.text)}")
    path = _log(place, found.record)
    click.echo(
        f"\nLog of run {found.record.id}: {path}" if path.exists() else f"\n{path} is not there.", err=True
    )


@click.command(short_help="Show the report of a run.")
@click.argument("run", required=False)
@click.option(
    "--format", "shape", type=click.Choice(("markdown", "json")), default="markdown", show_default=True
)
@with_repo
def report(run: str | None, shape: str, repo: str) -> None:
    """Show the report of RUN, the newest one by default."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        record = find_run(journal, str(place.repository), run)
    if record is None:
        raise Refusal(f"No run has worked on {place.repository} yet.", hint="Start one: fresh auto start")
    if record.report is None:
        raise Refusal(f"Run {record.id} has no report: it has not ended.", hint="See: fresh auto status")
    path = Path(record.report)
    click.echo(_read(path if shape == "json" else path.with_suffix(".md")), nl=False)


def _coloured(patch: str) -> str:
    rows = []
    for row in patch.split("\n"):
        colour = next((colour for start, colour in COLOURS if row.startswith(start)), None)
        shown = UNSAFE.sub("�", row)
        rows.append(
            click.style(shown, fg=colour, bold=True if colour == "white" else None) if colour else shown
        )
    return "\n".join(rows)


def _log(place: Place, record: RunRecord) -> Path:
    from fresh.adapters.report_files import ReportsBelow

    return ReportsBelow(place.home).log_path(record)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as trouble:
        raise StorageFailed(
            f"The report {path} can't be read: {trouble.strerror}.",
            hint="Was it moved? See: fresh auto status",
        ) from trouble
