"""Show that a hookup works before anybody is asked to look: the help lists it, its tests pass, and only with it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from fresh.domain.evidence import RunEnd, TestRun
from fresh.engines.codemod.hookup.drafting import Draft
from fresh.engines.codemod.hookup.sources import Sources
from fresh.engines.codemod.hookup.trials import start
from fresh.errors import Declined
from fresh.inventory.layout import Role
from fresh.ports import Bench

WALL = 90.0
MOST_RELATED = 20


def check_help(bench: Bench, made: Draft) -> None:
    """Ask the group above the command for its help. Raises Declined when it does not list the command."""
    seen = start(bench, made.cli.entry, [repr(word) for word in (*made.cli.words, "--help")])
    if not seen.went_well:
        raise Declined(f"`{' '.join(made.command[:-1])} --help` does not work in the sandbox: {seen.trouble}")
    if not re.search(rf"(?<![\w-]){re.escape(made.hookup.word)}(?![\w-])", seen.out):
        raise Declined(f"`{' '.join(made.command[:-1])} --help` does not list {made.hookup.word}.")


def check_tests(bench: Bench, test: str, edited: str, before: str) -> tuple[str, ...]:
    """Run the new tests twice with the command and once without it; return their ids. Raises Declined."""
    after = bench.read(edited)
    runs = [bench.run_tests([test], wall=WALL) for _ in range(2)]
    for number, run in enumerate(runs, 1):
        if not _green(run, test):
            raise Declined(f"The new test does not pass in run {number} of 2: {_last_line(run)}")
    bench.write(edited, before)
    without = bench.run_tests([test], wall=WALL)
    bench.write(edited, after)
    if _green(without, test):
        raise Declined("The new test passes without the command too, so it proves nothing.")
    return tuple(sorted(_mine(runs[0], test)))


def check_neighbours(bench: Bench, sources: Sources, made: Draft, before: str) -> int | None:
    """Run the tests that use the edited module, with the command and where they fail without it.

    Return how many pass; None when they take too long to be run here. Raises Declined when one fails that passed
    before.
    """
    module = made.cli.module
    related = [
        path
        for path in sources.paths(Role.TEST)
        if (test := sources.at(path)) is not None and module.name in sources.imports(test)
    ][:MOST_RELATED]
    if not related:
        return 0
    now = bench.run_tests(related, wall=WALL)
    if now.ended is RunEnd.TIMEOUT:
        return None
    if not now.failing and now.exit_code == 0:
        return len(now.passed)
    after = bench.read(module.path)
    bench.write(module.path, before)
    then = bench.run_tests(related, wall=WALL)
    bench.write(module.path, after)
    broken = sorted(then.passed - now.passed)
    if broken or (not now.outcomes and then.exit_code == 0):
        named = broken[0] if broken else related[0]
        raise Declined(f"{max(1, len(broken))} tests of {module.path} fail with the command, first {named}.")
    return len(now.passed)


def _mine(run: TestRun, test: str) -> Sequence[str]:
    stem = posixpath.basename(test).removesuffix(".py")
    return [
        name for name in run.outcomes if re.search(rf"(?:^|[/.]){re.escape(stem)}(?:\.py)?(?:::|\.)", name)
    ]


def _green(run: TestRun, test: str) -> bool:
    if run.ended is not RunEnd.EXIT or run.exit_code != 0 or run.failing:
        return False
    mine = _mine(run, test)
    return bool(mine) and set(mine) <= run.passed


def _last_line(run: TestRun) -> str:
    errors = [line.strip() for line in run.tail.splitlines() if line.startswith(("E  ", "AssertionError"))]
    lines = errors or [line.strip() for line in run.tail.splitlines() if line.strip()]
    return (errors[0] if errors else lines[-1] if lines else f"exit code {run.exit_code}")[:300]
