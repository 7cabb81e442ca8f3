"""Calls that mean more than a use: registrations with a framework, code reached by computed names, assertions."""

from __future__ import annotations

import ast

from fresh.inventory.record import Dynamic, Registration
from fresh.inventory.syntax import dotted

HANDED_BY_KEYWORD = {
    "set_defaults": (),
    "add_url_rule": ("view_func",),
    "add_typer": (),
    "add_parser": (),
}
HANDED_BY_POSITION = {
    "add_command": 0,
    "add_typer": 0,
    "add_api_route": 1,
    "add_api_websocket_route": 1,
    "add_route": 1,
    "Route": 1,
    "WebSocketRoute": 1,
    "path": 1,
    "re_path": 1,
    "Fire": 0,
    "run": 0,
    "default": 0,
    "connect": 0,
    "subscribe": 0,
    "add_handler": 0,
    "add_event_handler": 1,
    "add_url_rule": 2,
}
BY_CALLING_A_DECORATOR = frozenset({"command", "group", "callback", "task", "flow", "route", "get", "post"})
LOADERS = frozenset({"import_module", "__import__", "iter_modules", "walk_packages"})
LOOKUPS = frozenset({"getattr", "globals", "eval", "exec"})
EXPECTATIONS = frozenset({"raises", "warns", "fail", "deprecated_call", "approx"})


def called_name(call: ast.Call) -> str | None:
    """Name the last part of what is called."""
    func = call.func
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else None


def registrations(call: ast.Call, name: str | None, owner: int) -> list[Registration]:
    """List what a call hands to a framework."""
    if name is None:
        inner = called_name(call.func) if isinstance(call.func, ast.Call) else None
        handed = [call.args[0]] if inner in BY_CALLING_A_DECORATOR and len(call.args) == 1 else []
        name = dotted(call.func.func) if isinstance(call.func, ast.Call) else None
    else:
        place = HANDED_BY_POSITION.get(name)
        handed = [call.args[place]] if place is not None and len(call.args) > place else []
        wanted = HANDED_BY_KEYWORD.get(name)
        if wanted is not None:
            handed += [k.value for k in call.keywords if k.arg and (not wanted or k.arg in wanted)]
        name = dotted(call.func)
    targets = [dotted(each) for each in handed]
    return [Registration(name, target, owner, call.lineno) for target in targets if target and name]


def dynamic(call: ast.Call, name: str) -> Dynamic | None:
    """Describe a call that reaches code by a computed name."""
    if name in LOADERS:
        return _loader(call, name)
    if name == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant):
        region = dotted(call.args[0])
        if region is None and ast.unparse(call.args[0]) == "sys.modules[__name__]":
            region = ""
        prefixed = isinstance(call.args[1], ast.JoinedStr)
        return None if region is None or prefixed else Dynamic("getattr(…, <name>)", region, call.lineno)
    if name in ("eval", "exec") and isinstance(call.func, ast.Name) and len(call.args) == 1:
        fixed = isinstance(call.args[0], ast.Constant)
        return None if fixed else Dynamic(f"{name}(…)", "", call.lineno)
    return None


def _loader(call: ast.Call, name: str) -> Dynamic | None:
    argument = call.args[0] if call.args else None
    if name in ("iter_modules", "walk_packages"):
        return Dynamic(f"{name}(…)", ".", call.lineno)
    text = ast.unparse(argument) if argument is not None else ""
    if "__package__" in text or any(k.arg == "package" for k in call.keywords) or len(call.args) == 2:
        return Dynamic(f"{name}(…)", ".", call.lineno)
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        start = str(argument.values[0].value)
    elif isinstance(argument, ast.BinOp) and isinstance(argument.left, ast.Constant):
        start = str(argument.left.value)
    else:
        return None
    region = start.rpartition(".")[0]
    return Dynamic(f"{name}(…)", region, call.lineno) if region else None


def can_fail(node: ast.Assert) -> bool:
    """Tell whether an assertion depends on anything: `assert True` does not."""
    return any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node.test))


def asserts(call: ast.Call, name: str) -> bool:
    """Tell whether a call is an assertion of unittest, pytest, mock or numpy that depends on anything."""
    if name in EXPECTATIONS:
        return name != "approx"
    if not name.startswith("assert"):
        return False
    given = [*call.args, *(k.value for k in call.keywords)]
    return not given or not all(isinstance(each, ast.Constant) for each in given)
