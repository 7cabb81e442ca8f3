"""The full-screen view; it only asks its source, about once a second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Footer, Input, Static

from cli.dashboard import view
from cli.dashboard.source import Look, Source
from cli.dashboard.table import AgentTable
from cli.dashboard.words import Words
from fresh.domain.approval import Answer
from fresh.domain.quoting import line
from fresh.errors import FreshError

EVERY = 1.0
CSS = """
#head, #second, #said { height: 1; padding: 0 1; }
#agents { height: 1fr; min-height: 5; }
#detail { height: 1fr; border-top: solid $accent; padding: 0 1; }
#words { display: none; height: 3; }
#words.asked { display: block; }
"""


class Dashboard(App[None]):
    """One run: its agents, what they ask, what they made, and the keys that decide."""

    TITLE = "Fresh"
    CSS = CSS
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "decide('approved')", "approve"),
        Binding("r", "decide('rejected')", "reject"),
        Binding("c", "ask_words", "changes"),
        Binding("d", "show('diff')", "diff"),
        Binding("l", "show('log')", "log"),
        Binding("i", "show('about')", "info", show=False),
        Binding("n", "next_question", "next"),
        Binding("s", "stop(False)", "stop"),
        Binding("S", "stop(True)", "kill", show=False),
        Binding("left_square_bracket", "other_run(1)", "older run", show=False),
        Binding("right_square_bracket", "other_run(-1)", "newer run", show=False),
        Binding("escape", "forget_words", "back", show=False),
        Binding("q", "quit", "quit"),
    ]

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self._look = Look()
        self._chosen_run: str | None = None
        self._shown = "about"
        self._confirmed = ""

    def compose(self) -> ComposeResult:
        """Lay the screen out for 80 columns and 24 lines."""
        yield Static("Reading the journal …", id="head")
        yield Static("", id="second")
        yield AgentTable()
        with VerticalScroll(id="detail"):
            yield Static("", id="text")
        yield Static("", id="said")
        yield Words()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to look."""
        self._table.focus()
        self.refresh_look()
        self.set_interval(EVERY, self.refresh_look)

    @property
    def _table(self) -> AgentTable:
        return self.query_one(AgentTable)

    @work(thread=True, exclusive=True, group="look")
    def refresh_look(self) -> None:
        """Read the journal beside the screen."""
        try:
            look = self._source.look(self._chosen_run)
        except FreshError as trouble:
            self.call_from_thread(self._say, trouble.message)
            return
        self.call_from_thread(self._take, look)

    @property
    def _is_shown(self) -> bool:
        """Whether the screen stands; what was asked for may arrive after its end."""
        return bool(self.query("#head"))

    def _take(self, look: Look) -> None:
        self._look = look
        if not self._is_shown:
            return
        if look.run is None:
            self.query_one("#head", Static).update("No run yet. Start one: fresh auto start")
            return
        self.query_one("#head", Static).update(view.headline(look.run))
        self.query_one("#second", Static).update(view.second_line(look.run, datetime.now(UTC)))
        self._table.show(view.in_order(look.run))
        if self._shown != "diff":
            self._show_detail()

    def on_data_table_row_highlighted(self) -> None:
        """Follow the cursor."""
        if self._shown == "diff":
            self.action_show("diff")
        else:
            self._show_detail()

    def _show_detail(self) -> None:
        agent, text = self._table.chosen, self.query_one("#text", Static)
        if self._shown == "log":
            text.update(view.tail(self._look.events, agent.id if agent is not None else None))
            self.query_one("#detail", VerticalScroll).scroll_end(animate=False)
        elif agent is not None:
            text.update(view.about(agent))
        else:
            text.update(view.tail(self._look.events, None))

    def action_show(self, what: str) -> None:
        """Show an agent's patch, its lines, or what is known of it."""
        self._shown = "about" if what == self._shown and what != "diff" else what
        agent, run = self._table.chosen, self._look.run
        if what == "diff" and agent is not None and run is not None:
            self.read_diff(run.run_id, agent.id)
        else:
            self._show_detail()

    @work(thread=True, exclusive=True, group="diff")
    def read_diff(self, run_id: str, agent_id: str) -> None:
        """Read the patch beside the screen."""
        try:
            diff = self._source.diff(run_id, agent_id)
        except FreshError as trouble:
            self.call_from_thread(self._say, trouble.message)
            return
        self.call_from_thread(self._show_patch, diff)

    def _show_patch(self, diff: str) -> None:
        if self._is_shown:
            self.query_one("#text", Static).update(view.patch(diff))

    def action_next_question(self) -> None:
        """Go to the next agent that asks."""
        if self._look.run is None:
            return
        if not self._table.go_to_question():
            self._say("Nobody asks anything.")
            return
        self._shown = "about"
        self._show_detail()

    def action_decide(self, verdict: str) -> None:
        """Approve or reject what the chosen agent asks about."""
        agent = self._table.chosen
        if agent is None or agent.question is None:
            self._say("This agent asks nothing.")
            return
        self.send_answer(agent.id, Answer(verdict), "", agent.commit or "")

    def action_ask_words(self) -> None:
        """Ask for the words that go back to the agent."""
        agent = self._table.chosen
        if agent is None or agent.question is None:
            self._say("This agent asks nothing.")
            return
        self.query_one(Words).ask(agent.id)

    def action_forget_words(self) -> None:
        """Leave the words out."""
        self.query_one(Words).forget()
        self._table.focus()

    def on_input_submitted(self, sent: Input.Submitted) -> None:
        """Send the words to the agent that they were meant for."""
        agent, words = self.query_one(Words).agent, sent.value.strip()
        run = self._look.run
        self.action_forget_words()
        if not words or run is None:
            self._say("An agent needs words on what to change.")
            return
        commit = next((found.commit for found in run.agents if found.id == agent), None)
        self.send_answer(agent, Answer.CHANGES, words, commit or "")

    @work(thread=True, group="act")
    def send_answer(self, agent_id: str, verdict: Answer, words: str, commit: str) -> None:
        """Decide beside the screen, for the commit that was shown."""
        try:
            said = self._source.answer(agent_id, verdict, words, commit)
        except FreshError as refused:
            said = refused.message
        self.call_from_thread(self._say, said)
        self.call_from_thread(self.refresh_look)

    def action_stop(self, force: bool) -> None:
        """End the run; the key must be pressed twice."""
        key = "S" if force else "s"
        if self._confirmed != key:
            self._confirmed = key
            what = "kill everything" if force else "stop the run and keep its work"
            self._say(f"Press {key} again to {what}.")
            return
        self._confirmed = ""
        self.send_stop(force)

    @work(thread=True, group="act")
    def send_stop(self, force: bool) -> None:
        """Ask for the end beside the screen."""
        try:
            said = self._source.stop(force)
        except FreshError as refused:
            said = refused.message
        self.call_from_thread(self._say, said)

    def action_other_run(self, step: int) -> None:
        """Go to the run before or after the one that is shown."""
        if self._look.run is None or not self._look.runs:
            return
        place = self._look.runs.index(self._look.run.run_id) + step
        if 0 <= place < len(self._look.runs):
            self._chosen_run = self._look.runs[place] if place else None
            self.refresh_look()
        else:
            self._say("There is no further run.")

    def _say(self, text: str) -> None:
        if not self._is_shown:
            return
        # Text, because a name of the repository's could read as markup.
        self.query_one("#said", Static).update(Text(line(text)))
