"""What an agent has written so far, laid over the base commit.

The tree always is the base plus these texts: whatever commands or tests leave behind is thrown away before anybody
looks at it again. So the same calls make the same tree, however often a process dies between them.
"""

from __future__ import annotations

import difflib
import posixpath
from dataclasses import dataclass, field

from fresh.errors import TreeRefused
from fresh.ports import Bench

NEAREST = 3
CONTEXT = 2
LONGEST_LINE = 200
MOST_COMPARED = 4000


class Mistake(Exception):
    """A tool can't do what the model asked; the text tells the model why."""


@dataclass
class Draft:
    """The texts that were written, by path. `untested` is true between a write and the next test run."""

    bench: Bench
    texts: dict[str, str] = field(default_factory=dict)
    untested: bool = False
    _laid: bool = False
    _known: frozenset[str] | None = None

    def read(self, path: str) -> str:
        """Read a file as the draft has it. Raises Mistake."""
        path = proper(path)
        if path in self.texts:
            return self.texts[path]
        self.lay()
        try:
            return self.bench.read(path)
        except KeyError:
            raise Mistake(f"There is no file {path!r}.{self._alike(path)}") from None
        except UnicodeDecodeError:
            raise Mistake(f"{path} is no UTF-8 text.") from None
        except TreeRefused as no:
            raise Mistake(no.message) from None

    def edit(self, path: str, old: str, new: str) -> str:
        """Replace a text that stands in a file exactly once; return the new lines with their surroundings."""
        path = proper(path)
        text = self.read(path)
        if "\r\n" in text and "\r" not in old:
            old, new = old.replace("\n", "\r\n"), new.replace("\r\n", "\n").replace("\n", "\r\n")
        if not old:
            raise Mistake("`old` is empty; use write_file to create a file.")
        if old == new:
            raise Mistake("`old` and `new` are the same, so nothing would change.")
        matches = text.count(old)
        if matches != 1:
            raise Mistake(f"`old` has {matches} matches in {path}, and it must have 1.{_hint(text, old)}")
        at = text.index(old)
        self._keep(path, text[:at] + new + text[at + len(old) :])
        first = text.count("\n", 0, at)
        return numbered(self.texts[path], first + 1 - CONTEXT, first + 1 + new.count("\n") + CONTEXT)

    def write(self, path: str, text: str) -> None:
        """Write a whole file. Raises Mistake."""
        self._keep(proper(path), text)

    def lay(self) -> None:
        """Make the tree what the draft says, unless it is."""
        if self._laid:
            return
        self.bench.reset()
        for path, text in self.texts.items():
            self.bench.write(path, text)
        self._laid = True

    def disturbed(self) -> None:
        """Remember that a command ran, which may have changed the tree."""
        self._laid = False

    def changed(self) -> tuple[str, ...]:
        """List the files that differ from the base."""
        return tuple(sorted(self.texts))

    def is_there(self, path: str) -> bool:
        """Say whether the base commit has a file."""
        if self._known is None:
            self._known = frozenset(self.bench.paths())
        return path in self._known

    def _keep(self, path: str, text: str) -> None:
        self.lay()
        try:
            self.bench.write(path, text)
        except TreeRefused as no:
            raise Mistake(no.message) from None
        except OSError as no:
            self._laid = False
            raise Mistake(f"{path} can't be written: {no.strerror}.") from None
        self.texts[path] = text
        self.untested = True

    def _alike(self, path: str) -> str:
        known = sorted({*self.bench.paths(), *self.texts})
        name = posixpath.basename(path)
        same = [one for one in known if posixpath.basename(one) == name]
        close = same or difflib.get_close_matches(path, known[:MOST_COMPARED], NEAREST, 0.6)
        return f" Did you mean {', '.join(close[:NEAREST])}?" if close else ""


def proper(path: str) -> str:
    """Bring a path into the one form that a tree uses. Raises Mistake for one that leaves it."""
    normal = posixpath.normpath(path) if path else ""
    if (
        not normal
        or normal.startswith(("/", "~"))
        or "\\" in path
        or any(ord(letter) < 32 for letter in path)
    ):
        raise Mistake(f"{path!r} is no path inside the repository; write it relative to its root.")
    parts = normal.split("/")
    if normal == "." or ".." in parts:
        raise Mistake(f"{path!r} leaves the repository.")
    if any(part.lower() == ".git" for part in parts):
        raise Mistake(f"{path!r} lies in .git, which is nobody's to touch.")
    return normal


def numbered(text: str, first: int, last: int) -> str:
    """Show lines with their numbers, counted from 1."""
    rows = text.splitlines()
    first, last = max(1, first), min(last, len(rows))
    return "\n".join(f"{number:5} {rows[number - 1]}" for number in range(first, last + 1))


def _hint(text: str, old: str) -> str:
    """Show where an exact text may have been meant."""
    if (count := text.count(old)) > 1:
        rows = [str(text.count("\n", 0, at) + 1) for at in _places(text, old)]
        more = " and more" if count > len(rows) else ""
        return f" They begin in lines {', '.join(rows)}{more}; take more lines into `old`."
    wanted = next((row for row in old.splitlines() if row.strip()), "").strip()
    rows = text.splitlines()
    stripped = {row.strip()[:LONGEST_LINE]: number for number, row in reversed(list(enumerate(rows, 1)))}
    close = difflib.get_close_matches(wanted[:LONGEST_LINE], list(stripped)[:MOST_COMPARED], NEAREST, 0.5)
    if not close:
        return " Read the file first."
    nearest = stripped[close[0]]
    span = max(1, old.count("\n"))
    return f" The nearest lines are:\n{numbered(text, nearest - CONTEXT, nearest + span + CONTEXT)}"


def _places(text: str, old: str) -> list[int]:
    found: list[int] = []
    at = text.find(old)
    while at >= 0 and len(found) < 10:
        found.append(at)
        at = text.find(old, at + len(old))
    return found
