"""The checks of a commit at GitHub, new and old ones, and how long an agent follows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows.following import UNBEGUN, follow
from fresh.adapters.github_checks import GitHubChecks
from fresh.domain.ci import CiState, Colour
from fresh.wiring import Toolbox
from tests.fakes.clock import FakeClock
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.github import Fate, Fault, GitHubServer, github
from tests.fakes.github.bench import GitHubBench
from tests.fakes.github.world import Status
from tests.fakes.story import a_report, a_run, a_ticket
from tests.fakes.toolbox import a_toolbox


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def bench(server: GitHubServer, tmp_path: Path) -> GitHubBench:
    return GitHubBench.set_up(server, tmp_path)


@pytest.fixture
def head(bench: GitHubBench) -> str:
    return bench.hub.git.heads()["main"]


def checks(bench: GitHubBench) -> GitHubChecks:
    return GitHubChecks(bench.forge().places, bench.clock)


def test_checks_of_apps_and_commit_statuses_count_alike(bench: GitHubBench, head: str) -> None:
    world = bench.server.world
    assert checks(bench).of(head).colour is Colour.NONE
    world.check(bench.hub, head, "test", "failure")
    world.check(bench.hub, head, "test", "success")
    world.check(bench.hub, head, "lint", "skipped")
    assert checks(bench).of(head).colour is Colour.GREEN
    bench.hub.statuses.append(
        Status(world.next_id(), head, "error", "ci/old", "it broke", None, "ben", world.now())
    )
    state = checks(bench).of(head)
    assert [(check.name, check.summary) for check in state.failed] == [("ci/old", "it broke")]
    world.check(bench.hub, head, "slow", None)
    assert not checks(bench).of(head).is_settled


def watching(bench: GitHubBench, tmp_path: Path, clock: FakeClock) -> Toolbox:
    fakes = a_toolbox(tmp_path / "aside", FakeControlRoom())
    tools = replace(fakes.tools, clock=clock, find_checks=lambda: checks(bench), ci_minutes=5.0)
    record = a_run(at=clock.now())
    tools.journal.open_run(record)
    tools.journal.add_agent(a_ticket(), clock.now())
    return tools


def followed(bench: GitHubBench, tmp_path: Path, head: str, base: str) -> tuple[CiState, FakeClock]:
    clock = FakeClock()
    tools = watching(bench, tmp_path, clock)
    ticket = a_ticket().model_copy(update={"base": base})
    state = follow(tools, ticket, a_report(commit=head), 0)
    assert state is not None
    assert follow(tools, ticket, a_report(commit=head), 0) == state, "done once, whatever dies"
    return state, clock


def test_a_check_that_fails_on_the_base_too_is_not_the_changes_fault(
    bench: GitHubBench, tmp_path: Path, head: str
) -> None:
    change = bench.hub.git.commit("other", {"x.py": "1\n"})
    for sha, name, end in ((head, "old", "failure"), (change, "old", "failure"), (change, "new", "failure")):
        bench.server.world.check(bench.hub, sha, name, end)
    state, _ = followed(bench, tmp_path, change, head)
    assert state.colour is Colour.RED
    assert state.blamed == ("new",)


def test_following_ends_where_no_check_begins_and_where_none_ends(
    bench: GitHubBench, tmp_path: Path, head: str
) -> None:
    state, clock = followed(bench, tmp_path, head, head)
    assert (state.colour, sum(clock.slept)) == (Colour.NONE, UNBEGUN)
    bench.server.world.check(bench.hub, head, "test", None)
    state, clock = followed(bench, tmp_path / "again", head, head)
    assert (state.colour, sum(clock.slept)) == (Colour.PENDING, 300.0)
    assert state.note == "followed for 5 minutes"


def test_checks_that_cannot_be_read_are_said_to_be_that(
    bench: GitHubBench, tmp_path: Path, head: str
) -> None:
    bench.server.world.faults.append(Fault("GET", r"check-runs$", Fate.ANSWERED, times=99))
    state, _ = followed(bench, tmp_path, head, head)
    assert state.colour is Colour.NONE
    assert state.note.startswith("they could not be read: ")
