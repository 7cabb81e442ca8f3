"""Runs of little projects' tests, in the real sandbox on real trees."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.evidence import RunEnd, TestOutcome, TestRun
from fresh.proving.rig import Rig
from tests.proving.target import Target

P, F, E, S, X = (
    TestOutcome.PASSED,
    TestOutcome.FAILED,
    TestOutcome.ERROR,
    TestOutcome.SKIPPED,
    TestOutcome.XFAILED,
)

CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
EVERY_END = """
import pytest
from pocket.calc import add

def test_pass(): assert add(1, 2) == 3
def test_fail(): assert add(1, 2) == 4
@pytest.mark.skip
def test_skip(): assert add(0, 0) == 1
@pytest.mark.xfail
def test_xfail(): assert add(0, 0) == 1
@pytest.mark.xfail(strict=True)
def test_xpass_strict(): assert add(0, 0) == 0
@pytest.fixture
def broken(): raise RuntimeError
def test_setup(broken): assert add(0, 0) == 0
@pytest.fixture
def messy():
    yield
    raise RuntimeError
def test_teardown(messy): assert add(0, 0) == 0
@pytest.mark.parametrize("n", [1, 2])
def test_many(n): assert add(n, 1) == 2
def test_subtests(subtests):
    with subtests.test(msg="one"): assert add(1, 1) == 3
"""


def run(
    place: Path,
    files: dict[str, str],
    *selection: str,
    command: str | None = None,
    coverage: bool = False,
    wall: float = 60.0,
) -> TestRun:
    target, base = Target.make(place, files)
    return target.rig(base, command, wall).run_fresh("t", base, selection, coverage=coverage)


def test_pytest_reports_every_way_in_which_a_test_ends(tmp_path: Path) -> None:
    files = {
        "pocket/__init__.py": "",
        "pocket/calc.py": CALC,
        "tests/test_a.py": EVERY_END,
        "tests/test_b.py": "import nothing\n",
    }
    found = run(tmp_path, {**files, "tests/test_c.py": "import pytest\npytest.importorskip('nothing')\n"})
    assert found.outcomes == {
        "tests/test_a.py::test_pass": P,
        "tests/test_a.py::test_fail": F,
        "tests/test_a.py::test_skip": S,
        "tests/test_a.py::test_xfail": X,
        "tests/test_a.py::test_xpass_strict": F,
        "tests/test_a.py::test_setup": E,
        "tests/test_a.py::test_teardown": E,
        "tests/test_a.py::test_many[1]": P,
        "tests/test_a.py::test_many[2]": F,
        "tests/test_a.py::test_subtests": F,
        "tests/test_b.py": E,
        "tests/test_c.py": S,
    }
    assert (found.exit_code, found.ended, found.cut_in) == (1, RunEnd.EXIT, "")


UNITTEST = """
import unittest
from pocket.calc import add

class Add(unittest.TestCase):
    def test_pass(self): self.assertEqual(add(1, 2), 3)
    def test_fail(self): self.assertEqual(add(1, 2), 4)
    def test_error(self): add(1)
    @unittest.skip("later")
    def test_skip(self): self.fail()
    @unittest.expectedFailure
    def test_xfail(self): self.fail()
    @unittest.expectedFailure
    def test_xpass(self): self.assertEqual(add(1, 2), 3)
    def test_sub(self):
        for n in range(3):
            with self.subTest(n=n): self.assertEqual(add(n, 0), 0)
