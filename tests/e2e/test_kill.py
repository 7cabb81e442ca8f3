"""kill -9 at random moments, then `resume`: every agent ends exactly once, and nothing of the operator's changes."""

from __future__ import annotations

import random
import sqlite3
import time

import pytest

from tests.e2e.operator import Operator

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.server, pytest.mark.timeout(900)]

KILLS = 10


def test_a_run_killed_ten_times_ends_every_agent_exactly_once(operator: Operator, prefect_url: str) -> None:
    # The server stays up, so that the kills hit the run and not its server's start.
    operator.environment["PREFECT_API_URL"] = prefect_url
    draw = random.Random(20261123)
    before = operator.belongings()
    words = ["auto", "start", "--agents", "4", "--no-approval"]
    killed = 0
    while killed < KILLS:
        process = operator.begin(*words)
        ended = _wait(process, draw.uniform(1.0, 14.0))
        if ended:
            assert process.returncode == 0, process.stdout.read() if process.stdout else ""
            if operator.status()["report"]:
                break
        process.kill()
        process.wait()
        killed += 1
        words = ["auto", "resume"] if _has_begun(operator) else words
        assert operator.belongings() == before

    assert killed >= KILLS // 2, "the run ended before it could be killed often"
    if not operator.status()["report"]:
        operator.fresh(*words)

    report = operator.report()
    agents = report["agents"]
    names = [agent["agent_id"] for agent in agents]
    completed = [agent for agent in agents if agent["outcome"] == "completed"]
    assert operator.belongings() == before
    assert len(names) == len(set(names)) >= 4
    assert {agent["outcome"] for agent in agents} <= {"completed", "declined"}
    assert completed
    assert operator.branches() == {agent["branch"]: agent["commit"] for agent in completed}
    assert len(operator.pages()) == len(completed)
    _no_finished_step_was_done_again(operator)


def _wait(process: object, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:  # type: ignore[attr-defined]
            return True
        time.sleep(0.05)
    return False


def _has_begun(operator: Operator) -> bool:
    journal = operator.repository / ".fresh" / "journal.db"
    if not journal.exists():
        return False
    with sqlite3.connect(journal) as rows:
        tables = {row[0] for row in rows.execute("SELECT name FROM sqlite_master")}
        return "run" in tables and bool(rows.execute("SELECT count(*) FROM run").fetchone()[0])


def _no_finished_step_was_done_again(operator: Operator) -> None:
    """A step is entered once more only when it was cut off: so at most once for each kill."""
    with sqlite3.connect(operator.repository / ".fresh" / "journal.db") as rows:
        steps = rows.execute(
            "SELECT agent_id, name, ordinal, entries, result IS NOT NULL FROM step"
        ).fetchall()
        ends = rows.execute("SELECT text FROM event WHERE text LIKE 'Agent % completed %'").fetchall()
    assert all(done for *_, done in steps)
    assert sum(entries - 1 for *_, entries, _ in steps) <= KILLS * 4
    assert len(ends) == len(set(ends))
