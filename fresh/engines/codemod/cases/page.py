"""Write the test file."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fresh.engines.codemod.cases.checks import Check, check_of
from fresh.engines.codemod.cases.home import Home
from fresh.engines.codemod.cases.inside.wire import Argument, Call, Import, Observation
from fresh.engines.codemod.cases.layout import INDENT
from fresh.engines.codemod.cases.scenarios import scenarios_of, snake
from fresh.engines.codemod.cases.voices import say_pytest, say_unittest

STRATEGIES = {
    "str": "st.text()",
    "bytes": "st.binary()",
    "int": "st.integers()",
    "list[int]": "st.lists(st.integers())",
    "list[str]": "st.lists(st.text())",
}
MOST_ROWS = 6
SPOKEN = {
    "asyncio": Import("asyncio", ""),
    "re": Import("re", ""),
    "islice": Import("itertools", "islice"),
    "redirect_stdout": Import("contextlib", "redirect_stdout"),
    "StringIO": Import("io", "StringIO"),
    "pytest": Import("pytest", ""),
    "given": Import("hypothesis", "given"),
    "st": Import("hypothesis", "strategies as st"),
}


@dataclass(frozen=True)
class Evident:
    """A law with the observations it was seen in. `strategy` replaces them by hypothesis' own inputs."""

    name: str
    other: str
    cases: tuple[Observation, ...]
    parameter: str
    strategy: str = ""


@dataclass(frozen=True)
class Page:
    """A test file and the names of the tests in it."""

    text: str
    tests: tuple[str, ...]


def compose(name: str, chosen: Sequence[Observation], laws: Sequence[Evident], home: Home) -> Page:
    """Write the tests of one feature in the project's style."""
    imports = {found for item in _used(chosen, laws) for found in (*item.call.imports, *item.outcome.imports)}
    imports |= {Import(_module_of(law.cases[0].call), law.other.split(".")[0]) for law in laws}
    bound = {_bound(found) for found in imports}
    checks = [_law_check(law, name, bound) for law in laws]
    checks += [check_of(scenario, bound) for scenario in scenarios_of(chosen, name)]
    bodies = [
        say_unittest(check, home.width) if home.unit else say_pytest(check, home.width) for check in checks
    ]
    title = "".join(part.capitalize() for part in snake(name).split("_")) + "Test"
    if home.unit:
        body = [f"class {title}(unittest.TestCase):", *_separated(bodies, 1)]
        tests = tuple(f"{title}::{check.name}" for check in checks)
    else:
        body = _separated(bodies, 2)
        tests = tuple(check.name for check in checks)
    head = _imports(imports, body, home.unit, home.width)
    return Page("\n".join([*head, "", "", *body]) + "\n", tests)


def _used(chosen: Sequence[Observation], laws: Sequence[Evident]) -> list[Observation]:
    return [*chosen, *(case for law in laws if not law.strategy for case in law.cases)]


def _separated(bodies: Sequence[Sequence[str]], blank: int) -> list[str]:
    lines: list[str] = []
    for place, body in enumerate(bodies):
        lines += [""] * (blank if place else 0) + list(body)
    return lines


def _module_of(call: Call) -> str:
    return call.imports[0].module


def _law_check(law: Evident, name: str, bound: set[str]) -> Check:
    """State a property: f(f(x)) == f(x), or g(f(x)) == x."""
    call = law.cases[0].call
    parameter = law.parameter if law.parameter not in bound else f"given_{law.parameter}"
    applied = f"{call.subject}({parameter})"
    rows = tuple((case.call.arguments[0].source,) for case in law.cases[:MOST_ROWS])
    if law.name == "idempotent":
        title = f"test_{snake(name)}_leaves_its_own_results_unchanged"
        check = Check(title, "equal", f"{law.other}(once)", "once", prepare=(f"once = {applied}",))
    else:
        title = f"test_{snake(law.other)}_undoes_{snake(name)}"
        check = Check(title, "equal", f"{law.other}({applied})", parameter)
    return replace(check, columns=(parameter,), rows=rows, given=law.strategy)


def strategy_for(annotation: str) -> str:
    """Name hypothesis' own inputs for a plain type; empty for anything else."""
    return STRATEGIES.get(annotation.replace("List[", "list[").replace("typing.", ""), "")


def first_parameter(arguments: Sequence[Argument]) -> str:
    """Name the only parameter that a law speaks of."""
    return arguments[0].name or "value"


def _imports(wanted: Iterable[Import], body: Sequence[str], unit: bool, width: int) -> list[str]:
    """Write the imports that the code uses, in three sorted sections."""
    used = {node.id for node in ast.walk(ast.parse("\n".join(body))) if isinstance(node, ast.Name)}
    found = {item for item in wanted if _bound(item) in used}
    own = used - {_bound(item) for item in found}
    found |= {item for name, item in SPOKEN.items() if name in own}
    found |= {Import("unittest", "")} if unit else set()
    sections: list[list[Import]] = [[], [], []]
    for item in found:
        root = item.module.split(".")[0]
        place = 0 if root in sys.stdlib_module_names else 1 if root in ("pytest", "hypothesis") else 2
        sections[place].append(item)
    written = [_section(section, width) for section in sections if section]
    return [line for place, section in enumerate(written) for line in ([""] if place else []) + section]


def _bound(item: Import) -> str:
    return item.name.rpartition(" as ")[2] or item.module.split(".")[0]


def _section(items: Sequence[Import], width: int) -> list[str]:
    lines = sorted({f"import {item.module}" for item in items if not item.name})
    named: dict[str, list[str]] = {}
    for item in items:
        if item.name and " as " not in item.name:
            named.setdefault(item.module, []).append(item.name)
    statements = [(module, ", ".join(_ordered(names))) for module, names in named.items()]
    statements += [(item.module, item.name) for item in items if " as " in item.name]
    for module, names in sorted(statements, key=lambda statement: (statement[0].lower(), statement[1])):
        line = f"from {module} import {names}"
        several = [f"from {module} import (", *(f"{INDENT}{name}," for name in names.split(", ")), ")"]
        lines += [line] if len(line) <= width else several
    return lines


def _ordered(names: Iterable[str]) -> list[str]:
    """Sort names as isort does: constants, classes, then the rest."""
    return sorted(
        set(names), key=lambda name: (not (name.isupper() and len(name) > 1), not name[:1].isupper(), name)
    )
