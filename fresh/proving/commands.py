"""How the target's tests are run: what the operator said, else what the files of the base commit say."""

from __future__ import annotations

import configparser
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from fresh.domain.test_code import FOLDERS, is_test_module
from fresh.errors import OperatorMistake
from fresh.proving.hints import hinted_arguments

# Stands in an argv for the interpreter of the environment.
PYTHON = "python"
Read = Callable[[str], str]

_SIGNS = re.compile(r"^\s*(import pytest|from pytest)\b|^(async )?def test", re.MULTILINE)
_UNITTEST = re.compile(r"^\s*(import unittest|from unittest)\b|\bTestCase\b", re.MULTILINE)
# Tools that would look for an environment of their own; the command after them runs in ours.
_RUNNERS = (("poetry", "run"), ("uv", "run"), ("pdm", "run"), ("pipenv", "run"), ("hatch", "run"))
_TAKES_VALUE = frozenset(
    {"-k", "-m", "-p", "-c", "-o", "-W", "-n", "-r", "--ignore", "--rootdir", "--deselect"}
)


class Style(StrEnum):
    """Who runs the tests, and so how single ones are chosen and outcomes are heard."""

    PYTEST = "pytest"
    UNITTEST = "unittest"
    CUSTOM = "custom"


@dataclass(frozen=True)
class TestCommand:
    """The command that runs the whole suite: `argv` and then `paths`; `why` says where it was found.

    `finds_tests` is False in a repository without tests, where the command is good for new ones alone.
    """

    __test__ = False

    argv: tuple[str, ...]
    style: Style
    why: str
    paths: tuple[str, ...] = ()
    finds_tests: bool = True

    @property
    def shown(self) -> tuple[str, ...]:
        """The command as a person would type it."""
        return (*self.argv, *self.paths)


def find_command(paths: Sequence[str], read: Read, ordered: str | None = None) -> TestCommand:
    """Find the test command of a commit from its paths and files; `ordered` is the operator's word and wins.

    Raises OperatorMistake when `ordered` is no command.
    """
    if ordered is not None:
        return _ordered(ordered, paths)
    modules = tuple(path for path in paths if is_test_module(path) and not path.endswith("conftest.py"))
    if not modules:
        return TestCommand(
            (PYTHON, "-m", "pytest"), Style.PYTEST, "the repository has no test files", finds_tests=False
        )
    sign = _pytest_sign(paths, modules, read)
    if sign is None:
        starts = _starts(modules, frozenset(paths))
        if len(starts) == 1:
            return TestCommand(_discover(*starts[0]), Style.UNITTEST, "its tests use unittest alone")
        sign = f"its unittest tests lie in {len(starts)} separate folders, which pytest finds in one run"
    return _pytest(paths, modules, read, sign)


def _ordered(text: str, paths: Sequence[str]) -> TestCommand:
    why = "ordered by --test-command"
    try:
        words = shlex.split(text)
        plain = not any(set(token) <= set("();<>|&") for token in shlex.shlex(text, punctuation_chars=True))
    except ValueError as bad:
        raise OperatorMistake(
            f"The test command {text!r} can't be read: {bad}.", hint="Check its quotes."
        ) from bad
    for runner in _RUNNERS:
        if tuple(words[:2]) == runner:
            words, text = words[2:], text.partition(" run ")[2]
    if not words:
        raise OperatorMistake("The test command is empty.", hint='For example: --test-command "pytest tests"')
    if not plain:
        return TestCommand(("/bin/sh", "-c", text), Style.CUSTOM, why)
    if words[0] in ("pytest", "py.test"):
        words = [PYTHON, "-m", "pytest", *words[1:]]
    if re.fullmatch(r"python[\d.]*", words[0]):
        words[0] = PYTHON
    if words[:3] == [PYTHON, "-m", "pytest"]:
        options, chosen = _split(words[3:], paths)
        return TestCommand((*words[:3], *options), Style.PYTEST, why, chosen)
    if words[:3] == [PYTHON, "-m", "unittest"]:
        return TestCommand(tuple(words), Style.UNITTEST, why)
    if re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        words = ["/usr/bin/env", *words]
    return TestCommand(tuple(words), Style.CUSTOM, why)


