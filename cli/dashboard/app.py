"""The full-screen view; it only asks its source, about once a second."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Footer, Input, Static

from cli.dashboard import view
from cli.dashboard.source import Look, Source
from fresh.domain.approval import Answer
from fresh.domain.quoting import line
from fresh.domain.status import AgentStatus
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
        self._for_agent = ""

    def compose(self) -> ComposeResult:
        """Lay the screen out for 80 columns and 24 lines."""
        yield Static("Reading the journal …", id="head")
        yield Static("", id="second")
        yield DataTable(id="agents", cursor_type="row", zebra_stripes=True)
        with VerticalScroll(id="detail"):
            yield Static("", id="text")
        yield Static("", id="said")
        yield Input(placeholder="What should be different? Enter sends it, Escape forgets it.", id="words")
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Begin to look."""
        self._table.add_columns(*view.COLUMNS)
        self._table.focus()
        self.refresh_look()
        self.set_interval(EVERY, self.refresh_look)

    @property
    def _table(self) -> DataTable[object]:
        return self.query_one("#agents", DataTable)

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
        self._fill(view.in_order(look.run))
        if self._shown != "diff":
            self._show_detail()

    def _fill(self, agents: list[AgentStatus]) -> None:
        """Replace the rows, and keep the cursor on the agent that it was on."""
        before, table = self._agent_id, self._table
        table.clear()
        for agent in agents:
            table.add_row(*view.cells(agent), key=agent.id)
        names = [agent.id for agent in agents]
        if before in names:
            table.move_cursor(row=names.index(before), animate=False)

    @property
    def _agent_id(self) -> str:
        table = self._table
        if not table.row_count or table.cursor_row >= table.row_count:
            return ""
        return str(table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value or "")

    @property
    def _agent(self) -> AgentStatus | None:
        run = self._look.run
        return next((agent for agent in run.agents if agent.id == self._agent_id), None) if run else None

    def on_data_table_row_highlighted(self) -> None:
        """Follow the cursor."""
        if self._shown == "diff":
            self.action_show("diff")
        else:
            self._show_detail()

    def _show_detail(self) -> None:
        agent, text = self._agent, self.query_one("#text", Static)
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
        if what == "diff" and self._agent is not None and self._look.run is not None:
            self.read_diff(self._look.run.run_id, self._agent.id)
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
        run = self._look.run
        if run is None:
            return
        agents = view.in_order(run)
        asking = [place for place, agent in enumerate(agents) if agent.question is not None]
        if not asking:
            self._say("Nobody asks anything.")
            return
        here = self._table.cursor_row
        self._table.move_cursor(row=next((place for place in asking if place > here), asking[0]))
        self._shown = "about"
        self._show_detail()

    def action_decide(self, verdict: str) -> None:
        """Approve or reject what the chosen agent asks about."""
        agent = self._agent
        if agent is None or agent.question is None:
            self._say("This agent asks nothing.")
            return
        self.send_answer(agent.id, Answer(verdict), "", agent.commit or "")

    def action_ask_words(self) -> None:
        """Ask for the words that go back to the agent."""
        agent = self._agent
        if agent is None or agent.question is None:
            self._say("This agent asks nothing.")
            return
        words = self.query_one("#words", Input)
        self._for_agent = agent.id
        words.add_class("asked")
        words.focus()

    def action_forget_words(self) -> None:
        """Leave the words out."""
        words = self.query_one("#words", Input)
        words.remove_class("asked")
        words.value = ""
        self._table.focus()

    def on_input_submitted(self, sent: Input.Submitted) -> None:
        """Send the words to the agent that they were meant for."""
        agent, words = self._for_agent, sent.value.strip()
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
