"""What source and documentation say about the values that a parameter takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fresh.engines.codemod.cases.inside.wire import Hint

TYPES = {
    "str": "str", "string": "str", "strings": "list", "text": "str", "unicode": "str", "int": "int",
    "integer": "int", "float": "float", "number": "float", "numeric": "float", "bool": "bool", "boolean": "bool",
    "list": "list", "sequence": "list", "iterable": "list", "array": "list", "dict": "dict", "mapping": "dict",
    "dictionary": "dict", "tuple": "tuple", "set": "set", "bytes": "bytes", "callable": "callable",
    "function": "callable", "datetime": "datetime", "date": "date", "timedelta": "timedelta", "decimal": "decimal",
    "path": "strpath", "filename": "strpath", "iterator": "iterator", "generator": "iterator", "object": "unknown",
}  # fmt: skip
METHODS = {
    "str": "lower upper strip lstrip rstrip split splitlines startswith endswith title capitalize casefold encode "
    "isdigit isalpha isalnum isupper islower isspace join ljust rjust center zfill partition rpartition swapcase "
    "translate removeprefix removesuffix format expandtabs",
    "list": "append extend sort insert reverse",
    "dict": "items keys values setdefault update get",
    "set": "add union intersection difference issubset issuperset",
    "bytes": "decode hex",
    "textfile": "read readline readlines",
    "datetime": "strftime isoformat timestamp utcoffset astimezone",
    "timedelta": "total_seconds",
}
OWNERS = {method: kind for kind, methods in METHODS.items() for method in methods.split()}
NAMES = {
    "separator": "sep separator delimiter delim glue joiner fillchar",
    "word": "name word noun singular plural label slug identifier token unit tag",
    "str": "text string s sentence line prefix suffix title value_str phrase "
    "content html xml source code msg message char url fmt",
    "int": "n num number count size width height index i j k limit length depth level start stop step page year month "
    "day offset times bits base precision digits",
    "float": "x y z ratio percent percentage amount price seconds rate fraction radius angle",
    "list": "items seq sequence iterable iterables lst xs ys list values elements coll collection args rows numbers "
    "words lines data array it strings",
    "dict": "d dct dict mapping dictionary obj params options config kwargs headers",
    "callable": "func fn f function predicate pred callback key",
    "strpath": "path filename file_path filepath fname",
    "datetime": "dt datetime when",
    "timedelta": "delta td timedelta duration",
    "bytes": "raw payload blob byts",
    "bool": "flag strict verbose reverse",
}
NAMED = {name: kind for kind, names in NAMES.items() for name in names.split()}
CARRIERS = ("append", "add", "insert", "appendleft", "put", "setdefault")
ONLY_NUMBERS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow)
ARITHMETIC = (ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
MOST_CONSTANTS = 8


def hints_for(node: Definition) -> tuple[Hint, ...]:
    """Collect what is known of every parameter of a function, or of all methods of a class."""
    found: dict[str, Hint] = {}
    for function in functions_in(node):
        told = documented_types(ast.get_docstring(function) or "")
        told = documented_types(ast.get_docstring(node) or "") | told
        for name in _parameters(function):
            idle = _only_passed_on(function, name)
            # A path that is only kept or given back needs no file: any text will do.
            named = ["str" if kind == "strpath" and idle else kind for kind in _named(name)]
            kinds = [*told.get(name, ()), *_used_as(function, name), *named]
            kinds += ["unknown"] if not kinds and idle else []
            constants = _compared_with(function, name)
            earlier = found.get(name, Hint(name))
            found[name] = Hint(
                name,
                tuple(dict.fromkeys([*earlier.kinds, *kinds])),
                tuple(dict.fromkeys([*earlier.constants, *constants]))[:MOST_CONSTANTS],
            )
    return tuple(found.values())


def functions_in(node: Definition) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give a function itself, or the methods of a class."""
    if not isinstance(node, ast.ClassDef):
        return [node]
    return [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    spread = [function.args.vararg] if function.args.vararg else []
    everything = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs, *spread]
    return [item.arg for item in everything if item.arg not in ("self", "cls")]


