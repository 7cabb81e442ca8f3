"""Make one call and write down what it did."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import io
import itertools
import os
import pathlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import lru_cache

from . import literal
from .finding import Subject
from .guard import Forbidden, Guard, TooSlow, workroom
from .keeping import ModuleState
from .literal import Literal, Unwritable
from .tracing import Trace
from .wire import Call, Import, Outcome

SECONDS = 1.0
LONGEST_STREAM = 12
LONGEST_REASON = 200
FEW = 5


@dataclass
class _Prepared:
    """A call with live values. `again` makes the same arguments afresh, to see whether the call changed them."""

    positional: list[object]
    named: dict[str, object]
    scope: dict[str, object]
    call: Call

    def again(self) -> list[object]:
        return [eval(argument.source, dict(self.scope)) for argument in self.call.arguments]

    def in_order(self) -> list[object]:
        rest = iter(self.positional)
        return [self.named[item.name] if item.keyword else next(rest) for item in self.call.arguments]


def bind(imports: tuple[Import, ...]) -> dict[str, object]:
    """Make the names that source needs."""
    scope: dict[str, object] = {}
    for module, name in imports:
        live = importlib.import_module(module)
        scope[name or module.split(".")[0]] = (
            getattr(live, name) if name else sys.modules[module.split(".")[0]]
        )
    return scope


def perform(
    call: Call, subject: Subject, guard: Guard, trace: Trace | None, seconds: float = SECONDS
) -> Outcome:
    """Make the call in an empty directory and say what came of it; never raises for what the target does."""
    with workroom() as room:
        outcome = _tried(call, subject, guard, trace, pathlib.Path(room), seconds)
    # Nobody who reads the reason has ever seen that directory.
    return replace(outcome, why=outcome.why.replace(room, "tmp_path")[:LONGEST_REASON])


def _tried(
    call: Call, subject: Subject, guard: Guard, trace: Trace | None, tmp_path: pathlib.Path, seconds: float
) -> Outcome:
    for name, text in call.files:
        (tmp_path / name).write_text(text, encoding="utf-8")
    try:
        prepared = _prepare(call, tmp_path)
    except Exception as error:  # noqa: BLE001 (an argument's own constructor may raise anything)
        return Outcome("unclear", why=f"its arguments can't be made: {type(error).__name__}: {error}")
    return _watch(prepared, subject, guard, trace, tmp_path, seconds)


def _prepare(call: Call, tmp_path: pathlib.Path) -> _Prepared:
    scope = bind(call.imports)
    scope["tmp_path"] = tmp_path
    positional = [eval(item.source, dict(scope)) for item in call.arguments if not item.keyword]
    named = {item.name: eval(item.source, dict(scope)) for item in call.arguments if item.keyword}
    return _Prepared(positional, named, scope, call)


def _watch(
    prepared: _Prepared,
    subject: Subject,
    guard: Guard,
    trace: Trace | None,
    tmp_path: pathlib.Path,
    seconds: float,
) -> Outcome:
    printed = io.StringIO()
    state = ModuleState(subject.module)
    try:
        with redirect_stdout(printed), redirect_stderr(io.StringIO()), guard.watching(str(tmp_path), seconds):
            if trace is None:
                result, wrap, awaited = _invoke(prepared, subject)
            else:
                with trace.running():
                    result, wrap, awaited = _invoke(prepared, subject)
    except Forbidden as error:
        return Outcome("refused", why=str(error))
    except TooSlow:
        return Outcome("refused", why=f"does not end within {seconds:g} s")
    except SystemExit:
        return Outcome("refused", why="ends the program (SystemExit)")
    except KeyboardInterrupt:
        return Outcome("refused", why="raises KeyboardInterrupt")
    except BaseException as error:  # noqa: BLE001 (whatever the target raises is the observation)
        return _raised(error, subject, guard)
    moved = state.restore()
    if guard.refused or moved:
        return Outcome("refused", why=guard.refused or f"changes the module's `{moved}`")
    return _returned(prepared, result, wrap, awaited, printed.getvalue(), tmp_path)


def _invoke(prepared: _Prepared, subject: Subject) -> tuple[object, str, bool]:
    call, scope = prepared.call, prepared.scope
    target = eval(call.subject, dict(scope))
    receiver: object = None
    if call.build is not None:
        positional = [eval(item.source, dict(scope)) for item in call.build if not item.keyword]
        named = {item.name: eval(item.source, dict(scope)) for item in call.build if item.keyword}
        receiver = target(*positional, **named)
        target = getattr(receiver, call.method) if call.method else None
    result = _apply(target, prepared) if call.build is None or call.method else receiver
    awaited = inspect.iscoroutine(result)
    if awaited:
        result = asyncio.run(result)  # type: ignore[arg-type]
    if call.observe:
        result = eval(call.observe.format("receiver"), {"receiver": receiver})
    if isinstance(result, Iterator) and not isinstance(result, io.IOBase):
        items = list(itertools.islice(result, LONGEST_STREAM + 1))
        return (items, "list", awaited) if len(items) <= LONGEST_STREAM else (items[:FEW], "islice", awaited)
    return result, "", awaited


def _apply(target: object, prepared: _Prepared) -> object:
    if callable(target):
        return target(*prepared.positional, **prepared.named)
    return target  # a property


def _returned(
    prepared: _Prepared, result: object, wrap: str, awaited: bool, printed: str, tmp_path: pathlib.Path
) -> Outcome:
    try:
        if result is None and not prepared.call.observe:
            return _effect(prepared, printed, awaited, tmp_path)
        found = literal.write(result, tmp_path)
        if not _same(found, result, prepared.scope):
            return Outcome("unclear", why="its result does not equal its own source")
    except Unwritable as error:
        return Outcome("unclear", why=f"its result can't be written in a test: {error}")
    except Exception as error:  # noqa: BLE001 (comparing a target's objects may raise anything)
        return Outcome("unclear", why=f"its result can't be compared: {type(error).__name__}")
    return Outcome("returns", found.source, found.imports, wrap, awaited=awaited)


def _same(found: Literal, result: object, scope: dict[str, object]) -> bool:
    names = bind(found.imports)
    names["tmp_path"] = scope["tmp_path"]
    back = eval(found.source, names)
    return bool(back == result) and type(back) is type(result)


def _effect(prepared: _Prepared, printed: str, awaited: bool, tmp_path: pathlib.Path) -> Outcome:
    if printed:
        found = literal.write(printed, tmp_path)
        return Outcome("prints", found.source, found.imports, awaited=awaited)
    after = prepared.in_order()
    changed = [
        (item, now)
        for item, before, now in zip(prepared.call.arguments, prepared.again(), after, strict=True)
        if type(now) in (list, dict, set, bytearray) and now != before
    ]
    if len(changed) == 1:
        item, now = changed[0]
        found = literal.write(now, tmp_path)
        return Outcome("changes", found.source, found.imports, changed=item.name, awaited=awaited)
    return Outcome("returns", "None", awaited=awaited)


def _raised(error: BaseException, subject: Subject, guard: Guard) -> Outcome:
    if guard.refused:
        return Outcome("refused", why=guard.refused)
    name = type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    last = frames[-1] if frames else None
    mine = (
        last is not None
        and os.path.realpath(last.filename) == subject.path
        and last.lineno in raise_lines(subject.path)
    )
    if not mine:
        return Outcome("unclear", why=f"it fails with {name}: {error}", error=name)
    try:
        imports: list[Import] = []
        source = literal.name_of(type(error), imports)
    except Unwritable as problem:
        return Outcome("unclear", why=str(problem))
    first = str(error).strip().splitlines()
    return Outcome("raises", imports=tuple(imports), error=source, message=first[0] if first else "")


@lru_cache(maxsize=8)
def raise_lines(path: str) -> frozenset[int]:
    """List every line of a `raise` statement in a file: what is raised there is raised on purpose."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return frozenset(lines)
