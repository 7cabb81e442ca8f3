"""Our own secrets stand nowhere after a run: not in the journal, the report, the log, a page, or in Prefect."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from fresh.adapters.prefect_control import PrefectControl
from fresh.domain.approval import Answer
from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.domain.redaction import Redactor
from fresh.domain.work import Work
from fresh.errors import Mishap
from fresh.wiring import using
from tests.fakes.toolbox import Fakes, a_toolbox
from tests.flows.test_agent_and_run import carry_out, decide, somebody

pytestmark = pytest.mark.server

KEYS = {
    "OpenAI": "sk-proj-Ab1+/x_9%Q.tail",
    "GitHub": "github_pat_11ABCDEFG0abcdefghij",
    "Slack": "xoxb-1234567890-abcdefghij",
    "journal": 's3cr&t<"pass">word',
}
FORMS = {
    "plain": str,
    "reversed": lambda key: key[::-1],
    "base64": lambda key: base64.b64encode(b"k=" + key.encode()).decode(),
    "hex": lambda key: key.encode().hex(),
}
ALL = " ".join(wrap(key) for key in KEYS.values() for wrap in FORMS.values())


@pytest.fixture
def fakes(tmp_path: Path, prefect_url: str) -> Iterator[Fakes]:
    control = PrefectControl({"fresh-sandboxes": 2, "fresh-models": 2})
    made = a_toolbox(tmp_path.resolve(), control, secrets=tuple(KEYS.values()))
    (made.tools.repository / ".git").mkdir()
    with using(made.tools):
        yield made


def told_by_prefect() -> dict[str, str]:
    """Everything that the server holds, by id: states, logs, artifacts, parameters."""
    found: dict[str, str] = {}
    with get_client(sync_client=True) as client:
        for path in ("flow_runs", "task_runs", "logs", "artifacts"):
            while page := client._client.post(
                f"/{path}/filter", json={"limit": 200, "offset": _count(found, path)}
            ).json():
                found.update({f"{path} {one['id']}": str(one) for one in page})
    return found


def _count(found: dict[str, str], path: str) -> int:
    return sum(name.startswith(f"{path} ") for name in found)


def everything(fakes: Fakes) -> dict[str, str]:
    """Everything that a run leaves behind, as text."""
    home = fakes.tools.home
    texts = {
        str(path.relative_to(home)): path.read_bytes().decode("utf-8", "replace")
        for path in home.rglob("*")
        if path.is_file() and ".db" not in path.name
    }
    with sqlite3.connect(home / "journal.db") as journal:
        texts["journal"] = "\n".join(journal.iterdump())
    texts["pages"] = str(fakes.forge.pull_requests)
    texts["commits"] = str([commit.message for commit in fakes.workspace._commits.values()])
    return texts


def test_secrets_that_come_back_from_everywhere_are_hidden_everywhere(fakes: Fakes) -> None:
    def work(bench, plan, feedback, asked):  # type: ignore[no-untyped-def]
        name = bench.ticket.feature.name
        if name == "part1":
            raise Mishap(f"The server says: {ALL}", hint=ALL)
        if name == "part2":
            raise ZeroDivisionError(ALL)
        fakes.engine.act(bench, 1)
        return Work(summary=f"done {ALL}", details=(ALL,), try_it=(f"echo {ALL}",), unchecked=(ALL,))

    def judge(ticket, commit):  # type: ignore[no-untyped-def]
        fact = Check(name="tests", state=CheckState.PASSED, fact=f"passes {ALL}", detail=ALL)
        return Evidence(base=ticket.base, commit=commit, checks=(fact,))

    before = told_by_prefect()
    fakes.engine.work = work  # type: ignore[method-assign]
    fakes.prover.judge = judge
    with somebody(fakes, lambda question: decide(fakes, question, Answer.APPROVED, f"fine {ALL}")) as asked:
        report = carry_out(fakes, approval=True)

    assert [agent.outcome for agent in report.agents] == ["completed", "failed", "failed"]
    left = everything(fakes)
    left["questions"] = str(asked)
    left["report"] = report.model_dump_json()
    left["prefect"] = "".join(text for name, text in told_by_prefect().items() if name not in before)
    assert "[secret]" in left["pages"]
    assert "[secret]" in left["prefect"]
    assert "[secret]" in left["journal"]
    for name, key in KEYS.items():
        redact = Redactor((key,))
        for where, text in left.items():
            assert redact.json(text) == text, f"{name} stands in {where}"