def documented_types(docstring: str) -> dict[str, tuple[str, ...]]:
    """Read parameter types from Sphinx, Google and NumPy docstrings."""
    found: dict[str, tuple[str, ...]] = {}
    patterns = (
        r":type\s+(?P<name>\w+):\s*(?P<type>[^\n]+)",
        r":param\s+(?P<type>[\w\[\]., |]+?)\s+(?P<name>\w+):",
        r"^\s*(?P<name>\w+)\s*\((?P<type>[^)\n]+)\)\s*:",
        r"^\s*(?P<name>\w+)\s:\s(?P<type>[^\n]+)$",
    )
    for pattern in patterns:
        for match in re.finditer(pattern, docstring, re.MULTILINE):
            words = re.findall(r"[a-z]+", match["type"].lower())
            kinds = tuple(dict.fromkeys(TYPES[word] for word in words if word in TYPES))
            if kinds:
                found.setdefault(match["name"], kinds)
    return found


def _named(name: str) -> list[str]:
    if name.startswith(("is_", "has_", "use_", "with_", "allow_", "should_")):
        return ["bool"]
    for candidate in (name, name.rpartition("_")[2], name.partition("_")[0], name.rstrip("s0123456789")):
        if candidate in NAMED:
            return [NAMED[candidate]]
    return []


def _used_as(function: ast.AST, name: str) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and _is(node.value, name) and node.attr in OWNERS:
            yield OWNERS[node.attr]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ARITHMETIC):
            numeric = (
                _number(node.right) if _is(node.left, name) else _is(node.right, name) and _number(node.left)
            )
            plain = isinstance(node.op, ONLY_NUMBERS) and (_is(node.left, name) or _is(node.right, name))
            if (numeric and not isinstance(node.op, ast.Mod)) or plain:
                yield "int"
        elif isinstance(node, ast.Compare) and _is(node.left, name) and _number(node.comparators[0]):
            yield "int"
        elif isinstance(node, ast.For | ast.comprehension) and _is(node.iter, name):
            yield "list"
        elif isinstance(node, ast.Subscript) and _is(node.value, name):
            yield "dict" if _text(node.slice) else "list"
        elif isinstance(node, ast.Call):
            yield from _called_with(node, name)


def _only_passed_on(function: ast.AST, name: str) -> bool:
    """Say whether a value is merely stored, compared or returned, so that any value will do."""
    uses = 0
    fine = 0
    for node in ast.walk(function):
        uses += _is(node, name)
        fine += sum(_is(child, name) for child in _carried(node))
    return uses == fine


def _carried(node: ast.AST) -> list[ast.expr]:
    """List what a node only carries, without looking into it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CARRIERS:
        return node.args
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("isinstance", "type")
    ):
        return node.args[:1]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, ast.Compare):
        return [node.left, *node.comparators]
    if isinstance(node, ast.Return | ast.Assign | ast.Yield | ast.FormattedValue):
        return [node.value] if node.value else []
    return [node.test] if isinstance(node, ast.If | ast.IfExp) else []


def _called_with(node: ast.Call, name: str) -> Iterator[str]:
    if _is(node.func, name):
        yield "callable"
    if not any(_is(argument, name) for argument in node.args):
        return
    called = ast.unparse(node.func).rpartition(".")[2]
    owner = ast.unparse(node.func).partition(".")[0]
    if called in ("open", "Path", "exists", "isfile", "isdir", "basename", "dirname", "splitext"):
        yield "strpath"
    elif called in (
        "len",
        "sorted",
        "reversed",
        "enumerate",
        "zip",
        "sum",
        "min",
        "max",
        "iter",
        "list",
        "tuple",
    ):
        yield "list"
    elif called in ("range", "chr", "abs", "divmod", "round"):
        yield "int"
    elif called in ("ord", "quote") or owner in ("re", "html", "shlex", "unicodedata"):
        yield "str"


def _compared_with(function: ast.AST, name: str) -> Iterator[str]:
    """Yield the constants that decide branches on a parameter, as source."""
    for node in ast.walk(function):
        if isinstance(node, ast.Compare) and _is(node.left, name):
            for other in node.comparators:
                items = other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else [other]
                yield from (
                    repr(item.value) for item in items if isinstance(item, ast.Constant) and _plain(item)
                )
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is(node.func.value, name)
        ):
            first = node.args[0] if node.args else None
            if node.func.attr in ("startswith", "endswith", "split", "partition") and isinstance(
                first, ast.Constant
            ):
                text = str(first.value)
                yield repr(f"{text}abc" if node.func.attr == "startswith" else f"abc{text}")
        elif isinstance(node, ast.Match) and _is(node.subject, name):
            for case in node.cases:
                for found in ast.walk(case.pattern):
                    if isinstance(found, ast.MatchValue) and isinstance(found.value, ast.Constant):
                        yield repr(found.value.value)


def _is(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _plain(node: ast.Constant) -> bool:
    return isinstance(node.value, str | int | float) and not isinstance(node.value, bool)


def _number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
