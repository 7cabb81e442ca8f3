"""Modals: why it is rejected, what should be different, the order of a run, a diff, a report."""

from __future__ import annotations

from collections.abc import Sequence

from bot.messages.blocks import Block, Json, context, plain, section
from bot.messages.pen import Pen, clamp
from fresh.domain.approval import Question, Why
from fresh.domain.order import RunOrder, Strategy

WORDS = 3000
SHOWN_PATCH = 60_000
PAGE = 2900
MOST_PAGES = 20


def _modal(
    callback: str, title: str, blocks: Sequence[Block], submit: str | None = None, private: str = ""
) -> Block:
    view: Block = {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, 24),
        "close": plain("Close" if submit is None else "Cancel", 24),
        "blocks": list(blocks),
        "private_metadata": private,
    }
    if submit is not None:
        view["submit"] = plain(submit, 24)
    return view


def _input(block_id: str, label: str, element: Block, *, optional: bool = False, hint: str = "") -> Block:
    block: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label, 100),
        "element": {**element, "action_id": f"{block_id}_value"},
        "optional": optional,
    }
    return {**block, "hint": plain(hint, 300)} if hint else block


def _text(*, multiline: bool = False, initial: str = "", longest: int = WORDS) -> Block:
    element: Block = {"type": "plain_text_input", "multiline": multiline, "max_length": longest}
    return {**element, "initial_value": initial} if initial else element


def reject_modal(question: Question, value: str) -> Block:
    """Ask why, which may be left empty."""
    why = _input("words", "Why?", _text(multiline=True), optional=True, hint="It is kept with the decision.")
    about = section(f"Agent {question.agent_id} ends; its branch is kept and nothing is published.")
    return _modal("reject_words", f"Reject {question.agent_id}", [about, why], "Reject", value)


def changes_modal(question: Question, value: str) -> Block:
    """Ask what should be different, which must not be empty."""
    asks = question.why is Why.ARCHITECTURE
    label = "Your answer" if asks else "What should be different?"
    words = _input("words", label, _text(multiline=True), hint="The agent goes back to work with your words.")
    title = "Answer" if asks else "Changes to"
    return _modal("changes_words", f"{title} {question.agent_id}", [words], "Send", value)


def start_modal(repositories: Sequence[str], order: RunOrder) -> Block:
    """Ask for the order of a run."""
    choices: list[Block] = [
        {"text": plain(name, 75), "value": str(number)} for number, name in enumerate(repositories[:100])
    ]
    ways: list[Block] = [{"text": plain(way.value, 75), "value": way.value} for way in Strategy]
    asks: list[Block] = [
        {"text": plain(name, 75), "value": name}
        for name in ("ask a person", "overnight, ask", "overnight, ask nobody")
    ]
    where: Block = {"type": "static_select", "options": choices, "initial_option": choices[0]}
    way: Block = {"type": "static_select", "options": ways, "initial_option": ways[0]}
    mode: Block = {"type": "static_select", "options": asks, "initial_option": asks[0]}
    blocks = [
        _input("repository", "Repository", where),
        _input("agents", "Agents at once", _text(initial=str(order.agents), longest=3)),
        _input(
            "budget",
            "Budget in US dollars",
            _text(initial=f"{order.budget.dollars:g}", longest=12),
            hint="A hard limit.",
        ),
        _input("hours", "Hours", _text(initial=f"{order.hours:g}", longest=6)),
        _input("strategy", "Strategy", way),
        _input("mode", "Mode", mode),
        _input(
            "feature", "Only this feature", _text(longest=200), optional=True, hint="Name or module:qualname."
        ),
    ]
    return _modal("start_order", "Start a run", blocks, "Start")


def patch_modal(pen: Pen, title: str, patch: str, where: str) -> Block:
    """Show a patch; one that is too long ends with how to see the rest."""
    shown = clamp(patch, SHOWN_PATCH)
    pages = _pages(shown)
    blocks: list[Block] = [
        section(f"```{page}```") for page in (pen.lines(one, PAGE) for one in pages[:MOST_PAGES]) if page
    ]
    if len(pages) > MOST_PAGES or len(patch) > SHOWN_PATCH:
        blocks.append(context(f"The rest of it: {where}"))
    return _modal("shown", title, blocks or [section("It changes nothing.")])


def page_modal(pen: Pen, title: str, text: str) -> Block:
    """Show a text of several lines as it is."""
    return patch_modal(pen, title, text, "`fresh auto report`")


def wait_modal(title: str) -> Block:
    """Open at once, because a trigger lives three seconds, and fill later."""
    return _modal("shown", title, [section("One moment…")])


def note_modal(pen: Pen, title: str, text: str) -> Block:
    """Say one sentence in a modal."""
    return _modal("shown", title, [section(pen.words(text, 2000))])


def _pages(text: str) -> list[str]:
    """Cut at line ends, so that escaping still fits."""
    pages, page = [], ""
    for row in text.splitlines():
        row = row[: PAGE // 2]
        if page and _wide(page) + _wide(row) + 1 > PAGE:
            pages.append(page)
            page = ""
        page = f"{page}\n{row}" if page else row
    return [*pages, page] if page else pages


def _wide(text: str) -> int:
    """Count the letters after escaping and expanding tabs."""
    return len(text) + 4 * sum(text.count(mark) for mark in "&<>") + 3 * text.count("\t")


def given(values: dict[str, dict[str, dict[str, Json]]], block_id: str) -> str:
    """Read what was typed into, or chosen in, an input."""
    for field in values.get(block_id, {}).values():
        chosen = field.get("selected_option")
        if isinstance(chosen, dict):
            return str(chosen.get("value", ""))
        return str(field.get("value") or "")
    return ""
