"""What every store of messages does, the fake and both databases alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.cards import Card, CardKind, CardState
from fresh.domain.host import Host
from fresh.ports import Cards
from tests.fakes.cards import FakeCards
from tests.fakes.story import HERE, NOON, RUN, THERE, later

QUESTION = (CardKind.QUESTION, "abc12345-ready-0")
LIVING: dict[Host, bool | None] = {}


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def cards(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cards]:
    LIVING.clear()
    if request.param == "fake":
        yield FakeCards(LIVING.get)
        return
    url = (
        f"sqlite:///{tmp_path / 'journal.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("empty_postgres")()
    )
    journal = SqlJournal(url, LIVING.get)
    yield journal
    journal.close()


def a_card(owner: str = "bot-1", at: float = 0, **more: object) -> Card:
    kind, subject = QUESTION
    return Card(
        kind=kind, subject=subject, run_id=RUN, channel="C1", owner=owner, claimed_at=later(at)
    ).model_copy(update=more)


def post(cards: Cards, ts: str = "1.1") -> bool:
    return cards.note_posted(*QUESTION, team="T1", channel="C1", ts=ts, permalink=f"https://slack/{ts}")


def test_a_message_is_claimed_once_and_posted_once(cards: Cards) -> None:
    first = cards.claim_card(a_card(), stale_after=30)
    second = cards.claim_card(a_card("bot-2", at=1), stale_after=30)
    assert (first.mine, first.again) == (True, False)
    assert (second.mine, second.card.owner) == (False, "bot-1")
    assert post(cards)
    assert not post(cards, ts="2.2")
    card = cards.card(*QUESTION)
    assert card is not None
    assert (card.state, card.ts, card.permalink) == (CardState.POSTED, "1.1", "https://slack/1.1")
    assert not cards.claim_card(a_card("bot-2", at=999), stale_after=30).mine


def test_a_claim_that_led_to_no_message_is_taken_over_and_says_that_it_may_have_been_posted(
    cards: Cards,
) -> None:
    cards.claim_card(a_card(), stale_after=30)
    assert not cards.claim_card(a_card("bot-2", at=29), stale_after=30).mine
    taken = cards.claim_card(a_card("bot-2", at=30), stale_after=30)
    assert (taken.mine, taken.again, taken.card.owner, taken.card.claims) == (True, True, "bot-2", 2)


def test_nothing_old_is_shown_on_top_of_something_new(cards: Cards) -> None:
    cards.claim_card(a_card(), stale_after=30)
    post(cards)
    assert cards.note_shown(*QUESTION, version=2, shown="two")
    assert not cards.note_shown(*QUESTION, version=1, shown="one")
    assert not cards.note_shown(*QUESTION, version=2, shown="two again")
    card = cards.card(*QUESTION)
    assert card is not None
    assert (card.version, card.shown) == (2, "two")


def test_a_deleted_message_is_posted_again_or_gone_for_good(cards: Cards) -> None:
    cards.claim_card(a_card(), stale_after=30)
    post(cards)
    assert not cards.note_gone(*QUESTION, "9.9", later(1), repost=True)
    assert cards.note_gone(*QUESTION, "1.1", later(1), repost=True)
    assert cards.claim_card(a_card("bot-2", at=2), stale_after=30).mine
    post(cards, ts="2.2")
    assert cards.note_gone(*QUESTION, "2.2", later(3), repost=False)
    card = cards.card(*QUESTION)
    assert card is not None
    assert (card.state, card.ts) == (CardState.GONE, None)
    assert not cards.claim_card(a_card("bot-1", at=999), stale_after=30).mine


def test_messages_are_listed_by_run_and_kind(cards: Cards) -> None:
    cards.claim_card(a_card(at=2), stale_after=30)
    cards.claim_card(a_card(at=1, kind=CardKind.RUN, subject=RUN), stale_after=30)
    cards.claim_card(a_card(at=3, kind=CardKind.RUN, subject="other", run_id="other"), stale_after=30)
    assert [card.subject for card in cards.cards()] == [RUN, QUESTION[1], "other"]
    assert [card.subject for card in cards.cards(RUN)] == [RUN, QUESTION[1]]
    assert [card.subject for card in cards.cards(kind=CardKind.RUN)] == [RUN, "other"]
    assert cards.card(CardKind.REPORT, RUN) is None


def test_a_lease_has_one_owner_until_it_is_dead_or_silent(cards: Cards) -> None:
    LIVING.update({HERE: True, THERE: None})
    assert cards.take_lease("slack", HERE, "r1", NOON) is None
    refused = cards.take_lease("slack", THERE, "r2", later(1))
    assert refused is not None
    assert (refused.owner, refused.release) == (HERE, "r1")
    assert cards.take_lease("slack", HERE, "r1", later(5)) is None
    LIVING[HERE] = None
    assert cards.take_lease("slack", THERE, "r2", later(19)) is not None
    assert cards.take_lease("slack", THERE, "r2", later(21)) is None
    cards.yield_lease("slack", HERE)
    standing = cards.lease("slack")
    assert standing is not None
    assert standing.owner == THERE
    cards.yield_lease("slack", THERE)
    assert cards.lease("slack") is None


def test_a_delivery_is_new_once_within_two_hours(cards: Cards) -> None:
    assert cards.first_delivery("envelope-1", NOON)
    assert not cards.first_delivery("envelope-1", later(7000))
    assert cards.first_delivery("envelope-2", later(7300))
    assert cards.first_delivery("envelope-1", later(7301))
