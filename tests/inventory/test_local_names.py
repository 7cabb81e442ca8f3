"""A name that is bound nearby does not mean the definition of the same name at the top."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

LOCAL = {
    "a variable of a comprehension": "def go(xs): return [row for row in xs]",
    "a variable of a generator and its condition": "def go(xs): return sum(row.size for row in xs if row)",
    "variables of a dictionary": "def go(xs): return {row: key for key, (row, *more) in xs}",
    "a variable of an inner comprehension": "def go(xs): return [[row for row in x] for x in xs]",
    "a parameter of a lambda": "def go(xs): return sorted(xs, key=lambda row, *more: row + 1)",
    "an error": "def go(xs):\n    try: return 1\n    except ValueError as row: print(row)",
    "a captured pattern": "def go(xs):\n    match xs:\n        case [1, *row]: return row\n        case {'a': 1, **row}: return row\n        case int() as row: return row",
    "another project": "def go(xs):\n    import json as row\n    return row",
    "a part of another project": "def go(xs):\n    from json import loads as row\n    return row(xs)",
    "a variable of a loop": "def go(xs):\n    for row in xs: print(row)",
    "a variable of a comprehension at the top": "NAMES = [row for row in (1, 2)]\ndef go(xs): return NAMES",
}
GLOBAL = {
    "what a comprehension goes through": "def go(xs): return [row for row in row()]",
    "a function beside a variable": "def go(xs): return [row(x) for x in xs]",
    "a default of a lambda": "def go(xs): return lambda x=row(): x",
    "after a comprehension that hides it": "def go(xs): return [row for row in xs] + [row]",
    "a call beside a lambda that hides it": "def go(xs): return max(xs, key=lambda row: row), row()",
    "a value named in a comprehension": "def go(xs): return [y for x in xs if (y := row(x))]",
    "a pattern of a value": "def go(xs):\n    match xs:\n        case row(): return 1",
}


def state_of_row(code: str, tmp_path: Path) -> str:
    text = f"=== app/__init__.py\n=== app/work.py\n{code}\nclass row: pass\n=== main.py\nfrom app.work import go\ngo([])\n"
    return states_of(inventory_of(files_of(text), tmp_path))["app.work:row"]


@pytest.mark.parametrize("case", LOCAL)
def test_a_name_bound_nearby_means_nothing_outside(case: str, tmp_path: Path) -> None:
    assert state_of_row(LOCAL[case], tmp_path) == "unhooked"


@pytest.mark.parametrize("case", GLOBAL)
def test_a_name_that_is_not_bound_nearby_means_what_is_outside(case: str, tmp_path: Path) -> None:
    assert state_of_row(GLOBAL[case], tmp_path).startswith("hooked")
