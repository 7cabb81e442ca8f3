"""From a button's value to a question: what is forged, of another message or out of date ends here."""

from __future__ import annotations

from dataclasses import dataclass

from bot.answering import Body, part, who
from bot.buttons import Pressed
from bot.desk import Desk
from bot.served import Asked
from fresh.deciding import decide
from fresh.domain.answering import Attempt, Won
from fresh.domain.approval import Answer
from fresh.domain.cards import CardKind, CardState
from fresh.domain.people import Actor, WhyRefused

OUT_OF_DATE = "This button is out of date. See: `/fresh status`"
NOT_OURS = "This is not a button of ours, so nothing was done."
NOT_RECORDED = "Not recorded: the journal can't be written now. Click again in a moment."


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt, in one sentence, and whether anything has changed."""

    sentence: str
    changed: bool = False


def pressed(desk: Desk, body: Body, value: str, tried: str) -> Pressed | Outcome:
    """Read a button's value; a forged one is audited. It blocks."""
    found = desk.signet.read(value)
    if found is None:
        desk.note_forged(desk.actor(*who(desk, body)), tried, value)
        return Outcome(NOT_OURS)
    return found


def asked(desk: Desk, body: Body, value: str, tried: str) -> tuple[Asked, Pressed] | Outcome:
    """Find the question of a button that is where we put it. It blocks."""
    found = pressed(desk, body, value, tried)
    if isinstance(found, Outcome):
        return found
    question = desk.shelf.question(found.subject)
    if question is None:
        desk.note_forged(desk.actor(*who(desk, body)), tried, value)
        return Outcome(OUT_OF_DATE)
    card = question.served.journal.card(CardKind.QUESTION, found.subject)
    channel, ts = part(body, "container", "channel_id"), part(body, "container", "message_ts")
    if (
        card is not None
        and card.state is CardState.POSTED
        and ts
        and (card.channel, card.ts) != (channel, ts)
    ):
        desk.note_forged(desk.actor(*who(desk, body)), f"{tried} on another message", value)
        where = f" The right one: {card.permalink}" if card.permalink else ""
        return Outcome(f"This card is out of date, so nothing was done.{where}")
    return question, found


def settle(desk: Desk, body: Body, value: str, answer: Answer, words: str = "") -> Outcome:
    """Decide through a button: this alone is the decision, and it is committed when it returns. It blocks.

    Raises StorageFailed, and then nothing was recorded.
    """
    found = asked(desk, body, value, answer.value)
    if isinstance(found, Outcome):
        return found
    question, seal = found[0], found[1].seal
    return settle_asked(desk, desk.actor(*who(desk, body)), question, answer, words, seal)


def settle_asked(desk: Desk, actor: Actor, asked: Asked, answer: Answer, words: str, seal: str) -> Outcome:
    """Decide a question that was found. It blocks. Raises StorageFailed."""
    served = asked.served
    attempt = Attempt(question=asked.standing.question.id, answer=answer, words=words, seal=seal)
    response = decide(served.journal, served.people, actor, attempt, desk.now(), desk.known.membership)
    return Outcome(response.sentence, isinstance(response, Won))


def refused_to_decide(desk: Desk, actor: Actor, asked: Asked) -> WhyRefused | None:
    """Say whether somebody may decide at all, before a modal is opened for nothing."""
    from fresh.domain.people import Act

    return desk.may(asked.served, actor, Act.APPROVE)
