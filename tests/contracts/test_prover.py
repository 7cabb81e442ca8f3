"""What every prover does with trees, benches and commits: the fake that runs nothing, and the one that runs tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.pip_environment import PipEnvironments
from fresh.domain.agent import Ticket
from fresh.domain.evidence import Verdict
from fresh.domain.feature import Finding, Inventory
from fresh.domain.order import RunOrder
from fresh.domain.work import Work
from fresh.inventory.scan import take_inventory
from fresh.ports import Prover, Workspace
from fresh.proving.prover import TargetProver
from tests.fakes.prover import FakeProver
from tests.fakes.story import a_ticket
from tests.fakes.workspace import FakeWorkspace
from tests.lean import lean_python
from tests.proving.target import Target

TEXT = "def normalize(text):\n    return text.strip()\n"
BETTER = TEXT.replace(".strip()", ".strip().lower()")
FILES: dict[str, str | bytes] = {
    "pocket/__init__.py": "",
    "pocket/text.py": TEXT,
    "pocket/photo.bin": b"\xff\xfe\x00",
    "tests/test_text.py": "from pocket.text import normalize\n\n\ndef test_it():\n    assert normalize(' a ') == 'a'\n",
}
ORDER = RunOrder(python=lean_python(), test_timeout=120)


@dataclass
class Given:
    """A prover, the workspace that it works on, and an agent's ticket on its base commit."""

    prover: Prover
    workspace: Workspace
    ticket: Ticket
    record: Callable[[Mapping[str, str | bytes]], str]


def _fake(place: Path) -> Given:
    workspace = FakeWorkspace()
    inventory = take_inventory(workspace, workspace.record(FILES), place / "cache")
    return Given(FakeProver(workspace, inventory), workspace, _ticket(inventory), workspace.record)


def _real(place: Path) -> Given:
    target, base = Target.make(place, FILES)
    sandbox, state = BwrapSandbox(target.state), target.state

    def survey(commit: str) -> Inventory:
        return take_inventory(target.workspace, commit, state / "cache")

    def no_lint(_: Mapping[str, bytes]) -> Mapping[str, tuple[Finding, ...]]:
        return {}

    environments = PipEnvironments(target.workspace, sandbox, state)
    prover = TargetProver(target.workspace, sandbox, environments, state, survey, no_lint)
    return Given(prover, target.workspace, _ticket(survey(base)), target.record)


def _ticket(inventory: Inventory) -> Ticket:
    feature = inventory.feature("pocket.text:normalize")
    assert feature is not None
    return a_ticket().model_copy(update={"order": ORDER, "base": inventory.commit, "feature": feature})


@pytest.fixture(
    params=[pytest.param(_fake, id="fake"), pytest.param(_real, id="target", marks=pytest.mark.slow)]
)
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Given:
    """Give each prover in turn."""
    made: Given = request.param(tmp_path.resolve())
    return made


def test_being_ready_is_told_in_whole_sentences(given: Given) -> None:
    told = given.prover.ready(ORDER, given.ticket.base)
    assert told
    assert all(each.endswith(".") and "\n" not in each for each in told)
    assert given.prover.ready(ORDER, given.ticket.base) == told


def test_what_is_measured_is_the_inventory_of_the_base(given: Given) -> None:
    measured = given.prover.measured(ORDER, given.ticket.base)
    assert measured.commit == given.ticket.base
    assert measured.feature("pocket.text:normalize") is not None
    assert given.prover.measured(ORDER, given.ticket.base).digest == measured.digest


def test_a_bench_shows_the_base_commit(given: Given) -> None:
    bench = given.prover.bench(given.ticket)
    assert bench.ticket == given.ticket
    assert bench.inventory.commit == given.ticket.base
    assert sorted(bench.paths()) == sorted(FILES)
    assert bench.read("pocket/text.py") == TEXT
    with pytest.raises(KeyError):
        bench.read("pocket/nothing.py")
    with pytest.raises(UnicodeDecodeError):
        bench.read("pocket/photo.bin")


def test_what_is_written_stands_until_it_is_reset_whichever_bench_writes(given: Given) -> None:
    given.prover.bench(given.ticket).write("pocket/text.py", BETTER)
    given.prover.bench(given.ticket).write("pocket/made/more.py", "x = 1\n")
    bench = given.prover.bench(given.ticket)
    assert bench.read("pocket/text.py") == BETTER
    assert sorted(bench.paths()) == sorted(FILES), "paths are those of the base"
    bench.reset()
    assert given.prover.bench(given.ticket).read("pocket/text.py") == TEXT
    with pytest.raises(KeyError):
        bench.read("pocket/made/more.py")


def test_the_tree_is_the_one_that_the_bench_edits(given: Given) -> None:
    given.prover.bench(given.ticket).write("pocket/text.py", BETTER)
    tree = given.prover.tree(given.ticket)
    assert tree.base == given.ticket.base
    assert given.workspace.read_file(tree, "pocket/text.py").decode() == BETTER


def test_a_tree_of_another_base_is_not_taken_for_the_agent_s(given: Given) -> None:
    given.prover.bench(given.ticket).write("pocket/text.py", BETTER)
    moved = given.ticket.model_copy(update={"base": given.record({"pocket/other.py": "y = 2\n"})})
    bench = given.prover.bench(moved)
    assert "pocket/other.py" in bench.paths()
    assert bench.read("pocket/other.py") == "y = 2\n"
    assert given.prover.tree(moved).base == moved.base


def test_evidence_is_bound_to_the_base_and_the_commit_that_were_judged(given: Given) -> None:
    given.prover.bench(given.ticket).write("pocket/text.py", BETTER)
    commit = given.workspace.commit(given.prover.tree(given.ticket), "better", given.ticket.base)
    assert commit is not None
    evidence = given.prover.verify(given.ticket, commit, Work(summary="better"))
    assert (evidence.base, evidence.commit) == (given.ticket.base, commit)
    assert evidence.checks
    assert (evidence.verdict is Verdict.EARNED) == (not evidence.failures)


def test_what_is_cleared_is_gone_and_clearing_twice_is_fine(given: Given) -> None:
    given.prover.bench(given.ticket).write("pocket/text.py", BETTER)
    for _ in range(2):
        given.prover.clear(given.ticket)
        assert given.workspace.standing(given.ticket.agent_id) is None
    assert given.prover.bench(given.ticket).read("pocket/text.py") == TEXT
