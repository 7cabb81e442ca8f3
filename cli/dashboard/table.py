"""The agents of a run as rows; the cursor stays on its agent while the rows change."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import DataTable

from cli.dashboard import view
from fresh.domain.status import AgentStatus


class AgentTable(DataTable[object]):
    """One row for each agent, who asks first."""

    def __init__(self) -> None:
        super().__init__(id="agents", cursor_type="row", zebra_stripes=True)
        self._agents: list[AgentStatus] = []

    def on_mount(self) -> None:
        """Name the columns."""
        self.add_columns(*view.COLUMNS)

    @property
    def chosen(self) -> AgentStatus | None:
        """The agent under the cursor."""
        return self._agents[self.cursor_row] if 0 <= self.cursor_row < len(self._agents) else None

    def show(self, agents: Sequence[AgentStatus]) -> None:
        """Replace the rows, and keep the cursor on the agent that it was on."""
        before = self.chosen
        self._agents = list(agents)
        self.clear()
        for agent in agents:
            self.add_row(*view.cells(agent), key=agent.id)
        names = [agent.id for agent in agents]
        if before is not None and before.id in names:
            self.move_cursor(row=names.index(before.id), animate=False)

    def go_to_question(self) -> bool:
        """Go to the next agent that asks; False when nobody does."""
        asking = [place for place, agent in enumerate(self._agents) if agent.question is not None]
        if asking:
            here = self.cursor_row
            self.move_cursor(row=next((place for place in asking if place > here), asking[0]))
        return bool(asking)
