"""Text that came from a repository, made harmless before it stands in Markdown that GitHub or a terminal shows.

A function name, a docstring or a failing test's output may hold `@everyone`, `Fixes #1`, HTML, a tracking image or
control characters. Such text is shown, never obeyed.
"""

from __future__ import annotations

import re

BREAK = "\u200b"
"""A zero-width space. An entity or a backslash does not stop GitHub: it looks for mentions after decoding both."""

_INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What nobody sees: control, direction-changing, zero-width, filler and tag characters, variation selectors."""
_SPACE = re.compile(r"\s+")
_LIVELY = re.compile(
    r"(?P<mention>@)(?=\\?\w)"
    r"|(?P<issue>#)(?=\d)"
    r"|(?P<gh>GH-)(?=\d)"
    r"|(?P<scheme>:)(?=//)"
    r"|(?P<www>www)(?=\.)",
    re.IGNORECASE,
)
_BAR = re.compile(r"(\\*)\|")
_TICKS = re.compile(r"`+")
_MEANINGFUL = re.compile(r"[\\\[\]*~|!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""Marks that Markdown obeys; an underscore inside of a word is none."""
_AT_LINE_START = re.compile(r"^(?=[#>+=-])|^(\d+)(?=[.)])")


def line(text: str) -> str:
    """Put text on one line without control, direction-changing or undecodable characters."""
    return _SPACE.sub(" ", _INVISIBLE.sub("", _SPACE.sub(" ", text))).strip()


def plain(text: str) -> str:
    """Make one line that mentions nobody, closes nothing and links nowhere; for titles and commit subjects."""
    return _LIVELY.sub(lambda found: found[0] + BREAK, line(text))


def prose(text: str, longest: int = 600) -> str:
    """Make one line of Markdown that reads as the text does; only its `code spans` keep their meaning."""
    shown = line(text)
    if len(shown) > longest:
        shown = shown[: longest - 1].rstrip() + "…"
    parts = [code(part[1]) if part[0] else _inert(part[1]) for part in _spans(shown)]
    return _AT_LINE_START.sub(lambda found: f"{found[1] or ''}\\", "".join(parts))


def code(text: str) -> str:
    """Make one code span, whatever backticks the text holds."""
    shown = line(text)
    if not shown:
        return ""
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    gap = " " if shown[0] == "`" or shown[-1] == "`" else ""
    return f"{ticks}{gap}{shown}{gap}{ticks}"


def tag_text(text: str) -> str:
    """Make text for between two HTML tags, where no Markdown is read."""
    return plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def block(text: str, language: str = "text", longest: int = 4000) -> str:
    """Make a fenced block that the text can't end; what is too long loses its middle."""
    shown = "\n".join(_INVISIBLE.sub("", row).rstrip() for row in text.expandtabs().splitlines()).strip("\n")
    if len(shown) > longest:
        shown = f"{shown[: longest // 2]}\n… {len(shown) - longest} characters left out …\n{shown[-longest // 2 :]}"
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(shown)), default=0))
    return f"{ticks}{language}\n{shown}\n{ticks}"


def cell(markdown: str) -> str:
    """Make Markdown fit into one cell of a table; a bar ends a cell even inside a code span."""
    return _BAR.sub(lambda found: found[0] if len(found[1]) % 2 else f"{found[1]}\\|", markdown)


def _inert(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    escaped = _MEANINGFUL.sub(lambda found: f"\\{found[0]}", escaped).replace("`", "\\`")
    return _LIVELY.sub(lambda found: found[0] + BREAK, escaped)


def _spans(text: str) -> list[tuple[bool, str]]:
    """Split at code spans as CommonMark does: a run of backticks is closed by the next run of the same length."""
    runs = list(_TICKS.finditer(text))
    parts: list[tuple[bool, str]] = []
    position = index = 0
    while index < len(runs):
        opening = runs[index]
        closing = next(
            (number for number in range(index + 1, len(runs)) if len(runs[number][0]) == len(opening[0])),
            None,
        )
        if closing is None:
            index += 1
            continue
        parts.append((False, text[position : opening.start()]))
        parts.append((True, text[opening.end() : runs[closing].start()]))
        position = runs[closing].end()
        index = closing + 1
    parts.append((False, text[position:]))
    return parts
