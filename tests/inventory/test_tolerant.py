"""What this interpreter's grammar refuses is read by another parser, as far as any grammar knows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import feature_of, inventory_of, states_of

PYTHON_2 = b'''\
import sys
from app.work import first, second, third, fourth

class Old(object):
    """Say something."""

    def go(self, (left, right)):
        print >>sys.stderr, first(left), `right`
        try:
            raise ValueError, "no"
        except ValueError, error:
            exec "x = 1" in {}
        return 0777L <> self.calm()

    def calm(self):
        if self:
            return second()
        return third()

if __name__ == "__main__":
    print "start", Old().go((1, 2)), fourth
'''
NEWER = b"""\
from app.work import first, second, third, fourth

type Names[T] = list[T]

def go[T: int](given: T, *, text=f"{first()["k"]}") -> T:
    assert given
    return f"{second()!r:>{third()}}"

if __name__ == "__main__":
    try:
        go(1)
    except KeyError, ValueError:
        fourth(t"{1}")
"""
WORK = "".join(
    f"def {name}():\n    return 1\n\n\n" for name in ("first", "second", "third", "fourth", "unused")
)


@pytest.mark.parametrize("source", [PYTHON_2, NEWER], ids=["python 2", "a newer python"])
def test_another_grammar_is_read_and_said(source: bytes, tmp_path: Path) -> None:
    inventory = inventory_of({"app/__init__.py": "", "app/run.py": source, "app/work.py": WORK}, tmp_path)
    states = states_of(inventory)
    assert {name for name, state in states.items() if state != "hooked"} == {"app.work:unused"}
    assert states["app.work:unused"] == "unhooked"
    assert not inventory.unparsed
    assert [each.path for each in inventory.tolerated] == ["app/run.py"]
    assert inventory.tolerated[0].why
    assert "tree-sitter read 1 file that this Python's grammar refuses" in inventory.limits


def test_definitions_keep_their_lines_and_docstrings(tmp_path: Path) -> None:
    inventory = inventory_of({"app/__init__.py": "", "app/run.py": PYTHON_2, "app/work.py": WORK}, tmp_path)
    old = feature_of(inventory, "app.run:Old")
    assert (old.line, old.end_line, old.is_class) == (4, 18, True)
    assert not any(signal.name == "quality: docstring" for signal in old.signals)


def test_a_file_in_latin_1_without_saying_so_is_read(tmp_path: Path) -> None:
    source = "NAME = 'für'\nfrom app.work import first\n\nif __name__ == '__main__':\n    first()\n".encode(
        "latin-1"
    )
    inventory = inventory_of({"app/__init__.py": "", "app/run.py": source, "app/work.py": WORK}, tmp_path)
    assert states_of(inventory)["app.work:first"] == "hooked"
    assert [each.path for each in inventory.tolerated] == ["app/run.py"]


def test_what_no_grammar_knows_stays_unread(tmp_path: Path) -> None:
    inventory = inventory_of(
        {"app/__init__.py": "", "app/run.py": b"def (:\n", "app/work.py": WORK}, tmp_path
    )
    assert [each.path for each in inventory.unparsed] == ["app/run.py"]
    assert not inventory.tolerated


def test_many_nested_pieces_are_refused_and_not_read_for_ever(tmp_path: Path) -> None:
    deep = b"def f():\n    print " + b"g(`" * 3000 + b"1" + b"`)" * 3000 + b"\n"
    inventory = inventory_of({"app/__init__.py": "", "app/run.py": deep, "app/work.py": WORK}, tmp_path)
    assert [each.path for each in inventory.unparsed] == ["app/run.py"]
