"""Play a conversation again from its transcript: no model is asked, nothing is paid.

What the model called is carried out once more, on a tree of its own, by the loop as it is today. So a report of what went
wrong can be looked at on another day, and a change of the engine be tried on conversations that were really had.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fresh.domain.agent import Ticket
from fresh.domain.budget import Purpose
from fresh.domain.conversation import Anchor, Reply, Request
from fresh.domain.transcript import Answered, Given, Opened, Turn
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.bounds import Bounds
from fresh.engines.llm.engine import LlmEngine
from fresh.errors import BudgetExhausted, Halted, ModelRefused, ModelUnclear
from fresh.ports import Bench, Clock

ENDS_HERE = "Its transcript ends here."
_PASSING = re.compile(r"(?P<mark></?data )[0-9a-f]+|0x[0-9a-f]+|\d+(?:\.\d+)?")
"""What differs from one time to the next and means nothing: seconds, addresses, and the marks that follow from them."""


@dataclass(frozen=True)
class Replayed:
    """How a conversation went this time.

    `parted` says in a sentence where it first differs from its transcript; None means nowhere. `replies` counts what
    the model said again, `wrote` lists the files that differ from the base in the end.
    """

    turns: tuple[Turn, ...]
    parted: str | None
    wrote: tuple[str, ...]

    @property
    def replies(self) -> int:
        """Count the replies that were said again."""
        return sum(isinstance(turn, Answered) for turn in self.turns)


def replay(
    bench: Bench,
    recorded: Sequence[Turn],
    clock: Clock,
    *,
    bounds: Bounds | None = None,
    secrets: tuple[str, ...] = (),
) -> Replayed:
    """Play all rounds of a conversation again.

    Where the transcript stops, because its agent died, was stopped or had no more money, so does this. Raises what the
    bench raises.
    """
    heard = Heard()
    wrote: tuple[str, ...] = ()
    for opened, turns in _rounds(recorded):
        # What stopped one round, and what was said in it, is nothing to the next one.
        asker = Asker(Recorded(turns), model="")
        engine = LlmEngine(asker, heard, clock, bounds or Bounds(), secrets)
        history = engine.conversation(bench)
        part = history.open(opened.round, opened.ordinal, opened.items)
        try:
            _, draft = engine.go_on(bench, history, part)
        except (BudgetExhausted, Halted, ModelRefused, ModelUnclear):
            break
        wrote = draft.changed()
    return Replayed(tuple(heard.kept), _parting(recorded, heard.kept), wrote)


def _rounds(recorded: Sequence[Turn]) -> Iterator[tuple[Opened, Sequence[Turn]]]:
    """Give each round's opening with the turns that follow it."""
    openings = [at for at, turn in enumerate(recorded) if isinstance(turn, Opened)]
    for at, end in zip(openings, [*openings[1:], len(recorded)], strict=True):
        opened = recorded[at]
        if isinstance(opened, Opened):
            yield opened, recorded[at + 1 : end]


@dataclass
class Heard:
    """Implement `ports.Transcripts` for one conversation, in memory."""

    kept: list[Turn] = field(default_factory=list)

    def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
        """Keep a turn."""
        if number == len(self.kept):
            self.kept.append(turn)
        return self.kept[number]

    def turns(self, agent_id: str = "") -> tuple[Turn, ...]:
        """Give the conversation so far."""
        return tuple(self.kept)

    def newest_round(self, agent_id: str) -> int:
        """Say which round of work was begun last."""
        return max((turn.ordinal for turn in self.kept if isinstance(turn, Opened)), default=0)


@dataclass
class Recorded:
    """Implement `asking.Answers` from the turns of a round: give its replies in their order, and its stop where it came."""

    turns: Sequence[Turn]
    _next: int = 0

    def ask(
        self,
        ticket: Ticket,
        request: Request,
        *,
        anchor: Anchor | None = None,
        purpose: Purpose = Purpose.WORK,
    ) -> Reply:
        """Give the next reply. Raises Halted where there is none, and what stopped the loop where something did."""
        for at in range(self._next, len(self.turns)):
            turn = self.turns[at]
            if isinstance(turn, Answered) and turn.purpose is purpose:
                self._next = at + 1
                return turn.reply
            if isinstance(turn, Given) and turn.stopping and purpose is Purpose.WORK:
                if turn.writes_up:
                    raise BudgetExhausted(turn.stopping, account="")
                raise Halted(turn.stopping)
        raise Halted(ENDS_HERE)


def _parting(recorded: Sequence[Turn], played: Sequence[Turn]) -> str | None:
    for number, turn in enumerate(recorded, 1):
        if number > len(played):
            return f"It ends after {len(played)} turns, and its transcript has {len(recorded)}."
        if (difference := _difference(turn, played[number - 1])) is not None:
            was, is_now = difference
            return f"It parts from its transcript at turn {number}: {is_now} instead of {was}."
    return None


def _difference(was: Turn, is_now: Turn) -> tuple[str, str] | None:
    """Find the first lines in which two turns differ."""
    pairs = [_lines(was), _lines(is_now)]
    if [_plain(row) for row in pairs[0]] == [_plain(row) for row in pairs[1]]:
        return None
    longest = max(len(rows) for rows in pairs)
    old, new = ([*rows, *["nothing"] * (longest - len(rows))] for rows in pairs)
    return next(
        (_short(one), _short(two)) for one, two in zip(old, new, strict=True) if _plain(one) != _plain(two)
    )


def _lines(turn: Turn) -> list[str]:
    """Write a turn in rows, texts as they are and all else as JSON."""
    rows = [f"{turn.type}"]
    items = turn.reply.items if isinstance(turn, Answered) else turn.items
    for item in items:
        fields = item.model_dump(mode="json")
        text = str(fields.pop("text", ""))
        rows += [f"{fields}", *text.splitlines()]
    if isinstance(turn, Given):
        rows.append(turn.model_dump_json(exclude={"items"}, exclude_defaults=True))
    return rows


def _plain(row: str) -> str:
    return _PASSING.sub(lambda found: found["mark"] or "0", row)


def _short(row: str) -> str:
    return repr(row if len(row) <= 200 else f"{row[:199]}…")
