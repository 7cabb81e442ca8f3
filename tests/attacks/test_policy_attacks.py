"""Ways to get a change past policy without a person: each must be seen, by the commit alone."""

from __future__ import annotations

import pytest

from fresh.domain.change import Ruling
from fresh.domain.policy import judge
from tests.domain.test_policy import file, ruled

TESTS = """\
import pytest
from shop.prices import gross, net
from shop import tax as duty

RATE = 19
CASES = [(100, 119), (200, 238)]


def expected(value):
    return value * 1.19


@pytest.mark.parametrize(("value", "wanted"), CASES)
def test_gross(value, wanted):
    assert gross(value) == wanted
    assert gross(0) == 0


class TestNet:
    def test_net(self):
        value = net(119)
        assert value == 100
"""
BENDS = {
    "an assertion that always holds": ("assert gross(0) == 0", "assert gross(0) == 0 or True"),
    "an assertion of something else": ("assert gross(0) == 0", "assert gross(1) is not None"),
    "a wrong value that is right now": ("assert value == 100", "assert value == 101"),
    "a return before the assertions": ("    assert gross(value)", "    return\n    assert gross(value)"),
    "a return on a condition": ("    assert gross(0)", "    if value: return\n    assert gross(0)"),
    "a failure that is swallowed": (
        "    assert gross(value) == wanted\n",
        "    try:\n        assert gross(value) == wanted\n    except AssertionError: pass\n",
    ),
    "a raise that looks like a pass": ("    assert gross(0)", "    raise SystemExit(0)\n    assert gross(0)"),
    "a generator that never runs": ("        value = net", "        yield\n        value = net"),
    "a loop without a turn": ("    assert gross(0) == 0", "    for _ in []:\n        assert gross(0) == 0"),
    "a condition that never holds": ("    assert gross(0) == 0", "    if 0:\n        assert gross(0) == 0"),
    "fewer cases": ("CASES = [(100, 119), (200, 238)]", "CASES = [(100, 119)]"),
    "cases that are changed below": ("\n\ndef expected", "\nCASES = CASES[:0]\n\ndef expected"),
    "cases that are emptied in place": ("\n\ndef expected", "\nCASES[:] = []\n\ndef expected"),
    "another decorator": ("@pytest.mark.parametrize", "@pytest.mark.flaky\n@pytest.mark.parametrize"),
    "other parameters": ('CASES)\ndef test_gross', 'CASES[1:])\ndef test_gross'),
    "another constant": ("RATE = 19", "RATE = 0"),
    "a helper that expects less": ("return value * 1.19", "return value"),
    "another function under the name": ("import gross, net", "import gross\nfrom tests.easy import net"),
    "a function that takes over the name": ("\n\ndef expected", "\n\ndef net(value): return 100\n\ndef expected"),
    "a name that is bound anew": ("\n\ndef expected", "\nnet = lambda value: 100\n\ndef expected"),
    "an imported name that is replaced": ("from shop import tax as duty", "from shop import free as duty"),
    "a test that is deleted below": (TESTS, TESTS + "\ndel test_gross\n"),
    "a test that becomes nothing below": (TESTS, TESTS + "\ntest_gross = None\n"),
    "a method that is replaced below": (TESTS, TESTS + "\nTestNet.test_net = lambda self: None\n"),
    "a class that no runner takes": ("class TestNet:", "class TestNet:\n    __test__ = False\n"),
    "a class that is another one below": (TESTS, TESTS + "\nclass TestNet: pass\n"),
    "a fixture that all tests use": (TESTS, TESTS + "\n@pytest.fixture(autouse=True)\ndef calm(monkeypatch): monkeypatch.setattr(duty, 'rate', 0)\n"),
    "a mark for all tests": (TESTS, TESTS + "\npytestmark = pytest.mark.slow\n"),
    "a plugin": (TESTS, TESTS + "\npytest_plugins = ['tests.easy']\n"),
    "a hook": (TESTS, TESTS + "\ndef pytest_runtest_makereport(item, call): return None\n"),
    "a setting up of the module": (TESTS, TESTS + "\ndef setup_module(module): module.net = lambda value: 100\n"),
    "a module attribute that is set by a call": (TESTS, TESTS + "\nsetattr(duty, 'rate', 0)\n"),
    "a module attribute that is set in a block": (TESTS, TESTS + "\nif True:\n    exec('duty.rate = 0')\n"),
    "a module attribute that is replaced": (TESTS, TESTS + "\nduty.rate = 0\n"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), BENDS.values(), ids=BENDS)
def test_a_bent_test_needs_a_person(before: str, after: str) -> None:
    assert before in TESTS
    new = TESTS.replace(before, after)
    path = "tests/test_prices.py"
    verdict = ruled(file(path, added=2), old={path: TESTS}, new={path: new})
    assert verdict.ruling is Ruling.NEEDS_HUMAN, new


