"""What source, documentation and neighbours tell before anything runs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from fresh.domain.feature import Reachability
from fresh.engines.codemod import cases
from fresh.engines.codemod.cases.dangers import danger_in
from fresh.engines.codemod.cases.examples import examples_of
from fresh.engines.codemod.cases.hints import documented_types, hints_for
from fresh.engines.codemod.cases.home import home_of
from fresh.engines.codemod.cases.inside.wire import Import
from fresh.engines.codemod.cases.materials import files_of, objects_of
from fresh.engines.codemod.cases.naming import names_of
from fresh.engines.codemod.cases.target import look_at
from fresh.errors import Declined
from tests.engines.cases.pocket import PYTEST_PROJECT, bench_for, project
from tests.fakes.bench import feature_of, inventory_of


def function(source: str) -> ast.FunctionDef:
    """Parse the last function of a source."""
    node = ast.parse(source).body[-1]
    assert isinstance(node, ast.FunctionDef)
    return node


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("import subprocess\ndef f(x):\n    return subprocess.run(x)", "subprocess.run"),
        ("from os import remove as drop\ndef f(x):\n    drop(x)", "os.remove"),
        ("import shutil\ndef f(x):\n    shutil.rmtree(x)", "shutil.rmtree"),
        ("import requests\ndef f(x):\n    return requests.get(x)", "requests.get"),
        ("import time\ndef f(x):\n    time.sleep(x)", "time.sleep"),
        ("import sys\ndef f(x):\n    sys.exit(x)", "sys.exit"),
        ("def f(x):\n    return input(x)", "input"),
        ("import random\ndef f(x):\n    return random.choice(x)", "random.choice"),
        ("import datetime as dt\ndef f():\n    return dt.datetime.now()", "datetime.datetime.now"),
        ("from threading import Thread\ndef f(x):\n    Thread(target=x).start()", "threading.Thread"),
        ("import os\ndef f(x):\n    return os.environ.get(x)", "os.environ.get"),
    ],
)
def test_a_call_that_reaches_outside_is_named(source: str, named: str) -> None:
    assert f"{named}()" in (danger_in(function(source), ast.parse(source)) or "")


def test_a_changed_global_is_named() -> None:
    source = "count = 0\ndef f():\n    global count\n    count += 1"
    assert danger_in(function(source), ast.parse(source)) == "changes the module's global `count` (line 3)"


@pytest.mark.parametrize(
    "source",
    [
        "def input(x):\n    return x\ndef f(x):\n    return input(x)",
        "import random\ndef f(x):\n    return random.Random(x).random()",
        "import datetime\ndef f(x):\n    return datetime.date(x, 1, 1)",
        "def f(time):\n    return time.sleep",
    ],
)
def test_harmless_calls_with_similar_names_are_no_danger(source: str) -> None:
    assert danger_in(function(source), ast.parse(source)) is None


@pytest.mark.parametrize(
    "docstring",
    [
        "Do.\n\n:param int count: how many",
        "Do.\n\n:type count: int",
        "Do.\n\nArgs:\n    count (int): how many",
        "Do.\n\nParameters\n----------\ncount : int\n    how many",
    ],
)
def test_parameter_types_are_read_from_every_docstring_style(docstring: str) -> None:
    assert documented_types(docstring)["count"] == ("int",)


def test_usage_and_comparisons_say_what_a_parameter_takes() -> None:
    hints = {hint.name: hint for hint in hints_for(function(
        "def f(a, b, mode):\n    for item in a:\n        b.lower()\n    return mode == 'fast' or mode in ('slow', 'off')"
    ))}  # fmt: skip
    assert "list" in hints["a"].kinds
    assert hints["b"].kinds[0] == "str"
    assert hints["mode"].constants == ("'fast'", "'slow'", "'off'")


def test_examples_come_from_doctests_documentation_code_and_tests(tmp_path: Path) -> None:
    files = project(
        'def double(x, times=2):\n    """Double.\n\n    >>> double(2)\n    4\n    """\n    return x * times\n',
        pocket__other_py="from pocket.text import double\nprint(double(5, times=3))\n",
    )
    files["README.md"] = "Use it:\n\n>>> word = 'ab'\n>>> double(word)\n'abab'\n"
    files["tests/test_elsewhere.py"] += "\n\ndef test_x(thing):\n    thing.double(7)\n    double(unknown)\n"
    bench = bench_for(files, "double", tmp_path)
    node = function(files["pocket/text.py"])
    found = examples_of(bench, node, Import("pocket.text", "double"), "pocket/text.py")
    told = {(tuple(item.source for item in call.arguments), call.expected, call.origin) for call in found}
    assert told == {
        (("2",), "4", "docstring"),
        (("'ab'",), "'abab'", "README.md"),
        (("5", "3"), "", "pocket/other.py"),
        (("7",), "", "tests/test_elsewhere.py"),
    }
    assert [call.arguments[1].keyword for call in found if len(call.arguments) > 1] == [True]


def test_a_new_test_lives_with_its_module_s_tests_and_takes_no_name_twice(tmp_path: Path) -> None:
    files = project("def f():\n    return 1\n")
    files["unit/test_text.py"] = "def test_x():\n    assert 1 + 1 == 2\n"
    files["elsewhere/test_text_f.py"] = ""
    home = home_of(bench_for(files, "f", tmp_path), feature_of(files, "pocket/text.py", "f"))
    assert home.path == "unit/test_text_f_results.py"
    assert not home.unit


def test_a_suite_of_unittest_classes_gets_a_unittest_class(tmp_path: Path) -> None:
    files = {
        "pocket.py": "def f():\n    return 1\n",
        "test/pocket_test.py": "import unittest\n\n\nclass PocketTest(unittest.TestCase):\n    pass\n",
        "setup.cfg": "[flake8]\nmax-line-length = 72\n",
    }
    home = home_of(bench_for(files, "f", tmp_path, "pocket.py"), feature_of(files, "pocket.py", "f"))
    assert (home.unit, home.path, home.width) == (True, "test/pocket_f_test.py", 72)


def test_a_documented_arrow_says_what_comes_out(tmp_path: Path) -> None:
    code = (
        'def quote(text, safe=""):\n    """quote(\'a b\') -> \'a%20b\'.\n\n    quote(text) -> str\n'
        "    quote('', safe='/') => ''\n    \"\"\"\n    return text.replace(' ', '%20')\n"
    )
    found = examples_of(
        bench_for(project(code), "quote", tmp_path),
        function(code),
        Import("pocket.text", "quote"),
        "pocket/text.py",
    )
    told = [(tuple(item.source for item in call.arguments), call.expected) for call in found]
    assert told == [(("'a b'",), "'a%20b'"), (("''", "'/'"), "''")]


