"""What every message should show right now, read from a journal; the difference to what it shows is what is wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from bot.delivery import Urgency, Wanted
from bot.desk import Desk
from bot.messages.pen import group, person
from bot.messages.question_card import Beside, question_card
from bot.messages.report import report_message
from bot.messages.run_card import RunBeside, alert, run_card, thread_lines
from bot.served import Served
from fresh.domain.answering import Standing
from fresh.domain.cards import Card, CardKind, CardState
from fresh.domain.people import Circle
from fresh.domain.record import Event, RunRecord
from fresh.domain.report import RunReport
from fresh.domain.status import AgentStatus, RunStatus

RECENT = timedelta(hours=12)
"""Age of an ended run whose report is still posted by a bot that was not there when it ended."""
REMEMBERED = timedelta(days=14)
"""Age of an ended run whose messages are still kept right, when a parked question of it is decided."""
MOST_LINES = 25
UNCONFIRMED = timedelta(seconds=30)
MENTIONED = 5
Cards = Mapping[tuple[CardKind, str], Card]


@dataclass
class Seen:
    """What one look found: what is wanted, and whether something is decided that no agent has gone on with."""

    wanted: list[Wanted] = field(default_factory=list)
    undelivered: bool = False


def look(desk: Desk, served: Served, mention: str | None, finished: set[str]) -> Seen:
    """Look at everything that is served from one journal. It blocks.

    `finished` holds runs of which every message is right for good; it is added to.
    """
    seen = Seen()
    now = desk.now()
    for record in served.journal.runs():
        if record.id in finished or now - (record.closed_at or now) > REMEMBERED:
            continue
        cards = {(card.kind, card.subject): card for card in served.journal.cards(record.id)}
        if not _concerns(record, cards, now):
            continue
        before = len(seen.wanted)
        standings = served.journal.standings(record.id)
        status = served.journal.status(record.id)
        if status is None:
            continue
        agents = {agent.id: agent for agent in status.agents}
        links = _links(cards)
        seen.wanted += _questions(desk, served, standings, agents, cards, status, mention)
        seen.wanted += _run(desk, served, record, status, cards, links)
        undelivered = any(standing.is_undelivered for standing in standings)
        seen.undelivered = seen.undelivered or (undelivered and status.running)
        waits = undelivered or any(standing.is_open for standing in standings)
        if (
            record.closed_at is not None
            and not waits
            and len(seen.wanted) == before
            and now - record.closed_at > UNCONFIRMED
        ):
            finished.add(record.id)
    return seen


def _concerns(record: RunRecord, cards: Cards, now: datetime) -> bool:
    if record.closed_at is None or (CardKind.RUN, record.id) in cards:
        return True
    return now - record.closed_at <= RECENT


def _links(cards: Cards) -> dict[str, str]:
    return {subject: card.permalink for (_, subject), card in cards.items() if card.permalink}


def _differs(cards: Cards, wanted: Wanted) -> bool:
    """Say whether a message does not show yet what it should; one that was deleted for good never will."""
    card = cards.get((wanted.kind, wanted.subject))
    return card is None or (card.state is not CardState.GONE and card.shown != wanted.digest)


# -------------------------------------------------------------------------------------------------------- questions


def _questions(
    desk: Desk,
    served: Served,
    standings: Sequence[Standing],
    agents: Mapping[str, AgentStatus],
    cards: Cards,
    status: RunStatus,
    mention: str | None,
) -> Iterator[Wanted]:
    newest = {standing.question.agent_id: standing.question.id for standing in standings}
    for standing in standings:
        question = standing.question
        known = (CardKind.QUESTION, question.id) in cards
        if not standing.is_open and not known:
            continue
        later = newest[question.agent_id]
        agent = agents.get(question.agent_id)
        beside = Beside(
            value=desk.signet.question(question.id, question.seal),
            repository=status.repository.rstrip("/").rpartition("/")[2],
            mention=_mention(served.people.approvers, mention),
            flow_run_url=agent.flow_run_url if agent is not None else None,
            pull_request=agent.pull_request if agent is not None else None,
            superseded=later if later != question.id and standing.is_open else "",
            trouble=_trouble(standing, status, desk.now()),
        )
        wanted = Wanted(
            served=served,
            kind=CardKind.QUESTION,
            subject=question.id,
            run_id=question.run_id,
            urgency=Urgency.QUESTION,
            message=question_card(desk.pen, standing, beside),
        )
        if _differs(cards, wanted):
            yield wanted


def _mention(approvers: Circle, named: str | None) -> str:
    """Call those who may decide: who is named for it, else their first group, else a few of them."""
    if named is not None:
        return group(named) if named.startswith("S") else person(named)
    if approvers.groups:
        return group(min(approvers.groups))
    return " ".join(person(user) for user in sorted(approvers.users)[:MENTIONED])


def _trouble(standing: Standing, status: RunStatus, now: datetime) -> str:
    """Say what keeps a decision from being carried out."""
    if not standing.is_undelivered or standing.decision is None:
        return ""
    if not status.running:
        return (
            f"No process works on run {status.run_id}, so the decision waits. `fresh up` goes on with it, "
            f"or: fresh auto resume {status.run_id}"
        )
    if now - standing.decision.at > UNCONFIRMED:
        return "The agent has not confirmed it within 30 seconds; it is tried again until it does."
    return ""


# ------------------------------------------------------------------------------------------------------------- runs


def _run(
    desk: Desk, served: Served, record: RunRecord, status: RunStatus, cards: Cards, links: dict[str, str]
) -> Iterator[Wanted]:
    root = cards.get((CardKind.RUN, record.id))
    beside = RunBeside(
        value=desk.signet.run(record.id),
        now=desk.now(),
        cards=links,
        flow_run_url=_flow_run_url(status, served.journal.run_flow(record.id)),
    )
    card = Wanted(
        served=served,
        kind=CardKind.RUN,
        subject=record.id,
        run_id=record.id,
        urgency=Urgency.REPORT if root is None else Urgency.PROGRESS,
        message=run_card(desk.pen, status, beside),
    )
    if _differs(cards, card):
        yield card
    for sentence in status.alerts:
        yield from _alert(desk, served, status, sentence, cards, links)
    if root is not None and root.ts is not None:
        yield from _lines(desk, served, record, cards, root.ts)
    if record.closed_at is not None and record.report is not None:
        yield from _report(desk, served, record, cards, links, status)


def _flow_run_url(status: RunStatus, flow_run: str | None) -> str | None:
    """Make the address of a run's own flow run of that of one of its agents."""
    agent = next((agent.flow_run_url for agent in status.agents if agent.flow_run_url), None)
    return f"{agent.rpartition('/')[0]}/{flow_run}" if agent and flow_run else None


