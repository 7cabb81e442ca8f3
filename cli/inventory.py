"""`fresh inventory`: what the repository can do, what reaches it, and the evidence for every state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.inventory_tables import change_screen, summary_table
from cli.place import find_place, with_repo
from fresh.domain.counting import count
from fresh.domain.feature import Feature, Inventory, Reachability
from fresh.domain.inventory_change import compare
from fresh.domain.inventory_summary import Summary, summarise
from fresh.domain.quoting import line
from fresh.errors import OperatorMistake
from fresh.inventory.progress import watching
from fresh.whereabouts import make_home
from fresh.wiring import toolbox

COLUMNS = {
    "state": 11,
    "feature": 24,
    "where": 16,
    "tested": 6,
    "quality": 7,
    "necessity": 9,
    "safety": 6,
    "evidence": None,
}
"""Columns of the table and the width below which none of them is cut."""
ORDER = (
    Reachability.UNHOOKED,
    Reachability.TEST_ONLY,
    Reachability.UNKNOWN,
    Reachability.API_ONLY,
    Reachability.HOOKED_WEAK,
    Reachability.HOOKED,
)
"""What nothing reaches comes first: that is what can be improved."""
NEAR = 5
WIDE = 200


@click.command(short_help="Show what the repository can do and what reaches it.")
@click.option("--format", "shape", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.option("--explain", metavar="NAME", help="Show every fact about one feature and where it comes from.")
@click.option("--since", metavar="REV", help="Show only what is reached otherwise than at that revision.")
@click.option("--summary", is_flag=True, help="Show only the numbers, by state and by part of the code.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in Reachability]),
    help="Only these.",
)
@with_repo
def inventory(
    shape: str, explain: str | None, since: str | None, summary: bool, states: tuple[str, ...], repo: str
) -> None:
    """Show the features of HEAD, by what reaches them.

    hooked: code leads there from an entry point. hooked-weak: only a name, a string or a convention does. api-only:
    exported or documented, but nothing here uses it. test-only: only tests use it. unhooked: nothing reaches it.
    unknown: a file that nobody can read, or a computed name, may.
    """
    if (explain is not None) + (since is not None) + summary > 1:
        raise OperatorMistake(
            "--explain, --since and --summary show different things.", hint="Give one of them."
        )
    place = find_place(repo)
    make_home(place.home)
    tools = toolbox(place.repository)
    with _progress():
        before = tools.survey(tools.workspace.take_base(since)) if since is not None else None
        found = tools.survey(tools.workspace.take_base())
        if before is None:
            found = tools.with_issues(found)
    if before is not None:
        changed = compare(before, found)
        click.echo(changed.model_dump_json(indent=2) if shape == "json" else change_screen(changed, states))
        return
    numbers = summarise(found)
    if states:
        found = found.model_copy(
            update={"features": tuple(f for f in found.features if f.reachability in states)}
        )
    if explain is not None:
        feature = find_feature(found, explain)
        click.echo(feature.model_dump_json(indent=2) if shape == "json" else explanation(feature))
    elif shape == "json":
        whole = numbers if summary else WithSummary(**dict(found), summary=numbers)
        click.echo(whole.model_dump_json(indent=2))
    else:
        _show(found, numbers, rows=not summary)


class WithSummary(Inventory):
    """An inventory and its numbers, as one JSON value."""

    summary: Summary


@contextmanager
def _progress() -> Iterator[None]:
    """Say on a terminal what a scan is at; a short one is over before anybody reads it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status("taking the inventory") as line_below, watching(line_below.update):
        yield


