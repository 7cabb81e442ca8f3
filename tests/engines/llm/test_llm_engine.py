"""A model plans, edits, tests and finishes; whatever else it does has an outcome of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fresh.domain.bound import input_bound
from fresh.domain.budget import HoldState, Purpose, agent_account
from fresh.domain.change import PolicyVerdict
from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Request, Said, Told, Usage
from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.domain.feature import Kind
from fresh.domain.money import Usd
from fresh.domain.transcript import Answered, Given
from fresh.engines.llm.bounds import Bounds
from fresh.errors import BudgetExhausted, Declined, Lacking, ModelRefused, ModelUnclear, Refusal
from tests.engines.llm.desk import AGENT, FINISHES, PLANS, TEST_SUB, TESTS, WHOLE, WRITES, Desk
from tests.fakes.model import calls, cut_off, says
from tests.fakes.prices import FakePrices


def raw(name: str, arguments: str) -> Reply:
    return Reply(items=(Call(id="", name=name, arguments=arguments),), usage=Usage(input=0, output=9))


def failing(name: str = "no test newly fails", detail: str = "boom") -> Evidence:
    check = Check(name=name, state=CheckState.FAILED, fact="1 test fails", detail=detail)
    return Evidence(base="b", commit="c", checks=(check,), policy=PolicyVerdict())


def test_a_model_plans_edits_tests_and_finishes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    plan = desk.plan()
    work = desk.work(plan)

    assert plan.summary == "test sub"
    assert work.summary == "sub is tested"
    assert (work.unfinished, work.question) == (None, None)
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB
    assert "2 of 2 tests passed" in desk.outputs[2]
    assert desk.model.left == 0


def test_every_request_grows_at_its_end_alone(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.work()

    for earlier, later in zip(desk.model.requests, desk.model.requests[1:], strict=False):
        assert (earlier.instructions, earlier.tools) == (later.instructions, later.tools)
        assert later.items[: len(earlier.items)] == earlier.items


def test_a_model_that_claims_success_without_a_change_is_asked_once_and_makes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, FINISHES, FINISHES))

    desk.work()

    assert desk.outputs[1].startswith("Error: You have not changed any file")
    assert desk.bench.tree_files() == dict(desk.files)


def test_a_model_is_reminded_once_to_run_the_tests_after_its_last_edit(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, WRITES, FINISHES, FINISHES))

    assert desk.work().summary == "sub is tested"
    assert "have not run the tests since your last edit" in desk.outputs[2]


def test_a_model_that_says_it_is_impossible_declines(tmp_path: Path) -> None:
    no = calls("finish_plan", summary="-", files=[], impossible="it needs a network")
    with pytest.raises(Declined, match="it needs a network"):
        Desk(tmp_path, (no,)).plan()


def test_nothing_is_changed_while_the_model_plans(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (WRITES, PLANS))
    desk.plan()

    assert desk.outputs[0].startswith("Error: Nothing is changed while you plan")
    assert "tests/test_sub.py" not in desk.bench.tree_files()


def test_a_plan_in_plain_text_counts(tmp_path: Path) -> None:
    text = 'Here is it:\n```json\n{"summary": "test sub", "files": ["tests/test_sub.py"]}\n```'
    assert Desk(tmp_path, (says(text),)).plan().files == ("tests/test_sub.py",)


def test_a_question_of_architecture_reaches_the_plan(tmp_path: Path) -> None:
    asks = calls("finish_plan", summary="s", files=["a"], decision_needed="one module or two?")
    assert Desk(tmp_path, (asks,)).plan().decision_needed == "one module or two?"


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (calls("sudo", x=1), "There is no tool 'sudo'"),
        (raw("read_file", '{"path": "pock'), "are no JSON"),
        (raw("read_file", '["pocket/calc.py"]'), "must be a JSON object"),
        (raw("read_file", "[" * 100_000), "are no JSON"),
        (calls("read_file", path=7), "path: Input should be a valid string"),
        (calls("read_file", path="a", colour="red"), "colour: Extra inputs are not permitted"),
        (calls("read_file"), "path: Field required"),
        (raw("write_file", '{"path": "a.py", "content": "\\ud800"}'), "unable to parse raw data as a unicode string"),
        (calls("read_file", path="pocket/clac.py"), "There is no file"),
        (calls("read_file", path="../../etc/passwd"), "leaves the repository"),
        (calls("read_file", path="/etc/passwd"), "no path inside the repository"),
        (calls("read_file", path="a/../.git/config"), "lies in .git"),
        (calls("search", pattern="("), "is no regular expression"),
        (calls("run_tests", select=["-p", "no:x"]), "is no path or test id"),
        (calls("edit_file", path="pocket/calc.py", old="return a * b", new="x"), "0 matches"),
        (calls("edit_file", path="pocket/calc.py", old="return a", new="x"), "2 matches"),
        (calls("edit_file", path="pocket/calc.py", old="", new="x"), "`old` is empty"),
        (calls("edit_file", path="pocket/calc.py", old="def", new="def"), "nothing would change"),
        (calls("write_file", path="../x.py", content="x"), "leaves the repository"),
        (calls("write_file", path=".GIT/hooks/x", content="x"), "lies in .git"),
        (calls("finish_plan", summary="s", files=[]), "plan is made already"),
    ],
)  # fmt: skip
def test_what_a_model_does_wrong_is_told_to_it_and_it_goes_on(
    tmp_path: Path, reply: Reply, told: str
) -> None:
    desk = Desk(tmp_path, (PLANS, reply, WRITES, TESTS, FINISHES))

    assert desk.work().unfinished is None
    assert desk.outputs[1].startswith("Error: ")
    assert told in desk.outputs[1]
    assert set(desk.bench.tree_files()) == {*desk.files, "tests/test_sub.py"}


def test_an_edit_that_matches_nothing_is_shown_the_nearest_lines(tmp_path: Path) -> None:
    edit = calls("edit_file", path="pocket/calc.py", old="def sub(a, b):\n    return b - a", new="x")
    desk = Desk(tmp_path, (PLANS, edit, *WHOLE[1:]))
    desk.work()

    assert "5 def sub(a, b):\n    6     return a - b" in desk.outputs[1]


def test_lines_that_end_as_on_windows_stay_so(tmp_path: Path) -> None:
    files = {"pocket/calc.py": "def sub(a, b):\r\n    return a - b\r\n", "tests/test_x.py": ""}
    edit = calls("edit_file", path="pocket/calc.py", old="b):\n    return a - b", new="b):\n    return a-b")
    desk = Desk(tmp_path, (PLANS, edit, TESTS, FINISHES), files=files)
    desk.work()

    assert desk.bench.tree_files()["pocket/calc.py"] == "def sub(a, b):\r\n    return a-b\r\n"


def test_whatever_a_command_leaves_behind_is_thrown_away(tmp_path: Path) -> None:
    spoils = calls("run_command", command="echo spoilt > pocket/calc.py; echo new > left.txt; echo done")
    reads = calls("read_file", path="pocket/calc.py")
    desk = Desk(tmp_path, (PLANS, WRITES, spoils, reads, TESTS, FINISHES))
    desk.work()

    assert "exit code 0" in desk.outputs[2]
    assert "return a - b" in desk.outputs[3]
    assert desk.bench.tree_files() == {**desk.files, "tests/test_sub.py": TEST_SUB}


def test_an_edit_outside_of_the_footprint_is_said_to_the_model(tmp_path: Path) -> None:
    edit = calls("edit_file", path="pocket/cli.py", old="import sys\n", new="import os, sys\n")
    desk = Desk(tmp_path, (PLANS, edit, TESTS, FINISHES))
    desk.work()

    assert "pocket/cli.py is not among the files of this task" in desk.outputs[1]


# ------------------------------------------------------------------------------------------------------------- bounds


def test_the_same_call_again_and_again_is_told_once_and_then_stopped(tmp_path: Path) -> None:
    reads = calls("read_file", path="pocket/calc.py")
    desk = Desk(tmp_path, (PLANS, WRITES, reads, reads, reads, reads))

    work = desk.work()

    assert any("same call 3 times" in text for text in desk.told)
    assert work.unfinished == "The engine stopped, because the model made the same call 4 times in a row."
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB


def test_three_malformed_calls_in_a_row_stop_it(tmp_path: Path) -> None:
    bad = [raw("read_file", "{" * number) for number in (1, 2, 3)]
    work = Desk(tmp_path, (PLANS, *bad)).work()

    assert work.unfinished == "The engine stopped, because the model made 3 malformed calls in a row."


def test_calls_that_never_end_are_stopped_at_the_last_step(tmp_path: Path) -> None:
    def brain(request: Request) -> Reply | Item:
        if not request.tools:
            return Said(text="- half of it is done\n- look at tests/test_sub.py first")
        turn = sum(isinstance(item, Output) for item in request.items)
        return PLANS if turn == 0 else calls("write_file", path="tests/test_sub.py", content=f"# {turn}\n")

    desk = Desk(tmp_path, brain, bounds=Bounds(steps=6))
    work = desk.work()

    assert work.unfinished == "The engine stopped, because it has taken 6 steps, and no more are allowed."
    assert work.summary == "half of it is done"
    assert work.details == ("look at tests/test_sub.py first",)
    assert any("3 requests are left" in text for text in desk.told)
    assert len(desk.model.requests) == 1 + 6 + 1


def test_a_round_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, WRITES, TESTS, says("it was written")), bounds=Bounds(wall=100))
    plan = desk.plan()
    desk.transcripts.once_added = lambda turn: desk.clock.sleep(60 if isinstance(turn, Answered) else 0)

    work = desk.work(plan)

    assert (
        work.unfinished == "The engine stopped, because it has worked for 2 minutes, and no more are allowed."
    )
    assert work.summary == "it was written"


def test_a_plan_that_never_comes_is_a_refusal(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path,
        lambda request: calls("search", pattern=f"x{len(request.items)}"),
        bounds=Bounds(plan_steps=3),
    )
    with pytest.raises(Refusal, match="3 steps"):
        desk.plan()


def test_words_without_a_call_get_a_nudge_then_another_way_then_the_end(tmp_path: Path) -> None:
    desk = Desk(
        tmp_path, (PLANS, WRITES, says("I am done!"), says("Done."), says("Really."), says("Yes."), says("x"))
    )
    work = desk.work()

    assert "You called no tool" in desk.told[-3]
    assert "answer with one JSON object" in desk.told[-2]
    assert work.unfinished is not None
    assert "4 times in a row without calling a tool" in work.unfinished


def test_a_model_without_tool_calls_works_in_json(tmp_path: Path) -> None:
    def spoken(name: str, **arguments: object) -> Reply:
        return says("I will.\n" + json.dumps({"tool": name, "arguments": arguments}))

    script = (
        spoken("finish_plan", summary="test sub", files=["tests/test_sub.py"]),
        spoken("write_file", path="tests/test_sub.py", content=TEST_SUB),
        spoken("run_tests"),
        spoken("finish", summary="sub is tested"),
    )
    desk = Desk(tmp_path, script, calls_tools=False)

    assert desk.work().summary == "sub is tested"
    assert all(request.tools == () for request in desk.model.requests)
    assert "write_file" in desk.model.requests[0].instructions
    assert any(text.startswith("Output of run_tests:\n2 of 2 tests passed") for text in desk.told)


def in_words(name: str, **arguments: object) -> Reply:
    return says(json.dumps({"tool": name, "arguments": arguments}))


SPEAKS = (
    in_words("finish_plan", summary="test sub", files=["tests/test_sub.py"]),
    in_words("write_file", path="tests/test_sub.py", content=TEST_SUB),
    in_words("run_tests"),
    in_words("finish", summary="sub is tested"),
)


def test_a_server_that_refuses_tools_is_spoken_to_in_words_from_then_on(tmp_path: Path) -> None:
    no = ModelRefused("gemma does not support tools (400).", lacks=Lacking.TOOLS)
    desk = Desk(tmp_path, (no, *SPEAKS), calls_tools=None)

    assert desk.work().summary == "sub is tested"
    first, *later = desk.model.requests
    assert first.tools
    assert first.shape is None
    assert all(not request.tools and request.shape for request in later)
    assert [hold.state for hold in desk.ledger.reserved.values()][:2] == [
        HoldState.RELEASED,
        HoldState.SETTLED,
    ]


def test_who_says_that_tools_are_called_gets_the_refusal(tmp_path: Path) -> None:
    no = ModelRefused("gemma does not support tools (400).", lacks=Lacking.TOOLS)
    with pytest.raises(ModelRefused, match="does not support tools"):
        Desk(tmp_path, (no, *SPEAKS), calls_tools=True).plan()


def test_a_model_that_never_calls_a_tool_is_taken_for_one_that_can_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (says("Sure, I can help!"), says("Which file?"), *SPEAKS), calls_tools=None)

    assert desk.work().summary == "sub is tested"
    assert [bool(request.tools) for request in desk.model.requests] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_model_that_has_called_a_tool_once_is_not_taken_for_mute(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, says("Hm."), says("Hm!"), WRITES, TESTS, FINISHES), calls_tools=None)

    assert desk.work().summary == "sub is tested"
    assert all(request.tools for request in desk.model.requests)


def test_a_context_without_room_for_the_longest_reply_gets_shorter_ones(tmp_path: Path) -> None:
    no = ModelRefused("The context has 8192 tokens (400).", lacks=Lacking.ROOM)
    desk = Desk(tmp_path, (no, no, *WHOLE))

    assert desk.work().summary == "sub is tested"
    assert [request.max_output_tokens for request in desk.model.requests] == [4096, 2048, *[1024] * 4]


def test_a_context_without_room_for_any_reply_ends_it(tmp_path: Path) -> None:
    no = ModelRefused("The context has 8192 tokens (400).", hint="Serve a longer one.", lacks=Lacking.ROOM)
    desk = Desk(tmp_path, (PLANS, WRITES, *[no] * 9))

    work = desk.work()
    assert (
        work.unfinished
        == "The engine stopped, because the context has 8192 tokens (400). Serve a longer one."
    )
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB
    assert [request.max_output_tokens for request in desk.model.requests[2:]] == [4096, 2048, 1024, 512]


def test_what_an_earlier_reply_counted_is_not_trusted_where_other_tools_were_shown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, WRITES, TESTS))
    with pytest.raises(AssertionError, match="no answer"):
        desk.work()
    held = [hold.amount for hold in desk.ledger.reserved.values()]
    desk.calls_tools = False
    desk.start()
    desk.model.then(FINISHES)
    desk.work()

    last = desk.model.requests[-1]
    assert list(desk.ledger.reserved.values())[-1].amount == FakePrices().worst(
        last.model, last.tier, input_bound(last), last.max_output_tokens
    )
    assert held[1] < FakePrices().worst("m", last.tier, input_bound(desk.model.requests[1]), 4096)


def test_several_calls_at_once_are_carried_out_in_their_order(tmp_path: Path) -> None:
    both = Reply(
        items=tuple(
            Call(id=str(at), name=name, arguments=json.dumps(given))
            for at, (name, given) in enumerate(
                [
                    ("write_file", {"path": "tests/test_sub.py", "content": TEST_SUB}),
                    ("run_tests", {}),
                    ("finish", {"summary": "done"}),
                    ("read_file", {"path": "pocket/calc.py"}),
                ]
            )
        ),
        usage=Usage(input=0, output=9),
    )
    desk = Desk(tmp_path, (PLANS, both))

    assert desk.work().summary == "done"
    assert "2 of 2 tests passed" in desk.outputs[2]
    assert desk.outputs[4] == "Not carried out, because the round ended before it."


def test_a_reply_that_is_cut_off_gets_more_room_once_and_then_the_end(tmp_path: Path) -> None:
    partial = raw("write_file", '{"path": "tests/te').model_copy(update={"ended": Ended.CUT_OFF})
    desk = Desk(tmp_path, (PLANS, partial, WRITES, TESTS, FINISHES))
    assert desk.work().unfinished is None
    assert [request.max_output_tokens for request in desk.model.requests] == [4096, 4096, 8192, 4096, 4096]

    other = Desk(tmp_path / "other", (PLANS, WRITES, cut_off(), cut_off()))
    work = other.work()
    assert (
        work.unfinished
        == "The engine stopped, because 2 replies in a row were cut off at their limit of tokens."
    )


def test_a_filtered_reply_ends_it(tmp_path: Path) -> None:
    filtered = Reply(items=(), ended=Ended.FILTERED, usage=Usage(input=0, output=1))
    work = Desk(tmp_path, (PLANS, WRITES, filtered, says("x"))).work()

    assert work.unfinished == "The engine stopped, because the provider's filter withheld the model's reply."


def test_an_empty_reply_without_usage_is_charged_and_followed_by_a_nudge(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, Reply(items=()), WRITES, TESTS, FINISHES))

    assert desk.work().unfinished is None
    states = [hold.state for hold in desk.ledger.reserved.values()]
    assert states.count(HoldState.FORFEITED) == 1


# -------------------------------------------------------------------------------------------------- money and faults


def test_when_the_money_is_used_up_the_work_is_written_up_and_kept(tmp_path: Path) -> None:
    def brain(request: Request) -> Reply | Item:
        if not request.tools:
            return Said(text="the test of sub is written, and nobody has run it")
        turn = sum(isinstance(item, Output) for item in request.items)
        return (PLANS, WRITES)[turn] if turn < 2 else calls("search", pattern=f"a{turn}")

    desk = Desk(tmp_path, brain, cap=Usd.of(0.12), aside=Usd.of(0.02))
    work = desk.work()

    assert work.unfinished is not None
    assert "a request to gpt-5.6-luna can cost up to" in work.unfinished
    assert work.summary == "the test of sub is written, and nobody has run it"
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB
    last = list(desk.ledger.reserved.values())[-1]
    assert last.purpose is Purpose.WRAP_UP
    account = desk.ledger.accounts[agent_account(AGENT)]
    assert account.spent <= account.cap


def test_without_money_for_a_plan_nothing_is_sent(tmp_path: Path) -> None:
    desk = Desk(tmp_path, cap=Usd.of(0.001), aside=Usd(0))
    with pytest.raises(BudgetExhausted):
        desk.plan()

    assert desk.model.requests == []


def test_a_provider_that_says_no_for_good_ends_it_and_keeps_the_work(tmp_path: Path) -> None:
    work = Desk(tmp_path, (PLANS, WRITES, ModelRefused("The key is not valid (401)."))).work()

    assert work.unfinished == "The engine stopped, because the key is not valid (401)."
    assert work.summary == "Unfinished work in tests/test_sub.py"


def test_lost_replies_are_tried_again_and_then_end_it(tmp_path: Path) -> None:
    lost = ModelUnclear("The connection broke.", retryable=True)
    assert Desk(tmp_path, (PLANS, WRITES, lost, TESTS, FINISHES)).work().unfinished is None

    work = Desk(tmp_path / "other", (PLANS, WRITES, lost, lost, lost)).work()
    assert work.unfinished == "The engine stopped, because the connection broke."


def test_a_stop_before_anything_was_written_says_why_and_asks_for_no_wrap_up(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (PLANS, ModelRefused("The key is not valid (401).")))

    assert desk.work().unfinished == "The engine stopped, because the key is not valid (401)."
    assert desk.model.left == 0


# ------------------------------------------------------------------------------------------------- rounds and words


def test_failed_checks_go_back_into_the_same_conversation_and_edits_still_stand(tmp_path: Path) -> None:
    mends = calls("edit_file", path="tests/test_sub.py", old="== 2", new="== 2  # exact")
    desk = Desk(tmp_path, (*WHOLE, mends, TESTS, FINISHES))
    plan = desk.plan()
    desk.work(plan)
    desk.transcripts.rounds[AGENT] = 1
    desk.bench.reset()

    desk.engine.work(desk.bench, plan, failing(detail="E assert 3 == 2"), "")

    assert "no test newly fails: 1 test fails" in desk.told[-1]
    assert "E assert 3 == 2" in desk.told[-1]
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB.replace("== 2", "== 2  # exact")
    assert desk.model.requests[-1].items[: len(desk.model.requests[0].items)] == desk.model.requests[0].items


def test_the_words_of_a_person_enter_the_conversation(tmp_path: Path) -> None:
    desk = Desk(tmp_path, (*WHOLE, TESTS, FINISHES))
    plan = desk.plan()
    desk.work(plan)
    desk.transcripts.rounds[AGENT] = 1
    desk.work(plan, "also test negative numbers")

    assert "wants something different:\nalso test negative numbers" in desk.told[-1]


def test_a_question_ends_the_round_and_its_answer_begins_the_next(tmp_path: Path) -> None:
    asks = calls("ask_human", question="May b be negative?")
    desk = Desk(tmp_path, (PLANS, WRITES, asks, TESTS, FINISHES))
    plan = desk.plan()
    assert desk.work(plan).question == "May b be negative?"

    desk.transcripts.rounds[AGENT] = 1
    work = desk.work(plan, "Yes, it may.")

    assert work.question is None
    assert "answered your question:\nYes, it may." in desk.told[-1]
    assert desk.bench.tree_files()["tests/test_sub.py"] == TEST_SUB


# ------------------------------------------------------------------------------------------------- what is said of it


def test_the_first_request_is_small_and_begins_alike_for_every_task(tmp_path: Path) -> None:
    import bpe_openai

    desks = [Desk(tmp_path / kind, kind=kind) for kind in Kind]
    for desk in desks:
        desk.plan()
    first = [desk.model.requests[0] for desk in desks]

    encoding = bpe_openai.get_encoding("o200k_base")
    for request in first:
        told = "".join(item.text for item in request.items if isinstance(item, Told))
        tools = json.dumps([tool.model_dump() for tool in request.tools])
        assert len(encoding.encode(request.instructions + tools + told)) < 3000
    assert len({(request.instructions, request.items[0].model_dump_json()) for request in first}) == 1
    assert len({json.dumps([tool.model_dump() for tool in request.tools]) for request in first}) == 1


def test_our_own_secrets_never_enter_a_conversation(tmp_path: Path) -> None:
    leaks = calls("run_command", command="echo the-key-is-hunter2hunter2")
    desk = Desk(tmp_path, (PLANS, leaks, *WHOLE[1:]), secrets=("hunter2hunter2",))
    desk.work()

    assert "the-key-is-[secret]" in desk.outputs[1]
    assert "hunter2hunter2" not in "".join(request.model_dump_json() for request in desk.model.requests)
    assert "hunter2hunter2" not in "".join(desk.transcripts.kept[AGENT])


def test_commands_that_a_person_is_shown_hold_nothing_but_a_program_and_its_arguments(tmp_path: Path) -> None:
    ends = calls("finish", summary="s", try_it=["python -m pocket 1 2", "curl x | sh", "rm -rf $HOME; true"])
    assert Desk(tmp_path, (PLANS, WRITES, TESTS, ends)).work().try_it == ("python -m pocket 1 2",)


def test_each_turn_is_stored_before_the_next_request(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    seen: list[int] = []
    answer = desk.model._next

    def look(request: Request) -> object:
        seen.append(len(desk.turns))
        return answer(request)

    desk.model._next = look  # type: ignore[assignment, method-assign]
    desk.work()

    assert seen == [1, 4, 6, 8]
    assert isinstance(desk.turns[-1], Given)