def test_a_path_that_is_only_kept_takes_any_text() -> None:
    def kinds(code: str) -> tuple[str, ...]:
        return next(hint.kinds for hint in hints_for(function(code)) if hint.name == "path")

    assert kinds("def f(path, key): return (path, key)") == ("str",)
    assert kinds("def f(path, key): return load(path)[key]") == ("strpath",)


def test_without_a_setting_the_line_length_is_what_the_code_keeps_to(tmp_path: Path) -> None:
    for longest, width in ((79, 79), (80, 88)):
        files = project("def f():\n    return 1\n" + "#" * longest + "\n")
        found = home_of(
            bench_for(files, "f", tmp_path / str(longest)), feature_of(files, "pocket/text.py", "f")
        )
        assert found.width == width


def test_the_formatter_s_line_length_is_kept(tmp_path: Path) -> None:
    files = project("def f():\n    return 1\n") | {"pyproject.toml": "[tool.black]\nline-length = 99\n"}
    assert home_of(bench_for(files, "f", tmp_path), feature_of(files, "pocket/text.py", "f")).width == 99


def test_a_module_under_src_is_imported_by_its_package(tmp_path: Path) -> None:
    files = {**PYTEST_PROJECT, "src/deep/__init__.py": "", "src/deep/in_it.py": "def f():\n    return 1\n"}
    question = look_at(bench_for(files, "f", tmp_path, "src/deep/in_it.py")).question
    assert (question.root, question.modules[0]) == ("src", "deep.in_it")


