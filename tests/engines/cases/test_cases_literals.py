"""Values as source: what is written evaluates to the same value, everything else is refused."""

from __future__ import annotations

import datetime
import decimal
import enum
import math
import pathlib
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.engines.codemod.cases.inside import literal
from fresh.engines.codemod.cases.inside.acting import bind
from fresh.engines.codemod.cases.inside.wire import Import

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=8,
)


class Color(enum.Enum):
    RED = 1


@dataclass
class Point:
    x: int
    y: float


class Plain:
    """Equal only to itself."""


@given(VALUES)
def test_what_is_written_evaluates_to_an_equal_value_of_the_same_type(value: object) -> None:
    try:
        found = literal.write(value)
    except literal.Unwritable:
        return
    back = eval(found.source, bind(found.imports))
    assert back == value
    assert type(back) is type(value)


@given(st.sets(st.text(max_size=5), max_size=6))
def test_a_set_is_written_in_the_same_order_whatever_the_hash_seed(value: set[str]) -> None:
    items = sorted(repr(item) for item in value)
    assert literal.write(value).source == ("{" + ", ".join(items) + "}" if items else "set()")


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (Color.RED, "Color.RED"),
        (Point(1, 2.5), "Point(x=1, y=2.5)"),
        (Counter("aab"), "Counter({'a': 2, 'b': 1})"),
        (OrderedDict(a=1), "OrderedDict([('a', 1)])"),
        (deque([1]), "deque([1])"),
        (decimal.Decimal("1.50"), "Decimal('1.50')"),
        (datetime.date(2024, 2, 29), "datetime.date(2024, 2, 29)"),
        (pathlib.Path("a/b"), "Path('a/b')"),
        (math.inf, "math.inf"),
        (int, "int"),
    ],
)
def test_values_with_a_stable_form_are_written_as_people_would(value: object, source: str) -> None:
    assert literal.write(value).source == source


def test_the_imports_that_complete_a_source_come_with_it() -> None:
    assert literal.write([Color.RED]).imports == (Import(Color.__module__, "Color"),)


def test_a_path_below_the_test_s_own_directory_is_written_relative_to_it(tmp_path: pathlib.Path) -> None:
    assert literal.write(tmp_path / "a" / "b.txt", tmp_path).source == "tmp_path / 'a/b.txt'"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Plain(), "no literal form"),
        (object(), "no literal form"),
        (math.nan, "nan"),
        ("<object at 0x7f00>", "memory address"),
        (pathlib.Path("/etc/passwd"), "absolute"),
        (10**30, "too long"),
        (list(range(100)), "100 items"),
        ([[[[[[1]]]]]], "nested"),
        (lambda: 1, "no literal form"),
        ("\ud800", "surrogate"),
    ],
)
def test_values_without_a_stable_form_are_refused_with_the_reason(value: object, why: str) -> None:
    with pytest.raises(literal.Unwritable, match=why):
        literal.write(value)
