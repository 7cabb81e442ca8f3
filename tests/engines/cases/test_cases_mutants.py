"""Mutants: each one is another program, and taking it back restores the old one."""

from __future__ import annotations

import ast

import pytest

from fresh.engines.codemod.cases.inside.mutants import compile_mutant, living, mutants_of, spread, transplant

SOURCE = '''
def grade(points: int = 3, *, strict: bool = False) -> str | None:
    """Give a grade."""
    if points >= 90 and not strict:
        return "A"
    if points in (50, 60):
        raise ValueError("no")
    return str(points + 1) if strict else None
'''


def labels(source: str) -> list[str]:
    """List what the mutants of a source's first definition do."""
    return [mutant.label for mutant in mutants_of(ast.parse(source).body[0])]


def test_every_kind_of_decision_has_a_mutant() -> None:
    found = labels(SOURCE)
    for label in ("GtE becomes Gt", "90 becomes 91", "And becomes Or", "In becomes NotIn", "Add becomes Sub"):
        assert label in found
    assert found.count("None is returned") == 2
    assert "another exception is raised" in found
    assert "the condition is turned round" in found


def test_docstrings_annotations_and_defaults_are_left_alone() -> None:
    assert labels('def f(a: "x" = 5) -> "y":\n    """Text."""\n    pass\n') == []


def test_each_mutant_is_another_program_and_is_taken_back() -> None:
    tree = ast.parse(SOURCE)
    before = ast.dump(tree)
    for mutant in mutants_of(tree.body[0]):
        mutant.make()
        assert ast.dump(tree) != before, mutant.label
        mutant.undo()
        assert ast.dump(tree) == before


@pytest.mark.parametrize("most", [1, 3, 100])
def test_a_spread_takes_mutants_from_all_over(most: int) -> None:
    mutants = mutants_of(ast.parse(SOURCE).body[0])
    found = spread(mutants, most)
    assert len(found) == min(most, len(mutants))
    assert found[0] == mutants[0]


def test_live_functions_take_the_mutant_s_code_in_place(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = str(tmp_path_factory.mktemp("live") / "grading.py")
    tree = ast.parse(SOURCE)
    scope: dict[str, object] = {}
    exec(compile(tree, path, "exec"), scope)
    grade = scope["grade"]
    assert callable(grade)
    assert grade(95) == "A"
    node = tree.body[0]
    assert isinstance(node, ast.FunctionDef)
    nothing = next(mutant for mutant in mutants_of(node) if mutant.label == "None is returned")
    code = compile_mutant(tree, nothing, path)
    assert code is not None
    assert transplant(code, living(node, path))
    assert grade(95) is None
