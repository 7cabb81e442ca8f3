"""`fresh doctor`: what is missing, one line each, with the fix."""

from __future__ import annotations

import click

from cli.examining import Finding, Mark, examine
from cli.place import find_place, with_repo
from fresh.domain.quoting import line
from fresh.settings import read_settings

SIGNS = {Mark.OK: "✅", Mark.MISSING: "❌", Mark.OPTIONAL: "➖"}


@click.command(short_help="Say what is missing on this machine, with the fix.")
@with_repo
def doctor(repo: str) -> None:
    """Try everything that a run needs, and say what is missing, with the fix.

    Ends with 1 when something is missing that a run can't do without.
    """
    place = find_place(repo)
    missing = 0
    for finding in examine(place, read_settings()):
        click.echo(finding_line(finding))
        missing += finding.mark is Mark.MISSING
    click.echo(f"\n{missing} missing." if missing else "\nReady: fresh auto start")
    if missing:
        click.get_current_context().exit(1)


def finding_line(finding: Finding) -> str:
    """Show a finding and its fix on one line."""
    shown = f"{SIGNS[finding.mark]} {finding.name}: {line(finding.fact)}"
    return f"{shown} -> {line(finding.fix)}" if finding.fix and finding.mark is not Mark.OK else shown
