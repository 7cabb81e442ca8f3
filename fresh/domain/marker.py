"""The hidden marks around our text on a forge: whose it is, and where it ends, so that it is found and replaced alone."""

from __future__ import annotations

import re

LONGEST_BODY = 65_536
"""Characters that GitHub takes as the text of a pull request or comment."""

_BEGIN = re.compile(r"<!-- fresh:page agent=(?P<agent>[\w-]+) run=(?P<run>[\w-]+) -->")
_END = "<!-- fresh:end -->"
_MORE = "<!-- fresh:together -->"
_MORE_END = "<!-- fresh:together end -->"
_FENCE = re.compile(r"^(`{3,})")
_CUT = "\n\n*The rest was left out: it is longer than GitHub takes. The whole page lies beside the run's report.*\n"


def marked(page: str, agent_id: str, run_id: str) -> str:
    """Put a page between marks that name its agent and run; one that is too long loses its end."""
    begin = f"<!-- fresh:page agent={agent_id} run={run_id} -->\n"
    end = f"\n{_END}\n"
    return f"{begin}{clamped(page.strip(), LONGEST_BODY - _length(begin + end))}{end}"


def author_of(body: str | None) -> str | None:
    """Name the agent whose page a text holds; None when it holds none."""
    found = _BEGIN.search(body or "")
    return found["agent"] if found else None


def with_page(body: str | None, page: str) -> str:
    """Replace our part of a text by a marked page; what people wrote around it stays, and a text without marks as it is."""
    whole = (body or "").replace("\r\n", "\n")
    begin = _BEGIN.search(whole)
    end = whole.rfind(_END)
    if begin is None or end < begin.end():
        return whole
    before, after = whole[: begin.start()], whole[end + len(_END) :]
    kept = f"{before}{page.strip()}{after}"
    return kept if _length(kept) <= LONGEST_BODY else page


def with_section(body: str, section: str) -> str:
    """Put a section of ours below a page, in place of the one that is there; an empty one takes it away.

    What people wrote around it stays. Where all of it is longer than GitHub takes, the page loses its end.
    """
    whole = body.replace("\r\n", "\n")
    mark = whole.rfind(_END)
    after_page = mark + len(_END) if mark >= 0 else len(whole.rstrip())
    begin, end = _standing_section(whole, after_page if mark >= 0 else None)
    ours = f"{_MORE}\n{section.strip()}\n{_MORE_END}" if section.strip() else ""
    if begin < 0 and not ours:
        return body
    if begin >= 0:
        before, after = whole[:begin].rstrip(), whole[end:].lstrip()
    else:
        before, after = whole[:after_page].rstrip(), whole[after_page:].lstrip()
    return _fitting("\n\n".join(part for part in (before, ours, after.rstrip()) if part) + "\n")


def _standing_section(whole: str, after_page: int | None) -> tuple[int, int]:
    """Find where our section begins and ends; a page may quote its marks, so without a page's own mark it ends the text."""
    begin = whole.rfind(_MORE) if after_page is None else whole.find(_MORE, after_page)
    end = whole.rfind(_MORE_END) + len(_MORE_END)
    is_there = 0 <= begin < end and (after_page is not None or not whole[end:].strip())
    return (begin, end) if is_there else (-1, -1)


def _fitting(whole: str) -> str:
    """Shorten the page between its marks until all of a text is short enough."""
    over = _length(whole) - LONGEST_BODY
    begin, end = _BEGIN.search(whole), whole.rfind(_END)
    if over <= 0 or begin is None or end < begin.end():
        return whole
    page = whole[begin.end() : end].strip()
    return f"{whole[: begin.end()]}\n{clamped(page, _length(page) - over)}\n{whole[end:]}"


def clamped(text: str, longest: int) -> str:
    """Shorten Markdown at the end of a line; an open fence or fold is closed, and the cut is said."""
    if _length(text) <= longest:
        return text
    # Forty characters more close what stays open.
    room = longest - _length(_CUT) - 40
    kept: list[str] = []
    for row in text.splitlines():
        room -= _length(row) + 1
        if room < 0:
            break
        kept.append(row)
    fence = ""
    for row in kept:
        if (found := _FENCE.match(row)) is not None:
            fence = "" if fence and row.startswith(fence) else fence or found[1]
    opened = sum(row == "<details>" for row in kept) > sum(row == "</details>" for row in kept)
    closing = (f"\n{fence}" if fence else "") + ("\n\n</details>" if opened else "")
    return "\n".join(kept) + closing + _CUT


def _length(text: str) -> int:
    """Count as a browser does, which counts what lies beyond the first plane twice: the careful reading of the limit."""
    return len(text) + sum(ord(letter) > 0xFFFF for letter in text)