def _split(arguments: Sequence[str], paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tell options from the paths among pytest's arguments."""
    options: list[str] = []
    chosen: list[str] = []
    before = ""
    for argument in arguments:
        place = argument.partition("::")[0].rstrip("/")
        is_path = not argument.startswith("-") and before not in _TAKES_VALUE and _stands(place, paths)
        (chosen if is_path else options).append(argument)
        before = argument
    return tuple(options), tuple(chosen)


def _stands(place: str, paths: Sequence[str]) -> bool:
    return place == "." or any(path == place or path.startswith(f"{place}/") for path in paths)


def _pytest_sign(paths: Sequence[str], modules: Sequence[str], read: Read) -> str | None:
    for name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"):
        if name in paths:
            return f"{name} is there"
    if "pytest" in _pyproject_tools(paths, read):
        return "pyproject.toml configures pytest"
    for name, section in (("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        if section in _sections(name, paths, read):
            return f"{name} configures pytest"
    if any(PurePosixPath(path).name == "conftest.py" for path in paths):
        return "there is a conftest.py"
    texts = [(path, _text(path, read)) for path in modules]
    for path, text in texts:
        if _SIGNS.search(text):
            return f"{path} is written for pytest"
    if not any(_UNITTEST.search(text) for _, text in texts):
        return "its test files name no other runner"
    return None


def _pytest(paths: Sequence[str], modules: Sequence[str], read: Read, sign: str) -> TestCommand:
    argv = (PYTHON, "-m", "pytest")
    hinted, where = hinted_arguments(paths, read)
    options, chosen = _split(hinted, paths)
    if where:
        return TestCommand((*argv, *options), Style.PYTEST, f"{sign}; arguments as in {where}", chosen)
    if _names_its_paths(paths, read):
        return TestCommand(argv, Style.PYTEST, sign)
    tops = {path.partition("/")[0] for path in modules}
    found = tuple(sorted(tops)) if tops <= FOLDERS else ()
    return TestCommand(argv, Style.PYTEST, sign, found)


def _names_its_paths(paths: Sequence[str], read: Read) -> bool:
    texts = (
        _text(name, read)
        for name in ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
        if name in paths
    )
    return any(re.search(r"^\s*testpaths\b", text, re.MULTILINE) for text in texts)


def _pyproject_tools(paths: Sequence[str], read: Read) -> frozenset[str]:
    if "pyproject.toml" not in paths:
        return frozenset()
    try:
        tools = tomllib.loads(_text("pyproject.toml", read)).get("tool", {})
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(tools) if isinstance(tools, dict) else frozenset()


def _sections(name: str, paths: Sequence[str], read: Read) -> frozenset[str]:
    if name not in paths:
        return frozenset()
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(name, read))
    except configparser.Error:
        return frozenset()
    return frozenset(parser.sections())


def _text(path: str, read: Read) -> str:
    """Read a file; one that is no UTF-8 says nothing."""
    try:
        return read(path)
    except UnicodeDecodeError:
        return ""


def _starts(modules: Sequence[str], paths: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Find where unittest's discovery must start: (folder, top of its packages), without those another one reaches."""
    folders = {str(PurePosixPath(path).parent) for path in modules}
    reached = {
        folder for folder in folders if any(_within(folder, other, paths) for other in folders - {folder})
    }
    return tuple(sorted((folder, _top(folder, paths)) for folder in folders - reached))


def _within(folder: str, other: str, paths: frozenset[str]) -> bool:
    """Say whether discovery from `other` walks down to `folder`, through packages alone."""
    return any(parent == other for parent in _packages_up(folder, paths))


def _top(folder: str, paths: frozenset[str]) -> str:
    return [folder, *_packages_up(folder, paths)][-1]


def _packages_up(folder: str, paths: frozenset[str]) -> Iterator[str]:
    while folder != "." and f"{folder}/__init__.py" in paths:
        folder = str(PurePosixPath(folder).parent)
        yield folder


def _discover(folder: str, top: str) -> tuple[str, ...]:
    argv = (PYTHON, "-m", "unittest", "discover", "-s", folder)
    return argv if top == folder else (*argv, "-t", top)
