"""Entry points that a project declares in its metadata, build files and command lines; pure text, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from posixpath import basename
from typing import NamedTuple

from fresh.domain.entry_rules import EntryRule
from fresh.inventory.command_lines import commands_in, holds_commands
from fresh.inventory.metadata import LONGEST_METADATA, is_toml, read_ini, read_toml
from fresh.inventory.syntax import dotted

METADATA_FILES = frozenset({"pyproject.toml", "setup.cfg", "setup.py", "scrapy.cfg"})
DEEPEST = 20
MOST_PARTS = 20_000
MOST_LINES = 200
"""Lines with a name that are looked at for its target."""


class Declared(NamedTuple):
    """A target that something outside of Python names: `module:attribute`, a module, or a path of a file."""

    rule: EntryRule
    detail: str
    target: str
    path: str
    line: int


def is_declaring(path: str) -> bool:
    """Tell whether a file can declare entry points."""
    return basename(path) in METADATA_FILES or holds_commands(path)


def declared_in(path: str, content: bytes) -> list[Declared]:
    """List what one file declares; a file that does not parse declares nothing."""
    text = content[:LONGEST_METADATA].decode("utf-8", "replace")
    if is_toml(path):
        found = [*_of_pyproject(content), *commands_in(path, text)]
    elif basename(path) == "setup.cfg":
        found = [*_of_setup_cfg(text), *commands_in(path, text)]
    elif basename(path) == "scrapy.cfg":
        found = [*_of_scrapy_cfg(text)]
    elif basename(path) == "setup.py":
        found = [*_of_setup_py(text)]
    else:
        found = [*commands_in(path, text)]
    return [Declared(rule, name, target, path, _line(text, name, target)) for rule, name, target in found]


Entry = tuple[EntryRule, str, str]


def _line(text: str, name: str, target: str) -> int:
    """Find the line that holds both the name and the target, else the first one that holds the target."""
    place = text.find(name) if name else -1
    for _ in range(MOST_LINES):
        if place < 0:
            break
        start, end = text.rfind("\n", 0, place) + 1, text.find("\n", place)
        end = end if end >= 0 else len(text)
        if target in text[start:end]:
            return text.count("\n", 0, place) + 1
        place = text.find(name, end)
    return text.count("\n", 0, max(text.find(target), 0)) + 1


def _table(value: object, *keys: str) -> dict[str, object]:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _of_pyproject(written: bytes) -> Iterator[Entry]:
    content = read_toml(written)
    scripts = [
        _table(content, "project", "scripts"),
        _table(content, "project", "gui-scripts"),
        _table(content, "tool", "poetry", "scripts"),
        _table(content, "tool", "flit", "scripts"),
    ]
    for table in scripts:
        for name, target in table.items():
            if isinstance(target, dict):
                target = target.get("callable") or target.get("reference")
            if isinstance(target, str):
                yield EntryRule.CONSOLE_SCRIPT, name, target
    for groups in (_table(content, "project", "entry-points"), _table(content, "tool", "poetry", "plugins")):
        for group in groups:
            for name, target in _table(groups, group).items():
                if isinstance(target, str):
                    yield EntryRule.PLUGIN, f"{group} {name}", target


def _of_setup_cfg(text: str) -> Iterator[Entry]:
    config = read_ini(text)
    for section in ("options.entry_points", "entry_points"):  # of setuptools, and of pbr
        if config is not None and config.has_section(section):
            for group, lines in config.items(section):
                yield from _of_lines(group, lines.splitlines())


def _of_scrapy_cfg(text: str) -> Iterator[Entry]:
    """List the settings of Scrapy projects: modules that name everything else."""
    config = read_ini(text)
    for name, target in config.items("settings") if config and config.has_section("settings") else ():
        yield EntryRule.COMMAND_LINE, f"scrapy settings {name}", target


def _of_lines(group: str, lines: list[str]) -> Iterator[Entry]:
    for line in lines:
        name, _, target = (part.strip() for part in line.partition("="))
        if target and not name.startswith("#"):
            script = group in ("console_scripts", "gui_scripts")
            yield (
                (EntryRule.CONSOLE_SCRIPT, name, target)
                if script
                else (EntryRule.PLUGIN, f"{group} {name}", target)
            )


def _of_setup_py(text: str) -> Iterator[Entry]:
    """Read literal `entry_points` and `scripts` of a `setup(...)` call, also when held by a variable."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    held = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and (dotted(call.func) or "").rpartition(".")[2] == "setup":
            given = _given(call, held)
            yield from _of_groups(_literal(given.get("entry_points"), held))
            for script in _strings(_literal(given.get("scripts"), held)):
                yield EntryRule.CONSOLE_SCRIPT, basename(script), script


def _given(call: ast.Call, held: Mapping[str, ast.expr]) -> dict[str, ast.expr]:
    """Map the keywords of a call to what they are given, also by `**settings`."""
    found: dict[str, ast.expr] = {}
    for each in call.keywords:
        value = held.get(each.value.id) if isinstance(each.value, ast.Name) and not each.arg else None
        if each.arg:
            found[each.arg] = each.value
        elif isinstance(value, ast.Call) and dotted(value.func) == "dict":
            found |= {inner.arg: inner.value for inner in value.keywords if inner.arg}
        elif isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            found |= {str(key.value): inner for key, inner in pairs if isinstance(key, ast.Constant)}
    return found


def _literal(node: ast.expr | None, held: Mapping[str, ast.expr]) -> object:
    """Read a literal that may be put together from variables; None for what only running it would tell."""
    return _part(node, held, DEEPEST, count(MOST_PARTS, -1))


def _part(node: ast.expr | None, held: Mapping[str, ast.expr], depth: int, left: Iterator[int]) -> object:
    """Read a part of a literal; variables that hold one another many times would grow it without end."""
    if depth == 0 or next(left) < 0:
        return None
    read = partial(_part, held=held, depth=depth - 1, left=left)
    match node:
        case ast.Name():
            return read(held.get(node.id))
        case ast.Constant():
            return node.value
        case ast.List() | ast.Tuple():
            return [read(each) for each in node.elts]
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return {str(read(key)): read(value) for key, value in pairs}
        case ast.BinOp(op=ast.Add()):
            first, second = read(node.left), read(node.right)
            both_lists = isinstance(first, list) and isinstance(second, list)
            return [*first, *second] if both_lists else first or second  # type: ignore[misc]
    return None


def _strings(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []


def _of_groups(value: object) -> Iterator[Entry]:
    if isinstance(value, str):
        yield from _of_setup_cfg("[options.entry_points]\n" + _as_options(value))
    elif isinstance(value, dict):
        for group, lines in value.items():
            yield from _of_lines(
                str(group), lines.splitlines() if isinstance(lines, str) else _strings(lines)
            )


def _as_options(text: str) -> str:
    """Turn the ini form of entry points into options with continuation lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(line[1:-1] + " =" if line.startswith("[") else "  " + line for line in lines)
