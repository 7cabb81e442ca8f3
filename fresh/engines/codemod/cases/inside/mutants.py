"""Small wrong versions of a feature, to see whether a test notices them."""

from __future__ import annotations

import ast
import gc
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change that can be made to a syntax tree and taken back."""

    label: str
    line: int
    make: Callable[[], None]
    undo: Callable[[], None]


def mutants_of(node: ast.AST) -> list[Mutant]:
    """List the mutants of a definition, in the order of the file; types, defaults and docstrings stay as they are."""
    found = [mutant for item in _executed(node) for mutant in _changes(item)]
    return sorted(found, key=lambda mutant: (mutant.line, mutant.label))


def spread(mutants: list[Mutant], most: int) -> list[Mutant]:
    """Take at most so many, evenly over the feature."""
    if len(mutants) <= most:
        return mutants
    return [mutants[position * len(mutants) // most] for position in range(most)]


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.ClassDef):
        for item in node.body:
            if isinstance(item, Definition):
                yield from _executed(item)
        return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for statement in node.body:
            yield from _executed(statement)
        return
    if isinstance(node, ast.Raise) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        if isinstance(node, ast.Raise):
            yield node
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _executed(child)


def _changes(node: ast.AST) -> Iterator[Mutant]:
    if isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            other = COMPARISONS[type(operator)]
            yield _swap_item(
                node.ops, position, other(), f"{_word(operator)} becomes {other.__name__}", node.lineno
            )
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in ARITHMETIC:
        changed = ARITHMETIC[type(node.op)]
        yield _set(node, "op", changed(), f"{_word(node.op)} becomes {changed.__name__}", node.lineno)
    elif isinstance(node, ast.BoolOp):
        flipped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _set(node, "op", flipped, f"{_word(node.op)} becomes {_word(flipped)}", node.lineno)
    elif isinstance(node, (ast.If, ast.While, ast.IfExp)):
        turned = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        yield _set(node, "test", turned, "the condition is turned round", node.test.lineno)
    elif isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
        nothing = ast.copy_location(ast.Constant(None), node.value)
        yield _set(node, "value", nothing, "None is returned", node.lineno)
    elif isinstance(node, ast.Yield) and node.value is not None and not _is_none(node.value):
        yield _set(
            node, "value", ast.copy_location(ast.Constant(None), node.value), "None is yielded", node.lineno
        )
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        nothing = ast.copy_location(ast.Constant(None), node.value)
        yield _set(node, "value", nothing, "the call is left out", node.lineno)
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Raise):
        yield from _silence(node)


def _constants(node: ast.Constant) -> Iterator[Mutant]:
    value = node.value
    changed: object
    if isinstance(value, bool):
        changed = not value
    elif isinstance(value, (int, float)):
        changed = value + 1
    elif isinstance(value, str):
        changed = value + "!" if value else "!"
    else:
        return
    yield _set(node, "value", changed, f"{value!r} becomes {changed!r}"[:60], node.lineno)


def _silence(node: ast.Raise) -> Iterator[Mutant]:
    before = node.exc
    if before is None:
        return
    other = ast.copy_location(ast.Name("BufferError", ast.Load()), node)
    yield _set(node, "exc", other, "another exception is raised", node.lineno)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _word(node: ast.AST) -> str:
    return type(node).__name__


def _set(node: ast.AST, field: str, value: object, label: str, line: int) -> Mutant:
    before = getattr(node, field)
    return Mutant(label, line, lambda: setattr(node, field, value), lambda: setattr(node, field, before))


def _swap_item(items: list[ast.cmpop], position: int, value: ast.cmpop, label: str, line: int) -> Mutant:
    before = items[position]

    def put(item: ast.cmpop) -> None:
        items[position] = item

    return Mutant(label, line, lambda: put(value), lambda: put(before))


def compile_mutant(tree: ast.Module, mutant: Mutant, path: str) -> CodeType | None:
    """Compile the module with one mutant in it; None when that is no valid program."""
    mutant.make()
    try:
        return compile(tree, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, TypeError):
        return None
    finally:
        mutant.undo()


def transplant(code: CodeType, originals: dict[tuple[str, int], list[FunctionType]]) -> bool:
    """Give live functions the code that stands at their place in `code`; False when nothing could be replaced.

    Replacing code, not modules, keeps classes, decorators and everybody's references as they are.
    """
    done = False
    for found in _codes(code):
        for function in originals.get((found.co_name, found.co_firstlineno), ()):
            if len(found.co_freevars) == len(function.__code__.co_freevars):
                function.__code__ = found
                done = True
    return done


def living(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, path: str
) -> dict[tuple[str, int], list[FunctionType]]:
    """Find every live function that a definition made, also behind decorators."""
    first, last = first_line(node), node.end_lineno or node.lineno
    found: dict[tuple[str, int], list[FunctionType]] = {}
    for item in gc.get_objects():
        if type(item) is not FunctionType:
            continue
        code = item.__code__
        if first <= code.co_firstlineno <= last and os.path.realpath(code.co_filename) == path:
            found.setdefault((code.co_name, code.co_firstlineno), []).append(item)
    return found


def first_line(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Give the line on which a definition starts for the interpreter: its first decorator."""
    return min([node.lineno, *(item.lineno for item in node.decorator_list)])


def forget_caches() -> None:
    """Empty every lru_cache, so that no call is answered from before the mutation."""
    for item in gc.get_objects():
        if type(item).__name__ == "_lru_cache_wrapper":
            item.cache_clear()


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
