"""Pure text functions."""

import enum
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Optional

DEFAULT_WIDTH = 20


class Mode(enum.Enum):
    UPPER = "upper"
    LOWER = "lower"


@dataclass
class Report:
    words: int
    longest: str


def count(text):
    return len(text.split())


def normalize(text: str) -> str:
    """Collapse runs of white space and trim the ends.

    >>> normalize("  a   b ")
    'a b'
    """
    return " ".join(text.split())


def shorten(text: str, width: int = DEFAULT_WIDTH, *, marker: str = "...", keep: bool = False) -> str:
    """Cut a text to a width.

    Args:
        text: What to cut.
        width: The longest result,
            100% of it used.
        marker: Ends what was cut.
        keep: Keep the marker even when nothing was cut.
    """
    if len(text) <= width:
        return text + marker if keep else text
    return text[: width - len(marker)] + marker


def change_case(text: str, mode: Mode = Mode.UPPER) -> str:
    """Change the case of a text."""
    return text.upper() if mode is Mode.UPPER else text.lower()


def align(text: str, side: Literal["left", "right"], width: int = 12) -> str:
    """Align a text."""
    return text.ljust(width, ".") if side == "left" else text.rjust(width, ".")


def split_words(text: str, skip: Optional[list[str]] = None) -> list[str]:
    """List the words of a text.

    :param text: What to split
    :param skip: Words that are left out
    """
    return [word for word in text.split() if word not in (skip or [])]


def join_all(parts: list[str], separator: str = "-") -> str:
    """Join parts."""
    return separator.join(parts)


def first_line(path: Path) -> str:
    """Read the first line of a file."""
    return path.read_text().splitlines()[0]


def report(text: str) -> Report:
    """Measure a text."""
    return Report(len(text.split()), max(text.split(), key=len, default=""))


def parse_pair(text: str) -> "dict[str, str] | None":
    """Split name=value."""
    if "=" not in text:
        return None
    name, _, value = text.partition("=")
    return {name: value}


async def fetch_length(text: str) -> int:
    """Measure a text slowly."""
    return len(text)


def each_letter(text: str, limit: int | None = None):
    """Walk the letters of a text."""
    yield from text[:limit]


def positive(number: int) -> int:
    """Double a positive number."""
    if number <= 0:
        raise ValueError("not positive")
    return number * 2


def unique(text: str) -> set[str]:
    """Collect the letters of a text."""
    return set(text) - {" "}


def announce(text: str) -> None:
    """Print a banner."""
    print(f"*** {text} ***")
