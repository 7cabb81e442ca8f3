"""The prover as a run uses it: from the order to the evidence, everything real but the engine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.pip_environment import PipEnvironments
from fresh.domain.agent import Ticket
from fresh.domain.evidence import TestOutcome, Verdict
from fresh.domain.feature import Inventory, Kind, Linted, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.work import NewTest, Work
from fresh.inventory.scan import take_inventory
from fresh.ports import Bench
from fresh.proving.prover import TargetProver
from tests.lean import lean_python
from tests.proving.target import Target

FILES = {
    "pyproject.toml": '[project]\nname = "pocket"\nversion = "1"\n[project.scripts]\npocket = "pocket.cli:main"\n',
    "pocket/__init__.py": "",
    "pocket/text.py": '"""Text."""\n\n\ndef shout(words: str) -> str:\n    """Raise the voice."""\n    return words.upper()\n',
    "pocket/cli.py": "import argparse\n\n\ndef main(argv=None):\n    parser = argparse.ArgumentParser()\n    parser.add_argument('words')\n    print(parser.parse_args(argv).words)\n    return 0\n",
    "tests/test_cli.py": "from pocket.cli import main\n\n\ndef test_main(capsys):\n    assert main(['hi']) == 0\n    assert capsys.readouterr().out == 'hi\\n'\n",
}
HOOKED = "import argparse\n\nfrom pocket.text import shout\n\n\ndef main(argv=None):\n    parser = argparse.ArgumentParser()\n    parser.add_argument('words')\n    parser.add_argument('--shout', action='store_true')\n    given = parser.parse_args(argv)\n    print(shout(given.words) if given.shout else given.words)\n    return 0\n"
NEW = "from pocket.cli import main\n\n\ndef test_shout(capsys):\n    assert main(['--shout', 'hi']) == 0\n    assert capsys.readouterr().out == 'HI\\n'\n"
ORDER = RunOrder(python=lean_python(), test_timeout=120)


def no_lint(files: Mapping[str, bytes]) -> Linted:
    return {}


@pytest.fixture
def made(tmp_path: Path) -> tuple[Target, TargetProver, Ticket]:
    target, base = Target.make(tmp_path, FILES)
    sandbox = BwrapSandbox(target.state)

    def survey(commit: str) -> Inventory:
        return take_inventory(target.workspace, commit, target.state / "cache/inventory")

    environments = PipEnvironments(target.workspace, sandbox, target.state)
    prover = TargetProver(target.workspace, sandbox, environments, target.state, survey, no_lint)
    feature = survey(base).feature("pocket.text:shout")
    assert feature is not None
    ticket = Ticket(
        run_id="r", agent_id="abc12345", order=ORDER, repository=str(target.repository.path), base=base,
        branch="autonomous/abc12345-shout", feature=feature, kind=Kind.HOOKUP, reasons=(), engine=EngineName.CODEMOD, seed=1,
    )  # fmt: skip
    return target, prover, ticket


@pytest.mark.slow
def test_from_the_order_to_the_evidence(made: tuple[Target, TargetProver, Ticket]) -> None:
    target, prover, ticket = made
    assert ticket.feature.reachability is Reachability.UNHOOKED
    environment, command, base = prover.ready(ORDER, ticket.base)
    assert environment.startswith(f"Environment: --python {lean_python()}")
    assert command == "Test command: python -m pytest tests (tests/test_cli.py is written for pytest)."
    assert base.startswith("On base 1 of 1 tests pass")
    bench = prover.bench(ticket)
    bench.write("pocket/cli.py", HOOKED)
    bench.write("tests/test_shout.py", NEW)
    commit = target.workspace.commit(prover.tree(ticket), "hook up shout", ticket.base)
    assert commit is not None
    work = Work(
        summary="s",
        new_tests=(NewTest(node_id="tests/test_shout.py::test_shout", exercises="pocket.text:shout"),),
    )
    evidence = prover.verify(ticket, commit, work)
    assert evidence.verdict is Verdict.EARNED, evidence.failures
    assert len(evidence.checks) == 7
    prover.clear(ticket)
    assert target.workspace.standing("abc12345") is None


def test_a_bench_edits_runs_and_resets_a_tree_that_outlives_it(
    made: tuple[Target, TargetProver, Ticket],
) -> None:
    target, prover, ticket = made
    bench: Bench = prover.bench(ticket)
    assert set(bench.paths()) == set(FILES)
    assert bench.read("pocket/text.py") == FILES["pocket/text.py"]
    bench.write("pocket/text.py", FILES["pocket/text.py"].replace("upper", "lower"))
    said = bench.python(["-c", "from pocket.text import shout; print(shout('Hi'))"])
    assert (said.exit_code, said.text) == (0, "hi\n")
    assert bench.python(["-"], stdin=b"print(6 * 7)").text == "42\n"
    again = prover.bench(ticket)
    assert "lower" in again.read("pocket/text.py")
    again.reset()
    assert "upper" in bench.read("pocket/text.py")
    with pytest.raises(KeyError):
        bench.read("pocket/nothing.py")
    assert target.repository.git("status", "--porcelain") == b""


def test_a_bench_runs_the_tests_of_the_tree_as_it_is_now(made: tuple[Target, TargetProver, Ticket]) -> None:
    _, prover, ticket = made
    bench = prover.bench(ticket)
    bench.write("tests/test_shout.py", NEW)
    failing = bench.run_tests(["tests/test_shout.py"])
    assert failing.outcomes == {"tests/test_shout.py::test_shout": TestOutcome.FAILED}
    bench.write("pocket/cli.py", HOOKED)
    passing = bench.run_tests(["tests/test_shout.py"], coverage=True)
    assert passing.passed == {"tests/test_shout.py::test_shout"}
    assert 6 in passing.covered["pocket/text.py"]


def test_a_tree_that_was_lost_is_planted_again(made: tuple[Target, TargetProver, Ticket]) -> None:
    target, prover, ticket = made
    prover.bench(ticket).write("pocket/text.py", "x = 1\n")
    shutil.rmtree(prover.tree(ticket).path)
    target.workspace.fell("abc12345")
    assert prover.bench(ticket).read("pocket/text.py") == FILES["pocket/text.py"]
