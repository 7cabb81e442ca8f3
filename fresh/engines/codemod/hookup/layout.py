"""How generated code is laid out: the project's quotes and line length, one item a line when a line is too long."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from configparser import ConfigParser, Error
from dataclasses import dataclass

DEFAULT_WIDTH = 88
CONFIGURED = (
    ("tool", "ruff", "line-length"),
    ("tool", "black", "line-length"),
    ("tool", "isort", "line_length"),
)


@dataclass(frozen=True)
class Layout:
    """A project's habits."""

    quote: str = '"'
    width: int = DEFAULT_WIDTH
    fence: str = '"""'

    @classmethod
    def of(cls, text: str, pyproject: str = "", setup_cfg: str = "") -> Layout:
        """Read the habits from a module's text and the project's configuration."""
        single, double = len(re.findall(r"(?<!')'(?!')", text)), len(re.findall(r'(?<!")"(?!")', text))
        fence = "'''" if text.count("'''") > text.count('"""') else '"""'
        return cls("'" if single > double else '"', _width(pyproject, setup_cfg), fence)

    def text(self, value: str) -> str:
        """Write a string literal."""
        plain = repr(value)
        if plain[0] == self.quote or self.quote in value:
            return plain
        if plain[0] == '"':
            return self.quote + plain[1:-1].replace("'", "\\'") + self.quote
        return self.quote + plain[1:-1].replace("\\'", "'") + self.quote

    def literal(self, value: object) -> str:
        """Write a literal."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list | tuple):
            inner = ", ".join(self.literal(item) for item in value)
            if isinstance(value, list):
                return f"[{inner}]"
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        return repr(value)

    def docstring(self, text: str) -> str:
        """Write a docstring of one line."""
        mark = self.fence[0]
        escaped = text.replace("\\", "\\\\").replace(self.fence, f"\\{mark}" * 3)
        return f"{self.fence}{escaped}{' ' if escaped.endswith(mark) else ''}{self.fence}"

    def wrap(self, opening: str, items: Sequence[str], closing: str, indent: int = 0) -> list[str]:
        """Write `opening item, item closing` on one line, or one item a line when that is too long."""
        single = f"{opening}{', '.join(items)}{closing}"
        if indent + len(single) <= self.width or not items:
            return [single]
        return [opening, *(f"    {item}," for item in items), closing]


def indented(lines: Sequence[str], depth: int = 1) -> list[str]:
    """Move lines to the right, empty ones excepted."""
    return [f"{'    ' * depth}{line}" if line else "" for line in lines]


def _width(pyproject: str, setup_cfg: str) -> int:
    try:
        settings: object = tomllib.loads(pyproject)
    except (ValueError, RecursionError):
        settings = {}
    for keys in CONFIGURED:
        found = settings
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, int) and 40 <= found <= 400:
            return found
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(setup_cfg)
        return parser.getint("flake8", "max-line-length", fallback=DEFAULT_WIDTH)
    except (Error, ValueError):
        return DEFAULT_WIDTH
