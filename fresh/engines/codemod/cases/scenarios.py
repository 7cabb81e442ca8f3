"""Group observations into tests, and name them for what they show."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from fresh.engines.codemod.cases.choice import agrees
from fresh.engines.codemod.cases.inside.wire import Argument, Call, Observation

SPREAD = "arguments"
WORDS = ("True", "False", "None")
VIEWS = {
    "len({0})": "length",
    "list({0})": "items",
    "str({0})": "text",
    "repr({0})": "repr",
    "bool({0})": "truth",
}
INEXACT_DIGITS = 6
MOST_NAMED = 2


@dataclass(frozen=True)
class Slot:
    """One place in a call that a value goes to; `source` is a value, or the name of a column."""

    key: str
    source: str


@dataclass(frozen=True)
class Scenario:
    """Observations of the same shape: one test."""

    name: str
    cases: tuple[Observation, ...]

    @property
    def first(self) -> Observation:
        """A case that stands for the shape of all."""
        return self.cases[0]

    @property
    def mixed(self) -> bool:
        """Say whether the cases can't share one table: they pass different things, or files that only exist inside."""
        return (self.has_files and len(self.cases) > 1) or len({_shape(case) for case in self.cases}) > 1

    @property
    def has_files(self) -> bool:
        """Say whether the cases need a directory with files."""
        return "tmp_path" in str(self.first.call)


def scenarios_of(chosen: Sequence[Observation], name: str) -> tuple[Scenario, ...]:
    """Group observations by what is called how and what kind of thing comes out."""
    groups: dict[tuple[object, ...], list[Observation]] = {}
    for item in chosen:
        groups.setdefault(_shape(item), []).append(item)
    titled: dict[str, list[Observation]] = {}
    for group in sorted(groups.values(), key=lambda group: _rank(group[0])):
        title = _title(group[0], name)
        files = group[0].call.files
        clash = title in titled and titled[title][0].call.files != files
        titled.setdefault(_unique(title, titled) if clash else title, []).extend(group)
    return tuple(Scenario(title, tuple(group)) for title, group in titled.items())


def _shape(item: Observation) -> tuple[object, ...]:
    call, outcome = item.call, item.outcome
    documented = agrees(item) is True
    word = outcome.source if outcome.source in WORDS and not documented else ""
    apart = call.files if "tmp_path" in str(call) else None
    passed = [("build", item.name, item.keyword) for item in call.build or ()]
    passed += [("call", item.name, item.keyword) for item in call.arguments]
    arguments = tuple(dict.fromkeys(passed))  # however many *args there are, they are one slot
    how = (outcome.kind, outcome.wrap, outcome.changed, outcome.error, bool(outcome.message), outcome.awaited)
    return (documented, call.subject, call.method, call.observe, arguments, how, word, apart)


def _rank(item: Observation) -> tuple[object, ...]:
    options = sum(argument.keyword for argument in item.call.arguments)
    return (
        item.outcome.kind == "raises",
        agrees(item) is not True,
        item.call.method,
        options,
        item.outcome.source,
    )


def _title(item: Observation, name: str) -> str:
    call = item.call
    words = [snake(name if call.method == "" or name.endswith(call.method) else f"{name}.{call.method}")]
    if call.subject != name and "." in call.subject:
        words = [snake(call.subject)]
    words.append(_verb(item))
    options = [argument.name for argument in call.arguments if argument.keyword]
    if agrees(item) is not True and options:
        named = "_and_".join(snake(option) for option in options)
        words.append(f"with_{named if len(options) <= MOST_NAMED else 'options'}")
    if "tmp_path" in str(call):
        names = re.findall(r"tmp_path / '(\w+)\.\w+'", str(call))
        words.append(
            "for_" + "_and_".join(dict.fromkeys(f"{found}_file" for found in names))
            if names
            else "in_a_folder"
        )
    return "test_" + "_".join(words)


