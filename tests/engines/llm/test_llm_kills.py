"""kill -9 at every request of an agent: the conversation goes on, and the server sees no answered request again."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fresh.adapters.processes import lives
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.budget import HoldState, agent_account
from fresh.domain.transcript import Answered
from tests.engines.llm.desk import AGENT, TEST_SUB
from tests.fakes.openai_script import Asked, Called, Step
from tests.fakes.openai_server import Rules, serving

ROOT = Path(__file__).parents[3]
STORY = (
    Called(name="finish_plan", arguments={"summary": "test sub", "files": ["tests/test_sub.py"]}),
    Called(name="write_file", arguments={"path": "tests/test_sub.py", "content": TEST_SUB}),
    Called(name="edit_file", arguments={"path": "tests/test_sub.py", "old": "== 2", "new": "== 2 + 0"}),
    Called(name="run_tests"),
    Called(name="finish", arguments={"summary": "sub is tested"}),
)


@pytest.mark.slow
def test_an_agent_that_is_killed_in_every_request_goes_on_and_repeats_no_answered_one(tmp_path: Path) -> None:
    process: list[subprocess.Popen[bytes]] = []
    died_in: set[int] = set()
    answered: list[int] = []
    lock = threading.Lock()

    def brain(asked: Asked) -> Step:
        with lock:
            if asked.turn not in died_in:
                died_in.add(asked.turn)
                process[-1].kill()
                process[-1].wait()
            else:
                answered.append(asked.turn)
        return Step(calls=(STORY[asked.turn],))

    with serving(Rules(answer=brain)) as server:
        for _ in range(len(STORY) + 1):
            command = [sys.executable, "-m", "tests.engines.llm.dying", str(tmp_path), server.url]
            process.append(subprocess.Popen(command, cwd=ROOT))
            process[-1].wait(60)

        assert [one.returncode for one in process] == [-9] * len(STORY) + [0]
        assert answered == list(range(len(STORY)))
        assert len(server.seen) == 2 * len(STORY)

    journal = SqlJournal(f"sqlite:///{tmp_path / 'journal.db'}", lives)
    replies = [turn for turn in journal.turns(AGENT) if isinstance(turn, Answered)]
    states = [hold.state for hold in journal.holds(agent_account(AGENT))]
    assert len(replies) == len(STORY)
    assert sorted(states) == [HoldState.FORFEITED] * len(STORY) + [HoldState.SETTLED] * len(STORY)
    assert (tmp_path / "made.py").read_text() == TEST_SUB.replace("== 2", "== 2 + 0")
