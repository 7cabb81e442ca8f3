"""`fresh auto logs ID --transcript` shows an agent's conversation with its model."""

from __future__ import annotations

from fresh.domain.conversation import Call, Output, Reply, Said, Told, Usage
from fresh.domain.transcript import Answered, Closing, Given, Opened, Round
from fresh.domain.work import Plan
from tests.cli.conftest import Terminal, git
from tests.fakes.story import a_run, a_ticket, later

AGENT = "abc12345"
TURNS = (
    Opened(round=Round.PLAN, items=(Told(text="Plan it.\nNow."),)),
    Answered(
        model="gpt-5.6-luna",
        reply=Reply(
            items=(Said(text="I look \x1b[31mfirst"), Call(id="1", name="read_file", arguments='{"path": "a.py"}')),
            usage=Usage(input=1234, cached=1000, output=5),
        ),
    ),
    Given(items=(Output(call_id="1", text="x" * 9000),), done=1, closing=Closing(plan=Plan(summary="do it", files=()))),
)  # fmt: skip


def prepare(terminal: Terminal, *, talked: bool) -> None:
    journal = terminal.journal()
    base = git(terminal.repository, "rev-parse", "HEAD")
    journal.open_run(a_run(repository=str(terminal.repository)).model_copy(update={"base": base}))
    journal.add_agent(a_ticket(AGENT).model_copy(update={"base": base}), later(0))
    for number, turn in enumerate(TURNS if talked else ()):
        journal.add_turn(AGENT, number, turn, later(number))


def test_a_transcript_is_shown_from_its_beginning(terminal: Terminal) -> None:
    prepare(terminal, talked=True)
    shown = terminal.type("auto", "logs", "abc", "--transcript")

    assert shown.code == 0
    rows = shown.out.splitlines()
    assert rows[:7] == [
        "━━ plan 0 ━━",
        "→ Plan it.",
        "  Now.",
        "── reply 1 (gpt-5.6-luna; 1,234 tokens in (1,000 cached), 5 out)",
        "← I look �[31mfirst",
        '← read_file {"path": "a.py"}',
        "→ output " + "x" * 2000,
    ]
    assert rows[-1] == "■ plan: do it"
    assert "5000 characters left out" in shown.out


def test_all_of_it_is_shown_on_request(terminal: Terminal) -> None:
    prepare(terminal, talked=True)
    assert "x" * 9000 in terminal.type("auto", "logs", "abc", "--transcript", "--full").out


def test_an_agent_without_a_conversation_is_said_to_have_none(terminal: Terminal) -> None:
    prepare(terminal, talked=False)
    shown = terminal.type("auto", "logs", "abc", "--transcript")

    assert shown.code == 1
    assert "has had no conversation with a model" in shown.err