def _verb(item: Observation) -> str:
    call, outcome = item.call, item.outcome
    if outcome.kind == "raises":
        return f"raises_{snake(outcome.error)}"
    if agrees(item):
        return "matches_its_documented_examples"
    if call.observe:
        view = VIEWS.get(call.observe) or call.observe.removeprefix("{0}.")
        return f"changes_{snake(view)}" if call.method else f"has_{snake(view)}"
    if outcome.kind == "prints":
        return "prints_known_text"
    if outcome.kind == "changes":
        return f"changes_{snake(outcome.changed) or SPREAD}"
    if outcome.source in WORDS:
        return f"returns_{outcome.source.lower()}"
    if outcome.wrap:
        return "yields_known_items" if outcome.wrap == "list" else "starts_with_known_items"
    return "returns_known_results"


def _unique(title: str, taken: Container[str]) -> str:
    number = 2
    candidate = title
    while candidate in taken:
        candidate = f"{title}_{number}"
        number += 1
    return candidate


def snake(name: str) -> str:
    """Write a name the way test functions are named."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def slots(call: Call) -> list[Slot]:
    """List what a call takes; `build:` marks what makes the object, and all of `*args` are one tuple."""
    return [*_slots(call.build or (), "build:"), *_slots(call.arguments, "")]


def _slots(arguments: Sequence[Argument], prefix: str) -> list[Slot]:
    found = [Slot(prefix + item.name, item.source) for item in arguments if item.name]
    spread = [item.source for item in arguments if not item.name]
    if spread:
        comma = "," if len(spread) == 1 else ""
        found.append(Slot(prefix + SPREAD, f"({', '.join(spread)}{comma})"))
    return found


def column_names(keys: Sequence[str], forbidden: set[str]) -> dict[str, str]:
    """Give each slot that varies a name that hides nothing."""
    names: dict[str, str] = {}
    for key in keys:
        name = key.rpartition(":")[2]
        while name in forbidden or keyword.iskeyword(name) or name in names.values():
            name = f"given_{name}"
        names[key] = name
    return names


def call_source(call: Call, values: dict[str, str]) -> str:
    """Write the call with the given sources in its slots."""
    built = _listed(call.build or (), values, "build:")
    if call.build is None:
        return f"{call.subject}({_listed(call.arguments, values, '')})"
    return f"{call.subject}({built})"


def method_source(call: Call, values: dict[str, str], receiver: str) -> str:
    """Write the call of a method on an object that has a name."""
    return f"{receiver}.{call.method}({_listed(call.arguments, values, '')})"


def _listed(arguments: Sequence[Argument], values: dict[str, str], prefix: str) -> str:
    written = []
    spread = False
    for item in arguments:
        if not item.name:
            spread = True
        elif item.keyword:
            written.append(f"{item.name}={values[prefix + item.name]}")
        else:
            written.append(values[prefix + item.name])
    if spread:
        place = next(number for number, item in enumerate(arguments) if not item.name)
        written.insert(place, _unpacked(values[prefix + SPREAD]))
    return ", ".join(written)


def _unpacked(source: str) -> str:
    """Pass a tuple as positional arguments."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:
        return f"*{source}"
    return ", ".join(ast.unparse(item) for item in node.elts) if isinstance(node, ast.Tuple) else f"*{source}"


def inexact(source: str) -> bool:
    """Say whether a value is a number, or a flat collection of numbers, with digits that platforms may differ in."""
    node = ast.parse(source, mode="eval").body
    items: list[ast.expr | None]
    if isinstance(node, ast.List | ast.Tuple):
        items = list(node.elts)
    elif isinstance(node, ast.Dict):
        items = list(node.values)
    else:
        items = [node]
    floats = [_float(item) for item in items]
    return (
        bool(floats) and all(found is not None for found in floats) and any(_long(found) for found in floats)
    )


def _float(node: ast.expr | None) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _float(node.operand)
        return None if inner is None else -inner
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, float | int) and not isinstance(value, bool) else None


def _long(value: float | None) -> bool:
    return isinstance(value, float) and len(re.sub(r"e.*|\D", "", repr(value)).strip("0")) > INEXACT_DIGITS
