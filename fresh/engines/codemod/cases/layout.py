"""Print expressions and statements within a line length, as the formatters of the Python world do."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Sequence

INDENT = "    "


def columns(text: str) -> int:
    """Count the columns that a line takes; East Asian letters take two."""
    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


def quoted(value: str | bytes) -> str:
    """Write a text with double quotes unless single ones save escapes."""
    source = repr(value)
    prefix = "b" if isinstance(value, bytes) else ""
    quote, body = source[len(prefix)], source[len(prefix) + 1 : -1]
    inside = value.decode("latin-1") if isinstance(value, bytes) else value
    if quote == '"' or inside.count('"') > inside.count("'"):
        return source
    turned = {"\\'": "'", '"': '\\"'}
    return f'{prefix}"' + re.sub(r"\\.|\"", lambda found: turned.get(found[0], found[0]), body) + '"'


def flat(node: ast.expr) -> str:
    """Print an expression on one line."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return quoted(node.value)
    if isinstance(node, ast.Constant) and isinstance(node.value, float):
        return repr(node.value).replace("e+", "e")
    parts = _parts(node)
    if parts is None:
        return _operator(node)
    opening, items, closing = parts
    comma = "," if isinstance(node, ast.Tuple) and len(items) == 1 else ""
    return opening + ", ".join(flat_item(item) for item in items) + comma + closing


Item = tuple[str, ast.expr]


def flat_item(item: Item) -> str:
    """Print one item of a bracket with what stands before it."""
    return item[0] + flat(item[1])


def _operator(node: ast.expr) -> str:
    """Print what has no brackets of its own."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return ("-" if isinstance(node.op, ast.USub) else "+") + flat(node.operand)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Add):
        return f"{flat(node.left)} {'/' if isinstance(node.op, ast.Div) else '+'} {flat(node.right)}"
    if isinstance(node, ast.Attribute):
        owner = flat(node.value)
        return (
            f"({owner}).{node.attr}"
            if isinstance(node.value, ast.BinOp | ast.UnaryOp)
            else f"{owner}.{node.attr}"
        )
    if isinstance(node, ast.Subscript):
        return f"{flat(node.value)}[{flat(node.slice)}]"
    return ast.unparse(node)


def _parts(node: ast.expr) -> tuple[str, list[Item], str] | None:
    """Split a bracketed expression into what opens it, its items and what closes it."""
    if isinstance(node, ast.List):
        return "[", [("", item) for item in node.elts], "]"
    if isinstance(node, ast.Tuple):
        return "(", [("", item) for item in node.elts], ")"
    if isinstance(node, ast.Set):
        return "{", [("", item) for item in node.elts], "}"
    if isinstance(node, ast.Dict) and all(key is not None for key in node.keys):
        pairs = zip(node.keys, node.values, strict=True)
        return "{", [(f"{flat(key)}: ", value) for key, value in pairs if key is not None], "}"
    if isinstance(node, ast.Call) and not any(isinstance(item, ast.Starred) for item in node.args):
        named = [(f"{item.arg}=", item.value) for item in node.keywords if item.arg]
        return f"{flat(node.func)}(", [("", item) for item in node.args] + named, ")"
    return None


def expression(source: str, width: int, indent: str = "", before: str = "", after: str = "") -> list[str]:
    """Print an expression between two texts of its line, over as many lines as it needs."""
    return _broken(ast.parse(source.strip(), mode="eval").body, width, indent, before, after)


def _broken(node: ast.expr, width: int, indent: str, before: str, after: str) -> list[str]:
    line = f"{indent}{before}{flat(node)}{after}"
    parts = _parts(node)
    if columns(line) <= width or parts is None or not parts[1]:
        return [line]
    opening, items, closing = parts
    body = ", ".join(flat_item(item) for item in items)
    if isinstance(node, ast.Call) and columns(indent + INDENT + body) <= width:
        return [f"{indent}{before}{opening}", f"{indent}{INDENT}{body}", f"{indent}{closing}{after}"]
    lines = [f"{indent}{before}{opening}"]
    for name, item in items:
        lines += _broken(item, width, indent + INDENT, name, ",")
    return [*lines, f"{indent}{closing}{after}"]


def rows(sources: Sequence[str], width: int, indent: str) -> list[str]:
    """Print items of a list, one or more lines each."""
    return [line for source in sources for line in expression(source, width, indent, after=",")]


def definition(name: str, parameters: Sequence[str], width: int, indent: str = "") -> list[str]:
    """Print the first lines of a function."""
    line = f"{indent}def {name}({', '.join(parameters)}):"
    if columns(line) <= width or not parameters:
        return [line]
    body = f"{indent}{INDENT}{', '.join(parameters)}"
    if columns(body) <= width:
        return [f"{indent}def {name}(", body, f"{indent}):"]
    return [f"{indent}def {name}(", *(f"{indent}{INDENT}{item}," for item in parameters), f"{indent}):"]


def assertion(left: str, operator: str, right: str, width: int, indent: str) -> list[str]:
    """Print `assert left operator right`; what is too long for one line is named first."""
    left, right = (flat(ast.parse(side, mode="eval").body) for side in (left, right))
    line = f"{indent}assert {left} {operator} {right}"
    if columns(line) <= width:
        return [line]
    named = [] if right == "expected" else expression(right, width, indent, "expected = ")
    line = f"{indent}assert {left} {operator} expected"
    if columns(line) <= width:
        return [*named, line]
    return [
        *expression(left, width, indent, "result = "),
        *named,
        f"{indent}assert result {operator} expected",
    ]
