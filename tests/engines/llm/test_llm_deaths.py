"""A process may die after any turn and in any request: the next one goes on, and asks nothing twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fresh.domain.conversation import Output, Reply, Request, Said
from fresh.domain.money import Usd
from fresh.domain.transcript import Turn
from fresh.domain.work import Plan, Work
from fresh.engines.llm.bounds import Bounds
from fresh.errors import FreshError, Halted, Lacking, ModelRefused
from tests.engines.llm.desk import AGENT, FINISHES, PLANS, TEST_SUB, TESTS, WRITES, Desk
from tests.fakes.model import calls, says

EDITS = calls("edit_file", path="tests/test_sub.py", old="sub(3, 1) == 2", new="sub(3, 1) == 2 + 0")
AGAIN = calls("edit_file", path="tests/test_sub.py", old="== 2", new="== 2 + 0")
READS = calls("read_file", path="tests/test_sub.py")
STORY = (says("hm"), PLANS, WRITES, EDITS, AGAIN, READS, TESTS, FINISHES)
WRITTEN = TEST_SUB.replace("sub(3, 1) == 2", "sub(3, 1) == 2 + 0 + 0")


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def tell(request: Request) -> Reply:
    """Answer by what the conversation holds, as often as it is asked."""
    if not request.tools:
        return says("half of it is done")
    said = sum(isinstance(item, Output) for item in request.items) + any(
        isinstance(item, Said) for item in request.items
    )
    return STORY[said] if said < len(STORY) else calls("search", pattern=f"x{said}")


def whole(desk: Desk) -> tuple[Plan, Work]:
    plan = desk.plan()
    return plan, desk.work(plan)


def until_alive(desk: Desk) -> tuple[tuple[Plan, Work], int]:
    """Be one process after another until one of them comes to the end."""
    deaths = 0
    while True:
        try:
            return whole(desk), deaths
        except Killed:
            deaths += 1
            desk.start()
            (desk.bench.tree / "pocket" / "calc.py").write_text("half a write")


def undisturbed(tmp_path: Path, bounds: Bounds) -> list[str]:
    desk = Desk(tmp_path / "undisturbed", tell, bounds=bounds)
    whole(desk)
    return desk.transcripts.kept[AGENT]


@pytest.mark.parametrize("bounds", [Bounds(), Bounds(steps=4)], ids=["to the end", "stopped and written up"])
def test_after_a_death_behind_any_turn_the_conversation_is_the_same(tmp_path: Path, bounds: Bounds) -> None:
    expected = undisturbed(tmp_path, bounds)
    desk = Desk(tmp_path, tell, bounds=bounds)
    seen: set[int] = set()

    def die_once(turn: Turn) -> None:
        number = len(desk.transcripts.kept[AGENT])
        if number not in seen:
            seen.add(number)
            raise Killed

    desk.transcripts.once_added = die_once
    (_, work), deaths = until_alive(desk)

    assert deaths == len(expected)
    assert without_ids(desk.transcripts.kept[AGENT]) == without_ids(expected)
    assert len(desk.model.requests) == len(desk.replies)
    assert (work.unfinished is None) == (bounds == Bounds())
    if work.unfinished is None:
        assert desk.bench.tree_files() == {**desk.files, "tests/test_sub.py": WRITTEN}


def test_after_a_death_with_a_model_without_tools_the_next_process_goes_on_in_words(tmp_path: Path) -> None:
    def in_words(request: Request) -> Reply | FreshError:
        if request.tools:
            return ModelRefused("no tools here (400).", lacks=Lacking.TOOLS)
        call = STORY[1 + sum(isinstance(item, Said) for item in request.items)].calls[0]
        return says(json.dumps({"tool": call.name, "arguments": json.loads(call.arguments)}))

    desk = Desk(tmp_path, in_words, calls_tools=None)
    seen: set[int] = set()

    def die_once(turn: Turn) -> None:
        number = len(desk.transcripts.kept[AGENT])
        if number not in seen:
            seen.add(number)
            raise Killed

    desk.transcripts.once_added = die_once
    (_, work), deaths = until_alive(desk)

    assert deaths > 5
    assert work.unfinished is None
    assert desk.bench.tree_files() == {**desk.files, "tests/test_sub.py": WRITTEN}
    paid = [request for request in desk.model.requests if not request.tools]
    assert len(paid) == len(desk.replies)


def test_after_a_death_in_any_request_only_that_one_is_sent_again(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path, Bounds())
    lost: set[int] = set()
    desk: Desk

    def tell_and_die(request: Request) -> Reply:
        if len(request.items) not in lost:
            lost.add(len(request.items))
            raise Killed
        return tell(request)

    desk = Desk(tmp_path, tell_and_die)
    _, deaths = until_alive(desk)

    assert deaths == len(desk.replies)
    assert len(desk.model.requests) == 2 * len(desk.replies)
    assert without_ids(desk.transcripts.kept[AGENT]) == without_ids(expected)
    account = desk.ledger.accounts[f"agent:{AGENT}"]
    assert account.held == Usd(0)


def test_a_round_that_has_ended_is_not_begun_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, tell)
    plan, work = whole(desk)
    asked = len(desk.model.requests)

    desk.start()
    assert whole(desk) == (plan, work)
    assert len(desk.model.requests) == asked
    assert desk.bench.tree_files()["tests/test_sub.py"] == WRITTEN


def test_two_processes_on_one_agent_are_noticed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, tell)
    other = Desk(tmp_path / "other", (calls("search", pattern="x"),), transcripts=desk.transcripts)

    def slower(turn: Turn) -> None:
        desk.transcripts.once_added = lambda turn: None
        whole(desk)

    desk.transcripts.once_added = slower
    with pytest.raises(Halted, match="another process"):
        other.plan()


def without_ids(rows: list[str]) -> list[str]:
    """The scripted model numbers its calls by how often it was asked."""
    import re

    return [re.sub(r"call_\d+_0", "call", re.sub(r'"input":\d+', '"input":0', row)) for row in rows]
