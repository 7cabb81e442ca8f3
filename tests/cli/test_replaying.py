"""`fresh auto replay ID` has an agent's conversation again, on the real tree and in the real sandbox, without a model."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fresh.domain.agent import Ticket
from fresh.domain.budget import Purpose
from fresh.domain.conversation import Anchor, Reply, Request
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.engine import LlmEngine
from fresh.settings import read_settings
from fresh.wiring import build_toolbox
from tests.cli.conftest import Terminal, git
from tests.fakes.model import ScriptedModel, calls
from tests.fakes.story import RUN, a_run, a_ticket, later
from tests.lean import lean_python

pytestmark = pytest.mark.slow

AGENT, OTHER = "abc12345", "def67890"
TEST = "from pocket import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
STORY = (
    calls("finish_plan", summary="test add", files=["test_pocket.py"]),
    calls("write_file", path="test_pocket.py", content=TEST),
    calls("run_tests"),
    calls("run_command", command="python -c 'import pocket; print(pocket.add(1, 1))'; sleep 0.1"),
    calls("finish", summary="add is tested"),
)


@dataclass
class Unpaid:
    """Ask a scripted model and keep no books."""

    model: ScriptedModel

    def ask(
        self, ticket: Ticket, request: Request, *, anchor: Anchor | None, purpose: Purpose = Purpose.WORK
    ) -> Reply:
        return self.model.send(request, "r")


def have(terminal: Terminal, ticket: Ticket, story: tuple[Reply, ...]) -> None:
    """Let an agent have its conversation."""
    tools = build_toolbox(terminal.repository, read_settings(), alone=True)
    tools.workspace.take_base()
    bench = tools.prover.bench(ticket)
    engine = LlmEngine(Asker(Unpaid(ScriptedModel(story)), "m"), terminal.journal(), tools.clock)
    work = engine.work(bench, engine.plan(bench), None, "")
    assert (work.summary, work.unfinished) == ("add is tested", None)
    tools.prover.clear(ticket)


@pytest.fixture
def told(terminal: Terminal) -> Terminal:
    """An agent that has had its conversation, and one that has had none."""
    journal = terminal.journal()
    base = git(terminal.repository, "rev-parse", "HEAD")
    journal.open_run(a_run(repository=str(terminal.repository)).model_copy(update={"base": base}))
    for name in (AGENT, OTHER):
        ticket = a_ticket(name, python=lean_python()).model_copy(update={"base": base})
        journal.add_agent(ticket, later(0))
        if name == AGENT:
            have(terminal, ticket, STORY)
    return terminal


def test_an_agent_says_and_does_everything_again(told: Terminal) -> None:
    refs, turns = git(told.repository, "for-each-ref"), told.journal().turns(AGENT)

    shown = told.type("auto", "replay", "abc")

    assert (shown.code, shown.err) == (0, "")
    assert (
        shown.out
        == f"{AGENT}: 5 replies played again; it wrote test_pocket.py. Everything went as it did then.\n"
    )
    assert git(told.repository, "for-each-ref") == refs
    assert git(told.repository, "status", "--porcelain", "--untracked-files=no") == ""
    assert told.journal().turns(AGENT) == turns
    assert [path for path in told.home.rglob("*replay-*")] == []


def test_a_run_is_played_with_all_its_agents_that_had_a_conversation(told: Terminal) -> None:
    shown = told.type("auto", "replay", RUN)
    assert shown.code == 0
    assert [row.split(":")[0] for row in shown.out.splitlines()] == [AGENT]


def test_the_conversation_is_shown_on_request(told: Terminal) -> None:
    shown = told.type("auto", "replay", AGENT, "--transcript")
    assert shown.code == 0
    rows = shown.out.splitlines()
    assert rows[0] == "━━ plan 0 ━━"
    assert any(row.startswith("→ output 1 of 1 tests passed") for row in rows)
    assert "■ finished: add is tested" in rows


def test_an_agent_that_had_none_is_told_so(told: Terminal) -> None:
    shown = told.type("auto", "replay", OTHER)
    assert shown.code == 1
    assert shown.err.startswith(f"{OTHER} has had no conversation with a model.")
    assert told.type("auto", "replay", "zzz").code == 2


def test_what_goes_another_way_is_told_and_is_the_exit_code(told: Terminal) -> None:
    ticket = next(one for one in told.journal().tickets(RUN) if one.agent_id == OTHER)
    dice = calls("run_command", command="head -c 64 /dev/urandom | base64 -w0 | tr -d 0-9")
    have(told, ticket, (*STORY[:-1], dice, STORY[-1]))

    shown = told.type("auto", "replay", OTHER)
    run = told.type("auto", "replay", RUN)

    assert shown.code == run.code == 1
    assert (
        "6 replies played again; it wrote test_pocket.py. It parts from its transcript at turn " in shown.out
    )
    assert [row.split()[0] for row in run.out.splitlines()] == [f"{AGENT}:", f"{OTHER}:"]
