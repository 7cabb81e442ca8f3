"""Calls that mean more than a use: registrations with a framework, code reached by computed names, assertions."""

from __future__ import annotations

import ast

from fresh.inventory.record import Dynamic, Registration
from fresh.inventory.syntax import dotted, open_name
from fresh.inventory.words import words

HANDED_BY_KEYWORD: dict[str, tuple[str, ...]] = {
    "set_defaults": (),
    "add_typer": (),
    "add_parser": (),
    "Fire": ("component",),
    **dict.fromkeys(("add_url_rule", "path", "re_path", "url"), ("view_func", "view")),
}
"""Which keywords of a call hand something over; none means: all of them."""
HANDED_BY_POSITION = {
    **dict.fromkeys(
        words(
            "add_command add_typer Fire run default connect subscribe add_handler add_resource register_task command",
            "callback",
        ),
        0,
    ),
    **dict.fromkeys(
        words(
            "add_api_route add_api_websocket_route add_route Route WebSocketRoute path re_path url add_event_handler",
            "add_exception_handler register_error_handler add_get add_post add_put add_delete add_patch add_view",
            "add_websocket_route",
        ),
        1,
    ),
    "add_url_rule": 2,
}
WEB_ROUTES = {"get": 1, "post": 1, "put": 1, "delete": 1, "patch": 1, "head": 1, "view": 1, "route": 2}
"""Functions of `aiohttp.web`; everybody has a method `get`, so they count only behind that name."""
BY_CALLING_A_DECORATOR = frozenset({"command", "group", "callback", "task", "flow", "route", "get", "post"})
HANDING = frozenset({*HANDED_BY_KEYWORD, *HANDED_BY_POSITION, *WEB_ROUTES})
LOADERS = frozenset({"import_module", "__import__", "iter_modules", "walk_packages"})
LOOKUPS = frozenset({"getattr", "globals", "eval", "exec", "dir", "vars", "getmembers"})
AS_VIEW = frozenset({"as_view", "as_asgi", "as_handler"})
NAMESPACES = frozenset({"globals", "locals"})
TAKING = frozenset({"get", "items", "values"})
"""How the whole of a namespace is read."""
LISTERS = frozenset({"dir", "vars", "getmembers"})
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
        handed = _handed(call, name)
        if name == "Fire" and not handed:
            return [Registration(dotted(call.func) or name, "", owner, call.lineno)]
        name = dotted(call.func)
    targets = [target for each in handed for target in _targets(each)]
    return [Registration(name, target, owner, call.lineno) for target in targets if name]


def _handed(call: ast.Call, name: str) -> list[ast.expr]:
    place = HANDED_BY_POSITION.get(name)
    if (
        place is None
        and name in WEB_ROUTES
        and (dotted(call.func) or "").startswith(("web.", "aiohttp.web."))
    ):
        place = WEB_ROUTES[name]
    handed = [call.args[place]] if place is not None and len(call.args) > place else []
    wanted = HANDED_BY_KEYWORD.get(name)
    if wanted is not None:
        handed += [k.value for k in call.keywords if k.arg and (not wanted or k.arg in wanted)]
    return handed


def _targets(handed: ast.expr) -> list[str]:
    """Name what is handed over, also inside of a table, behind `.as_view()` or wrapped in a call."""
    if target := dotted(handed):
        return [target]
    if isinstance(handed, ast.Dict):
        return [target for each in handed.values if (target := dotted(each))]
    if not isinstance(handed, ast.Call):
        return []
    func = handed.func
    if isinstance(func, ast.Attribute) and func.attr in AS_VIEW and (target := dotted(func.value)):
        return [target]
    inside = _targets(handed.args[-1]) if handed.args else []
    return inside or ([made] if (made := dotted(func)) and made.rpartition(".")[2][:1].isupper() else [])


def dynamic(call: ast.Call, name: str) -> Dynamic | None:
    """Describe a call that reaches code by a computed name."""
    if name in LOADERS:
        return _loader(call, name)
    if name == "getattr" and len(call.args) > 1 and not isinstance(call.args[1], ast.Constant):
        region = dotted(call.args[0])
        if region is None and ast.unparse(call.args[0]) == "sys.modules[__name__]":
            region = ""
        prefixed = isinstance(call.args[1], ast.JoinedStr) and open_name(call.args[1]) is not None
        return None if region is None or prefixed else Dynamic("getattr(…, <name>)", region, call.lineno)
    if name in LISTERS and call.args and (region := dotted(call.args[0])):
        return Dynamic(f"{name}(…)", region, call.lineno)
    if name in ("eval", "exec") and isinstance(call.func, ast.Name) and len(call.args) == 1:
        fixed = isinstance(call.args[0], ast.Constant)
        return None if fixed else Dynamic(f"{name}(…)", "", call.lineno)
    return None


def taken_by_name(node: ast.Subscript) -> Dynamic | None:
    """Describe `globals()[name]`; a name of which a part is known is followed as a text."""
    called, place = node.value, node.slice
    if not isinstance(called, ast.Call) or dotted(called.func) not in NAMESPACES:
        return None
    computed = isinstance(place, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
    if not computed or not isinstance(node.ctx, ast.Load):
        return None
    return Dynamic(f"{dotted(called.func)}()[<name>]", "", node.lineno)


def _loader(call: ast.Call, name: str) -> Dynamic | None:
    argument = call.args[0] if call.args else None
    if name in ("iter_modules", "walk_packages"):
        return Dynamic(f"{name}(…)", ".", call.lineno)
    text = ast.unparse(argument) if argument is not None else ""
    if "__package__" in text or any(k.arg == "package" for k in call.keywords) or len(call.args) == 2:
        return Dynamic(f"{name}(…)", ".", call.lineno)
    if (
        isinstance(argument, ast.JoinedStr)
        and argument.values
        and isinstance(argument.values[0], ast.Constant)
    ):
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
