"""start, resume and the plan; the run itself is played by a host that writes into the journal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cli import hosting
from cli.endings import came_to_nothing, ending
from cli.live import LiveView
from cli.ordering import build_order
from cli.place import find_place
from cli.start import start
from fresh.adapters.processes import this_host
from fresh.adapters.report_files import ReportsBelow
from fresh.domain.agent import AgentReport, Outcome
from fresh.domain.feature import Kind
from fresh.domain.money import Usd
from fresh.domain.order import EngineName, RunOrder, Strategy
from fresh.domain.report import PassedOver, RunReport
from fresh.domain.report_page import markdown
from fresh.domain.stopping import WhyStopped
from fresh.errors import FreshError, OperatorMistake, SandboxUnavailable
from fresh.wiring import using
from tests.cli.conftest import Terminal, git
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.story import RUN, a_line, a_report, a_run, a_ticket
from tests.fakes.toolbox import a_toolbox


@dataclass
class PlayedHost:
    """Play a run: write it into the journal and return its report, or raise."""

    terminal: Terminal
    agents: tuple[AgentReport, ...] = (a_report(),)
    trouble: FreshError | None = None
    meanwhile: Callable[[], None] = lambda: None
    orders: list[tuple[RunOrder, bool]] = field(default_factory=list)
    resumed: list[str | None] = field(default_factory=list)

    def start(self, order: RunOrder, repository: Path, *, fresh_run: bool = False) -> RunReport:
        self.orders.append((order, fresh_run))
        return self._play(repository)

    def resume(self, repository: Path, run_id: str | None = None) -> RunReport:
        self.resumed.append(run_id)
        return self._play(repository)

    def _play(self, repository: Path) -> RunReport:
        if self.trouble is not None:
            raise self.trouble
        journal, now = self.terminal.journal(), datetime.now(UTC)
        record = a_run(at=now, repository=str(repository))
        journal.claim(str(repository), RUN, this_host(), now)
        journal.open_run(record)
        for agent in self.agents:
            journal.add_agent(a_ticket(agent.agent_id), now)
            journal.record(a_line(f"Agent {agent.agent_id} started", agent=agent.agent_id, at=now))
        self.meanwhile()
        report = RunReport(
            run_id=RUN,
            repository=str(repository),
            base=record.base,
            order=record.order,
            engine=record.engine,
            seed=7,
            inventory_digest="d",
            inventory_summary={},
            started_at=now,
            ended_at=now + timedelta(minutes=12),
            stopped=WhyStopped.DONE,
            agents=self.agents,
        )
        path = ReportsBelow(self.terminal.home).write(report, markdown(report))
        for agent in self.agents:
            journal.end_agent(agent, now)
        journal.close_run(RUN, WhyStopped.DONE, now, str(path))
        journal.yield_claim(str(repository), this_host())
        journal.close()
        return report


@pytest.fixture
def host(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> PlayedHost:
    played = PlayedHost(terminal)
    monkeypatch.setattr(hosting, "start", played.start)
    monkeypatch.setattr(hosting, "resume", played.resume)
    return played


def test_without_options_an_order_has_its_own_defaults(terminal: Terminal, host: PlayedHost) -> None:
    assert terminal.type("auto", "start").code == 0
    assert host.orders == [(RunOrder(repo=str(terminal.repository)), False)]


def test_every_option_reaches_the_order(terminal: Terminal, host: PlayedHost) -> None:
    words = (
        "--agents 3 --budget 2.50 --overnight --hours 1.5 --no-approval --strategy safest --engine codemod "
        "--model m --seed 0 --kind tests --kind hookup --feature a --feature b --cap 0.20 --approval-timeout 5 "
        "--test-timeout 60 --python /usr/bin/python3 --new"
    )
    shown = terminal.type("auto", "start", *words.split(), "--test-command", "pytest -q")
    assert shown.code == 0
    (given,) = host.orders
    assert given == (
        RunOrder(
            repo=str(terminal.repository),
            agents=3,
            budget=Usd.of("2.50"),
            overnight=True,
            hours=1.5,
            approval=False,
            strategy=Strategy.SAFEST,
            engine=EngineName.CODEMOD,
            model="m",
            seed=0,
            kinds=(Kind.TESTS, Kind.HOOKUP),
            features=("a", "b"),
            cap=Usd.of("0.20"),
            approval_timeout=5,
            test_timeout=60,
            python="/usr/bin/python3",
            test_command="pytest -q",
        ),
        True,
    )


def test_the_options_cover_every_field_of_an_order() -> None:
    given = {option.name for option in start.params}
    fields = {"no_approval" if name == "approval" else name for name in RunOrder.model_fields}
    assert fields <= given


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--agents 0", "--agents 0: "),
        ("--agents many", "--agents many: "),
        ("--agents 65", "--agents 65: "),
        ("--budget=-1", "--budget -1: a money limit must not be negative"),
        ("--budget ten", "--budget ten: 'ten' is not an amount in US dollars"),
        ("--budget nan", "--budget nan: "),
        ("--hours nan", "--hours nan: "),
        ("--hours inf", "--hours inf: "),
        ("--seed=-1", "--seed -1: "),
    ],
)
def test_an_order_that_can_not_be_is_one_sentence_that_names_the_option(
    terminal: Terminal, host: PlayedHost, words: str, said: str
) -> None:
    shown = terminal.type("auto", "start", *words.split())
    assert shown.code == 2
    assert said.lower() in shown.err.lower()
    assert shown.err.count("\n") == 2
    assert host.orders == []


def test_several_mistakes_are_counted() -> None:
    with pytest.raises(OperatorMistake, match=r"\(and 1 more\)"):
        build_order({"agents": 0, "hours": 0})


def test_an_order_can_not_be_handed_over_where_nothing_would_carry_it_out(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    refused = terminal.type("auto", "start", "--detach")
    assert refused.code == 2
    assert refused.err.startswith("No `fresh up` runs for ")
    assert "Hint: " in refused.err


def test_progress_goes_through_a_pipe_line_by_line_and_the_summary_comes_last(
    terminal: Terminal, host: PlayedHost
) -> None:
    landed = a_report(summary="hooked up", branch="autonomous/abc12345-normalize", pull_request="/p/abc.md")
    declined = a_report("def67890", Outcome.DECLINED, failure="it opens a socket")
    host.agents = (landed, declined)
    host.meanwhile = lambda: time.sleep(0.8)
    shown = terminal.type("auto", "start")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0].endswith(" Agent abc12345 started")
    assert lines[1].endswith(" Agent def67890 started")
    for said in (
        "Run 0d1e2f3a ended after 12 min: every pick was worked.",
        "✅ 1 completed",
        "    Branch: autonomous/abc12345-normalize",
        "    Page:   /p/abc.md",
        "    Try it: git switch autonomous/abc12345-normalize",
        "➖ 1 declined",
        "  def67890 hookup of pocket.text:normalize: it opens a socket",
        f"Report: {terminal.journal().run(RUN).report}",
    ):
        assert said in lines
    assert lines[-1] == "Cost: $0.00 / $10.00"


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ((Outcome.FAILED, Outcome.FAILED), 1),
        ((Outcome.FAILED, Outcome.COMPLETED), 0),
        ((Outcome.DECLINED, Outcome.PARKED), 0),
        ((), 0),
    ],
)
def test_a_run_failed_only_when_all_of_its_agents_did(
    terminal: Terminal, host: PlayedHost, outcomes: tuple[Outcome, ...], code: int
) -> None:
    host.agents = tuple(a_report(f"{n:08}", outcome, failure="x") for n, outcome in enumerate(outcomes))
    assert terminal.type("auto", "start").code == code


def test_what_can_not_be_started_is_one_sentence(terminal: Terminal, host: PlayedHost) -> None:
    host.trouble = SandboxUnavailable("bubblewrap is not installed.", hint="apt-get install bubblewrap")
    shown = terminal.type("auto", "start")
    assert (shown.code, shown.err) == (1, "bubblewrap is not installed.\nHint: apt-get install bubblewrap\n")


def test_resume_takes_the_beginning_of_an_id_or_none(terminal: Terminal, host: PlayedHost) -> None:
    assert terminal.type("auto", "resume").code == 0
    assert terminal.type("auto", "resume", "0d1").code == 0
    assert host.resumed == [None, RUN]
    assert terminal.type("auto", "resume", "zzz").code == 2


def a_screen(kind: str) -> Console:
    return Console(file=StringIO(), force_terminal=True, width=120, _environ={"TERM": kind})


def text_on(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_terminal_gets_a_table_of_the_agents(terminal: Terminal, host: PlayedHost) -> None:
    console = a_screen("xterm")
    host.meanwhile = lambda: time.sleep(1.2)
    with LiveView(console).following(find_place("."), datetime.now(UTC)):
        host.start(RunOrder(), terminal.repository)
    shown = text_on(console)
    assert "0 of 1 agent ended" in shown
    assert "pocket.text:normalize" in shown
    assert "Agent abc12345 started" in shown


def test_a_terminal_that_can_not_move_its_cursor_gets_plain_lines(
    terminal: Terminal, host: PlayedHost
) -> None:
    console = a_screen("dumb")
    host.meanwhile = lambda: time.sleep(1.2)
    with LiveView(console).following(find_place("."), datetime.now(UTC)):
        host.start(RunOrder(), terminal.repository)
    assert "Agent abc12345 started" in text_on(console)
    assert "\x1b" not in text_on(console)


def test_the_view_shows_no_run_of_another_process(terminal: Terminal, host: PlayedHost) -> None:
    journal, now = terminal.journal(), datetime.now(UTC)
    other = this_host().model_copy(update={"pid": 1})
    journal.open_run(a_run("ffff0000", at=now - timedelta(hours=1), repository=str(terminal.repository)))
    journal.claim(str(terminal.repository), "ffff0000", other, now)
    journal.record(a_line("not mine", at=now, run="ffff0000"))
    screen = StringIO()
    with LiveView(Console(file=screen)).following(find_place("."), now):
        time.sleep(0.7)
    assert screen.getvalue() == ""


def test_the_view_ends_at_once_where_nothing_ever_ran(terminal: Terminal) -> None:
    began = time.monotonic()
    with LiveView(Console(file=StringIO())).following(find_place("."), datetime.now(UTC)):
        pass
    assert time.monotonic() - began < 1
    assert not any(thread.name == "live" for thread in threading.enumerate())


def a_run_report(**more: object) -> RunReport:
    now = datetime.now(UTC)
    given = {
        "run_id": RUN,
        "repository": "/r",
        "base": "b",
        "order": RunOrder(),
        "engine": EngineName.CODEMOD,
    }
    given |= {"seed": 1, "inventory_digest": "", "inventory_summary": {}, "started_at": now, "ended_at": now}
    return RunReport.model_validate({**given, "stopped": WhyStopped.NOTHING_WORTHWHILE, **more})


def test_a_run_without_agents_says_what_it_passed_over_most() -> None:
    passed = tuple(PassedOver(feature=f"m:{n}", kind="tests", reason="too small") for n in range(3))
    report = a_run_report(passed_over=passed)
    shown = ending(report, None)
    assert "No agent was started." in shown
    assert "passed over 3 times: too small" in shown


@pytest.mark.parametrize(
    ("outcomes", "nothing"),
    [
        ((), False),
        ((Outcome.DECLINED,), False),
        ((Outcome.FAILED,), True),
        ((Outcome.FAILED, Outcome.DECLINED), True),
        ((Outcome.FAILED, Outcome.COMPLETED), False),
        ((Outcome.FAILED, Outcome.PARKED), False),
    ],
)
def test_a_run_came_to_nothing_where_agents_failed_and_no_change_landed_or_waits(
    outcomes: tuple[Outcome, ...], nothing: bool
) -> None:
    agents = tuple(a_report(f"agent{number}", outcome) for number, outcome in enumerate(outcomes))
    report = a_run_report(agents=agents)
    assert came_to_nothing(report) is nothing


@pytest.fixture
def planned(terminal: Terminal, tmp_path: Path) -> Iterator[Path]:
    """A repository of fakes with three unhooked features."""
    fakes = a_toolbox(tmp_path / "fakes", FakeControlRoom())
    git(fakes.tools.repository, "init", "-q")
    with using(fakes.tools):
        yield fakes.tools.repository


@pytest.mark.slow
def test_the_plan_shows_ranked_picks_with_reasons_and_costs_nothing(
    terminal: Terminal, planned: Path
) -> None:
    shown = terminal.type("auto", "start", "--plan", "--repo", str(planned), "--agents", "2", "--seed", "5")
    assert (shown.code, shown.err) == (0, "")
    assert "Strategy: highest_impact (seed 5) | Engine: codemod\n" in shown.out
    assert "the first 2 would be worked" in shown.out
    assert "Expected cost: $0.00, because the codemod engine calls no model\n" in shown.out
    assert "\n  1. " in shown.out
    assert "\n  2. " in shown.out
    assert "\n  3. " not in shown.out
    assert "     - " in shown.out
    assert not list(planned.glob(".fresh/journal.db"))


@pytest.mark.slow
def test_the_plan_of_an_engine_without_a_model_is_refused(terminal: Terminal, planned: Path) -> None:
    shown = terminal.type("auto", "start", "--plan", "--repo", str(planned), "--engine", "llm")
    assert shown.code == 2
    assert "The llm engine has no model to ask." in shown.err


def test_the_inventory_is_a_table_json_or_one_explanation(terminal: Terminal, planned: Path) -> None:
    table = terminal.type("inventory", "--repo", str(planned)).out
    assert "shop.part0:part0" in table
    assert "3 features in 3 files" in table
    assert (
        '"digest": "dddddddddddd"'
        in terminal.type("inventory", "--repo", str(planned), "--format", "json").out
    )
    explained = terminal.type("inventory", "--repo", str(planned), "--explain", "part1").out
    assert explained.startswith("shop.part1:part1 (shop/part1.py:1-2)\nReachability: unhooked\n")


def test_a_feature_that_is_not_there_is_named_with_near_ones(terminal: Terminal, planned: Path) -> None:
    shown = terminal.type("inventory", "--repo", str(planned), "--explain", "PART")
    assert shown.code == 2
    assert "Did you mean shop.part0:part0, shop.part1:part1, shop.part2:part2?" in shown.err
