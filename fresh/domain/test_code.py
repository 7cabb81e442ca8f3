"""What can be read from a test file without running it: its tests, their assertions and what switches them off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

FOLDERS = frozenset({"test", "tests", "testing"})
_MODULE = re.compile(r"(test_.*|.*_tests?|tests?)\.py")
_SKIPS = frozenset(
    {"skip", "skipif", "skipIf", "skipUnless", "skipTest", "xfail", "importorskip", "SkipTest"}
) | {"expectedFailure"}
# A call like `check_roundtrip(x)` or `mock.assert_called()` asserts although it is no `assert`.
_ASSERTING_CALL = re.compile(r"assert|check|expect|verify|raises|warns|fail", re.IGNORECASE)


def is_test_path(path: str) -> bool:
    """Say whether a path belongs to the tests: it lies in a folder for tests or is named like a test module."""
    parts = PurePosixPath(path).parts
    return any(part.lower() in FOLDERS for part in parts[:-1]) or is_test_module(path)


def is_test_module(path: str) -> bool:
    """Say whether a test runner would take the file for a test module by its name."""
    name = PurePosixPath(path).name
    return name == "conftest.py" or _MODULE.fullmatch(name) is not None


@dataclass(frozen=True)
class TestCode:
    """One test file: assertions counted for each test, by qualified name, and every construct that skips."""

    __test__ = False

    assertions: dict[str, int] = field(default_factory=dict)
    skips: int = 0
    loose: int = 0

    @classmethod
    def read(cls, source: str) -> TestCode:
        """Read a file. `loose` counts assertions outside of tests, in functions they may call. Raises SyntaxError."""
        tree = parse(source)
        tests = dict(_tests(tree))
        counted = {name: _assertions(node) for name, node in tests.items()}
        everything = _assertions(tree)
        return cls(counted, _skips(tree), everything - sum(counted.values()))


def parse(source: str) -> ast.Module:
    """Parse a file; what makes `ast` fail in other ways than by grammar is a SyntaxError too."""
    try:
        return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as bad:
        raise SyntaxError(f"the parser gave up: {type(bad).__name__}") from bad


def _tests(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    pending: list[tuple[str, list[ast.stmt]]] = [("", tree.body)]
    while pending:
        owner, body = pending.pop()
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
                yield f"{owner}{node.name}", node
            elif isinstance(node, ast.ClassDef):
                pending.append((f"{owner}{node.name}.", node.body))
            elif isinstance(node, ast.If | ast.Try | ast.With):
                pending.append((owner, [*node.body, *getattr(node, "orelse", [])]))


def _assertions(tree: ast.AST) -> int:
    return sum(1 for node in ast.walk(tree) if _asserts(node))


def _asserts(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return not isinstance(node.test, ast.Constant)
    if not isinstance(node, ast.Call):
        return False
    name = _last_name(node.func)
    if name in ("assertTrue", "assertFalse") and node.args and isinstance(node.args[0], ast.Constant):
        return False
    return _ASSERTING_CALL.search(name) is not None


def _skips(tree: ast.AST) -> int:
    return sum(
        1
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and _last_name(node) in _SKIPS
    )


def _last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
