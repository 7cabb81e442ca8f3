"""A transcript as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Said, Thought, Told
from fresh.domain.transcript import Answered, Closing, Opened, Turn


def transcript_lines(turns: Sequence[Turn], longest: int | None = 4000) -> Iterator[str]:
    """Write a transcript line by line; texts above `longest` characters lose their middle."""
    number = 0
    for turn in turns:
        match turn:
            case Opened():
                yield f"━━ {turn.round} {turn.ordinal} ━━"
                for item in turn.items:
                    yield from _item(item, longest)
            case Answered():
                number += 1
                yield f"── reply {number}{_facts(turn)}"
                for item in turn.reply.items:
                    yield from _item(item, longest)
            case _:
                for item in turn.items:
                    yield from _item(item, longest)
                if turn.stopping:
                    yield f"■ stopped, because {turn.stopping}"
                if turn.closing is not None:
                    yield f"■ {_ending(turn.closing)}"


def _facts(turn: Answered) -> str:
    reply: Reply = turn.reply
    said = [turn.model]
    if reply.usage is not None:
        usage = reply.usage
        said.append(f"{usage.input:,} tokens in ({usage.cached:,} cached), {usage.output:,} out")
    if reply.ended is not Ended.COMPLETE:
        said.append(reply.ended.value.replace("_", " "))
    return f" ({'; '.join(said)})"


def _item(item: Item, longest: int | None) -> Iterator[str]:
    match item:
        case Told():
            yield from _block("→", item.text, longest)
        case Said():
            yield from _block("←", item.text, longest)
        case Call():
            yield from _block(f"← {item.name}", item.arguments, longest)
        case Output():
            yield from _block("→ output", item.text, longest)
        case Thought():
            yield "← (sealed reasoning)"


def _block(mark: str, text: str, longest: int | None) -> Iterator[str]:
    if longest is not None and len(text) > longest:
        text = (
            f"{text[: longest // 2]}\n… {len(text) - longest} characters left out …\n{text[-longest // 2 :]}"
        )
    first, *rest = text.splitlines() or [""]
    yield f"{mark} {first}"
    for row in rest:
        yield f"  {row}"


def _ending(closing: Closing) -> str:
    if closing.declined is not None:
        return f"declined: {closing.declined}"
    if closing.failed is not None:
        return closing.failed
    if closing.plan is not None:
        return f"plan: {closing.plan.summary}"
    if closing.work is None:
        return "ended"
    if closing.work.question is not None:
        return f"question: {closing.work.question}"
    return f"{closing.work.unfinished or 'finished'}: {closing.work.summary}"
