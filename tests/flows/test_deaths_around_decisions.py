"""kill -9 of the run's process and of the Prefect server around a click: nothing lost, nothing done twice, cards right."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings

from deployments.reaper import reenter_dead
from fresh.adapters.prefect_control import PrefectControl
from fresh.adapters.prefect_server.child import free_port
from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, OnDeadline
from fresh.domain.audit import first_broken
from fresh.domain.hosting import WhyReenter
from fresh.domain.record import RunRecord
from tests.bot.stage import Stage
from tests.fakes.slack import FakeSlack
from tests.fakes.story import RUN
from tests.fakes.toolbox import a_toolbox
from tests.flows.dying import POINTS

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
CLICKER = "uada (UADA)"
WITHIN = 30.0
"""Seconds from a process that is there again to a decision that is carried out."""
SLOWER = 4
"""Times as long as the way to the question took, where the machine does so much else that this is more."""
SHORT = ("asked", "published")
NIGHT = [pytest.param(point, marks=() if point in SHORT else pytest.mark.night) for point in POINTS]


class Drill:
    """One run, its journal, a Slack with its bot, and the processes that host the run one after the other."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.folder, self.journal = stage, stage.folder, stage.journal
        self.url = ""
        self._hosts: list[subprocess.Popen[str]] = []
        self.flow_runs: set[str] = set()

    def host(self, point: str = "-", minutes: float = 60.0) -> subprocess.Popen[str]:
        """Start a process that hosts the run, in which a question has so many minutes, and stops at a point."""
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.dying", str(self.folder), point, str(minutes)],
            cwd=ROOT,
            env={**os.environ, "PREFECT_API_URL": self.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "log").open("a"),
            text=True,
        )
        self._hosts.append(started)
        return started

    def approve(self) -> None:
        """Click on the card of the one open question."""
        until(lambda: bool(self.journal.runs()) and bool(self.journal.questions(RUN, undecided=True)), 120)
        (question,) = self.journal.questions(RUN, undecided=True)
        ack = self.stage.slack.click("UADA", self.stage.card(question, 60), "approve")
        assert ack.milliseconds is not None
        assert self.journal.decision(question.id) is not None

    def check(self, since: datetime) -> None:
        """Nothing is lost, nothing is done twice, and no flow run is left that nobody works on."""
        (standing,) = self.journal.standings(RUN)
        assert standing.decision is not None
        assert (standing.decision.answer, standing.decision.by) == (Answer.APPROVED, CLICKER)
        assert standing.applied_at is not None
        first = (standing.question.asked_at - self.journal.run(RUN).opened_at).total_seconds()
        assert (standing.applied_at - since).total_seconds() < max(WITHIN, SLOWER * first)
        (report,) = self.journal.reports(RUN)
        assert (report.outcome, report.reviewed_by) == (Outcome.COMPLETED, f"{CLICKER} (through slack)")
        assert (self.folder / "published").read_text().split() == [report.agent_id]
        assert self.journal.runs_to_reenter(datetime.now(UTC)) == ()
        rows = list(self.journal.audit_rows())
        assert [row.content.outcome for row in rows] == ["won"]
        assert first_broken(rows, self.journal.audit_head()) is None
        with temporary_settings({PREFECT_API_URL: self.url}), get_client(sync_client=True) as client:
            states = [client.read_flow_run(UUID(name)).state for name in self.flow_runs]
        assert all(state is not None and state.is_final() for state in states)
        self.stage.applied_on_card(standing.question, WITHIN)
        (card,) = self.stage.cards(standing.question.id)
        assert "approve" not in card.buttons
        self.stage.slack.until(lambda: len(self.stage.cards(RUN, "report")) == 1, WITHIN, "the one report")

    def note_flow_run(self) -> None:
        """Remember which flow run hosts the agent now."""
        for ticket in self.journal.tickets(RUN):
            if (flow_run := self.journal.flow_run(ticket.agent_id)) is not None:
                self.flow_runs.add(flow_run)

    def end(self) -> None:
        """Kill what is left of the processes."""
        for host in self._hosts:
            host.kill()
            host.wait()


@pytest.fixture
def drill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drill]:
    stage = Stage(tmp_path.resolve(), FakeSlack().start())
    monkeypatch.setenv("FRESH_HOME", str(stage.home))
    stage.bot()
    made = Drill(stage)
    try:
        yield made
    finally:
        made.end()
        stage.close()


def said(host: subprocess.Popen[str], what: str, log: Path) -> None:
    """Wait until a process says this."""
    assert host.stdout is not None
    for line in host.stdout:
        if line.strip() == what:
            return
    raise AssertionError(f"it ended without saying {what!r}: {log.read_text()[-2000:]}")


def until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.1)