GROWS = {
    "a new test": TESTS + "\n\ndef test_more():\n    assert net(0) == 0\n",
    "a new import": TESTS.replace("import gross, net", "import gross, net, round_up"),
    "one more assertion": TESTS.replace(
        "    assert gross(0) == 0", "    assert gross(0) == 0\n    assert gross(1)"
    ),
    "a new constant": TESTS.replace("RATE = 19", "RATE = 19\nMORE = 3"),
    "a comment and other spaces": TESTS.replace("RATE = 19", "RATE  =  19  # percent"),
}


@pytest.mark.parametrize("new", GROWS.values(), ids=GROWS)
def test_tests_that_merely_grow_need_nobody(new: str) -> None:
    path = "tests/test_prices.py"
    assert ruled(file(path, added=2), old={path: TESTS}, new={path: new}).ruling is Ruling.ALLOW


NEW_TEST = """\
import os
import sys
from unittest import mock

import pytest

import shop
from shop import prices as paid

{change}


def test_more(monkeypatch):
{inside}
    assert paid.net(119) == 100
"""
MEDDLES = {
    "a function is replaced when the file is read": ("paid.net = lambda gross: 100", "    pass"),
    "a function is replaced by a test": ("", "    paid.net = lambda gross: 100"),
    "a part of a part is replaced": ("shop.prices.Rates.low += 1", "    pass"),
    "a function is set by a call": ("setattr(paid, 'net', lambda gross: 100)", "    pass"),
    "a function is taken away": ("del paid.net", "    pass"),
    "an item of a table is replaced": ("", "    paid.RATES['low'] = 0"),
    "the names of a module are rewritten": ("vars(paid).update(net=lambda gross: 100)", "    pass"),
    "its dictionary is": ("paid.__dict__['net'] = print", "    pass"),
    "another module is put in its place": ("sys.modules['shop.prices'] = mock", "    pass"),
    "it is taken out of what is imported": ("sys.modules.pop('shop.prices')", "    pass"),
    "a patch is started and never ended": ("mock.patch('shop.prices.net', lambda gross: 100).start()", "    pass"),
    "code is built from text": ("exec('paid.net = print')", "    pass"),
    "it stands in a function that runs at once": ("def now():\n    shop.prices.net = print\n\nnow()", "    pass"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "inside"), MEDDLES.values(), ids=MEDDLES)
def test_a_new_test_that_changes_what_it_tests_needs_a_person(change: str, inside: str) -> None:
    path, new = "tests/test_more.py", NEW_TEST.format(change=change, inside=inside)
    verdict = ruled(file(path, status="A", added=9), new={path: new})
    assert verdict.ruling is Ruling.NEEDS_HUMAN, new
    assert "not put back" in verdict.reasons[0]


KEPT = {
    "monkeypatch puts it back": "    monkeypatch.setattr(paid, 'net', lambda gross: 100)",
    "so does a patch in a block": "    with mock.patch.object(paid, 'net', return_value=100):\n        pass",
    "what a test made is its own": "    made = shop.Shop()\n    made.name = 'mine'\n    made.rates['low'] = 1",
    "an own table": "    table = {}\n    table['a'] = os.environ.get('A')\n    table.update(b=1)",
}


@pytest.mark.parametrize("inside", KEPT.values(), ids=KEPT)
def test_a_new_test_that_leaves_what_it_tests_needs_nobody(inside: str) -> None:
    path = "tests/test_more.py"
    new = NEW_TEST.format(change="", inside=inside)
    assert ruled(file(path, status="A", added=9), new={path: new}).ruling is Ruling.ALLOW


KEY = "ghp_0123456789abcdefghijABCDEFGHIJ456789"
HIDDEN = {
    "in the name of a file": ({f"docs/{KEY}.md": "x\n"}),
    "in UTF-16": {"a.txt": KEY.encode("utf-16")},
    "in a comment of many lines": {"a.py": "\n".join(f"# {KEY[n : n + 5]}" for n in range(0, 40, 5))},
    "letter by letter": {"a.py": f"key = {list(KEY)!r}\n"},
    "between characters that nobody sees": {"a.md": "\u200b".join(KEY)},
    "as numbers": {"a.py": f"key = bytes({list(KEY.encode())!r})\n"},
    "turned around": {"a.py": f"key = {KEY[::-1]!r}[::-1]\n"},
    "in small letters": {"a.md": KEY.lower()},
    "thirteen letters on": {"a.md": __import__("codecs").encode(KEY, "rot13")},
    "in bits": {"a.py": "".join(f"{byte:08b}" for byte in KEY.encode())},
    "as an image's alternative": {"a.md": f"![x](http://127.0.0.1/{KEY.encode().hex()})"},
}


@pytest.mark.parametrize("files", HIDDEN.values(), ids=HIDDEN)
def test_our_own_key_is_found_wherever_it_hides(files: dict[str, str | bytes]) -> None:
    from fresh.domain.change import Change

    raw = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    change = Change(base="a" * 40, commit="b" * 40, files=tuple(file(path, "A") for path in raw))
    verdict = judge(change, {}.__getitem__, raw.__getitem__, secrets=(KEY,))
    assert verdict.ruling is Ruling.BLOCK
