"""One agent's conversation, folded from its turns: what is sent next, and what was not carried out yet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fresh.domain.budget import Purpose
from fresh.domain.conversation import Anchor, Call, Ended, Item, Output, Reply, Request, Told
from fresh.domain.redaction import Redactor
from fresh.domain.transcript import Answered, Closing, Given, Opened, Round, Turn, redact_items
from fresh.engines.llm.spoken import calls_of
from fresh.errors import Halted
from fresh.ports import Transcripts

HEAVY = 160_000
"""Bytes of tool outputs above which the old ones are taken out; about 45,000 tokens."""
LIGHT = 50_000
"""Bytes of the newest outputs that stay; the rest goes in one batch, because each rewrite ends the cached prefix."""
SHORT = 400
MUTE_AFTER = 2
"""Replies without any call after which a model is taken for one that can't call tools."""
_SPOKEN = "Output of "


@dataclass
class Part:
    """One round of the conversation."""

    opened: Opened
    turns: list[Answered | Given] = field(default_factory=list)

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The replies of this round, without wrap-ups."""
        return tuple(
            turn.reply for turn in self.turns if isinstance(turn, Answered) and turn.purpose is Purpose.WORK
        )

    @property
    def closing(self) -> Closing | None:
        """How the round ended."""
        last = self.turns[-1] if self.turns else None
        return last.closing if isinstance(last, Given) else None

    @property
    def planning(self) -> bool:
        """Say whether this round makes the plan."""
        return self.opened.round is Round.PLAN

    def calls(self, reply: Reply) -> tuple[Call, ...]:
        """List the calls of a reply of this round."""
        return calls_of(reply, planning=self.planning)

    @property
    def stopping(self) -> Given | None:
        """Give the turn that says why the engine stops this round."""
        return next((turn for turn in self.turns if isinstance(turn, Given) and turn.stopping), None)

    @property
    def wrap_up(self) -> Reply | None:
        """The reply to the request for a wrap-up."""
        last = self.turns[-1] if self.turns else None
        return last.reply if isinstance(last, Answered) and last.purpose is Purpose.WRAP_UP else None

    def unanswered(self) -> tuple[Reply, int] | None:
        """Give the last reply unless all of it was answered, and how many of its calls were carried out."""
        done = 0
        for given, turn in enumerate(reversed(self.turns)):
            if isinstance(turn, Answered):
                waits = done < len(self.calls(turn.reply)) or not given
                return (turn.reply, done) if waits else None
            done += turn.done
        return None


class History:
    """The conversation of one agent. Every turn is stored before it counts.

    `secrets` are our own values; they never enter a conversation, so that what is stored is what is sent.
    """

    def __init__(
        self,
        transcripts: Transcripts,
        agent_id: str,
        now: Callable[[], datetime],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._transcripts = transcripts
        self._agent_id = agent_id
        self._now = now
        self._redact = Redactor(secrets)
        self.parts: list[Part] = []
        self.items: list[Item] = []
        self.anchor: Anchor | None = None
        self._count = 0
        for turn in transcripts.turns(agent_id):
            self._take(turn)

    @property
    def is_mute(self) -> bool:
        """Say whether the model has had its chances to call a tool and never did."""
        replies = [reply for part in self.parts for reply in part.replies if reply.ended is Ended.COMPLETE]
        return len(replies) >= MUTE_AFTER and not any(reply.calls for reply in replies)

    def part(self, round_: Round, ordinal: int) -> Part | None:
        """Find a round."""
        for part in self.parts:
            if (part.opened.round, part.opened.ordinal) == (round_, ordinal):
                return part
        return None

    def open(self, round_: Round, ordinal: int, items: Sequence[Item]) -> Part:
        """Begin a round."""
        self._add(Opened(round=round_, ordinal=ordinal, items=redact_items(tuple(items), self._redact)))
        return self.parts[-1]

    def answered(self, request: Request, reply: Reply, purpose: Purpose = Purpose.WORK) -> Reply:
        """Keep a reply."""
        kept = reply.model_copy(update={"items": redact_items(reply.items, self._redact)})
        self._add(Answered(model=reply.model or request.model, reply=kept, purpose=purpose))
        return kept

    def give(
        self,
        items: Sequence[Item] = (),
        *,
        done: int = 0,
        stopping: str | None = None,
        writes_up: bool = False,
        closing: Closing | None = None,
    ) -> None:
        """Keep what is said to a reply."""
        kept = redact_items(tuple(items), self._redact)
        self._add(Given(items=kept, done=done, stopping=stopping, writes_up=writes_up, closing=closing))

    def executed(self) -> Iterator[tuple[Part, Call]]:
        """List every call that was carried out, with its round, in order."""
        for part in self.parts:
            calls: tuple[Call, ...] = ()
            for turn in part.turns:
                if isinstance(turn, Answered):
                    calls = part.calls(turn.reply) if turn.purpose is Purpose.WORK else ()
                else:
                    yield from ((part, call) for call in calls[: turn.done])
                    calls = calls[turn.done :]

    def _add(self, turn: Turn) -> None:
        # Whole, with its ids and names: what the journal hides would make it look like another process's turn.
        turn = self._redact.model(turn)
        standing = self._transcripts.add_turn(self._agent_id, self._count, turn, self._now())
        if standing != turn:
            raise Halted(
                f"Agent {self._agent_id} is worked by another process as well, which goes on with it."
            )
        self._take(turn)

    def _take(self, turn: Turn) -> None:
        self._count += 1
        match turn:
            case Opened():
                self.parts.append(Part(turn))
                self.items += turn.items
            case Answered():
                self.parts[-1].turns.append(turn)
                if turn.purpose is Purpose.WORK:
                    self.items += turn.reply.items
                    self.anchor = _anchor(turn.reply, len(self.items))
            case Given():
                self.parts[-1].turns.append(turn)
                self.items += turn.items
                self._elide()

    def _elide(self) -> None:
        """Take old outputs out when all of them are too heavy. It follows from the turns alone, and so is repeatable."""
        outputs = {at: item for at, item in enumerate(self.items) if _is_output(item)}
        sizes = {
            at: len(item.text.encode()) for at, item in outputs.items() if isinstance(item, Output | Told)
        }
        if sum(sizes.values()) <= HEAVY:
            return
        left = LIGHT
        for at, size in reversed(sizes.items()):
            left -= size
            if left < 0 and size > SHORT:
                self.items[at] = _elided(outputs[at])


def _anchor(reply: Reply, items: int) -> Anchor | None:
    if reply.usage is None:
        return None
    return Anchor(items=items, tokens=reply.usage.input + reply.usage.output)


def spoken_output(name: str, text: str) -> Told:
    """Say what a call gave that the model wrote as text."""
    return Told(text=f"{_SPOKEN}{name}:\n{text}")


def _is_output(item: Item) -> bool:
    return isinstance(item, Output) or (isinstance(item, Told) and item.text.startswith(_SPOKEN))


def _elided(item: Item) -> Item:
    if not isinstance(item, Output | Told):
        return item
    raw = item.text.encode()
    digest = hashlib.sha256(raw).hexdigest()[:12]
    start = item.text.partition("\n")[0] + "\n" if isinstance(item, Told) else ""
    short = f"{start}[elided {len(raw)} bytes, sha256 {digest}; call the tool again to see it]"
    return item.model_copy(update={"text": short})