@pytest.mark.parametrize("point", NIGHT)
def test_a_run_whose_process_is_killed_around_a_decision_carries_it_out_once(
    drill: Drill, prefect_url: str, point: str
) -> None:
    drill.url = prefect_url
    host = drill.host(point)
    if point != "asked":
        drill.approve()
    said(host, f"at {point}", drill.folder / "log")
    drill.note_flow_run()
    host.kill()
    host.wait()
    if point == "asked":
        drill.approve()
    (found,) = drill.journal.runs_to_reenter(datetime.now(UTC))
    assert found.run_id == RUN
    again = drill.host()
    # From here on: how long an interpreter takes to load everything says more about the machine.
    said(again, "hosting", drill.folder / "log")
    began = datetime.now(UTC)
    said(again, "done", drill.folder / "log")
    drill.note_flow_run()
    drill.check(began)


class Server:
    """A Prefect server that can be killed and started again at the same address."""

    def __init__(self, home: Path) -> None:
        self._home, self._port = home, free_port()
        self.url = f"http://127.0.0.1:{self._port}/api"
        self.start()

    def start(self) -> None:
        """Start it and wait for its answer."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deployments.server", "--host", "127.0.0.1", "--port", str(self._port)],
            cwd=ROOT,
            env={**environment, "PREFECT_HOME": str(self._home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._answers, 180)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def mortal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that kill it, and start it again."""
    server = Server(tmp_path_factory.mktemp("prefect"))
    yield server
    server.kill()


@pytest.mark.night
@pytest.mark.parametrize("point", POINTS)
def test_a_server_that_is_killed_around_a_decision_loses_none(
    drill: Drill, mortal_server: Server, point: str
) -> None:
    drill.url = mortal_server.url
    host = drill.host(point)
    if point != "asked":
        drill.approve()
    said(host, f"at {point}", drill.folder / "log")
    drill.note_flow_run()
    mortal_server.kill()
    if point == "asked":
        drill.approve()
    assert host.stdin is not None
    host.stdin.write("go on\n")
    host.stdin.flush()
    time.sleep(3)
    mortal_server.start()
    began = datetime.now(UTC)
    said(host, "done", drill.folder / "log")
    drill.note_flow_run()
    drill.check(began)


def test_a_deadline_that_passes_while_nobody_hosts_the_run_does_what_its_card_said(
    drill: Drill, prefect_url: str
) -> None:
    drill.url = prefect_url
    fakes = a_toolbox(drill.folder, PrefectControl({}))
    try:
        host = drill.host("asked", minutes=0.02)
        said(host, "at asked", drill.folder / "log")
        drill.note_flow_run()
        host.kill()
        host.wait()
        (question,) = drill.journal.questions(RUN, undecided=True)
        assert question.particulars is not None
        assert question.particulars.on_deadline is OnDeadline.CONTINUE_AS_DRAFT
        until(lambda: datetime.now(UTC) > question.deadline, 30)
        begun: list[subprocess.Popen[str]] = []

        def begin(record: RunRecord, key: str) -> str:
            begun.append(drill.host())
            return "another flow run"

        (reentry,) = reenter_dead(fakes.tools, begin)

        assert reentry.why is WhyReenter.UNDELIVERED
        said(begun[0], "done", drill.folder / "log")
        drill.note_flow_run()
        (standing,) = drill.journal.standings(RUN)
        assert standing.decision is not None
        assert (standing.decision.answer, standing.decision.through) == (Answer.EXPIRED, "clock")
        assert standing.applied_at is not None
        (report,) = drill.journal.reports(RUN)
        assert (report.outcome, report.reviewed_by) == (Outcome.COMPLETED, None)
        assert (drill.folder / "published").read_text().split() == [report.agent_id]
        assert reenter_dead(fakes.tools, begin) == ()
        assert len(begun) == 1
    finally:
        fakes.tools.journal.close()  # type: ignore[attr-defined]


def test_only_this_process_wakes_its_own_agents(drill: Drill, prefect_url: str) -> None:
    """A flow run whose process is dead would be Running for ever after a resume; so nobody resumes it."""
    drill.url = prefect_url
    host = drill.host("asked")
    said(host, "at asked", drill.folder / "log")
    assert host.stdin is not None
    host.stdin.write("go on\n")
    host.stdin.flush()
    drill.note_flow_run()
    (flow_run,) = drill.flow_runs
    control = PrefectControl({})
    until(lambda: control.state(flow_run) == "PAUSED", 120)
    host.kill()
    host.wait()
    drill.approve()
    time.sleep(2)
    assert control.state(flow_run) == "PAUSED"
    again = drill.host()
    said(again, "done", drill.folder / "log")
    assert control.state(flow_run) == "CRASHED"
    drill.note_flow_run()
    assert len(drill.flow_runs) == 2
