"""What every sandbox promises, asked of the fake and of the real one alike."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.landlock_sandbox import LandlockSandbox
from fresh.domain.evidence import RunEnd
from fresh.errors import Refusal
from fresh.ports import Command, Limits, Sandbox
from tests.fakes.sandbox import FakeSandbox, says

GREET = Command(("/bin/echo", "good morning"), "/")
FAIL = Command(("/bin/sh", "-c", "exit 7"), "/")
HANG = Command(("/bin/sleep", "1000"), "/", limits=Limits(wall=1.0))
HANG_LONG = Command(("/bin/sleep", "1000"), "/")
CHATTER = Command(
    ("/bin/sh", "-c", "echo first; yes | head -c 100000; echo last"), "/", limits=Limits(output=1000)
)


def scripted() -> FakeSandbox:
    fake = FakeSandbox()
    fake.when(*GREET.argv, then=says("good morning\n"))
    fake.when(*FAIL.argv, then=says(exit_code=7))
    fake.when("/bin/sleep", then=fake.hang)
    fake.when(*CHATTER.argv, then=says("first\n" + "y\n" * 50000 + "last\n"))
    return fake


@pytest.fixture(
    params=[
        "fake",
        "bwrap",
        pytest.param(
            "landlock", marks=pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
        ),
    ]
)
def sandbox(request: pytest.FixtureRequest, tmp_path: Path) -> Sandbox:
    made: dict[str, Callable[[], Sandbox]] = {
        "fake": scripted,
        "bwrap": lambda: BwrapSandbox(tmp_path),
        "landlock": lambda: LandlockSandbox(tmp_path),
    }
    return made[request.param]()


def test_the_probe_says_one_sentence_about_what_contains(sandbox: Sandbox) -> None:
    sentence = sandbox.probe()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert sandbox.probe() == sentence


def test_a_command_is_reported_with_its_output(sandbox: Sandbox) -> None:
    finished = sandbox.run(GREET)
    assert (finished.exit_code, finished.ended, finished.text) == (0, RunEnd.EXIT, "good morning\n")
    assert not finished.truncated
    assert finished.seconds > 0


def test_a_failing_command_is_an_outcome_and_no_error(sandbox: Sandbox) -> None:
    finished = sandbox.run(FAIL)
    assert (finished.exit_code, finished.ended) == (7, RunEnd.EXIT)


def test_of_much_output_the_beginning_and_the_end_are_kept(sandbox: Sandbox) -> None:
    finished = sandbox.run(CHATTER)
    assert finished.truncated
    assert finished.text.startswith("first\n")
    assert finished.text.endswith("last\n")
    assert len(finished.output) < 1000 + 100


def test_a_command_that_takes_too_long_is_killed(sandbox: Sandbox) -> None:
    begun = time.monotonic()
    finished = sandbox.run(HANG)
    assert (finished.exit_code, finished.ended) == (None, RunEnd.TIMEOUT)
    assert 1.0 <= time.monotonic() - begun < 4.0


def test_kill_all_ends_what_runs_at_once_and_nothing_that_comes_later(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(sandbox.run, HANG_LONG) for _ in range(4)]
        time.sleep(0.5)
        begun = time.monotonic()
        sandbox.kill_all()
        finished = [one.result(timeout=20) for one in running]
    assert time.monotonic() - begun < 5.0
    assert {(one.exit_code, one.ended) for one in finished} == {(None, RunEnd.EXIT)}
    assert sandbox.run(GREET).exit_code == 0


def test_kill_all_with_nothing_to_kill_is_fine(sandbox: Sandbox) -> None:
    sandbox.kill_all()
    assert sandbox.run(GREET).exit_code == 0


def test_sweeping_twice_finds_nothing_the_second_time(sandbox: Sandbox) -> None:
    sandbox.sweep()
    assert sandbox.sweep() == 0


def test_sweeping_spares_what_runs(sandbox: Sandbox) -> None:
    finished = []
    running = threading.Thread(target=lambda: finished.append(sandbox.run(HANG)))
    running.start()
    time.sleep(0.4)
    sandbox.sweep()
    running.join()
    assert finished[0].ended is RunEnd.TIMEOUT


@pytest.mark.parametrize(
    "command",
    [
        Command((), "/"),
        Command(("/bin/echo", "a\0b"), "/"),
        Command(("/bin/echo",), "/", environment={"A": "x\0--bind\0/\0/host"}),
        Command(("/bin/echo",), "/\0"),
    ],
    ids=["nothing", "nul in an argument", "nul in the environment", "nul in the workdir"],
)
def test_what_no_program_can_be_given_is_refused(sandbox: Sandbox, command: Command) -> None:
    with pytest.raises(Refusal):
        sandbox.run(command)
