"""The one fallback: newer blocks as the oldest ones, for a workspace that has no newer ones. Buttons stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.messages.blocks import MOST_BLOCKS, SECTION, Block, Json, Message, context, section
from bot.messages.pen import clamp, escape

MARKS = {"pending": "▫️", "in_progress": "🔵", "complete": "✅", "error": "❌"}
WIDTH = 20
BAR = 16


def plainly(message: Message) -> Message:
    """Say the same with sections and context alone."""
    blocks = [part for block in message.blocks for part in _older(block)]
    return replace(message, blocks=tuple(_within_limits(blocks)))


def _older(block: Block) -> Iterator[Block]:
    match block["type"]:
        case "plan":
            yield from _plan(block)
        case "table":
            yield from _rows([[_string(cell) for cell in _list(row)] for row in _list(block.get("rows"))])
        case "data_visualization":
            yield from _chart(block)
        case _:
            yield block


def _plan(block: Block) -> Iterator[Block]:
    rows = [f"*{_escaped(str(block['title']))}*"]
    for task in _list(block.get("tasks")):
        if isinstance(task, dict):
            details = _details(task.get("details"))
            mark = MARKS.get(str(task.get("status")), "▫️")
            rows.append(
                f"{mark} {_escaped(str(task.get('title')))}"
                + (f"\n      {_escaped(details)}" if details else "")
            )
    yield from (section(text) for text in _packed(rows))


def _details(value: Json) -> str:
    if isinstance(value, dict):
        return str(value["text"]) if value.get("type") == "text" else _details(value.get("elements"))
    return " ".join(_details(part) for part in value) if isinstance(value, list) else ""


def _rows(rows: Sequence[Sequence[str]]) -> Iterator[Block]:
    shown = [[clamp(cell, WIDTH) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(len(shown[0]))] if shown else []
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in shown
    ]
    for text in _packed([_escaped(line).replace("```", "'''") for line in lines], SECTION - 10):
        yield section(f"```{text}```")


def _chart(block: Block) -> Iterator[Block]:
    chart = block.get("chart")
    series = _list(chart.get("series")) if isinstance(chart, dict) else []
    points = _list(series[0].get("data")) if series and isinstance(series[0], dict) else []
    values = [(str(one["label"]), _number(one["value"])) for one in points if isinstance(one, dict)]
    most = max((value for _, value in values), default=0.0) or 1.0
    lines = [
        f"{clamp(label, WIDTH).ljust(WIDTH)} {'█' * max(1 if value else 0, round(BAR * value / most))} {value:g}"
        for label, value in values
    ]
    yield section(f"*{_escaped(str(block['title']))}*")
    for text in _packed([_escaped(line) for line in lines], SECTION - 10):
        yield section(f"```{text}```")


def _packed(rows: Sequence[str], longest: int = SECTION) -> Iterator[str]:
    """Put as many rows together as fit into one text."""
    text = ""
    for row in rows:
        row = clamp(row, longest)
        if text and len(text) + 1 + len(row) > longest:
            yield text
            text = row
        else:
            text = f"{text}\n{row}" if text else row
    if text:
        yield text


def _within_limits(blocks: list[Block]) -> list[Block]:
    """Leave out of the middle what is too much; the buttons stand at the end."""
    over = len(blocks) - MOST_BLOCKS
    if over <= 0:
        return blocks
    kept_end = [block for block in blocks[MOST_BLOCKS - 2 :] if block["type"] == "actions"]
    return [*blocks[: MOST_BLOCKS - 1 - len(kept_end)], context(f"… {over + 1} parts left out"), *kept_end]


def _escaped(text: str) -> str:
    return escape(text, 2 * len(text) + SECTION)


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list) else []


def _string(cell: Json) -> str:
    return str(cell.get("text", "")) if isinstance(cell, dict) else ""


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
