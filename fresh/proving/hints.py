"""What tox, nox and make already know about how a project calls pytest."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence

from fresh.domain.test_code import parse

_TARGET = re.compile(r"^(test|tests|check|unittest|unit)[\w-]*\s*:")
# Arguments that choose tests. All others (reports, coverage, plugins) are the project's taste and no need of ours.
_WITH_VALUE = ("-m", "-k", "--ignore", "--ignore-glob", "--deselect", "--import-mode")
_ALONE = ("--doctest-modules",)


def hinted_arguments(paths: Sequence[str], read: Callable[[str], str]) -> tuple[tuple[str, ...], str]:
    """Find arguments that the project itself gives to pytest, and the file that says so; ((), "") without any."""
    for name, lines in (("tox.ini", _tox), ("noxfile.py", _nox), ("Makefile", _make)):
        if name not in paths:
            continue
        try:
            text = read(name)
        except UnicodeDecodeError:
            continue
        for words in lines(text):
            chosen = tuple(_choosing(_after_pytest(words), paths))
            if chosen:
                return chosen, name
    return (), ""


def _tox(text: str) -> Iterator[list[str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        if section.startswith("testenv") and parser.has_option(section, "commands"):
            yield from _shell(re.sub(r"\\\n", " ", parser.get(section, "commands")).splitlines())


def _nox(text: str) -> Iterator[list[str]]:
    try:
        tree = parse(text)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run":
            yield [str(word.value) if isinstance(word, ast.Constant) else "{}" for word in node.args]


def _make(text: str) -> Iterator[list[str]]:
    inside = False
    lines = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("\t") and inside:
            lines.append(line.lstrip("\t@-"))
        elif line and not line.startswith(("\t", "#", " ")):
            inside = _TARGET.match(line) is not None
    yield from _shell(lines)


def _shell(lines: Iterable[str]) -> Iterator[list[str]]:
    for line in lines:
        if "pytest" not in line or re.search(r"[;|&<>]", line):
            continue
        try:
            yield shlex.split(line, comments=True)
        except ValueError:
            continue


def _after_pytest(words: list[str]) -> list[str]:
    for place, word in enumerate(words):
        if word.rpartition("/")[2] in ("pytest", "py.test"):
            return words[place + 1 :]
    return []


def _choosing(words: list[str], paths: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if re.search(r"[{}$`*]", word):
            continue
        if word in _ALONE or word.startswith(tuple(f"{option}=" for option in _WITH_VALUE)):
            yield word
        elif word in _WITH_VALUE:
            value = next(rest, "")
            if value and not re.search(r"[{}$`]", value):
                yield from (word, value)
        elif not word.startswith("-") and _is_place(word, paths):
            yield word


def _is_place(word: str, paths: Sequence[str]) -> bool:
    place = word.removeprefix("./").rstrip("/")
    return any(path == place or path.startswith(f"{place}/") for path in paths)
