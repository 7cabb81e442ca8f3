"""`fresh auto start` and `resume`: one run in the foreground, with live progress and a summary at its end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from cli.ordering import build_order
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.domain.feature import Kind
from fresh.domain.order import EngineName, RunOrder, Strategy
from fresh.domain.report import RunReport
from fresh.whereabouts import make_home, names_address

Command = TypeVar("Command", bound=Callable[..., None])


def _default(field: str) -> str:
    return str(RunOrder.model_fields[field].default)


ORDER_OPTIONS = (
    click.option("--agents", metavar="N", help=f"Most agents at once. [default: {_default('agents')}]"),
    click.option("--budget", metavar="USD", help=f"Money limit of the run. [default: {_default('budget')}]"),
    click.option("--overnight", is_flag=True, help="Refill free seats until money, hours or work run out."),
    click.option("--hours", metavar="H", help=f"Longest run time. [default: {_default('hours')}]"),
    click.option(
        "--work-hours",
        metavar="WINDOW",
        help="Fill seats only in this window of the day, e.g. 22:00-06:00; outside of it the run waits.",
    ),
    click.option("--no-approval", is_flag=True, help="Publish finished changes without asking."),
    click.option(
        "--strategy",
        type=click.Choice([name.value for name in Strategy]),
        help="How features are chosen. [default: highest_impact]",
    ),
    click.option(
        "--engine", type=click.Choice([name.value for name in EngineName]), help="What makes the changes."
    ),
    click.option("--model", metavar="NAME", help="Model of the llm engine."),
    click.option("--seed", metavar="N", help="Seed of the random strategy."),
    click.option(
        "--kind",
        "kinds",
        multiple=True,
        type=click.Choice([name.value for name in Kind]),
        help="Only this improvement; repeatable.",
    ),
    click.option(
        "--feature", "features", multiple=True, metavar="NAME", help="Only this feature; repeatable."
    ),
    click.option(
        "--from-issues",
        "from_issues",
        multiple=True,
        metavar="LABEL",
        help="Work open issues with this label too; repeatable.",
    ),
    click.option("--cap", metavar="USD", help=f"Money limit of one agent. [default: {_default('cap')}]"),
    click.option(
        "--max-open",
        metavar="N",
        help=f"Most open pull requests of agents at GitHub. [default: {_default('max_open')}]",
    ),
    click.option(
        "--approval-timeout",
        metavar="MIN",
        help=f"Minutes until the clock answers. [default: {_default('approval_timeout')}]",
    ),
    click.option("--test-command", metavar="CMD", help="How the tests are run. [default: found]"),
    click.option(
        "--test-timeout", metavar="SEC", help=f"Longest test run. [default: {_default('test_timeout')}]"
    ),
    click.option("--python", metavar="PATH", help="Interpreter that has the repository's dependencies."),
)
"""The options of an order. None of them has a default here: an order's own defaults count."""


def _ordering(command: Command) -> Command:
    """Add the options of an order."""
    for add in reversed(ORDER_OPTIONS):
        command = add(command)
    return command


@click.command(short_help="Run agents on a repository, with live progress.")
@with_repo
@_ordering
@click.option(
    "--plan", is_flag=True, help="Show what would be worked, why, and what it may cost; spend nothing."
)
@click.option("--new", "fresh_run", is_flag=True, help="Close an unfinished run first.")
@click.option(
    "--detach", is_flag=True, help="Hand it to the `fresh up` that runs here, and come back at once."
)
@click.option("--at", metavar="TIME", help="Hand it over to begin at this time: 22:00, or 2026-11-30T22:00.")
def start(
    repo: str,
    plan: bool,
    fresh_run: bool,
    no_approval: bool,
    detach: bool,
    at: str | None,
    **given: object,
) -> None:
    """Run agents on a repository until every pick is worked, or the money or the hours are over.

    Ctrl-C stops gracefully; a second one kills everything.
    """
    if names_address(repo):
        from fresh.wiring import bring

        click.echo("Fetching the repository ...", err=True)
        repo = str(bring(repo))
    place = find_place(repo)
    typed = {name: value for name, value in given.items() if value not in (None, False, ())}
    if "/" in str(typed.get("python", "")):
        typed["python"] = str(Path(str(typed["python"])).expanduser().absolute())
    order = build_order({"repo": str(place.repository), "approval": not no_approval, **typed})
    if plan:
        from cli.planning import show_plan

        show_plan(order, place)
        return
    if detach or at is not None:
        from cli.detaching import hand_over

        hand_over(order, place, at)
        return
    from cli import hosting

    _follow(place, lambda: hosting.start(order, place.repository, fresh_run=fresh_run))


@click.command(short_help="Go on with a run whose process died.")
@click.argument("run", required=False)
@with_repo
def resume(run: str | None, repo: str) -> None:
    """Go on with RUN where it was, by default the newest that is unfinished: done steps are not done again.

    Agents that waited for an answer which is there now go on too.
    """
    place = find_place(repo)
    if run is not None:
        from cli.finding import find_run

        with opened_journal(place) as journal:
            record = find_run(journal, str(place.repository), run)
        run = record.id if record is not None else run
    from cli import hosting

    _follow(place, lambda: hosting.resume(place.repository, run))


def _follow(place: Place, host: Callable[[], RunReport]) -> None:
    """Host a run, show it while it lives and what came of it."""
    from cli.endings import came_to_nothing, ending
    from cli.live import LiveView

    make_home(place.home)
    view: AbstractContextManager[object] = LiveView().following(place, datetime.now(UTC))
    with view:
        report = host()
    with opened_journal(place) as journal:
        record = journal.run(report.run_id)
    click.echo(ending(report, record.report))
    if came_to_nothing(report):
        click.get_current_context().exit(1)
