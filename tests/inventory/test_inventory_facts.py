"""Tested, quality, necessity, dependents, unlocks and safety follow from the code as the facts define them."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from pathlib import Path

import pytest

from fresh.domain.feature import Feature, Finding, Inventory
from tests.inventory.example import example, feature_of, inventory_of


def one(body: str, cache: Path, name: str = "work", **files: str) -> Feature:
    """Take the inventory of one module and return one feature of it."""
    inventory = inventory_of({"app/__init__.py": "", "app/code.py": body, **files}, cache)
    return feature_of(inventory, f"app.code:{name}")


def deductions(feature: Feature) -> dict[str, float]:
    """Map the reasons of a quality to what each costs."""
    return {
        signal.name.removeprefix("quality: "): signal.value
        for signal in feature.signals
        if signal.name.startswith("quality: ")
    }


# ------------------------------------------------------------------------------------------------------------- tested

TESTS = {
    "def test_it():\n    assert work() == 1\n": 0.5,
    "def test_it():\n    helper()\n\ndef helper():\n    assert work() == 1\n": 0.5,
    "import unittest\n\nclass TestIt(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(work(), 1)\n": 0.5,
    "import pytest\n\ndef test_it():\n    with pytest.raises(ValueError):\n        work()\n": 0.5,
    "import pytest\n\n@pytest.fixture\ndef made():\n    return work()\n\ndef test_it(made):\n    assert made == 1\n": 0.5,
    "import pytest\n\n@pytest.mark.parametrize('f', [work])\ndef test_it(f):\n    assert f() == 1\n": 0.5,
    "def test_it():\n    work()\n": 0.0,
    "def test_it():\n    work()\n    assert True\n": 0.0,
    "def test_it():\n    work()\n    assert 'message'\n": 0.0,
    "def not_a_test():\n    assert work() == 1\n": 0.0,
    "def test_it(app):\n    assert app.work() == 1\n": 0.25,
    "def test_it():\n    assert 1 + 1 == int('2')\n": 0.0,
}


@pytest.mark.parametrize("test", TESTS)
def test_only_a_test_that_can_fail_counts(test: str, tmp_path: Path) -> None:
    found = one(
        "def work():\n    return 1\n",
        tmp_path,
        **{"tests/test_code.py": f"from app.code import work\n\n{test}"},
    )
    assert found.tested == TESTS[test]
    assert bool(found.tested_by) == (TESTS[test] > 0)


def test_tests_are_named_as_pytest_names_them(tmp_path: Path) -> None:
    test = "from app.code import work\n\nclass TestIt:\n    def test_one(self):\n        assert work() == 1\n"
    found = one("def work():\n    return 1\n", tmp_path, **{"tests/test_code.py": test})
    assert found.tested_by == ("tests/test_code.py::TestIt::test_one",)


def test_a_test_of_a_caller_is_a_strong_path_to_what_it_calls(tmp_path: Path) -> None:
    code = "def work():\n    return inner()\n\n\ndef inner():\n    return 1\n"
    test = "from app.code import work\n\ndef test_it():\n    assert work() == 1\n"
    found = one(code, tmp_path, "inner", **{"tests/test_code.py": test})
    assert (found.tested, found.tested_by) == (0.5, ("tests/test_code.py::test_it",))


def test_importing_a_module_is_no_test_of_what_its_body_names(tmp_path: Path) -> None:
    code = "def work():\n    return 1\n\n\ndef other():\n    return 2\n\n\nTABLE = {'work': work}\n"
    test = "from app.code import other\n\ndef test_it():\n    assert other() == 2\n"
    assert one(code, tmp_path, **{"tests/test_code.py": test}).tested == 0.0


# ------------------------------------------------------------------------------------------------------------ quality

GOOD = 'def work(count: int) -> int:\n    """Do it."""\n    return count\n'
FLAWS = {
    GOOD: {},
    "def work(count: int) -> int:\n    return count\n": {"docstring": -10},
    'def work(count) -> int:\n    """Do it."""\n    return count\n': {"annotations": -5},
    'def work(count):\n    """Do it."""\n    return count\n': {"annotations": -10},
    'def work() -> None:\n    """Do it."""\n    raise NotImplementedError\n': {"stub": -40},
    'def work() -> None:\n    """Do it."""\n    pass\n': {"stub": -40},
    'def work() -> int:\n    """Do it."""\n    # TODO: better\n    return 1\n': {"open notes": -4},
    'def work(n: int) -> int:\n    """Do it."""\n' + "    if n:\n        n += 1\n" * 12 + "    return n\n": {
        "complexity": -3
    },
    'def work(n: int) -> int:\n    """Do it."""\n' + "    n += 1\n" * 59 + "    return n\n": {
        "long function": -8
    },
}


@pytest.mark.parametrize("code", FLAWS)
def test_every_flaw_costs_what_it_says(code: str, tmp_path: Path) -> None:
    found = one(code, tmp_path)
    assert deductions(found) == FLAWS[code]
    assert found.quality == 100 + sum(FLAWS[code].values())


STUBS = {
    "def work():\n    pass\n": True,
    "def work():\n    ...\n": True,
    "def work():\n    raise NotImplementedError('soon')\n": True,
    'def work():\n    """Only words."""\n': True,
    "async def work():\n    pass\n": True,
    "def work():\n    return None\n": False,
    "import click\n\n@click.group()\ndef work():\n    pass\n": False,
    "class work:\n    def go(self):\n        raise NotImplementedError\n": True,
    "class work(Exception):\n    pass\n": False,
    "from typing import Protocol\n\nclass work(Protocol):\n    def go(self): ...\n": False,
    "class work:\n    def go(self):\n        raise NotImplementedError\n\nclass Real(work):\n    def go(self):\n        return 1\n": False,
    "from abc import ABC, abstractmethod\n\nclass work(ABC):\n    @abstractmethod\n    def go(self): ...\n": False,
    "class work:\n    def go(self):\n        pass\n\n    def stop(self):\n        return 1\n": False,
}


@pytest.mark.parametrize("code", STUBS)
def test_an_unfinished_body_is_a_stub_and_one_empty_on_purpose_is_not(code: str, tmp_path: Path) -> None:
    assert one(code, tmp_path).stub is STUBS[code]


def test_two_functions_with_the_same_body_cost_both(tmp_path: Path) -> None:
    body = "".join(f"    value{n} = {n}\n" for n in range(6))
    found = one(f"def work():\n{body}\n\ndef other():\n{body}", tmp_path)
    assert deductions(found)["duplicate body"] == -10


class Lint:
    """A linter that finds what it is told to, and counts how often it is asked."""

    version = "told 1"

    def __init__(self, findings: Mapping[str, tuple[Finding, ...]]) -> None:
        self.findings = findings
        self.asked: list[list[str]] = []

    def __call__(self, files: Mapping[str, bytes]) -> Mapping[str, tuple[Finding, ...]]:
        self.asked.append(sorted(files))
        return {path: found for path, found in self.findings.items() if path in files}


def linted(cache: Path) -> tuple[Inventory, Lint]:
    """A module of two functions with a finding in each and one before them."""
    lint = Lint(
        {"app/code.py": tuple(Finding(code=f"F{n}", line=n, text="bad", fixable=n == 1) for n in (1, 4, 8))}
    )
    code = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"
    return inventory_of(
        {"app/__init__.py": "", "app/code.py": code, "tests/test_a.py": ""}, cache, lint=lint
    ), lint


def test_every_finding_belongs_to_exactly_one_feature(tmp_path: Path) -> None:
    inventory, _ = linted(tmp_path)
    assert [finding.line for finding in feature_of(inventory, "app.code:one").findings] == [1, 4]
    assert [finding.line for finding in feature_of(inventory, "app.code:two").findings] == [8]
    assert deductions(feature_of(inventory, "app.code:two"))["lint"] == -10


def test_only_product_files_are_linted_and_each_content_once(tmp_path: Path) -> None:
    _, first = linted(tmp_path)
    assert first.asked == [["app/__init__.py", "app/code.py"]]
    inventory, second = linted(tmp_path)
    assert second.asked == []
    assert feature_of(inventory, "app.code:one").findings


# ------------------------------------------------------------------------------- necessity, dependents, unlocks, safety


def test_dependents_are_counted_through_cycles_and_once_each(tmp_path: Path) -> None:
    code = (
        "def work():\n    return 1\n\n\ndef a():\n    return work() + b()\n\n\ndef b():\n    return a()\n\n\n"
        "class C:\n    def m(self):\n        return b()\n\n\nVALUE = work()\n"
    )
    inventory = inventory_of({"app/__init__.py": "", "app/code.py": code}, tmp_path)
    counted = {feature.qualname: feature.dependents for feature in inventory.features}
    assert counted == {"work": 3, "a": 2, "b": 2, "C": 0}


def test_unlocks_count_the_other_unhooked_definitions_below(tmp_path: Path) -> None:
    found = {f.key: f.unlocks for f in inventory_of(example("click_app"), tmp_path).features}
    assert found["notes.formats:as_html"] == 1
    assert found["notes.formats:escape"] == 0
    assert found["notes.formats:as_text"] == 0


def test_necessity_is_the_sum_of_its_contributions_and_every_one_says_why(tmp_path: Path) -> None:
    for feature in inventory_of(example("click_app"), tmp_path).features:
        parts = [signal for signal in feature.signals if signal.name.startswith("necessity: ")]
        assert feature.necessity == pytest.approx(min(1.0, sum(part.value for part in parts)), abs=1e-3)
        assert all(signal.why for signal in feature.signals)


def test_what_more_callers_use_is_needed_more(tmp_path: Path) -> None:
    code = "def work():\n    return 1\n\n\ndef lone():\n    return 1\n\n\n"
    code += "".join(f"def c{n}():\n    return work()\n\n\n" for n in range(4))
    inventory = inventory_of({"app/__init__.py": "", "app/code.py": code}, tmp_path)
    needed = {feature.qualname: feature.necessity for feature in inventory.features}
    assert needed["work"] > needed["lone"]


def test_safety_is_the_product_that_the_definition_asks_for(tmp_path: Path) -> None:
    code = "def work():\n    return 1\n\n\ndef user():\n    return work()\n"
    test = "from app.code import work\n\ndef test_it():\n    assert work() == 1\n"
    plain = one(code, tmp_path, **{"tests/test_code.py": test})
    assert plain.safety == pytest.approx(0.5 / (1 + log(2)), abs=1e-3)
    exported = one('__all__ = ["work"]\n' + code, tmp_path, **{"tests/test_code.py": test})
    assert exported.safety == pytest.approx(0.25 / (1 + log(2)), abs=1e-3)


@pytest.mark.parametrize("path", ["app/security/keys.py", "app/migrations/one.py", "app/auth.py"])
def test_protected_paths_are_never_safe(path: str, tmp_path: Path) -> None:
    module = path.removesuffix(".py").replace("/", ".")
    test = f"from {module} import work\n\ndef test_it():\n    assert work() == 1\n"
    inventory = inventory_of({path: "def work():\n    return 1\n", "tests/test_code.py": test}, tmp_path)
    found = feature_of(inventory, f"{module}:work")
    assert (found.tested, found.safety) == (0.5, 0.0)


# ----------------------------------------------------------------------------------------------------- what is none

STAND_INS = {
    "try:\n    from threading import RLock as Lock\nexcept ImportError:\n    class Lock:\n        def take(self):\n            return 1\n": False,
    "import sys\nif sys.version_info > (3, 11):\n    from enum import StrEnum as Lock\nelse:\n    class Lock:\n        pass\n": False,
    "try:\n    from app.locks import Lock\nexcept ImportError:\n    class Lock:\n        pass\n": False,
    "try:\n    from speedy import Lock\nexcept ImportError:\n    class Lock:\n        pass\n": True,
    "from threading import Lock\n\n\nclass Lock(Lock):\n    pass\n": True,
    "try:\n    import speedy\nexcept ImportError:\n    class Lock:\n        pass\n": True,
    "if True:\n    class Lock:\n        pass\n": True,
}


@pytest.mark.parametrize("code", STAND_INS)
def test_what_only_stands_in_for_the_standard_library_or_the_project_s_own_is_no_feature(
    code: str, tmp_path: Path
) -> None:
    files = {"app/__init__.py": "", "app/locks.py": "class Lock:\n    pass\n", "app/code.py": code}
    assert bool(inventory_of(files, tmp_path).feature("app.code:Lock")) == STAND_INS[code]


@pytest.mark.parametrize(
    ("code", "bare"),
    [
        ('class work(ValueError):\n    """It went wrong."""\n', True),
        ("class work(ValueError):\n    code = 3\n", True),
        ("class work:\n    def go(self):\n        return 1\n", False),
        ("class work:\n    def __init__(self):\n        self.done = 1\n", False),
        ("def work():\n    return 1\n", False),
    ],
)
def test_a_class_without_a_method_is_bare(code: str, bare: bool, tmp_path: Path) -> None:
    assert one(code, tmp_path).bare == bare


def test_one_test_is_told_in_the_singular(tmp_path: Path) -> None:
    test = "from app.code import work\n\ndef test_it():\n    assert work() == 1\n"
    found = one("def work():\n    return 1\n", tmp_path, **{"tests/test_code.py": test})
    told = {signal.name: signal.why for signal in found.signals}
    assert told["tested"].startswith("1 asserting test, ")


def test_tests_make_nothing_more_necessary(tmp_path: Path) -> None:
    # What has no tests needs them more, not less.
    test = "from app.code import work\n\ndef test_it():\n    assert work() == 1\n"
    code = "def work():\n    return 1\n"
    assert one(code, tmp_path, **{"tests/test_code.py": test}).necessity == one(code, tmp_path).necessity


@pytest.mark.parametrize(
    ("head", "written"),
    [
        ("# Code generated by protoc. DO NOT EDIT.\n", True),
        ("    # @generated\n", True),
        ('MARK = "# generated by a program"\n', False),
        ('MARK = re.compile("#.*do not edit")\n', False),
    ],
)
def test_only_a_comment_says_that_a_program_wrote_a_file(head: str, written: bool, tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/code.py": f"if True:\n    pass\n{head}\n\ndef work():\n    return 1\n",
    }
    assert (inventory_of(files, tmp_path).feature("app.code:work") is None) == written
