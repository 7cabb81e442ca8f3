"""The most input tokens that a request can have, without a tokenizer.

A token of a byte-level tokenizer is at least one byte of text, so a text has at most as many tokens as bytes. Where an
earlier reply has told how many tokens the beginning of a conversation came to, only what is new is bounded by bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from fresh.domain.conversation import Anchor, Item, Reply, Request, Tool

FRAME = 512
"""What a provider adds around a conversation: its roles, its date, its own preamble."""
FRAME_OF_ITEM = 64
LEAST_PER_TOKEN = 16
"""Bytes of one item that no real text has more of in a token; an anchor that says so was counted otherwise."""


def input_bound(request: Request, anchor: Anchor | None = None) -> int:
    """Bound the input tokens of a request from above.

    An anchor counts the instructions and the tools as well. One that is too small to be true is not believed: some
    servers count only what they had not cached.
    """
    if anchor is not None and anchor.items <= len(request.items):
        known = _bytes(request, request.items[: anchor.items])
        if anchor.tokens * LEAST_PER_TOKEN >= known:
            return anchor.tokens + _items(request.items[anchor.items :])
    return _bytes(request, request.items) + FRAME + FRAME_OF_ITEM * len(request.items)


def anchor_after(request: Request, reply: Reply) -> Anchor | None:
    """Remember how many tokens a conversation has come to with a reply; None when the provider has not said it."""
    if reply.usage is None:
        return None
    return Anchor(items=len(request.items) + len(reply.items), tokens=reply.usage.input + reply.usage.output)


def _bytes(request: Request, items: Sequence[Item]) -> int:
    tools = sum(_tool(tool) for tool in request.tools)
    return len(_json(request.instructions)) + tools + sum(len(_json(item.model_dump())) for item in items)


def _items(items: Sequence[Item]) -> int:
    return sum(len(_json(item.model_dump())) + FRAME_OF_ITEM for item in items)


def _tool(tool: Tool) -> int:
    """Count a tool as the widest of the forms in which templates show it to a model: indented JSON."""
    return (
        len(json.dumps(tool.model_dump(), ensure_ascii=False, indent=4).encode("utf-8", "replace"))
        + FRAME_OF_ITEM
    )


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