"""


def test_a_project_that_stops_at_its_first_failure_is_run_to_the_end(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\naddopts = -x\n",
        "tests/test_a.py": "def test_a(): assert 1 == 2\ndef test_b(): assert 1 == 1\n",
    }
    assert run(tmp_path, files).outcomes == {"tests/test_a.py::test_a": F, "tests/test_a.py::test_b": P}


def test_unittest_reports_the_same_under_the_same_ids(tmp_path: Path) -> None:
    files = {
        "pocket/__init__.py": "",
        "pocket/calc.py": CALC,
        "tests/__init__.py": "",
        "tests/test_a.py": UNITTEST,
    }
    found = run(
        tmp_path,
        {**files, "tests/test_b.py": "import unittest\nimport nothing\nunittest.TestCase\n"},
        coverage=True,
    )
    assert found.command[:4] == ("python", "-m", "unittest", "discover")
    start = "tests/test_a.py::Add::test_"
    assert found.outcomes == {
        f"{start}pass": P,
        f"{start}fail": F,
        f"{start}error": E,
        f"{start}skip": S,
        f"{start}xfail": X,
        f"{start}xpass": F,
        f"{start}sub": F,
        "tests/test_b.py": E,
    }
    assert found.covered == {"pocket/calc.py": (1, 2, 5)}


@pytest.mark.parametrize("body", [UNITTEST, EVERY_END])
def test_a_selection_runs_nothing_else(tmp_path: Path, body: str) -> None:
    files = {
        "pocket/__init__.py": "",
        "pocket/calc.py": CALC,
        "tests/__init__.py": "",
        "tests/test_a.py": body,
    }
    middle = "Add::" if body is UNITTEST else ""
    wanted = f"tests/test_a.py::{middle}test_pass"
    found = run(tmp_path, files, wanted, "tests/test_absent.py::test_x")
    assert found.outcomes == {wanted: P}
    assert found.command[-2:] == (wanted, "tests/test_absent.py::test_x")


def test_a_selection_that_is_not_there_passes_nothing(tmp_path: Path) -> None:
    found = run(tmp_path, {"tests/test_a.py": "def test_a(): assert True\n"}, "tests/test_b.py::test_b")
    assert (found.outcomes, found.exit_code) == ({}, 5)


def test_a_source_folder_is_imported_from_the_tree(tmp_path: Path) -> None:
    files = {
        "src/pocket/__init__.py": "",
        "src/pocket/calc.py": CALC,
        "tests/test_a.py": "from pocket.calc import add\n\ndef test_a():\n    assert add(1, 1) == 2\n",
    }
    found = run(tmp_path, files, coverage=True)
    assert found.outcomes == {"tests/test_a.py::test_a": P}
    assert found.covered == {"src/pocket/calc.py": (1, 2, 5)}


def test_lines_are_recorded_in_processes_that_a_test_starts(tmp_path: Path) -> None:
    call = "import subprocess, sys\n\ndef test_a():\n    subprocess.run([sys.executable, '-m', 'pocket'], check=True)\n"
    files = {"pocket/__init__.py": "", "pocket/calc.py": CALC, "tests/test_a.py": call}
    found = run(
        tmp_path, {**files, "pocket/__main__.py": "from pocket.calc import sub\n\nsub(2, 1)\n"}, coverage=True
    )
    assert found.covered == {"pocket/__main__.py": (1, 3), "pocket/calc.py": (1, 5, 6)}


def test_a_custom_command_that_runs_pytest_inside_is_heard_and_selected_from(tmp_path: Path) -> None:
    files = {"sub/test_a.py": "def test_a(): assert 1 + 1 == 2\ndef test_b(): assert 1 + 1 == 3\n"}
    whole = run(tmp_path / "whole", files, command="cd sub && python -m pytest -q", coverage=True)
    assert whole.outcomes == {"test_a.py::test_a": P, "test_a.py::test_b": F}
    one = run(tmp_path / "one", files, "test_a.py::test_a", command="cd sub && python -m pytest -q")
    assert one.outcomes == {"test_a.py::test_a": P}


def test_a_custom_command_without_pytest_has_only_an_exit_code(tmp_path: Path) -> None:
    found = run(tmp_path, {"check.py": "print('fine')\n"}, command="python check.py")
    assert (found.outcomes, found.exit_code, found.tail) == ({}, 0, "fine\n")


@pytest.mark.slow
def test_a_run_that_hangs_is_cut_and_names_the_test(tmp_path: Path) -> None:
    files = {
        "tests/test_a.py": "import time\n\ndef test_quick(): assert 1 < 2\n\ndef test_hang(): time.sleep(1000)\n"
    }
    found = run(tmp_path, files, wall=15.0)
    assert (found.ended, found.exit_code, found.cut_in) == (
        RunEnd.TIMEOUT,
        None,
        "tests/test_a.py::test_hang",
    )
    assert found.outcomes == {"tests/test_a.py::test_quick": P}


def test_a_run_that_ends_itself_in_the_middle_is_noticed(tmp_path: Path) -> None:
    files = {
        "tests/test_a.py": "import os\n\ndef test_a(): assert 1 < 2\n\ndef test_exit(): os._exit(0)\n\ndef test_c(): assert 1 < 2\n"
    }
    found = run(tmp_path, files)
    assert (found.exit_code, found.cut_in) == (0, "tests/test_a.py::test_exit")


def test_tests_see_git_and_may_write_into_their_tree(tmp_path: Path) -> None:
    text = "import pathlib, subprocess\n\ndef test_git():\n    assert b'a commit' in subprocess.check_output(['git', 'log', '-1'])\n\n"
    text += "def test_write():\n    pathlib.Path('left.txt').write_text('x')\n    assert pathlib.Path('left.txt').exists()\n"
    target, base = Target.make(tmp_path, {"tests/test_a.py": text, "tests/conftest.py": ""})
    assert target.rig(base).run_fresh("t", base).failing == frozenset()
    assert target.workspace.standing("t") is None
    assert sorted(place.name for place in target.repository.path.iterdir()) == [".git", "tests"]
    assert not list((target.state / "scratch").iterdir())


def test_a_test_can_not_reach_what_lies_beside_its_tree(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    text = f"import pathlib\n\ndef test_a():\n    assert not pathlib.Path({str(tmp_path / 'secret.txt')!r}).exists()\n"
    assert run(tmp_path, {"tests/test_a.py": text}).failing == frozenset()


def test_files_laid_beside_a_commit_are_run_with_it(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, {"tests/test_a.py": "def test_a(): assert 1 < 2\n"})
    rig: Rig = target.rig(base)
    found = rig.run_fresh("t", base, beside={"tests/test_b.py": b"def test_b(): assert 2 < 1\n"})
    assert found.outcomes == {"tests/test_a.py::test_a": P, "tests/test_b.py::test_b": F}


@pytest.mark.parametrize("folder", ["tests", ".fresh", "venv"])
def test_a_repository_below_a_folder_whose_name_means_no_product_is_measured_all_the_same(
    tmp_path: Path, folder: str
) -> None:
    files = {
        "pocket/__init__.py": "",
        "pocket/calc.py": CALC,
        "tests/test_calc.py": "from pocket.calc import add\n\ndef test_add(): assert add(1, 2) == 3\n",
    }
    assert run(tmp_path / folder, files, coverage=True).covered == {"pocket/calc.py": (1, 2, 5)}
