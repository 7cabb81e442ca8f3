"""The dashboard through Textual's pilot, on a small terminal, with a source that remembers what was asked of it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static
from textual.worker import WorkerCancelled

from cli.dashboard import view
from cli.dashboard.app import Dashboard
from cli.dashboard.source import JournalSource, Look
from cli.place import find_place
from fresh.domain.approval import Answer
from fresh.domain.phase import Phase
from fresh.domain.status import AgentStatus, QuestionStatus, RunStatus
from fresh.errors import Refusal
from tests.cli.conftest import Terminal
from tests.fakes.story import NOON, RUN, a_line, a_question, a_run, a_ticket

SMALL = (80, 24)
ASKS = QuestionStatus(
    "q", "ready", "Please test [bold]branch[/] autonomous/bbbb2222", "2026-11-23T13:00:00+00:00"
)


def an_agent(name: str, phase: Phase = Phase.IMPLEMENTING, **more: object) -> AgentStatus:
    whole = AgentStatus(name, phase, f"pocket.text:f{name}", "tests", 90.0, 0.25, 1.0, f"autonomous/{name}")
    return replace(whole, **more)  # type: ignore[arg-type]


def a_status(*agents: AgentStatus, **more: object) -> RunStatus:
    whole = RunStatus(
        run_id=RUN,
        running=True,
        died=False,
        repository="/r",
        strategy="safest",
        engine="llm",
        spent_usd=2.5,
        held_usd=0.0,
        budget_usd=10.0,
        opened_at="2026-11-23T12:00:00+00:00",
        deadline="2026-11-23T20:00:00+00:00",
        agents=agents,
    )
    return replace(whole, **more)  # type: ignore[arg-type]


@dataclass
class PlayedSource:
    """Show a run, and remember every answer and stop."""

    run: RunStatus | None
    answers: list[tuple[str, Answer, str, str]] = field(default_factory=list)
    stops: list[bool] = field(default_factory=list)
    refuses: str = ""

    def look(self, run_id: str | None) -> Look:
        return Look((RUN, "older000"), self.run, (a_line("Agent aaaa1111 implementing", "aaaa1111"),))

    def diff(self, run_id: str, agent_id: str) -> str:
        return f"diff of {agent_id}\n+added\n-removed\n"

    def answer(self, agent_id: str, verdict: Answer, words: str, commit: str) -> str:
        if self.refuses:
            raise Refusal(self.refuses)
        self.answers.append((agent_id, verdict, words, commit))
        return f"{verdict} {agent_id}."

    def stop(self, force: bool) -> str:
        self.stops.append(force)
        return "Stopping."


TWO = a_status(
    an_agent("aaaa1111"), an_agent("bbbb2222", Phase.AWAITING_USER, question=ASKS, commit="c" * 40)
)


def shown(app: Dashboard, where: str) -> str:
    content = app.query_one(where, Static).content
    with StringIO() as page:
        Console(file=page, width=100, color_system=None).print(content, markup=False)
        return page.getvalue().strip()


def play(source: PlayedSource, script: Callable[[Dashboard, Pilot[None]], object]) -> Dashboard:
    app = Dashboard(source)

    async def go() -> None:
        async with app.run_test(size=SMALL) as pilot:
            await settle(app, pilot)
            await script(app, pilot)  # type: ignore[misc]

    asyncio.run(go())
    return app


async def settle(app: Dashboard, pilot: Pilot[None]) -> None:
    # A look that the next one overtook counts as cancelled.
    with suppress(WorkerCancelled):
        await app.workers.wait_for_complete()
    await pilot.pause()


async def press(app: Dashboard, pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await settle(app, pilot)


def test_a_question_s_markdown_is_laid_out_and_its_escapes_are_gone() -> None:
    asked = dataclasses.replace(
        ASKS, text="**tests of `align`**\n\n- new tests pass: test\\_align\\[rows0\\]"
    )
    asking = an_agent("bbbb2222", Phase.AWAITING_USER, question=asked, commit="c" * 40)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        text = shown(app, "#text")
        assert "tests of align" in text
        assert "• new tests pass: test_align[rows0]" in text

    play(PlayedSource(a_status(asking)), script)


def test_who_asks_stands_first_and_the_question_is_shown_as_it_was_written() -> None:
    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        table = app.query_one("#agents", DataTable)
        assert table.row_count == 2
        assert str(table.get_row_at(0)[1]) == "bbbb2222"
        assert "Please test [bold]branch[/] autonomous/bbbb2222" in shown(app, "#text")
        assert "$2.50 / $10.00" in shown(app, "#head")

    play(PlayedSource(TWO), script)


@pytest.mark.parametrize(("key", "verdict"), [("a", Answer.APPROVED), ("r", Answer.REJECTED)])
def test_a_key_decides_for_the_commit_that_was_shown(key: str, verdict: Answer) -> None:
    source = PlayedSource(TWO)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, key)
        assert shown(app, "#said") == f"{verdict} bbbb2222."

    play(source, script)

    assert source.answers == [("bbbb2222", verdict, "", "c" * 40)]


def test_words_go_to_the_agent_that_asked() -> None:
    source = PlayedSource(TWO)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "c")
        await press(app, pilot, *"name it", "enter")

    play(source, script)

    assert source.answers == [("bbbb2222", Answer.CHANGES, "name it", "c" * 40)]


def test_escape_forgets_the_words_and_keys_mean_commands_again() -> None:
    source = PlayedSource(TWO)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "c", "a", "r", "escape")
        assert not app.query_one("#words", Input).has_class("asked")
        await press(app, pilot, "r")

    play(source, script)

    assert [verdict for _, verdict, _, _ in source.answers] == [Answer.REJECTED]


def test_a_refusal_is_told_on_the_screen() -> None:
    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "a")
        assert shown(app, "#said") == "Ada approved it first."

    play(PlayedSource(TWO, refuses="Ada approved it first."), script)


def test_an_agent_that_asks_nothing_cannot_be_approved() -> None:
    source = PlayedSource(TWO)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "down", "a")
        assert shown(app, "#said") == "This agent asks nothing."

    play(source, script)

    assert source.answers == []


def test_the_patch_and_the_lines_of_an_agent_are_a_key_away() -> None:
    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "d")
        assert "diff of bbbb2222" in shown(app, "#text")
        await press(app, pilot, "down", "l")
        assert "Agent aaaa1111 implementing" in shown(app, "#text")

    play(PlayedSource(TWO), script)


def test_a_stop_needs_its_key_twice() -> None:
    source = PlayedSource(TWO)

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        await press(app, pilot, "s")
        assert source.stops == []
        await press(app, pilot, "s")

    play(source, script)

    assert source.stops == [False]


def test_without_a_run_it_says_how_to_start_one() -> None:
    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        assert "fresh auto start" in shown(app, "#head")
        await press(app, pilot, "a", "d", "n", "left_square_bracket")

    play(PlayedSource(None), script)


def test_sixty_four_agents_fit_a_small_terminal_by_scrolling() -> None:
    many = a_status(*(an_agent(f"{n:08x}") for n in range(64)))

    async def script(app: Dashboard, pilot: Pilot[None]) -> None:
        assert app.query_one("#agents", DataTable).row_count == 64
        assert app.query_one("#detail").region.bottom <= SMALL[1]
        await press(app, pilot, "end", "l")

    play(PlayedSource(many), script)


def test_a_run_that_another_process_hosts_is_followed_through_the_journal(terminal: Terminal) -> None:
    journal = terminal.journal()
    journal.open_run(a_run(repository=str(terminal.repository)))
    journal.add_agent(a_ticket(), NOON)
    journal.ask(a_question())
    journal.close()
    source = JournalSource(find_place("."))

    look = source.look(None)

    assert look.run is not None
    assert [agent.phase for agent in look.run.agents] == [Phase.AWAITING_USER]
    assert "Approved abc12345" in source.answer("abc12345", Answer.APPROVED, "", "c" * 40)
    assert source.stop(False) == "No run is running."


@pytest.mark.parametrize(
    ("spent", "told"),
    [(2.5, "at this pace $10.00 by"), (5.0, "at this pace the money ends at"), (0.0, "")],
)
def test_the_forecast_says_the_cost_at_the_deadline_or_when_the_money_ends(spent: float, told: str) -> None:
    run = a_status(spent_usd=spent)

    assert view.forecast(run, datetime(2026, 11, 23, 14, 0, tzinfo=UTC)).startswith(told)


@pytest.mark.parametrize(("part", "drawn"), [(0.0, "░░░░"), (0.01, "█░░░"), (0.5, "██░░"), (9.0, "████")])
def test_a_bar_shows_a_share_and_never_leaves_its_width(part: float, drawn: str) -> None:
    assert view.bar(part, 1.0, 4) == drawn
