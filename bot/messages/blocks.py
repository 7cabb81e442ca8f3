"""Slack's building blocks within their limits (docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.messages.pen import clamp

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json] | None"
Block: TypeAlias = "dict[str, Json]"

MOST_BLOCKS = 50
MOST_VIEW_BLOCKS = 100
SECTION = 3000
FIELD = 2000
HEADER = 150
BUTTON = 75
ROWS = 100


@dataclass(frozen=True)
class Message:
    """One message: `text` is what notifications and screen readers get; both are always sent together."""

    text: str
    blocks: tuple[Block, ...]
    metadata: dict[str, str] = field(default_factory=dict)


def message(text: str, blocks: Sequence[Block], metadata: dict[str, str] | None = None) -> Message:
    """Put a message together within its limits."""
    return Message(clamp(text, 3000).strip() or "-", tuple(blocks[:MOST_BLOCKS]), metadata or {})


def mrkdwn(text: str, longest: int = SECTION) -> Block:
    """Text with Slack's markup; what looks like an address in it is not made one."""
    return {"type": "mrkdwn", "text": clamp(text, longest) or "-", "verbatim": True}


def plain(text: str, longest: int) -> Block:
    """Text without any markup."""
    return {"type": "plain_text", "text": clamp(text, longest) or "-", "emoji": True}


def header(text: str) -> Block:
    """A large line."""
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str, accessory: Block | None = None) -> Block:
    """A paragraph, with a button beside it where one is given."""
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def said(text: str, longest: int = SECTION) -> Block:
    """A paragraph in somebody else's words, in which no markup is read."""
    return {
        "type": "section",
        "text": {"type": "plain_text", "text": clamp(text, longest) or "-", "emoji": False},
    }


def fields(*texts: str) -> Block:
    """Up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(text, FIELD) for text in texts[:10]]}


def context(*texts: str) -> Block:
    """Up to ten small texts."""
    return {"type": "context", "elements": [mrkdwn(text, FIELD) for text in texts[:10]]}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def actions(block_id: str, *elements: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(
    action_id: str, text: str, value: str = "", *, style: str | None = None, confirm: Block | None = None
) -> Block:
    """A button; its value is all that comes back."""
    made: Block = {"type": "button", "action_id": action_id, "text": plain(text, BUTTON)}
    if value:
        made["value"] = value
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def link_button(action_id: str, text: str, url: str) -> Block:
    """A button that opens an address."""
    return {"type": "button", "action_id": action_id, "text": plain(text, BUTTON), "url": url}


def confirm(title: str, text: str, yes: str, no: str = "Back") -> Block:
    """The question before something that can't be taken back."""
    return {
        "title": plain(title, 100),
        "text": mrkdwn(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain(no, 30),
        "style": "danger",
    }


def rich(text: str) -> Block:
    """Text as one rich text section; it holds no markup."""
    piece: Block = {"type": "text", "text": clamp(text, 2000) or "-"}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [piece]}]}


@dataclass(frozen=True)
class Task:
    """One line of a plan; `status` is pending, in_progress, complete or error."""

    id: str
    title: str
    status: str
    details: str = ""


def plan(title: str, tasks: Sequence[Task]) -> Block:
    """A list of tasks with their states."""
    return {
        "type": "plan",
        "title": clamp(title, 200),
        "tasks": [_task(task) for task in tasks[:MOST_BLOCKS]],
    }


def _task(task: Task) -> Block:
    card: Block = {
        "type": "task_card",
        "task_id": task.id,
        "title": clamp(task.title, 200),
        "status": task.status,
    }
    return {**card, "details": rich(task.details)} if task.details else card


def table(rows: Sequence[Sequence[str]]) -> Block:
    """A table; the first row is its head. Slack takes ten thousand characters in all."""
    shown, left = [], 9000
    for row in rows[:ROWS]:
        cells = [clamp(cell, 120) or "-" for cell in row[:20]]
        left -= sum(len(cell) for cell in cells)
        if left < 0:
            break
        shown.append(cells)
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in shown]}


def bars(title: str, name: str, unit: str, values: Sequence[tuple[str, float]]) -> Block:
    """A bar chart of up to twenty different categories."""
    named = {clamp(label, 20) or "-": value for label, value in values[:20]}
    points: list[Json] = [{"label": label, "value": value} for label, value in named.items()]
    series: Block = {"name": clamp(name, 20), "data": points}
    axes: Block = {"categories": list(named), "y_label": clamp(unit, 50)}
    return {
        "type": "data_visualization",
        "title": clamp(title, 50),
        "chart": {"type": "bar", "series": [series], "axis_config": axes},
    }