def test_a_dangerous_method_is_left_out_and_a_dangerous_class_declined(tmp_path: Path) -> None:
    files = project(
        "import os\nclass Box:\n    def size(self):\n        return 1\n    def burn(self):\n        os.remove('x')\n"
        "class Fire:\n    def burn(self):\n        os.remove('x')\n"
    )
    assert look_at(bench_for(files, "Box", tmp_path)).question.skip == ("burn",)
    with pytest.raises(Declined, match=r"Fire\.burn deletes files with os\.remove\(\)"):
        look_at(bench_for(files, "Fire", tmp_path))


@pytest.mark.parametrize(
    ("name", "other", "inverse"),
    [
        ("encode_id", "decode_id", "decode_id"),
        ("to_roman", "from_roman", "from_roman"),
        ("hex_to_rgb", "rgb_to_hex", "rgb_to_hex"),
        ("encode", "recode", ""),
        ("formatter", "parseter", ""),
    ],
)
def test_inverse_pairs_are_found_by_their_names(tmp_path: Path, name: str, other: str, inverse: str) -> None:
    files = project(f"def {name}(x):\n    return x\n\ndef {other}(x):\n    return x\n")
    assert look_at(bench_for(files, name, tmp_path)).question.inverse == inverse


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"stub": True}, "unfinished body"),
        ({"tested": 1.0, "tested_by": ("tests/test_a.py::test_f",)}, "is tested already"),
        ({"reachability": Reachability.UNKNOWN}, "could not be analysed"),
        ({"qualname": "_hidden"}, "private"),
        ({"qualname": "FormatError", "is_class": True, "bare": True}, "defines no method"),
        ({"qualname": "f.<locals>.g"}, "inside another function"),
        ({"path": "tests/test_text.py"}, "part of the tests"),
        ({"path": "pocket/migrations/one.py"}, "migrations/"),
        ({"path": "pocket/text.js"}, "no Python file"),
    ],
)
def test_screening_names_the_reason(facts: dict[str, object], reason: str) -> None:
    plain = feature_of({"pocket/text.py": "def f():\n    return 1\n"}, "pocket/text.py", "f")
    feature = plain.model_copy(update=facts)
    assert reason in (cases.screen(feature, inventory_of(feature)) or "")


def test_an_untested_public_function_is_worth_trying() -> None:
    feature = feature_of({"pocket/text.py": "def f():\n    return 1\n"}, "pocket/text.py", "f")
    assert cases.screen(feature, inventory_of(feature)) is None


def test_values_that_tests_make_are_rewritten_with_the_imports_that_they_need() -> None:
    tree = ast.parse(
        "import datetime as dt\nfrom pocket.text import Entry\nfrom elsewhere import Other\n"
        "DAY = dt.date(2024, 5, 3)\nONE = Entry(DAY, 320, tags=['a', ('b',)])\nTWO = Other(1)\nTHREE = [ONE, unknown]\n"
    )
    names = names_of(tree, {"pocket"})
    one = names.portable(names.constants["ONE"])
    assert one is not None
    assert one.source == "Entry(datetime.date(2024, 5, 3), 320, tags=['a', ('b',)])"
    assert set(one.imports) == {Import("datetime", ""), Import("pocket.text", "Entry")}
    assert names.portable(names.constants["TWO"]) is None
    assert names.portable(names.constants["THREE"]) is None


def test_a_constant_that_names_itself_has_no_portable_form() -> None:
    names = names_of(ast.parse("A = [B]\nB = [A]\n"), set())
    assert names.portable(names.constants["A"]) is None


def test_objects_and_files_of_the_project_s_own_tests_are_collected(tmp_path: Path) -> None:
    files = project("class Entry:\n    def __init__(self, cents):\n        self.cents = cents\n")
    files["tests/test_elsewhere.py"] = (
        "from pocket.text import Entry\n\n\ndef test_it(tmp_path):\n    path = tmp_path / 'ledger.csv'\n"
        "    path.write_text('day,cents\\n')\n    assert Entry(5).cents == 5\n    assert Entry(unknown)\n"
    )
    files["tests/data/small.json"] = '{"a": 1, "b": 2, "c": 3}\n'
    bench = bench_for(files, "Entry", tmp_path)
    assert [made.source for made in objects_of(bench)] == ["Entry(5)"]
    assert files_of(bench) == (
        ("given_1.json", '{"a": 1, "b": 2, "c": 3}\n'),
        ("given_2.csv", "day,cents\n"),
    )
