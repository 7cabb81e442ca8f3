"""A pytest plugin that reports what is collected and how every test ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import fresh_report  # type: ignore[import-not-found]  # beside this file, inside
import fresh_selection  # type: ignore[import-not-found]  # beside this file, inside
import pytest

_state = {"silent": False}


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Iterator[None]:
    """Keep pytest-cov from taking the tracer away while lines are recorded; it makes up its mind in this hook."""
    if os.environ.get("FRESH_LINES") and early_config.pluginmanager.hasplugin("pytest_cov"):
        early_config.known_args_namespace.no_cov = True
        args.append("--no-cov")
    yield


def pytest_configure(config: pytest.Config) -> None:
    """Stay silent in a worker of pytest-xdist: its controller hears everything."""
    _state["silent"] = hasattr(config, "workerinput")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Drop what was not asked for."""
    selection = fresh_selection.asked()
    dropped = [item for item in items if not fresh_selection.wants(item.nodeid, selection)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if fresh_selection.wants(item.nodeid, selection)]


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Report a file that could not be collected, or that skips itself as a whole."""
    if report.failed:
        _say("test", report.nodeid, "error")
    elif report.skipped:
        _say("test", report.nodeid, "skipped")


def pytest_runtest_logstart(nodeid: str) -> None:
    """Report that a test begins, so that one that never ends is known by name."""
    _say("start", nodeid)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Report the phase of a test that says how it ends; whoever reads keeps the worst."""
    outcome = _outcome(report)
    if outcome is not None:
        _say("test", report.nodeid, outcome)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Report that a test has ended."""
    _say("stop", nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    """Report that the run came to its own end; a worker of pytest-xdist is about to be killed, without one."""
    if not _state["silent"]:
        fresh_report.write(kind="end", exit=int(exitstatus))
    elif "fresh_lines" in sys.modules:
        sys.modules["fresh_lines"].finish()


def _outcome(report: pytest.TestReport) -> str | None:
    if hasattr(report, "wasxfail"):
        return {"skipped": "xfailed", "passed": "passed"}.get(report.outcome, "failed")
    if report.outcome == "failed":
        return "failed" if report.when == "call" else "error"
    if report.outcome == "skipped":
        return "skipped"
    if report.outcome == "passed" and report.when == "call":
        return "passed"
    return None


def _say(kind: str, test_id: str, outcome: str | None = None) -> None:
    if not _state["silent"]:
        fresh_report.write(kind=kind, id=test_id, outcome=outcome)
