"""How text gets into a message: without secrets, on one line, short enough, shown and never obeyed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fresh.domain.quoting import line

MORE = "…"
ANGLES = str.maketrans("<>", "‹›")


def _as_it_is(text: str) -> str:
    return text


@dataclass(frozen=True)
class Pen:
    """Write text that stems from repositories, models and people. `redact` hides our own secrets."""

    redact: Callable[[str], str] = _as_it_is

    def words(self, text: str, longest: int = 600) -> str:
        """Make one line that Slack shows as it stands: no mention, no link, no control characters."""
        return escape(clamp(line(self.redact(text)), longest), longest)

    def code(self, text: str, longest: int = 200) -> str:
        """Make one code span; a backtick would end it."""
        shown = self.words(text.replace("`", "'"), longest)
        return f"`{shown}`" if shown else "`-`"

    def bold(self, text: str, longest: int = 200) -> str:
        """Make it stand out; a star would end it."""
        shown = self.words(text.replace("*", "∗"), longest)
        return f"*{shown}*" if shown else ""

    def raw(self, text: str, longest: int) -> str:
        """Make one line for what reads no markup: rich text, tasks, cells. Its angles could still be taken for a mention."""
        return clamp(line(self.redact(text)).translate(ANGLES), longest) or "-"

    def label(self, text: str, longest: int) -> str:
        """Make one line for a plain text object."""
        return self.words(text, longest) or "-"

    def lines(self, text: str, longest: int) -> str:
        """Make a code block of several lines; what is too long loses its end."""
        rows = "\n".join(line_kept(row) for row in self.redact(text).expandtabs(4).splitlines())
        return escape(clamp(rows.replace("```", "'''"), longest), longest)


def clamp(text: str, longest: int) -> str:
    """Cut a text that is too long, and show that it was."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + MORE


def escape(text: str, longest: int) -> str:
    """Escape what Slack would read as a link or a mention; an escape is never cut in two."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if len(shown) <= longest:
        return shown
    kept = shown[: longest - 1]
    cut = kept.rfind("&", max(0, len(kept) - 4))
    if cut >= 0 and ";" not in kept[cut:]:
        kept = kept[:cut]
    return kept + MORE


def line_kept(row: str) -> str:
    """Clean a row of code and keep its indent."""
    indent = len(row) - len(row.lstrip(" "))
    return " " * indent + line(row)


def moment(at: datetime, style: str = "{date_short_pretty} {time}") -> str:
    """Show a moment in the reader's own zone."""
    plain = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{style}|{plain}>"


def person(user_id: str) -> str:
    """Mention a person by their id, which is of our own making or Slack's."""
    return f"<@{user_id}>" if user_id.isalnum() else "somebody"


def group(group_id: str) -> str:
    """Mention a user group by its id."""
    return f"<!subteam^{group_id}>" if group_id.isalnum() else ""


def address(url: str | None) -> str | None:
    """Let through what is an address on the web and can stand in a link; anything else is None."""
    if url is None or not url.startswith(("https://", "http://")) or len(url) > 3000:
        return None
    return None if any(mark in url for mark in '<>| \t\r\n"') else url


def link(url: str | None, words: str) -> str:
    """Link words, or leave them as they are where there is no address; both are clean already."""
    shown = address(url)
    return f"<{shown.replace('&', '&amp;')}|{words}>" if shown else words
