"""Choose the few observations that say most about a feature."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from fresh.engines.codemod.cases.inside.wire import Import, Observation

MOST = 12
MOST_DOCUMENTED = 4
FEWEST = 4
FEWEST_OF_MANY = 2
LONGEST = 60
LINES_A_CASE = 8

Element = tuple[str, int, int]


def agrees(item: Observation) -> bool | None:
    """Say whether the documentation shows what was observed; None when it shows nothing."""
    if not item.call.expected or item.outcome.kind != "returns":
        return None
    return _equal(item.call.expected, item.outcome.source)


def _equal(one: str, other: str) -> bool:
    try:
        return bool(ast.literal_eval(one) == ast.literal_eval(other))
    except (ValueError, SyntaxError):
        return one == other


def readable(item: Observation) -> bool:
    """Keep what a reviewer can take in at a glance and every line length can hold."""
    sources = [
        *(argument.source for argument in item.call.arguments),
        item.outcome.source,
        item.outcome.message,
    ]
    return all(len(source) <= LONGEST * 2 for source in sources) and all(
        len(text) <= LONGEST for source in sources[:-1] for text in _texts(source)
    )


def _texts(source: str) -> Iterable[str]:
    try:
        tree = ast.parse(source or "0", mode="eval")
    except SyntaxError:
        return [source]
    return [repr(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]


def choose(observations: Sequence[Observation]) -> tuple[Observation, ...]:
    """Take documented examples, then whatever adds most lines, branches and noticed mutants; always the same ones."""
    pool = [item for item in observations if _says_something(item)]
    chosen: list[Observation] = []
    for item in [item for item in pool if agrees(item)][:MOST_DOCUMENTED]:
        if _fits(item, chosen):
            chosen.append(item)
    seen = {element for item in chosen for element in _elements(item)}
    most = MOST + len({line for item in pool for line in item.lines}) // LINES_A_CASE
    while len(chosen) < most:
        left = [item for item in pool if item not in chosen and _fits(item, chosen)]
        best = max(left, key=lambda item: (_gain(item, seen), -_cost(item)), default=None)
        if best is None or not _elements(best) - seen:
            break
        chosen.append(best)
        seen |= _elements(best)
    complete = _rounded_out(chosen, pool)
    return tuple(item for item in pool if item in complete)


def _elements(item: Observation) -> set[Element]:
    lines = {("line", line, 0) for line in item.lines}
    steps = {("step", *step) for step in item.steps}
    return lines | steps | {("mutant", number, 0) for number in item.kills}


def _says_something(item: Observation) -> bool:
    """Leave out what can't be stated briefly, what documentation contradicts, and objects that merely equal themselves."""
    call, outcome = item.call, item.outcome
    made = call.build is not None and not call.method and not call.observe and outcome.kind == "returns"
    return outcome.testable and not made and readable(item) and agrees(item) is not False


def tells(item: Observation) -> bool:
    """Say whether a result is more than nothing, false or empty, so that code which does nothing would not give it too."""
    if item.outcome.kind == "raises":
        return False
    try:
        return _holds_something(ast.literal_eval(item.outcome.source))
    except (ValueError, SyntaxError):
        return True


def _holds_something(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_holds_something, (*value.keys(), *value.values())))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_holds_something, value))
    return bool(value)


def _gain(item: Observation, seen: set[Element]) -> float:
    weights = {"mutant": 3.0, "line": 2.0, "step": 1.0}
    return sum(weights[kind] for kind, *_ in _elements(item) - seen)


def _cost(item: Observation) -> float:
    """Prefer what people wrote, then what is short, then what takes fewer arguments and no files."""
    length = sum(len(argument.source) for argument in item.call.arguments) + len(item.outcome.source)
    found = 0 if item.call.origin != "type" else 40
    tiny = 20 * sum(argument.source.strip("b'\"") in ("aa", "42", "") for argument in item.call.arguments)
    return (
        length
        + found
        + tiny
        + 10 * len(item.call.arguments)
        + sum(60 if text else 90 for _, text in item.call.files)
        + (100 if _lacks_file(item) else 0)
    )


def _lacks_file(item: Observation) -> bool:
    return not item.call.files and any("tmp_path" in argument.source for argument in item.call.arguments)


def _rounded_out(chosen: list[Observation], pool: list[Observation]) -> list[Observation]:
    """Show each way of using the feature with enough results to see a pattern."""
    calm = [item for item in pool if item.outcome.kind != "raises"]
    calm = [item for item in calm if not item.call.files and not _lacks_file(item)] or calm
    ways = list(dict.fromkeys(_way(item) for item in calm))
    wanted = FEWEST if len(ways) == 1 else FEWEST_OF_MANY
    for way in ways:
        mine = [item for item in calm if _way(item) == way]
        results = {item.outcome.source for item in chosen if _way(item) == way}
        for item in mine:
            if len(results) >= wanted or len(chosen) >= MOST + FEWEST:
                break
            if item.outcome.source not in results and item.outcome.source != "None" and _fits(item, chosen):
                chosen.append(item)
                results.add(item.outcome.source)
    return chosen


def _way(item: Observation) -> tuple[str, str]:
    return item.call.method, item.call.observe


def _fits(item: Observation, chosen: list[Observation]) -> bool:
    """Refuse a case whose imports would bind a name that another case uses for something else."""
    bound: dict[str, Import] = {}
    for other in (*chosen, item):
        for found in (*other.call.imports, *other.outcome.imports):
            if bound.setdefault(found.name or found.module, found) != found:
                return False
    return True


def steady(
    observations: Sequence[Observation], replays: Sequence[Sequence[object]]
) -> tuple[Observation, ...]:
    """Keep the observations that came out the same every time."""
    return tuple(
        item
        for place, item in enumerate(observations)
        if all(item.outcome == again[place] for again in replays)
    )
