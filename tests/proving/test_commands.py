"""How a repository's test command is found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fresh.errors import OperatorMistake
from fresh.proving.commands import Style, TestCommand, find_command

PYTEST = ("python", "-m", "pytest")
BARE = "def test_x():\n    assert 1 + 1 == 2\n"
CASE = (
    "import unittest\n\nclass T(unittest.TestCase):\n    def test_x(self):\n        self.assertEqual(2, 2)\n"
)


def found(files: Mapping[str, str], ordered: str | None = None) -> TestCommand:
    return find_command(tuple(sorted(files)), files.__getitem__, ordered)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\n"),
        (".pytest.ini", "[pytest]\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nminversion = '6'\n"),
        ("tox.ini", "[pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
        ("tests/conftest.py", ""),
    ],
)
def test_a_configuration_of_pytest_decides_even_for_unittest_cases(name: str, text: str) -> None:
    command = found({"tests/test_a.py": CASE, name: text})
    assert command.style is Style.PYTEST
    assert name.rpartition("/")[2] in command.why


def test_bare_test_functions_are_written_for_pytest() -> None:
    command = found({"tests/test_a.py": BARE})
    assert (command.argv, command.paths, command.style) == (PYTEST, ("tests",), Style.PYTEST)


def test_unittest_cases_alone_are_run_by_unittest() -> None:
    command = found({"tests/test_a.py": CASE, "pocket/a.py": ""})
    assert command.style is Style.UNITTEST
    assert command.argv == ("python", "-m", "unittest", "discover", "-s", "tests")


def test_unittest_packages_keep_their_top_level() -> None:
    files = {
        "tests/__init__.py": "",
        "tests/test_a.py": CASE,
        "tests/deep/__init__.py": "",
        "tests/deep/test_b.py": CASE,
    }
    assert found(files).argv == ("python", "-m", "unittest", "discover", "-s", "tests", "-t", ".")


def test_unittest_folders_that_no_single_discovery_reaches_go_to_pytest() -> None:
    command = found({"a/tests/test_a.py": CASE, "b/tests/test_b.py": CASE})
    assert command.style is Style.PYTEST
    assert command.paths == ()


def test_a_repository_without_tests_can_still_get_some() -> None:
    command = found({"pocket/__init__.py": ""})
    assert not command.finds_tests
    assert command.style is Style.PYTEST


def test_a_conftest_alone_is_no_test() -> None:
    assert not found({"tests/conftest.py": ""}).finds_tests


def test_configured_testpaths_are_left_to_pytest() -> None:
    command = found({"tests/test_a.py": BARE, "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    assert command.paths == ()


def test_test_files_outside_of_the_usual_folder_are_not_shut_out() -> None:
    assert found({"tests/test_a.py": BARE, "pocket/test_b.py": BARE}).paths == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tox.ini", '[testenv]\ncommands = pytest --cov=x -m "not slow" {posargs} tests/unit\n'),
        (
            "noxfile.py",
            'def tests(session):\n    session.run("pytest", "-m", "not slow", "tests/unit", *session.posargs)\n',
        ),
        ("Makefile", "lint:\n\truff .\ntest: deps\n\t@$(PY) -m pytest -q -m 'not slow' tests/unit\n"),
    ],
)
def test_arguments_that_choose_tests_are_taken_from_the_projects_own_tools(name: str, text: str) -> None:
    command = found({"tests/unit/test_a.py": BARE, "tests/slow/test_b.py": BARE, name: text})
    assert command.argv == (*PYTEST, "-m", "not slow")
    assert command.paths == ("tests/unit",)
    assert name in command.why


@pytest.mark.parametrize(
    "text",
    ["[testenv\n", "[testenv]\ncommands = pytest 'unclosed\n", "[testenv]\ncommands = rm x; pytest y\n"],
)
def test_files_that_make_no_sense_give_no_hints(text: str) -> None:
    assert found({"tests/test_a.py": BARE, "tox.ini": text}).argv == PYTEST


@pytest.mark.parametrize("text", ["[x\n", "a = " + "1" * 5_000 + "\n", "a = " + "[" * 5_000 + "\n"])
def test_settings_that_no_reader_takes_give_no_hints(text: str) -> None:
    assert found({"tests/test_a.py": BARE, "pyproject.toml": text}).argv == PYTEST


@pytest.mark.parametrize(
    ("ordered", "argv", "style", "paths"),
    [
        ("pytest -x tests", (*PYTEST, "-x"), Style.PYTEST, ("tests",)),
        ("python3 -m pytest -k tests", (*PYTEST, "-k", "tests"), Style.PYTEST, ()),
        ("poetry run pytest tests/test_a.py", PYTEST, Style.PYTEST, ("tests/test_a.py",)),
        (
            "python -m unittest discover -s tests",
            ("python", "-m", "unittest", "discover", "-s", "tests"),
            Style.UNITTEST,
            (),
        ),
        ("make check", ("make", "check"), Style.CUSTOM, ()),
        ("DEBUG=1 ./run-tests", ("/usr/bin/env", "DEBUG=1", "./run-tests"), Style.CUSTOM, ()),
        ("cd sub && pytest", ("/bin/sh", "-c", "cd sub && pytest"), Style.CUSTOM, ()),
        ("uv run ./x.sh | tee y", ("/bin/sh", "-c", "./x.sh | tee y"), Style.CUSTOM, ()),
    ],
)
def test_the_operators_command_wins(
    ordered: str, argv: tuple[str, ...], style: Style, paths: tuple[str, ...]
) -> None:
    command = found({"tests/test_a.py": CASE}, ordered)
    assert (command.argv, command.style, command.paths) == (argv, style, paths)
    assert command.finds_tests


@pytest.mark.parametrize("ordered", ["", "  ", "pytest 'tests", "poetry run"])
def test_a_command_that_is_none_is_the_operators_mistake(ordered: str) -> None:
    with pytest.raises(OperatorMistake):
        found({}, ordered)


def test_a_test_file_that_is_no_utf8_is_no_obstacle() -> None:
    def read(path: str) -> str:
        return b"\xff\xfe".decode()

    assert find_command(("tests/test_a.py",), read).style is Style.PYTEST
