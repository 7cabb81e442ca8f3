"""A transcript is enough to have its conversation again, and to see where today's engine goes another way."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from fresh.domain.conversation import Output, Request
from fresh.domain.money import Usd
from fresh.domain.transcript import Given, Turn
from fresh.engines.llm.bounds import Bounds
from fresh.engines.llm.replay import Replayed, replay
from fresh.errors import Declined, Halted, ModelRefused
from tests.engines.llm.desk import FILES, FINISHES, PLANS, TEST_SUB, TESTS, WRITES, Desk
from tests.fakes.model import Answer, calls, cut_off, says

BREAKS = calls("edit_file", path="tests/test_sub.py", old="== 2", new="== 3")
MENDS = calls("edit_file", path="tests/test_sub.py", old="== 3", new="== 2")
SPOKEN = says('{"tool": "finish_plan", "arguments": {"summary": "test sub", "files": ["tests/test_sub.py"]}}')
STORIES: dict[str, tuple[tuple[Answer, ...], Bounds]] = {
    "to the end": ((PLANS, WRITES, TESTS, FINISHES), Bounds()),
    "in words": ((SPOKEN, WRITES, TESTS, FINISHES), Bounds()),
    "with mistakes": (
        (says("hm"), calls("frobnicate"), PLANS, WRITES, calls("read_file", path="nowhere.py"), cut_off(), TESTS, FINISHES),
        Bounds(),
    ),
    "not possible": ((calls("finish_plan", summary="no", files=[], impossible="it is nonsense"),), Bounds()),
    "a question": ((PLANS, WRITES, calls("ask_human", question="Which?")), Bounds()),
    "too many steps": ((PLANS, WRITES, BREAKS, MENDS, says("half of it is there")), Bounds(steps=3)),
    "the same call again and again": ((PLANS, WRITES, *[TESTS] * 4), Bounds()),
    "a filtered provider": ((PLANS, WRITES, ModelRefused("It said no (403).")), Bounds()),
}  # fmt: skip


def have(desk: Desk) -> Desk:
    """Have the whole conversation, however it ends."""
    with suppress(Declined):
        desk.work(desk.plan())
    return desk


def again(desk: Desk, tmp_path: Path, files: dict[str, str] | None = None) -> tuple[Replayed, Desk]:
    other = Desk(tmp_path / "again", (), files=files or desk.files)
    return replay(other.bench, desk.turns, other.clock, bounds=desk.bounds), other


@pytest.mark.parametrize("story", STORIES)
def test_it_goes_as_it_went_without_a_model(story: str, tmp_path: Path) -> None:
    script, bounds = STORIES[story]
    told = have(Desk(tmp_path / "told", script, bounds=bounds))
    assert told.model.left == 0

    played, other = again(told, tmp_path)

    assert played.parted is None
    assert played.turns == told.turns
    assert played.replies == len(told.replies) > 0
    assert other.model.requests == []
    assert other.ledger.reserved == {}
    assert {path: text for path, text in other.bench.tree_files().items() if path != "report.xml"} == {
        path: text for path, text in told.bench.tree_files().items() if path != "report.xml"
    }


def test_what_was_written_is_told(tmp_path: Path) -> None:
    told = have(Desk(tmp_path / "told"))
    played, other = again(told, tmp_path)
    assert played.wrote == ("tests/test_sub.py",)
    assert other.bench.tree_files()["tests/test_sub.py"] == TEST_SUB


def test_rounds_that_people_asked_for_are_played_as_well(tmp_path: Path) -> None:
    told = Desk(tmp_path / "told", (PLANS, WRITES, TESTS, FINISHES, BREAKS, MENDS, TESTS, FINISHES))
    plan = told.plan()
    told.work(plan)
    told.transcripts.rounds["abc12345"] = 1
    told.work(plan, asked="Say it twice.")

    played, _ = again(told, tmp_path)

    assert (played.parted, played.replies) == (None, 8)


def test_a_conversation_whose_money_ran_out_stops_there_again(tmp_path: Path) -> None:
    searches = [calls("search", pattern=str(number)) for number in range(9)]
    told = have(Desk(tmp_path / "told", (PLANS, WRITES, *searches, says("what I have")), cap=Usd.of("0.11")))
    (stopped,) = [turn for turn in told.turns if isinstance(turn, Given) and turn.stopping]
    assert stopped.writes_up

    played, _ = again(told, tmp_path)

    assert played.parted is None
    assert played.turns == told.turns


@pytest.mark.parametrize("kept", range(1, 10))
def test_a_conversation_that_broke_off_is_played_as_far_as_it_went(kept: int, tmp_path: Path) -> None:
    told = have(Desk(tmp_path / "told"))
    other = Desk(tmp_path / "again", ())
    played = replay(other.bench, told.turns[:kept], other.clock)
    assert played.parted is None
    assert played.turns[:kept] == told.turns[:kept]


def test_where_it_parts_from_its_transcript_is_said(tmp_path: Path) -> None:
    reads = calls("read_file", path="pocket/calc.py")
    told = have(Desk(tmp_path / "told", (PLANS, reads, WRITES, TESTS, FINISHES)))
    changed = {**FILES, "pocket/calc.py": FILES["pocket/calc.py"].replace("a - b", "a + -b")}

    played, _ = again(told, tmp_path, changed)

    assert played.parted is not None
    assert "It parts from its transcript at turn 6: " in played.parted
    assert "a + -b' instead of '" in played.parted
    assert played.replies == 5


def test_seconds_and_addresses_that_differ_are_no_parting(tmp_path: Path) -> None:
    told = have(Desk(tmp_path / "told"))
    other = Desk(tmp_path / "again", ())
    slower = [_with_other_seconds(turn) for turn in told.turns]
    assert slower != list(told.turns)
    assert replay(other.bench, slower, other.clock).parted is None


def _with_other_seconds(turn: Turn) -> Turn:
    if not isinstance(turn, Given):
        return turn
    items = [
        item.model_copy(update={"text": item.text.replace("0.1 s", "17.3 s").replace("<data ", "<data 00aa")})
        if isinstance(item, Output)
        else item
        for item in turn.items
    ]
    return turn.model_copy(update={"items": tuple(items)})


def test_a_transcript_gives_nothing_that_is_not_in_it(tmp_path: Path) -> None:
    from fresh.engines.llm.replay import Recorded
    from tests.fakes.story import a_ticket

    request = Request(model="m", instructions="", items=(), max_output_tokens=10)
    with pytest.raises(Halted, match="ends here"):
        Recorded(()).ask(a_ticket(), request)


@pytest.mark.parametrize(
    "stops",
    [[TESTS] * 4, [ModelRefused("It said no (403).")], [calls("frobnicate")] * 3],
    ids=["in circles", "refused", "malformed"],
)
def test_a_round_after_one_that_was_stopped_is_played_to_its_own_end(
    stops: list[Answer], tmp_path: Path
) -> None:
    goes_on = (MENDS, TESTS, FINISHES)
    told = Desk(tmp_path / "told", (PLANS, WRITES, BREAKS, *stops, *goes_on))
    plan = told.plan()
    assert told.work(plan).unfinished is not None
    told.transcripts.rounds["abc12345"] = 1
    assert told.work(plan, asked="Go on.").unfinished is None

    played, other = again(told, tmp_path)

    assert played.parted is None
    assert played.turns == told.turns
    assert other.bench.tree_files()["tests/test_sub.py"] == TEST_SUB
