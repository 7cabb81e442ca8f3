"""The contract of ports.Transcripts: in memory, on SQLite and on a real Postgres."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.budget import Purpose
from fresh.domain.conversation import Call, Ended, Output, Reply, Said, Thought, Told, Usage
from fresh.domain.phase import Step
from fresh.domain.transcript import Answered, Closing, Given, Opened, Round, Turn
from fresh.domain.work import Plan, Work
from fresh.ports import Transcripts
from tests.fakes.story import NOON, a_run, a_ticket
from tests.fakes.transcripts import FakeTranscripts

AGENT, OTHER = "abc12345", "def67890"
STORY: tuple[Turn, ...] = (
    Opened(round=Round.PLAN, items=(Told(text="plan ∑ \u202e \0 <data>"),)),
    Answered(
        model="m",
        reply=Reply(
            items=(Thought(sealed='{"id": "rs_1"}'), Said(text=""), Call(id="1", name="x", arguments="{no json")),
            ended=Ended.CUT_OFF,
            usage=Usage(input=5, cached=2, output=3, reasoning=1),
            tier="flex",
        ),
    ),
    Given(items=(Output(call_id="1", text="no"),), done=1, closing=Closing(plan=Plan(summary="s", files=("a",)))),
    Opened(round=Round.WORK, ordinal=2, items=()),
    Given(stopping="it was enough", writes_up=True),
    Answered(model="m", reply=Reply(items=()), purpose=Purpose.WRAP_UP),
    Given(closing=Closing(work=Work(summary="s", unfinished="it was enough"))),
)  # fmt: skip


@pytest.fixture(params=["fake", "journal"])
def reopen(request: pytest.FixtureRequest, database: str) -> Callable[[], Transcripts]:
    """Open the store as one more process would."""
    if request.param == "fake":
        fake = FakeTranscripts()
        return lambda: fake
    journal = SqlJournal(database, lambda host: False)
    journal.open_run(a_run())
    for name in (AGENT, OTHER):
        journal.add_agent(a_ticket(name), NOON)
    return lambda: SqlJournal(database, lambda host: False)


def test_a_conversation_comes_back_as_it_was(reopen: Callable[[], Transcripts]) -> None:
    for number, turn in enumerate(STORY):
        assert reopen().add_turn(AGENT, number, turn, NOON) == turn

    assert reopen().turns(AGENT) == STORY
    assert reopen().turns(OTHER) == ()


def test_the_first_turn_of_a_number_stays_and_is_returned(reopen: Callable[[], Transcripts]) -> None:
    reopen().add_turn(AGENT, 0, STORY[0], NOON)

    assert reopen().add_turn(AGENT, 0, STORY[3], NOON) == STORY[0]
    assert reopen().turns(AGENT) == STORY[:1]


def test_the_newest_round_is_the_last_one_that_the_journal_saw_begin(database: str) -> None:
    journal = SqlJournal(database, lambda host: False)
    journal.open_run(a_run())
    journal.add_agent(a_ticket(AGENT), NOON)
    assert journal.newest_round(AGENT) == 0

    for ordinal in (0, 1, 2):
        journal.begin_step(AGENT, Step.IMPLEMENT, ordinal, NOON)
    journal.begin_step(AGENT, Step.VERIFY, 7, NOON)

    assert journal.newest_round(AGENT) == 2