def find_feature(found: Inventory, name: str) -> Feature:
    """Find a feature by its key, its qualified name or its name. Raises OperatorMistake."""
    fits = [f for f in found.features if name in (f.key, f"{f.module}.{f.qualname}", f.qualname, f.name)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        keys = ", ".join(feature.key for feature in fits[:NEAR])
        raise OperatorMistake(
            f"{len(fits)} features are called {name!r}: {keys}.", hint="Give one as module:name."
        )
    near = [feature.key for feature in found.features if name.lower() in feature.key.lower()][:NEAR]
    hint = f"Did you mean {', '.join(near)}?" if near else "See: fresh inventory"
    raise OperatorMistake(f"No feature is called {name!r}.", hint=hint)


def explanation(feature: Feature) -> str:
    """Show every fact about a feature with its reason."""
    lines = [
        f"{line(feature.key)} ({line(feature.path)}:{feature.line}-{feature.end_line})",
        f"Reachability: {feature.reachability}",
        *(f"  {line(fact)}" for fact in feature.evidence),
        f"Tested: {feature.tested:.2f}",
        *(f"  {line(test)}" for test in feature.tested_by),
        f"Quality: {feature.quality} | Necessity: {feature.necessity:.2f} | Safety: {feature.safety:.2f}",
        *(f"  {signal.name} {signal.value:g}: {line(signal.why)}" for signal in feature.signals),
    ]
    lines += [f"  line {finding.line} {finding.code}: {line(finding.text)}" for finding in feature.findings]
    lines.append(
        f"Nature: {feature.nature}" + (f" ({line(feature.nature_why)})" if feature.nature_why else "")
    )
    lines.append(f"Code: {feature.code}")
    marks = [name for name, is_so in _marks(feature).items() if is_so]
    return "\n".join([*lines, f"Also: {', '.join(marks)}"] if marks else lines)


def totals(found: Inventory) -> str:
    """Say in one line how many features are in each state."""
    counts = Counter(feature.reachability for feature in found.features)
    states = ", ".join(f"{counts[state]} {state}" for state in Reachability if counts[state])
    return (
        f"{count(len(found.features), 'feature')} in {count(found.files, 'file')} at {found.commit[:10]}"
        + (f": {states}" if states else "")
    )


def _marks(feature: Feature) -> dict[str, bool]:
    return {
        "exported": feature.exported,
        "documented": feature.documented,
        "a stub": feature.stub,
        "a class": feature.is_class,
        f"needed by {feature.dependents}": feature.dependents > 0,
        f"its hookup would reach {feature.unlocks} more": feature.unlocks > 0,
    }


def _show(found: Inventory, numbers: Summary, *, rows: bool) -> None:
    console = Console(soft_wrap=False)
    if not console.is_terminal:
        console = Console(width=WIDE)
    if numbers.unparsed or numbers.unknown:
        missing = f"{count(numbers.unknown, 'feature')} unknown, {count(numbers.unparsed, 'file')} not read: see below."
        console.print(Text(missing))
    if rows:
        console.print(_table_of(found))
        console.print()
    console.print(summary_table(numbers))
    console.print(Text(f"\n{totals(found)}"))
    for bad in found.unparsed:
        console.print(Text(f"Not read: {line(bad.path)}: {line(bad.why)}"))
    for odd in found.tolerated:
        console.print(Text(f"Read by tree-sitter: {line(odd.path)}: {line(odd.why)}"))
    for limit in found.limits:
        console.print(Text(f"Limit: {line(limit)}"))


def _table_of(found: Inventory) -> Table:
    shown = Table(box=None, pad_edge=False)
    for name, width in COLUMNS.items():
        shown.add_column(name, no_wrap=True, overflow="ellipsis", min_width=width)
    for feature in sorted(found.features, key=lambda f: (ORDER.index(f.reachability), -f.necessity, f.key)):
        shown.add_row(*(Text(cell) for cell in _cells(feature)))
    return shown


def _cells(feature: Feature) -> tuple[str, ...]:
    return (
        feature.reachability.value,
        line(feature.key),
        f"{line(feature.path)}:{feature.line}",
        f"{feature.tested:.2f}",
        str(feature.quality),
        f"{feature.necessity:.2f}",
        f"{feature.safety:.2f}",
        line(feature.evidence[0]) if feature.evidence else "",
    )
