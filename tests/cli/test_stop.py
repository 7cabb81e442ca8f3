"""stop against processes that host a run."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import cli.stopping
from fresh.domain.host import Host
from tests.cli.conftest import Terminal
from tests.fakes.story import RUN, a_run, later

ROOT = Path(__file__).parents[2]
HOST = """
import sys, time
from datetime import UTC, datetime
from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
url, repository, run, obedient = sys.argv[1:]
journal, host = SqlJournal(url, lives), this_host()
journal.claim(repository, run, host, datetime.now(UTC))
print("hosting", flush=True)
while not (obedient == "yes" and journal.stop_requests(run)):
    time.sleep(0.05)
journal.yield_claim(repository, host)
"""


@contextmanager
def hosted(terminal: Terminal, *, obedient: bool) -> Iterator[subprocess.Popen[str]]:
    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    journal.close()
    url = f"sqlite:///{terminal.home / 'journal.db'}"
    words = [sys.executable, "-c", HOST, url, str(terminal.repository), RUN, "yes" if obedient else "no"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "hosting\n"
        try:
            yield process
        finally:
            process.kill()


def test_nothing_to_stop_is_no_trouble(terminal: Terminal) -> None:
    shown = terminal.type("auto", "stop")
    assert (shown.code, shown.out) == (0, "No run is running.\n")
    assert not terminal.home.exists()


def test_a_run_whose_process_died_is_named_with_the_way_on(terminal: Terminal) -> None:
    terminal.journal().open_run(a_run(repository=str(terminal.repository)))
    shown = terminal.type("auto", "stop")
    assert shown.code == 0
    assert f"fresh auto resume {RUN}" in shown.out


def test_a_graceful_stop_waits_for_the_end(terminal: Terminal) -> None:
    with hosted(terminal, obedient=True) as process:
        shown = terminal.type("auto", "stop")
        assert process.wait(timeout=5) == 0
    assert shown.code == 0
    assert f"Stopping run {RUN}: running agents finish their step and keep their work.\n" in shown.out
    assert f"Run {RUN} has ended." in shown.out
    (request,) = terminal.journal().stop_requests(RUN)
    assert (request.force, request.by, request.through) == (False, "Ada Lovelace", "terminal")


def test_a_forced_stop_kills_a_host_that_does_not_end_itself(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.stopping, "FORCED_AFTER", 0.5)
    with hosted(terminal, obedient=False) as process:
        began = time.monotonic()
        shown = terminal.type("auto", "stop", "--force")
        assert process.wait(timeout=5) == -9
        assert time.monotonic() - began < 5
    assert shown.code == 0
    assert f"its process {process.pid} was killed" in shown.out
    assert "Running: No" in terminal.type("auto", "status").out


def test_a_forced_stop_leaves_a_host_alone_that_ends_itself(terminal: Terminal) -> None:
    with hosted(terminal, obedient=True) as process:
        shown = terminal.type("auto", "stop", "--force")
        assert process.wait(timeout=5) == 0
    assert f"Run {RUN} has ended." in shown.out


def test_a_graceful_stop_that_takes_too_long_says_how_to_force_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.stopping, "PATIENCE", 0.5)
    monkeypatch.setattr(cli.stopping, "REMIND_EVERY", 0.1)
    with hosted(terminal, obedient=False) as process:
        shown = terminal.type("auto", "stop")
        assert process.poll() is None
    assert shown.code == 1
    assert "0 of 0 agents have ended." in shown.out
    assert "fresh auto stop --force" in shown.err


def test_a_process_that_only_bears_the_pid_is_left_alone(tmp_path: Path) -> None:
    from fresh.adapters.prefect_server.forcing import kill_host
    from fresh.adapters.processes import machine_name
    from fresh.domain.record import Claim

    with subprocess.Popen(["sleep", "60"]) as stranger:
        host = Host(machine=machine_name(), pid=stranger.pid, start=1)
        kill_host(Claim(repository="/r", run_id=RUN, host=host, beat=later(0)), tmp_path)
        assert stranger.poll() is None
        stranger.kill()
