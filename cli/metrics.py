"""`fresh auto metrics`: the guide's success metrics across runs, as a table, as JSON and as a plot."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.place import find_place, opened_journal, with_repo
from fresh.domain.counting import count
from fresh.domain.metrics import Metrics, Row, measure
from fresh.domain.money import Usd
from fresh.domain.reviewing import PullState
from fresh.errors import StorageFailed

LAST = 14
"""Runs that the table shows; the JSON has them all."""


@click.command(short_help="Show what the agents brought, over all runs.")
@click.option("--format", "shape", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.option("--plot", metavar="FILE.svg", help="Draw pull requests and cost over time.")
@with_repo
def metrics(shape: str, plot: str | None, repo: str) -> None:
    """Show features hooked up, tests, coverage and quality gained, how many pull requests were merged and at what cost.

    What became of pull requests is what `fresh auto learn` has read; where there is no GitHub, a change counts as merged
    when HEAD holds its commit.
    """
    place = find_place(repo)
    with opened_journal(place) as journal:
        runs = [(record, journal.reports(record.id)) for record in journal.runs(str(place.repository))]
        pulls = {pull.address: pull.state for pull in journal.pulls(str(place.repository))}
    from fresh.adapters.git_workspace import GitWorkspace

    workspace = GitWorkspace(place.repository, place.home)
    head = workspace.take_base() if runs else ""
    states: dict[str, PullState] = {}
    for _, reports in runs:
        for report in reports:
            if report.pull_request in pulls:
                states[report.agent_id] = pulls[report.pull_request]
            elif report.commit is not None and workspace.contains(head, report.commit):
                states[report.agent_id] = PullState.MERGED
    measured = measure(runs, states)
    click.echo(as_json(measured) if shape == "json" else table(measured), nl=shape != "json")
    if plot is not None:
        _write(Path(plot), drawn(measured))
        click.echo(f"Plot: {plot}", err=True)


def table(measured: Metrics) -> str:
    """Show the sum over all runs, then the newest runs one by one."""
    total = measured.total
    quality = total.average_quality
    facts = (
        ("Features hooked up", f"{total.hooked_up} merged, {total.hooked_up_proposed} proposed"),
        ("Tests added", f"{total.tests_added} merged, {total.tests_proposed} proposed"),
        ("Lines newly covered", f"{total.lines_covered} merged, {total.lines_proposed} proposed"),
        (
            "Quality of merged features",
            "not measured" if quality is None else f"{quality:+.1f} points of 100",
        ),
        ("Pull requests", f"{total.proposed} opened, {total.merged} merged, {total.closed} closed unmerged"),
        ("Success rate", _rate(total)),
        ("Cost", f"{total.cost} by {count(total.agents, 'agent')} in {count(len(measured.runs), 'run')}"),
        ("Cost per merged pull request", _money(total.cost_per_merged)),
        ("Time saved", f"about {total.minutes_saved / 60:.1f} h"),
    )
    width = max(len(name) for name, _ in facts)
    lines = [f"{name:<{width}}  {fact}" for name, fact in facts]
    lines += ["", measured.rule]
    if measured.runs:
        lines += ["", "run       day         agents  opened  merged  closed      cost"]
    for each in measured.runs[-LAST:]:
        row = each.row
        lines.append(
            f"{each.run_id:<8}  {each.at:%Y-%m-%d}  {row.agents:>6}  {row.proposed:>6}  {row.merged:>6}"
            f"  {row.closed:>6}  {row.cost!s:>8}"
        )
    if len(measured.runs) > LAST:
        lines.append(f"… and {len(measured.runs) - LAST} earlier runs; --format json lists them all.")
    return "\n".join(lines)


def as_json(measured: Metrics) -> str:
    """Show the same to programs; money is in US dollars, keys are only ever added."""
    runs = [{"run_id": each.run_id, "at": each.at.isoformat(), **_values(each.row)} for each in measured.runs]
    whole = {"total": _values(measured.total), "runs": runs, "time_saved_rule": measured.rule}
    return json.dumps(whole, indent=2) + "\n"


def drawn(measured: Metrics) -> bytes:
    """Draw, run by run, how many pull requests were opened and merged by then, and what that had cost."""
    import pygal

    chart = pygal.Line(title="Autonomous pull requests over time", legend_at_bottom=True, js=())
    chart.x_labels = [f"{each.at:%m-%d}" for each in measured.runs]
    sums = Row()
    opened, merged, tests, cost = [], [], [], []
    for each in measured.runs:
        sums = sums.plus(each.row)
        opened.append(sums.proposed)
        merged.append(sums.merged)
        tests.append(sums.tests_added)
        cost.append(round(sums.cost.dollars, 4))
    chart.add("opened", opened)
    chart.add("merged", merged)
    chart.add("tests added", tests)
    chart.add("cost in $", cost, secondary=True)
    return bytes(chart.render())


def _values(row: Row) -> dict[str, object]:
    values = row.model_dump(mode="json")
    values["cost"] = row.cost.dollars
    per = row.cost_per_merged
    values["cost_per_merged"] = None if per is None else per.dollars
    values["success_rate"] = row.success_rate
    values["average_quality"] = row.average_quality
    return values


def _rate(row: Row) -> str:
    rate = row.success_rate
    if rate is None:
        return "no pull request has been merged or closed yet"
    return f"{rate:.0%} of {row.merged + row.closed} that were merged or closed"


def _money(amount: Usd | None) -> str:
    return "nothing was merged yet" if amount is None else str(amount)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as failed:
        raise StorageFailed(
            f"The plot {path} can't be written: {failed.strerror}.", hint="Is the directory there?"
        ) from failed
