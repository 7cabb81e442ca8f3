"""The most input tokens that a request can have, without a tokenizer.

A token of a byte-level tokenizer is at least one byte of text, so a text has at most as many tokens as bytes. Where an
earlier reply has told how many tokens the beginning of a conversation came to, only what is new is bounded by bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from fresh.domain.conversation import Anchor, Call, Item, Reply, Request, Thought, Tool

FRAME = 512
"""What a provider adds around a conversation: its roles, its date, its own preamble."""
FRAME_OF_ITEM = 64
MOST_PER_TOKEN = 8
"""Bytes that a token of real prompts stays below on average (code 4.6, prose 5); an anchor that says more is not true."""


def input_bound(request: Request, anchor: Anchor | None = None) -> int:
    """Bound the input tokens of a request from above.

    An anchor counts the instructions and the tools as well. One that is too small to be true is not believed: some
    servers count only what they had not cached. Neither is one of a longer conversation than this.
    """
    whole = _around(request) + FRAME + _items(request.items)
    if anchor is None or anchor.items > len(request.items) or not _is_plausible(anchor, request):
        return whole
    return min(whole, anchor.tokens + _items(request.items[anchor.items :]))


def anchor_after(request: Request, reply: Reply) -> Anchor | None:
    """Remember how many tokens a conversation has come to with a reply; None when the provider has not said it.

    It holds for as long as model, instructions and tools stay the same.
    """
    if reply.usage is None:
        return None
    return Anchor(items=len(request.items) + len(reply.items), tokens=reply.usage.input + reply.usage.output)


def _is_plausible(anchor: Anchor, request: Request) -> bool:
    # What is sealed has more bytes than the reasoning inside has text.
    known = sum(_item(item) for item in request.items[: anchor.items] if not isinstance(item, Thought))
    return anchor.tokens * MOST_PER_TOKEN >= len(_json(request.instructions)) + known


def _around(request: Request) -> int:
    shape = _wide(request.shape) if request.shape else 0
    return (
        len(_json(request.instructions)) + shape + sum(_tool(tool) + FRAME_OF_ITEM for tool in request.tools)
    )


def _items(items: Sequence[Item]) -> int:
    return sum(_item(item) + FRAME_OF_ITEM for item in items)


def _item(item: Item) -> int:
    return len(_json(item.model_dump())) + (_spread(item.arguments) if isinstance(item, Call) else 0)


def _spread(arguments: str) -> int:
    """Count what a call's arguments grow by where a template shows them as indented JSON of its own."""
    try:
        return max(0, _wide(json.loads(arguments)) - len(arguments.encode("utf-8", "surrogatepass")))
    except (ValueError, RecursionError):
        return 0


def _tool(tool: Tool) -> int:
    """Count a tool as the widest of the forms in which templates show it to a model."""
    return _wide(tool.model_dump())


def _wide(value: object) -> int:
    """Count the bytes of a value as indented JSON that escapes every letter which is not ASCII."""
    return len(json.dumps(value, indent=4))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
