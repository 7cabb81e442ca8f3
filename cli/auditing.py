"""`fresh audit`: who tried to decide, stop or start what, and whether that record is whole."""

from __future__ import annotations

import json

import click

from cli.finding import find_run
from cli.lazy import LazyGroup
from cli.place import find_place, opened_journal, with_repo
from fresh.domain.audit import Entry, Link, first_broken
from fresh.domain.quoting import line
from fresh.errors import OperatorMistake, Refusal

SHORT = 12

audit = LazyGroup(
    "audit",
    "Show and verify the audit trail.",
    {
        "show": ("cli.auditing:show", "Show who tried what, and what came of it."),
        "verify": ("cli.auditing:verify", "Verify that no row was changed or removed."),
    },
)


@click.command(short_help="Show who tried what, and what came of it.")
@click.argument("run", required=False)
@click.option(
    "--format", "shape", type=click.Choice(("summary", "json")), default="summary", show_default=True
)
@with_repo
def show(run: str | None, shape: str, repo: str) -> None:
    """Show every attempt to decide, stop or start, also those without effect; with RUN those on one run."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        record = find_run(journal, str(place.repository), run) if run is not None else None
        for row in journal.audit_rows(run_id=record.id if record is not None else None):
            click.echo(_as_json(row) if shape == "json" else _as_line(row))


@click.command(short_help="Verify that no row was changed or removed.")
@click.option("--head", metavar="DIGEST", help="A digest that was noted elsewhere and must be in the trail.")
@with_repo
def verify(head: str | None, repo: str) -> None:
    """Verify the audit trail, name the first row that is not as it was written, and end with 1 if there is one.

    Who can write to the database can compute a whole new trail. Note the digest that is shown elsewhere, and give it
    later with --head.
    """
    if head is not None and len(head) < SHORT:
        raise OperatorMistake(
            f"{head!r} is too short for a digest.", hint=f"Give at least {SHORT} digits of it."
        )
    place = find_place(repo)
    with opened_journal(place) as journal:
        noted = journal.audit_head()
        rows = list(journal.audit_rows())
        broken = first_broken(rows[: noted[0]] if len(rows) > noted[0] else rows, noted)
        # Rows that came while we read are behind the head that was noted first.
        broken = broken or first_broken(rows, (len(rows), rows[-1].digest if rows else noted[1]))
        missing = journal.missing_guards()
    if broken is not None:
        raise Refusal(
            f"Row {broken.number} of the audit trail is broken: {broken.why}.",
            hint="Rows before it are as they were written. Look into the journal's backups.",
        )
    if head is not None and not any(row.digest.startswith(head.lower()) for row in rows):
        raise Refusal(
            f"No row of the audit trail has the digest {head}: it was written anew after that was noted.",
            hint="Look into the journal's backups.",
        )
    if missing:
        raise Refusal(
            f"The audit trail is whole, but what keeps it so is missing: {', '.join(missing)}.",
            hint="Somebody removed triggers of the table `audit`; restore the journal from a backup.",
        )
    last = rows[-1].digest if rows else "none"
    click.echo(f"{len(rows)} rows, none of them changed. Last digest: {last}")


def _as_line(row: Link) -> str:
    entry = _entry(row)
    if entry is None:
        return f"{row.number:>5}  this row can't be read"
    who = line(" ".join(filter(None, (entry.name, f"({entry.actor})" if entry.actor else ""))))
    what = " ".join(filter(None, (entry.tried, entry.question or entry.agent_id or entry.run_id)))
    came = f"{entry.outcome}: {entry.why}" if entry.why else entry.outcome
    at = f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}"
    return f"{row.number:>5}  {at}  {entry.door:<8}  {who}  {line(what)}  -> {line(came)}"


def _as_json(row: Link) -> str:
    entry = _entry(row)
    values = entry.model_dump(mode="json") if entry is not None else {"unreadable": row.entry}
    return json.dumps({"number": row.number, **values, "digest": row.digest}, ensure_ascii=False)


def _entry(row: Link) -> Entry | None:
    try:
        return row.content
    except ValueError:
        return None
