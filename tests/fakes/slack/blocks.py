"""Which blocks Slack refuses, by the limits of its Block Kit reference (docs.slack.dev/reference/block-kit)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
EVERYWHERE = {"section", "actions", "context", "divider", "header", "image", "rich_text", "markdown", "table"}
SURFACES = {
    "message": EVERYWHERE | {"plan", "task_card", "data_visualization", "data_table"},
    "modal": EVERYWHERE - {"table"} | {"input", "alert"},
    "home": EVERYWHERE - {"table"} | {"input"},
}
TEXT = {"mrkdwn", "plain_text"}
LATE = {"plan", "task_card", "data_visualization", "data_table", "table"}
"""Newer blocks, which `FakeSlack.refuse` can name to play a workspace that has none of them."""


def why_refused(blocks: Any, surface: str = "message", unknown: frozenset[str] = frozenset()) -> str | None:
    """Say why Slack refuses the blocks; None when it takes them."""
    return next(_faults(blocks, surface, unknown), None)


def _faults(blocks: Any, surface: str, unknown: frozenset[str]) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield "blocks must be a list"
        return
    if len(blocks) > MOST_BLOCKS[surface]:
        yield f"no more than {MOST_BLOCKS[surface]} items allowed, got {len(blocks)}"
    seen: set[str] = set()
    charts = 0
    for index, block in enumerate(blocks):
        where = f"/blocks/{index}"
        kind = block.get("type")
        if kind in unknown or kind not in SURFACES[surface]:
            yield f"unsupported type: {kind} [{where}/type]"
            continue
        identity = block.get("block_id")
        if identity is not None:
            if not 0 < len(identity) <= 255:
                yield f"block_id must be 1 to 255 characters [{where}]"
            if identity in seen:
                yield f"duplicate block_id {identity} [{where}]"
            seen.add(identity)
        charts += kind == "data_visualization"
        if charts > 2:
            yield f"no more than 2 data_visualization blocks [{where}]"
        yield from CHECKS[kind](block, where)


def _text(value: Any, where: str, most: int, kinds: set[str] = TEXT) -> Iterator[str]:
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield f"must be a text object of {sorted(kinds)} [{where}]"
        return
    words = value.get("text")
    if not isinstance(words, str) or not words:
        yield f"must be more than 0 characters [{where}/text]"
    elif len(words) > most:
        yield f"must be less than {most + 1} characters, got {len(words)} [{where}/text]"
    if set(value) - {"type", "text", "emoji", "verbatim"}:
        yield f"unknown keys {sorted(value)} [{where}]"


def _plain(value: Any, where: str, most: int) -> Iterator[str]:
    yield from _text(value, where, most, {"plain_text"})


def _string(value: Any, where: str, most: int) -> Iterator[str]:
    if not isinstance(value, str) or not 0 < len(value) <= most:
        yield f"must be a string of 1 to {most} characters [{where}]"


def _section(block: dict[str, Any], where: str) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield f"text or fields is required [{where}]"
    if "text" in block:
        yield from _text(block["text"], f"{where}/text", 3000)
    if "fields" in block:
        if not 1 <= len(block["fields"]) <= 10:
            yield f"1 to 10 fields, got {len(block['fields'])} [{where}/fields]"
        for number, field in enumerate(block["fields"]):
            yield from _text(field, f"{where}/fields/{number}", 2000)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{where}/accessory")


def _actions(block: dict[str, Any], where: str) -> Iterator[str]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:
        yield f"1 to 25 elements, got {len(elements)} [{where}/elements]"
    actions = [element.get("action_id") for element in elements]
    if len(set(actions)) != len(actions):
        yield f"duplicate action_id [{where}/elements]"
    for number, element in enumerate(elements):
        yield from _element(element, f"{where}/elements/{number}")


def _element(element: dict[str, Any], where: str) -> Iterator[str]:
    kind = element.get("type")
    if "action_id" in element:
        yield from _string(element["action_id"], f"{where}/action_id", 255)
    if kind == "button":
        yield from _plain(element.get("text"), f"{where}/text", 75)
        if "value" in element:
            yield from _string(element["value"], f"{where}/value", 2000)
        if "url" in element:
            yield from _string(element["url"], f"{where}/url", 3000)
            if not str(element["url"]).startswith(("http://", "https://")):
                yield f"invalid url [{where}/url]"
        if element.get("style") not in (None, "primary", "danger"):
            yield f"style must be primary or danger [{where}/style]"
        if "confirm" in element:
            yield from _confirm(element["confirm"], f"{where}/confirm")
    elif kind == "static_select":
        yield from _options(element, where)
    elif kind == "image":
        yield from _string(element.get("image_url"), f"{where}/image_url", 3000)
        yield from _string(element.get("alt_text"), f"{where}/alt_text", 2000)
    else:
        yield f"unsupported element: {kind} [{where}]"


def _options(element: dict[str, Any], where: str) -> Iterator[str]:
    options = element.get("options") or []
    if not 1 <= len(options) <= 100:
        yield f"1 to 100 options, got {len(options)} [{where}/options]"
    for number, option in enumerate(options):
        yield from _plain(option.get("text"), f"{where}/options/{number}/text", 75)
        yield from _string(option.get("value"), f"{where}/options/{number}/value", 150)
    if "initial_option" in element and element["initial_option"] not in options:
        yield f"initial_option is none of the options [{where}]"


def _confirm(confirm: dict[str, Any], where: str) -> Iterator[str]:
    yield from _plain(confirm.get("title"), f"{where}/title", 100)
    yield from _text(confirm.get("text"), f"{where}/text", 300)
    yield from _plain(confirm.get("confirm"), f"{where}/confirm", 30)
    yield from _plain(confirm.get("deny"), f"{where}/deny", 30)


def _context(block: dict[str, Any], where: str) -> Iterator[str]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:
        yield f"1 to 10 elements, got {len(elements)} [{where}/elements]"
    for number, element in enumerate(elements):
        if element.get("type") == "image":
            yield from _element(element, f"{where}/elements/{number}")
        else:
            yield from _text(element, f"{where}/elements/{number}", 2000)


def _header(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _plain(block.get("text"), f"{where}/text", 150)


def _markdown(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _string(block.get("text"), f"{where}/text", 12000)


def _image(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _string(block.get("image_url"), f"{where}/image_url", 3000)
    yield from _string(block.get("alt_text"), f"{where}/alt_text", 2000)


def _input(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _plain(block.get("label"), f"{where}/label", 2000)
    if "hint" in block:
        yield from _plain(block["hint"], f"{where}/hint", 2000)
    element = block.get("element") or {}
    kind = element.get("type")
    if kind not in ("plain_text_input", "number_input", "static_select", "checkboxes"):
        yield f"unsupported element: {kind} [{where}/element]"
    if kind in ("static_select", "checkboxes"):
        yield from _options({k: v for k, v in element.items() if k != "initial_options"}, f"{where}/element")
    if kind == "plain_text_input" and element.get("max_length", 1) > 3000:
        yield f"max_length must be at most 3000 [{where}/element]"
    if "placeholder" in element:
        yield from _plain(element["placeholder"], f"{where}/placeholder", 150)


def _table(block: dict[str, Any], where: str) -> Iterator[str]:
    rows = block.get("rows") or []
    if not 1 <= len(rows) <= 100:
        yield f"1 to 100 rows, got {len(rows)} [{where}/rows]"
    if len(block.get("column_settings") or []) > 20:
        yield f"at most 20 column_settings [{where}]"
    characters = 0
    for number, row in enumerate(rows):
        if not 1 <= len(row) <= 20:
            yield f"1 to 20 cells, got {len(row)} [{where}/rows/{number}]"
        for cell in row:
            if cell.get("type") not in ("raw_text", "rich_text", "raw_number"):
                yield f"unsupported cell {cell.get('type')} [{where}/rows/{number}]"
            if cell.get("type") == "raw_text":
                yield from _string(cell.get("text"), f"{where}/rows/{number}", 2000)
                characters += len(cell.get("text") or "")
    if characters > 10000:
        yield f"at most 10000 characters in a table, got {characters} [{where}]"


def _task(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _string(block.get("task_id"), f"{where}/task_id", 255)
    yield from _string(block.get("title"), f"{where}/title", 255)
    if block.get("status") not in ("pending", "in_progress", "complete", "error"):
        yield f"unknown status {block.get('status')} [{where}/status]"
    for name in ("details", "output"):
        if name in block:
            if block[name].get("type") != "rich_text" or len(block[name].get("elements") or []) != 1:
                yield f"must be a rich_text with one element [{where}/{name}]"
            else:
                yield from _rich(block[name], f"{where}/{name}")


def _plan(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _string(block.get("title"), f"{where}/title", 255)
    tasks = block.get("tasks") or []
    if len(tasks) > 50:
        yield f"at most 50 tasks, got {len(tasks)} [{where}/tasks]"
    identities = [task.get("task_id") for task in tasks]
    if len(set(identities)) != len(identities):
        yield f"duplicate task_id [{where}/tasks]"
    for number, task in enumerate(tasks):
        if task.get("type") != "task_card":
            yield f"must be a task_card [{where}/tasks/{number}]"
        yield from _task(task, f"{where}/tasks/{number}")


def _rich(block: dict[str, Any], where: str) -> Iterator[str]:
    for number, element in enumerate(block.get("elements") or []):
        if element.get("type") not in (
            "rich_text_section",
            "rich_text_preformatted",
            "rich_text_list",
            "rich_text_quote",
        ):
            yield f"unsupported element {element.get('type')} [{where}/elements/{number}]"
        for piece in element.get("elements") or []:
            if piece.get("type") == "text":
                yield from _string(piece.get("text"), f"{where}/elements/{number}", 3000)


def _chart(block: dict[str, Any], where: str) -> Iterator[str]:
    yield from _string(block.get("title"), f"{where}/title", 50)
    chart = block.get("chart") or {}
    if chart.get("type") == "pie":
        segments = chart.get("segments") or []
        if not 1 <= len(segments) <= 6:
            yield f"1 to 6 segments, got {len(segments)} [{where}/chart]"
        for segment in segments:
            yield from _string(segment.get("label"), f"{where}/chart/segments", 20)
            if not segment.get("value", 0) > 0:
                yield f"a segment must be greater than 0 [{where}/chart/segments]"
    elif chart.get("type") in ("bar", "line", "area"):
        yield from _axes(chart, where)
    else:
        yield f"unsupported chart {chart.get('type')} [{where}/chart]"


def _axes(chart: dict[str, Any], where: str) -> Iterator[str]:
    axes = chart.get("axis_config") or {}
    categories = axes.get("categories") or []
    if not 1 <= len(categories) <= 20 or len(set(categories)) != len(categories):
        yield f"1 to 20 different categories, got {len(categories)} [{where}/chart/axis_config]"
    for category in categories:
        yield from _string(category, f"{where}/chart/axis_config", 20)
    for name in ("x_label", "y_label"):
        if name in axes:
            yield from _string(axes[name], f"{where}/chart/axis_config/{name}", 50)
    series = chart.get("series") or []
    if not 1 <= len(series) <= 6:
        yield f"1 to 6 series, got {len(series)} [{where}/chart/series]"
    for one in series:
        yield from _string(one.get("name"), f"{where}/chart/series", 20)
        if [point.get("label") for point in one.get("data") or []] != categories:
            yield f"the labels of a series are the categories [{where}/chart/series]"


def _nothing(block: dict[str, Any], where: str) -> Iterator[str]:
    return iter(())


CHECKS = {
    "section": _section,
    "actions": _actions,
    "context": _context,
    "divider": _nothing,
    "header": _header,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
    "rich_text": _rich,
    "alert": lambda block, where: _text(block.get("text"), where, 3000),
    "table": _table,
    "plan": _plan,
    "task_card": _task,
    "data_visualization": _chart,
    "data_table": _nothing,
}
