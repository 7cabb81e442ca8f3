"""Run the target's tests in the sandbox and learn how each of them ended."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from fresh.domain.evidence import RunEnd, TestRun
from fresh.ports import Command, Environment, Limits, Mount, Sandbox, Tree
from fresh.proving import probe
from fresh.proving.commands import PYTHON, Style, TestCommand
from fresh.proving.heard import Heard

TAIL = 6000
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# Test ids and orders that hang on hashes would differ between two runs of the same commit.
STEADY = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
# One file that can't be collected, or one failure, must not hide all others.
PYTEST_OPTIONS = "-p fresh_probe --continue-on-collection-errors --maxfail=0"


def run_tests(
    sandbox: Sandbox,
    environment: Environment,
    command: TestCommand,
    tree: Tree,
    scratch: Path,
    *,
    selection: Sequence[str] = (),
    coverage: bool = False,
    wall: float,
    commit: str,
) -> TestRun:
    """Run the tests of a tree; `selection` holds paths or test ids, empty means the whole suite.

    `scratch` is a directory of the host for the report while the command runs. `coverage` asks which lines of the
    repository's product code ran, in this process and in Python processes that it starts.
    """
    with _report(scratch) as report:
        mounts = (
            *tree.mounts,
            *environment.mounts,
            Mount(probe.HERE, probe.TARGET),
            Mount(report, probe.REPORT_TARGET, writable=True),
        )
        variables = {
            **surroundings(tree, environment, before=(probe.TARGET,)),
            probe.REPORT: probe.REPORT_TARGET,
            probe.SELECTION: json.dumps(list(selection)),
            "PYTEST_ADDOPTS": PYTEST_OPTIONS,
        }
        if coverage:
            variables[probe.LINES] = tree.home
        argv = inside_argv(command, environment, selected=bool(selection))
        finished = sandbox.run(Command(argv, tree.home, mounts, variables, limits(wall)))
        heard = Heard.read(report)
    return TestRun(
        command=(*command.argv, *(selection or command.paths)),
        commit=commit,
        exit_code=finished.exit_code,
        ended=finished.ended,
        seconds=round(finished.seconds, 3),
        outcomes=heard.outcomes,
        covered={path: tuple(sorted(lines)) for path, lines in sorted(heard.covered.items())},
        tail=finished.text[-TAIL:],
        cut_in="" if finished.ended is RunEnd.EXIT and heard.finished else heard.running,
    )


def surroundings(tree: Tree, environment: Environment, before: Sequence[str] = ()) -> dict[str, str]:
    """Say which variables a command needs that uses the environment's Python in a tree."""
    roots = (*before, *environment.import_roots)
    found = {
        **tree.environment,
        **STEADY,
        "PATH": f"{PurePosixPath(environment.python).parent}:{SYSTEM_PATH}",
    }
    return {**found, "PYTHONPATH": ":".join(roots)} if roots else found


def limits(wall: float) -> Limits:
    """Bound a command by its wall time; on two processors it may use twice that."""
    return Limits(wall=wall, cpu=int(2 * wall) + 60)


def inside_argv(command: TestCommand, environment: Environment, *, selected: bool) -> tuple[str, ...]:
    """Write the command as it is run inside: our runners in place of the plain ones, so that outcomes are heard."""
    words = [environment.python if word == PYTHON else word for word in command.argv]
    if command.style is Style.PYTEST:
        words[2] = "fresh_pytest"
    if command.style is Style.UNITTEST:
        words[2] = "fresh_unittest"
    return tuple(words) if selected and command.style is Style.PYTEST else (*words, *command.paths)


def passed_whole(run: TestRun) -> bool:
    """Say whether a command that names no tests ended well."""
    return run.ended is RunEnd.EXIT and run.exit_code == 0


def sweep_reports(scratch: Path, older_than: float = 86400.0) -> int:
    """Remove reports that killed processes left; return how many."""
    left = [
        report
        for report in scratch.glob("report-*.jsonl")
        if time.time() - report.lstat().st_mtime > older_than
    ]
    for report in left:
        report.unlink(missing_ok=True)
    return len(left)


@contextmanager
def _report(scratch: Path) -> Iterator[Path]:
    """Lay an empty file for one report. It is the only thing outside of its tree that the command may write to."""
    scratch.mkdir(parents=True, exist_ok=True)
    report = scratch / f"report-{uuid.uuid4().hex}.jsonl"
    os.close(os.open(report, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    try:
        yield report
    finally:
        report.unlink(missing_ok=True)
