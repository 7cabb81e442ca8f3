"""Files that a project's own tests read or write: the best guess at what its functions can read."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from fresh.engines.codemod.cases.inside.wire import Made
from fresh.engines.codemod.cases.naming import names_of
from fresh.engines.codemod.cases.screening import is_test
from fresh.engines.texts import text_of
from fresh.ports import Bench

MOST = 4
LONGEST = 400
MOST_OBJECTS = 5
LONGEST_OBJECT = 120
MOST_TESTS = 40
SUFFIXES = (".csv", ".json", ".txt", ".ini", ".toml", ".yaml", ".yml", ".xml", ".tsv", ".jsonl", ".md")
WRITERS = ("write_text", "write")


def files_of(bench: Bench) -> tuple[tuple[str, str], ...]:
    """Collect names and contents of small text files from tests and their data, longest first."""
    found: dict[str, str] = {}
    for path in bench.paths():
        inside = {"tests", "test", "testdata", "fixtures", "data"} & set(PurePosixPath(path).parts[:-1])
        if path.endswith(SUFFIXES) and inside:
            found.setdefault(text_of(bench, path), PurePosixPath(path).suffix)
    for path in [path for path in bench.paths() if is_test(path)][:MOST_TESTS]:
        for name, text in _written(text_of(bench, path)):
            found.setdefault(text, PurePosixPath(name).suffix)
    texts = sorted((text for text in found if text.strip() and len(text) <= LONGEST), key=len, reverse=True)[
        :MOST
    ]
    return tuple((f"given_{place}{found[text] or '.txt'}", text) for place, text in enumerate(texts, start=1))


def objects_of(bench: Bench) -> tuple[Made, ...]:
    """Collect objects of the project's classes as its tests make them."""
    found: dict[tuple[str, str], Made] = {}
    own = packages_of(bench)
    for path in [path for path in bench.paths() if is_test(path)][:MOST_TESTS]:
        try:
            tree = ast.parse(text_of(bench, path))
        except (SyntaxError, ValueError, RecursionError):
            continue
        names = names_of(tree, own)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[:1].isupper():
                made = names.portable(node)
                if made and made.imports and len(made.source) <= LONGEST_OBJECT:
                    found.setdefault(
                        (node.func.id, made.source), Made(node.func.id, made.source, made.imports)
                    )
    counted: dict[str, int] = {}
    kept = []
    for made_object in found.values():
        counted[made_object.kind] = counted.get(made_object.kind, 0) + 1
        kept += [made_object] if counted[made_object.kind] <= MOST_OBJECTS else []
    return tuple(kept)


def packages_of(bench: Bench) -> set[str]:
    """Name the packages and modules that belong to the project."""
    paths = [path.removeprefix("src/") for path in bench.paths() if path.endswith(".py")]
    return {path.split("/")[0].removesuffix(".py") for path in paths}


def _written(text: str) -> list[tuple[str, str]]:
    """Find texts that a test writes to a file, with the file's name where the code shows it."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    names = {
        node.targets[0].id: _named(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITERS:
            first = node.args[0] if node.args else None
            owner = node.func.value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                name = names.get(owner.id, "") if isinstance(owner, ast.Name) else _named(owner)
                found.append((name, first.value))
    return found


def _named(node: ast.AST) -> str:
    """Read a file name from `folder / "name"`."""
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.right, ast.Constant)
        and isinstance(node.right.value, str)
    ):
        return node.right.value
    return ""