def _alert(
    desk: Desk, served: Served, status: RunStatus, sentence: str, cards: Cards, links: Mapping[str, str]
) -> Iterator[Wanted]:
    name = hashlib.sha256(sentence.encode()).hexdigest()[:8]
    subject = f"{status.run_id}:{name}"
    if (CardKind.ALERT, subject) not in cards or cards[CardKind.ALERT, subject].state is CardState.CLAIMED:
        message = alert(desk.pen, status, sentence, name, links.get(status.run_id))
        yield Wanted(served, CardKind.ALERT, subject, status.run_id, Urgency.ANSWER, message)


def _lines(desk: Desk, served: Served, record: RunRecord, cards: Cards, root: str) -> Iterator[Wanted]:
    """Tell in the thread what has happened since its last message, in one message however much it is."""
    told = _told(record.id, cards)
    unsure = next((span for span, card in told if card.state is CardState.CLAIMED), None)
    lines = [event for event in served.journal.events(record.id) if event.agent_id is not None]
    begin = max((last + 1 for (_, last), _ in told), default=0)
    span = unsure or (begin, min(len(lines), begin + MOST_LINES) - 1)
    first, last = span
    if first <= last < len(lines):
        message = thread_lines(desk.pen, record.id, _said(lines[first : last + 1]), first)
        subject = f"{record.id}:{first}-{last}"
        yield Wanted(
            served, CardKind.LINE, subject, record.id, Urgency.PROGRESS, message, thread=root, shown="told"
        )


def _said(events: Sequence[Event]) -> list[str]:
    return [f"{event.at:%H:%M:%S} {event.text}" for event in events]


def _told(run_id: str, cards: Cards) -> list[tuple[tuple[int, int], Card]]:
    """Read which lines the thread has, from the names of its messages."""
    found = []
    for (kind, subject), card in cards.items():
        if kind is CardKind.LINE and card.run_id == run_id:
            first, _, last = subject.rpartition(":")[2].partition("-")
            found.append(((int(first), int(last)), card))
    return found


def _report(
    desk: Desk, served: Served, record: RunRecord, cards: Cards, links: dict[str, str], status: RunStatus
) -> Iterator[Wanted]:
    try:
        report = RunReport.model_validate_json(Path(str(record.report)).read_text("utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError):
        return
    by_agent = {
        agent.id: links[agent.question.id]
        for agent in status.agents
        if agent.question is not None and agent.question.id in links
    }
    message = report_message(desk.pen, report, desk.signet.run(record.id), by_agent)
    wanted = Wanted(served, CardKind.REPORT, record.id, record.id, Urgency.REPORT, message)
    if _differs(cards, wanted):
        yield wanted
