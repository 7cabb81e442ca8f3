"""The one way in for every door: decide a question, ask for a stop, or learn that one may not; every attempt is audited."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Protocol

from fresh.domain.answering import (
    AlreadyDecided,
    Attempt,
    Refused,
    Response,
    Stale,
    Standing,
    Unknown,
    Won,
)
from fresh.domain.approval import LONGEST_WORDS, Answer, Decision, OnDeadline, Question, on_deadline
from fresh.domain.audit import MOST_WORDS, Entry, Link
from fresh.domain.people import Act, Actor, Door, Membership, People, WhyRefused, is_own, why_refuse
from fresh.domain.quoting import line
from fresh.domain.record import RunRecord
from fresh.domain.stopping import StopRequest

LONGEST_NAME = 80
STARTER = "starter:{}"
NOBODY_IN_TIME = Actor(door=Door.CLOCK, name="nobody in time")
ANSWERS = {
    Door.CLOCK: frozenset({Answer.EXPIRED}),
    Door.STOP: frozenset({Answer.STOPPED}),
}
BY_PEOPLE = frozenset({Answer.APPROVED, Answer.REJECTED, Answer.CHANGES, Answer.STOPPED})


class Decisions(Protocol):
    """What deciding needs of the journal."""

    def standing(self, question_id: str) -> Standing:
        """Read how a question stands. Raises KeyError."""
        ...

    def standings(
        self, run_id: str | None = None, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Standing, ...]:
        """List how questions stand."""
        ...

    def answer(self, question_id: str, decision: Decision, entry: Entry) -> tuple[bool, Standing]:
        """Decide by compare-and-set and audit the attempt."""
        ...

    def audit(self, entry: Entry) -> Link:
        """Add an entry to the audit trail."""
        ...

    def remember(self, key: str, text: str) -> str:
        """Keep a text under a key; the first one stays."""
        ...

    def recall(self, key: str) -> str | None:
        """Read what `remember` kept."""
        ...

    def run(self, run_id: str) -> RunRecord:
        """Read one run. Raises KeyError."""
        ...

    def request_stop(self, request: StopRequest) -> None:
        """Write a stop request down."""
        ...


def decide(
    journal: Decisions,
    people: People,
    actor: Actor,
    attempt: Attempt,
    now: datetime,
    membership: Membership | None = None,
) -> Response:
    """Decide a question if this actor may, nobody has, and it is still what was shown to them.

    Raises StorageFailed, and then nothing was recorded: the attempt may be repeated.
    """
    actor, words = _named(actor), _clean(attempt.words)
    entry = _entry(actor, attempt.answer.value, now).model_copy(
        update={
            "words": words[:MOST_WORDS],
            "question": line(attempt.question)[:LONGEST_NAME],
            "seal": line(attempt.seal)[:64],
        }
    )
    try:
        standing = journal.standing(attempt.question)
    except KeyError:
        journal.audit(entry.model_copy(update={"outcome": "unknown"}))
        return Unknown(sentence=f"There is no question {line(attempt.question)[:LONGEST_NAME]!r}.")
    question = standing.question
    entry = entry.model_copy(update=_subject(question))
    starter = who_started(journal, question.run_id)
    act = Act.STOP if attempt.answer is Answer.STOPPED else Act.APPROVE
    refused = _unfit(actor, attempt.answer, words) or why_refuse(people, actor, act, now, membership, starter)
    if refused is not None:
        journal.audit(entry.model_copy(update={"outcome": "refused", "why": refused.value}))
        return Refused(why=refused, sentence=say_refused(refused, act), question=question)
    if standing.decision is None and attempt.seal != question.seal:
        journal.audit(entry.model_copy(update={"outcome": "stale", "why": "something else was shown"}))
        return Stale(
            question=question, sentence="What you were shown is out of date; look again before you decide."
        )
    own = is_own(actor, starter)
    decision = Decision(answer=attempt.answer, by=actor.name, through=actor.door.value, text=words, at=now)
    marked = entry.model_copy(update={"why": "on a run of their own"}) if own else entry
    won, after = journal.answer(attempt.question, decision, marked)
    if won:
        return Won(question=question, decision=decision, own=own)
    if after.decision is not None:
        return AlreadyDecided(question=question, decision=after.decision)
    ended = after.agent_ended.value if after.agent_ended is not None else "ended"
    return Stale(
        question=question, sentence=f"Agent {question.agent_id} has {ended}; nothing is left to decide."
    )


def expire_due(
    journal: Decisions, people: People, now: datetime, run_id: str | None = None
) -> tuple[Question, ...]:
    """Let the clock answer every question whose time is over, as its card said; return those it has decided.

    Any process may do so at any time. What a deadline parks stays open: silence is no consent to it.
    """
    decided = []
    for standing in journal.standings(run_id, undecided=True):
        question = standing.question
        if now < question.deadline or on_deadline(question.why) is OnDeadline.PARK:
            continue
        attempt = Attempt(question=question.id, answer=Answer.EXPIRED, seal=question.seal)
        if isinstance(decide(journal, people, NOBODY_IN_TIME, attempt, now), Won):
            decided.append(question)
    return tuple(decided)


def ask_to_stop(
    journal: Decisions,
    people: People,
    actor: Actor,
    request: StopRequest,
    now: datetime,
    membership: Membership | None = None,
) -> Refused | Unknown | None:
    """Write a stop request down if this actor may make it; None means that it stands."""
    actor = _named(actor)
    tried = "force stop" if request.force else "stop"
    entry = _entry(actor, tried, now).model_copy(
        update={"run_id": request.run_id, "agent_id": request.agent_id or ""}
    )
    try:
        journal.run(request.run_id)
    except KeyError:
        journal.audit(
            entry.model_copy(update={"run_id": line(request.run_id)[:LONGEST_NAME], "outcome": "unknown"})
        )
        return Unknown(sentence=f"There is no run {line(request.run_id)[:LONGEST_NAME]!r}.")
    refused = _permit(journal, people, actor, Act.STOP, entry, now, membership)
    if refused is None:
        journal.request_stop(request.model_copy(update={"by": actor.name, "through": actor.door.value}))
    return refused


def permit(
    journal: Decisions,
    people: People,
    actor: Actor,
    act: Act,
    now: datetime,
    membership: Membership | None = None,
    *,
    tried: str = "",
) -> Refused | None:
    """Say whether somebody may do something, e.g. start a run; both answers are audited. None means yes."""
    actor = _named(actor)
    entry = _entry(actor, line(tried)[:MOST_WORDS] or act.value, now)
    return _permit(journal, people, actor, act, entry, now, membership)


def note_starter(journal: Decisions, run_id: str, actor: Actor) -> None:
    """Remember who started a run; the first one stays."""
    journal.remember(STARTER.format(run_id), _named(actor).model_dump_json())


def who_started(journal: Decisions, run_id: str) -> Actor | None:
    """Say who started a run; None where nobody noted it."""
    kept = journal.recall(STARTER.format(run_id))
    return None if kept is None else Actor.model_validate(json.loads(kept))


def say_refused(why: WhyRefused, act: Act) -> str:
    """Tell who tried why nothing has happened, in one sentence."""
    to = {Act.APPROVE: "decide", Act.STOP: "stop agents", Act.START: "start runs", Act.LOOK: "look"}[act]
    return {
        WhyRefused.NOBODY: f"Nobody is allowed to {to} from here: no names are set for it.",
        WhyRefused.STRANGER: f"You are not among those who may {to}.",
        WhyRefused.GUEST: f"Guests may not {to}.",
        WhyRefused.OTHER_TEAM: f"People of another team may not {to}.",
        WhyRefused.GROUPS_UNKNOWN: f"The members of the user groups can't be read, so nobody in them may {to} now.",
        WhyRefused.OWN_RUN: "Who started a run may not approve what its agents made.",
        WhyRefused.DOOR_CLOSED: "Decisions through the Prefect form are switched off; use the terminal or Slack.",
        WhyRefused.NOT_ITS_ANSWER: "That answer can't be given through this door.",
        WhyRefused.NO_WORDS: "An agent needs words on what to change.",
        WhyRefused.TOO_MANY_WORDS: f"An agent is told at most {LONGEST_WORDS} characters.",
        WhyRefused.FORGED: "This is not a button of ours.",
    }[why]


def _permit(
    journal: Decisions,
    people: People,
    actor: Actor,
    act: Act,
    entry: Entry,
    now: datetime,
    membership: Membership | None,
) -> Refused | None:
    refused = why_refuse(people, actor, act, now, membership)
    told = {"outcome": "allowed"} if refused is None else {"outcome": "refused", "why": refused.value}
    journal.audit(entry.model_copy(update=told))
    return None if refused is None else Refused(why=refused, sentence=say_refused(refused, act))


def _unfit(actor: Actor, answer: Answer, words: str) -> WhyRefused | None:
    """Say what is wrong with an answer, whoever gives it."""
    if answer not in ANSWERS.get(actor.door, BY_PEOPLE):
        return WhyRefused.NOT_ITS_ANSWER
    if answer is Answer.CHANGES and not line(words):
        return WhyRefused.NO_WORDS
    return WhyRefused.TOO_MANY_WORDS if len(words) > LONGEST_WORDS else None


def _entry(actor: Actor, tried: str, now: datetime) -> Entry:
    return Entry(at=now, door=actor.door, actor=actor.id, name=actor.name, team=actor.team, tried=tried)


def _subject(question: Question) -> dict[str, str]:
    its = question.particulars
    return {
        "run_id": question.run_id,
        "agent_id": question.agent_id,
        "question": question.id,
        "commit": question.commit or "",
        "evidence": its.evidence if its is not None else "",
    }


def _named(actor: Actor) -> Actor:
    """Cut what a door was given for a name to one harmless line."""
    name = line(actor.name)[:LONGEST_NAME] or "somebody"
    return actor.model_copy(
        update={"name": name, "id": line(actor.id)[:LONGEST_NAME], "team": line(actor.team)[:LONGEST_NAME]}
    )


def _clean(words: str) -> str:
    """Make valid text of what came in: no half surrogates, and no NUL, which databases don't keep."""
    return words.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
