"""What the code of one definition says about its purpose, without looking anywhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from fresh.inventory.shown import names_shown
from fresh.inventory.syntax import Function, called, dotted, has_docstring
from fresh.inventory.words import words

DECORATES = "decorates"
DEPRECATED = "deprecated"
IDLE = "idle"
SHOWS = "shows "
ABSTRACT = "abstract"
METACLASS = "metaclass "
CALLED_WITH = "called with "
DEPRECATIONS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
LIVE = words(
    "self cls mcs request req event evt ctx context sender environ frame signum widget node instance interaction update",
    "func function fn callback cb wrapped f view_func get_response klass",
)
"""Parameters that only running code can fill, when nothing says otherwise."""
LIVE_TYPES = words(
    "Callable Awaitable Coroutine ModuleType FrameType TracebackType Request Response Future Task"
)


def marks_of(node: Function | ast.ClassDef) -> list[str]:
    """List the marks of a top-level definition."""
    found = [*_of_both(node)]
    if isinstance(node, ast.ClassDef):
        made_by = (dotted(keyword.value) for keyword in node.keywords if keyword.arg == "metaclass")
        found += [METACLASS + name for name in made_by if name]
        if _has_abstract_member(node):
            found.append(ABSTRACT)
        return found
    body = node.body[1:] if has_docstring(node.body) else node.body
    if _returns_inner(node):
        found.append(DECORATES)
    if body and all(_is_idle(each) for each in body):
        found.append(IDLE)
    if (first := _live_parameter(node)) is not None:
        found.append(CALLED_WITH + first)
    return found


def _of_both(node: Function | ast.ClassDef) -> Iterator[str]:
    if any("deprecat" in (called(each) or "").lower() for each in node.decorator_list) or _warns(node.body):
        yield DEPRECATED
    yield from (SHOWS + name for name in names_shown(node))


def _warns(body: Sequence[ast.stmt]) -> bool:
    """Tell whether a body itself warns that it is deprecated; what only some calls do is no reason."""
    for statement in body:
        value = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(value, ast.Call) and (dotted(value.func) or "").rpartition(".")[2].startswith("warn"):
            given = [*value.args, *(keyword.value for keyword in value.keywords)]
            if any((called(each) or "").rpartition(".")[2].endswith(DEPRECATIONS) for each in given):
                return True
    return False


def _has_abstract_member(node: ast.ClassDef) -> bool:
    return any(
        (called(decorator) or "").rpartition(".")[2] in ("abstractmethod", "abstractproperty")
        for member in node.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in member.decorator_list
    )


def _returns_inner(node: Function) -> bool:
    """Tell whether a function gives back a function or class that it defines."""
    inner = {
        each.name
        for each in node.body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    if not inner:
        return False
    last = node.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    names = [value, *(value.args if isinstance(value, ast.Call) else [])]
    return any(isinstance(each, ast.Name) and each.id in inner for each in names)


def _is_idle(statement: ast.stmt) -> bool:
    """Tell whether a statement only moves a value that is there already."""
    if isinstance(statement, ast.Global | ast.Nonlocal | ast.Pass):
        return True
    if isinstance(statement, ast.Return | ast.Assign):
        return (
            statement.value is None
            or isinstance(statement.value, ast.Constant | ast.Name)
            or (isinstance(statement.value, ast.Attribute) and dotted(statement.value) is not None)
        )
    return False


def _live_parameter(node: Function) -> str | None:
    """Find a parameter without default that only running code can fill."""
    positional = [*node.args.posonlyargs, *node.args.args]
    required = positional[: len(positional) - len(node.args.defaults)]
    for place, each in enumerate(required):
        if each.annotation is not None:
            if (called(each.annotation) or "").rpartition(".")[2] in LIVE_TYPES:
                return each.arg
        elif place == 0 and each.arg in LIVE:
            return each.arg
    return None
