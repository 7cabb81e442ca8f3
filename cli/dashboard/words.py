"""The one line in which a person says what should be different."""

from __future__ import annotations

from textual.widgets import Input


class Words(Input):
    """Shown while somebody writes; it remembers for which agent."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="What should be different? Enter sends it, Escape forgets it.", id="words"
        )
        self.agent = ""

    def ask(self, agent: str) -> None:
        """Show the line for words to an agent."""
        self.agent = agent
        self.add_class("asked")
        self.focus()

    def forget(self) -> None:
        """Hide the line, and what was written."""
        self.remove_class("asked")
        self.value = ""
