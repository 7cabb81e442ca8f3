"""The keys of this process: taken out of its environment at the start, so that nothing it starts inherits one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

NAMES = (
    "OPENAI_API_KEY",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "GITHUB_APP_PRIVATE_KEY",
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
)

_kept: dict[str, str] = {}


@contextmanager
def withheld() -> Iterator[None]:
    """Keep the keys here instead of in the environment, for as long as the context is open."""
    taken = {name: os.environ.pop(name) for name in NAMES if name in os.environ}
    before = dict(_kept)
    _kept.update(taken)
    try:
        yield
    finally:
        _kept.clear()
        _kept.update(before)
        os.environ.update(taken)


def kept() -> Mapping[str, str]:
    """Show the keys that were withheld, by the names of their variables."""
    return MappingProxyType(_kept)
