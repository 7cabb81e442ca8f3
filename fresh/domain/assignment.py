"""Issues as work: what a labelled issue says.

Anybody may write an issue, and somebody who may label it made it work. Its text is shown to an engine as what it is.
"""

from __future__ import annotations

from fresh.domain.value import Value

LONGEST = 6000
"""Characters of an issue's text that are kept."""


class Assignment(Value):
    """One open issue that bears a label of the order."""

    number: int
    title: str
    text: str = ""
    address: str = ""
    labels: tuple[str, ...] = ()
