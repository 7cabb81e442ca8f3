"""`stop --force` on a run that hangs: all of it is dead within the promised time, and `resume` closes what is left."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from fresh.adapters.processes import start_ticks
from tests.e2e.departments import MODEL, able, lay_out_shop
from tests.e2e.operator import Operator
from tests.fakes.openai_server import Rules, serving

pytestmark = [pytest.mark.slow, pytest.mark.night, pytest.mark.timeout(600)]

PROMISED = 10.0
AGENTS = 20
AT_WORK = {"implementing", "testing"}


def _living(word: str) -> list[str]:
    """List the command lines of every process that names this word."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # it ended while we looked
        if word in words:
            found.append(words)
    return found


def _until_at_work(operator: Operator) -> None:
    deadline = time.monotonic() + 240
    while not AT_WORK & {agent["phase"] for agent in operator.status()["agents"]}:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline, "no agent began to work within 240 s"
        time.sleep(0.5)


def test_a_run_that_hangs_is_killed_in_time_and_closed_by_resume(operator: Operator) -> None:
    before = operator.belongings()
    run = operator.begin("auto", "start", "--agents", "3", "--no-approval", "--kind", "tests")
    try:
        _until_at_work(operator)
        run.send_signal(signal.SIGSTOP)

        began = time.monotonic()
        told = operator.fresh("auto", "stop", "--force").stdout
        taken = time.monotonic() - began
        ended = run.wait(timeout=5)
    finally:
        run.kill()

    assert ended == -signal.SIGKILL
    assert f"its process {run.pid} was killed" in told
    left = _living(os.fspath(operator.repository))
    while left and time.monotonic() - began < PROMISED:
        time.sleep(0.1)
        left = _living(os.fspath(operator.repository))
    assert left == []
    assert taken < PROMISED
    status = operator.status()
    assert status["running"] is False
    assert operator.belongings() == before

    resumed = operator.fresh("auto", "resume").stdout

    report = operator.report()
    agents = report["agents"]
    assert report["run_id"] == status["run_id"]
    assert report["stopped"] == "it was stopped by force", resumed
    assert [agent["id"] for agent in operator.status()["agents"]] == [agent["agent_id"] for agent in agents]  # type: ignore[attr-defined]
    assert {agent["outcome"] for agent in agents} <= {"stopped", "declined", "completed"}, resumed  # type: ignore[attr-defined]
    assert operator.belongings() == before
    assert operator.fresh("auto", "resume", check=False).returncode == 2
    assert operator.fresh("auto", "start", "--plan").returncode == 0


SLOW = """import pathlib, time


def test_takes_its_time_once_an_agent_has_added_something():
    if list(pathlib.Path(__file__).parent.glob("test_price_*.py")):
        time.sleep(600)
"""


def _family(pid: int) -> dict[int, int]:
    """List a process and everything below it, also inside of sandboxes, with when each started."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended while we looked
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return {member: started for member in family if (started := start_ticks(member)) is not None}


def test_twenty_agents_in_the_middle_of_their_tests_are_dead_in_time_and_the_report_says_what_was_where(
    tmp_path: Path, operator: Operator
) -> None:
    shop = lay_out_shop(tmp_path.resolve() / "shop", AGENTS, {"tests/test_slow.py": SLOW})
    with serving(Rules(answer=able)) as provider:
        shop.environment = {**operator.environment, **MODEL, "OPENAI_BASE_URL": provider.url}
        shop.environment |= {"FRESH_SANDBOXES": str(AGENTS), "FRESH_LEAST_MEMORY": "64"}
        before = shop.belongings()
        words = ["--agents", str(AGENTS), "--budget", "60", "--cap", "3", "--kind", "tests", "--no-approval"]
        run = shop.begin("auto", "start", *words)
        try:
            _until_all_test(shop, run.pid)
            family = _family(run.pid)
            began = time.monotonic()
            told = shop.fresh("auto", "stop", "--force", check=False)
            while left := [pid for pid, started in family.items() if start_ticks(pid) == started]:
                assert time.monotonic() - began < PROMISED, _named(left)
                time.sleep(0.05)
            taken = time.monotonic() - began
        finally:
            run.kill()
            run.wait()
    print(f"{len(family)} processes were dead after {taken:.1f} s: {told.stdout}")
    assert _living(os.fspath(shop.repository)) == []
    assert told.returncode == 0, told.stderr
    assert shop.belongings() == before
    report = shop.report()
    agents = report["agents"]
    assert report["stopped"] == "it was stopped by force"
    assert len(agents) == AGENTS  # type: ignore[arg-type]
    assert {agent["outcome"] for agent in agents} == {"stopped"}  # type: ignore[attr-defined]
    assert all("It was testing." in agent["failure"] for agent in agents)  # type: ignore[attr-defined]
    assert shop.status()["running"] is False
    assert report["spending"]["held"] == 0  # type: ignore[index, call-overload]


def _until_all_test(shop: Operator, run: int) -> None:
    """Wait until every agent's tests sleep in a sandbox of their own."""
    deadline = time.monotonic() + 500
    while True:
        sleeping = [pid for pid in _family(run) if _is_pytest(pid)]
        phases = [agent["phase"] for agent in shop.status()["agents"]]  # type: ignore[attr-defined]
        if phases == ["testing"] * AGENTS and len(sleeping) >= AGENTS:
            return
        assert time.monotonic() < deadline, f"{phases}, and {len(sleeping)} processes test"
        time.sleep(1.0)


def _is_pytest(pid: int) -> bool:
    try:
        return b"pytest" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _named(pids: list[int]) -> list[str]:
    found = []
    for pid in pids:
        try:
            found.append(
                Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            )
        except OSError:
            continue
    return found
