"""Tidying one file: few fixes that keep its behaviour, as the project itself lints."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.ruff_tidier import RuffTidier
from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.domain.feature import Finding, Kind, Reachability
from fresh.domain.work import Work
from fresh.engines.codemod import tidy
from fresh.engines.codemod.habits import habits_of
from fresh.errors import Declined
from tests.fakes.bench import FakeBench, feature_of, inventory_of
from tests.fakes.tidier import FakeTidier

UNTIDY = """import os
import sys

LEVELS = [1, 2];


class Box(object):
    def __init__(self, items):
        self.items = items

    def has(self, item):
        if not item in self.items:
            return f"no"
        return "yes"
"""
TEST = 'from pocket.text import Box\n\n\ndef test_box():\n    assert Box([1]).has(1) == "yes"\n    assert Box([]).has(1) == "no"\n'
PROJECT = {"pocket/__init__.py": "", "pocket/text.py": UNTIDY, "tests/test_text.py": TEST}


def bench_on(
    files: dict[str, str], where: Path, name: str = "Box", path: str = "pocket/text.py"
) -> FakeBench:
    """Give an agent a bench to tidy the file of one feature."""
    return FakeBench(where, files, feature_of(files, path, name), kind=Kind.QUALITY)


def tidied(bench: FakeBench) -> tuple[Work, str]:
    """Plan and work with ruff, and return what was said and the file as it is then."""
    plan = tidy.plan(bench)
    work = tidy.work(bench, plan, None, "", tidier=RuffTidier())
    return work, bench.read(plan.files[0])


@pytest.mark.slow
def test_a_file_is_fixed_and_nothing_else_of_it_moves(tmp_path: Path) -> None:
    bench = bench_on(PROJECT, tmp_path)
    work, text = tidied(bench)
    expected = (
        UNTIDY.replace("import os\nimport sys\n\n", "\n")
        .replace("[1, 2];", "[1, 2]")
        .replace("(object)", "")
        .replace("not item in self.items", "item not in self.items")
        .replace('f"no"', '"no"')
        .lstrip("\n")
    )
    assert text == expected
    assert work.summary == "fix 6 lint findings in pocket/text.py"
    assert set(bench.tree_files()) == set(PROJECT)


@pytest.mark.slow
def test_settings_and_modules_that_are_links_are_in_nobody_s_way(tmp_path: Path) -> None:
    links = ("pyproject.toml", "pocket/linked.py")
    bench = bench_on({**PROJECT, **dict.fromkeys(links, ""), "docs/index.md": ""}, tmp_path)
    for link in links:
        (bench.tree / link).unlink()
        (bench.tree / link).symlink_to(bench.tree / "docs" / "index.md")
    assert tidied(bench)[0].summary == "fix 6 lint findings in pocket/text.py"


@pytest.mark.slow
def test_names_that_others_take_from_the_file_are_not_removed(tmp_path: Path) -> None:
    files = PROJECT | {"pocket/other.py": "from pocket.text import os\n\nprint(os.sep)\n"}
    _, text = tidied(bench_on(files, tmp_path))
    assert "import os\nimport sys\n" in text


@pytest.mark.slow
def test_an_import_that_may_do_something_is_not_removed(tmp_path: Path) -> None:
    files = PROJECT | {
        "pocket/text.py": UNTIDY.replace("import sys", "import pocket.plugins"),
        "pocket/plugins.py": "",
    }
    _, text = tidied(bench_on(files, tmp_path))
    assert "import pocket.plugins" in text


@pytest.mark.slow
def test_what_the_project_ignores_stays(tmp_path: Path) -> None:
    files = PROJECT | {
        "pyproject.toml": '[tool.ruff.lint]\nignore = ["UP"]\nper-file-ignores = {"pocket/*.py" = ["F401"]}\n'
    }
    _, text = tidied(bench_on(files, tmp_path))
    assert "class Box(object)" in text
    assert "import os\n" in text
    assert "item not in self.items" in text


@pytest.mark.slow
def test_flake8_s_ignores_and_noqa_comments_are_respected(tmp_path: Path) -> None:
    source = UNTIDY.replace("class Box(object):", "class Box(object):  # noqa: UP004")
    files = PROJECT | {"pocket/text.py": source, ".flake8": "[flake8]\nextend-ignore = F541, E203\n"}
    _, text = tidied(bench_on(files, tmp_path))
    assert "class Box(object):" in text
    assert 'f"no"' in text


def test_a_file_that_the_project_s_linter_never_sees_is_declined(tmp_path: Path) -> None:
    files = PROJECT | {"pyproject.toml": '[tool.ruff]\nextend-exclude = ["pocket"]\n'}
    with pytest.raises(Declined, match=r"leaves pocket/text\.py out"):
        tidied(bench_on(files, tmp_path))


def test_fewer_than_three_fixes_are_not_worth_a_review(tmp_path: Path) -> None:
    files = PROJECT | {"pocket/text.py": "import os\n\n\nclass Box:\n    pass\n"}
    with pytest.raises(Declined, match="has 1 safe fix, fewer than 3: nothing worth a review"):
        tidied(bench_on(files, tmp_path))


@pytest.mark.slow
def test_fixes_that_break_a_test_are_declined_with_its_name(tmp_path: Path) -> None:
    test = (
        TEST + "\n\ndef test_source():\n    import inspect\n    assert '(object)' in inspect.getsource(Box)\n"
    )
    files = PROJECT | {"tests/test_text.py": test}
    with pytest.raises(
        Declined, match=r"1 test fail that passed before, first tests/test_text\.py::test_source"
    ):
        tidied(bench_on(files, tmp_path))


def test_whitespace_inside_a_text_is_behaviour_and_stays(tmp_path: Path) -> None:
    source = 'TEXT = """a  \nb"""\nX = 1  \nY = 2  \nZ = 3  \n\n\nclass Box:\n    def has(self, item):\n        return TEXT\n'
    files = {**PROJECT, "pocket/text.py": source, "tests/test_text.py": "from pocket.text import Box\n"}
    bench = bench_on(files, tmp_path)
    with pytest.raises(Declined, match="0 safe fixes"):
        tidy.work(bench, tidy.plan(bench), None, "", tidier=FakeTidier())
    assert bench.read("pocket/text.py") == source


@pytest.mark.slow
def test_trailing_whitespace_alone_leaves_the_program_as_it_was(tmp_path: Path) -> None:
    source = "X = 1  \nY = 2  \nZ = 3 \n\n\nclass Box:\n    size = X\n"
    files = {
        **PROJECT,
        "pocket/text.py": source,
        "tests/test_text.py": "def test_x():\n    assert 1 + 1 == 2\n",
    }
    bench = bench_on(files, tmp_path)
    work = tidy.work(bench, tidy.plan(bench), None, "", tidier=FakeTidier())
    assert bench.read("pocket/text.py") == "X = 1\nY = 2\nZ = 3\n\n\nclass Box:\n    size = X\n"
    assert work.details[0] == "W291: 3 fixed, e.g. Trailing whitespace"


def test_the_oldest_python_and_the_line_length_come_from_the_project(tmp_path: Path) -> None:
    files = PROJECT | {
        "pyproject.toml": '[project]\nrequires-python = ">=3.10"\n[tool.black]\nline-length = 100\n'
    }
    habits = habits_of(bench_on(files, tmp_path))
    assert (habits.target, habits.declared, habits.width) == ("py310", True, 100)


@pytest.mark.parametrize(
    ("path", "text", "target"),
    [
        ("setup.py", "setup(python_requires='>=3.9, <4')\n", "py39"),
        ("setup.cfg", "[options]\npython_requires = ~=3.11\n", "py311"),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.12"\n', "py312"),
        ("ruff.toml", 'target-version = "py313"\n', "py313"),
        ("pyproject.toml", "not toml [", "py38"),
        ("README.md", "", "py38"),
    ],
)
def test_the_oldest_python_is_found_wherever_it_is_declared(
    tmp_path: Path, path: str, text: str, target: str
) -> None:
    assert habits_of(bench_on(PROJECT | {path: text}, tmp_path)).target == target


@pytest.mark.slow
def test_rules_that_a_project_did_not_choose_keep_silent_but_for_the_harmless(tmp_path: Path) -> None:
    files = PROJECT | {"pyproject.toml": '[tool.ruff.lint]\nselect = ["E", "F"]\n'}
    _, text = tidied(bench_on(files, tmp_path))
    assert "class Box(object)" in text
    assert 'return "no"' in text


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, "no lint finding with a fix that keeps its behaviour"),
        ({"path": "tests/test_text.py"}, "is a test"),
        ({"path": "pocket/text.js"}, "no Python file"),
        ({"reachability": Reachability.UNKNOWN}, "could not be analysed"),
        ({"findings": (Finding(code="F401", line=1, text="unused", fixable=False),)}, "no lint finding"),
        ({"findings": (Finding(code="RET505", line=1, text="else", fixable=True),) * 3}, "no lint finding"),
        (
            {"findings": (Finding(code="F541", line=1, text="f-string", fixable=True),)},
            "has 1 lint finding with",
        ),
    ],
)
def test_screening_names_the_reason(facts: dict[str, object], reason: str) -> None:
    feature = feature_of(PROJECT, "pocket/text.py", "Box").model_copy(update=facts)
    assert reason in (tidy.screen(feature, inventory_of(feature)) or "")


def fixable(*lines: int) -> tuple[Finding, ...]:
    """Findings that a small change could fix."""
    return tuple(Finding(code="F541", line=line, text="f-string", fixable=True) for line in lines)


def test_a_file_with_enough_fixable_findings_is_worth_trying() -> None:
    feature = feature_of(PROJECT, "pocket/text.py", "Box", findings=fixable(12, 13, 14))
    assert tidy.screen(feature, inventory_of(feature)) is None


def test_a_file_is_picked_once_however_many_features_it_holds() -> None:
    """Whoever declines to tidy a file declines for all of it."""
    plain = feature_of(PROJECT, "pocket/text.py", "Box")
    few, most, none = (
        plain.model_copy(update={"key": f"pocket.text:{name}", "qualname": name, "findings": fixable(*lines)})
        for name, lines in (("Few", (1,)), ("Most", (2, 3)), ("None", ()))
    )
    inventory = inventory_of(few, most, none)
    assert tidy.screen(most, inventory) is None
    for other in (few, none):
        assert tidy.screen(other, inventory) == (
            "pocket/text.py is tidied as one, for pocket.text:Most, which has most of its findings."
        )


def test_words_of_a_person_and_failed_checks_are_declined_honestly(tmp_path: Path) -> None:
    bench = bench_on(PROJECT, tmp_path)
    plan = tidy.plan(bench)
    with pytest.raises(Declined, match="request in words"):
        tidy.work(bench, plan, None, "fix more", tidier=RuffTidier())
    failed = Check(name="tests", state=CheckState.FAILED, fact="2 tests failed")
    with pytest.raises(Declined, match="2 tests failed"):
        tidy.work(bench, plan, Evidence(base="b", commit="c", checks=(failed,)), "", tidier=RuffTidier())
