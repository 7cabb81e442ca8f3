"""The words that models are told, kept as texts beside the code."""

from __future__ import annotations

from functools import cache
from importlib import resources
from string import Template


def words(name: str, **given: str) -> str:
    """Read a text and fill its `$names`. Raises KeyError for one that is not given."""
    return Template(_text(name)).substitute(given)


@cache
def _text(name: str) -> str:
    return (resources.files(f"{__package__}.prompts") / f"{name}.md").read_text(encoding="utf-8").strip()
