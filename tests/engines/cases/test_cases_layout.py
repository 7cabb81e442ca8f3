"""Printing: the same program, within the line length, as ruff would format it."""

from __future__ import annotations

import ast
import subprocess
import sysconfig
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fresh.engines.codemod.cases import layout

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES, st.integers(20, 100))
def test_an_expression_keeps_its_value_over_any_number_of_lines(value: object, width: int) -> None:
    lines = layout.expression(repr(value), width, "    ", "found = ")
    scope: dict[str, object] = {}
    exec("if True:\n" + "\n".join(lines), scope)
    assert scope["found"] == value


@given(st.lists(st.integers(0, 999), max_size=40), st.integers(30, 100))
def test_no_line_of_a_breakable_expression_is_too_long(value: list[int], width: int) -> None:
    assert all(len(line) <= width for line in layout.expression(repr(value), width, "    ", "found = "))


@given(st.text() | st.binary())
def test_a_quoted_text_is_the_same_text(text: str | bytes) -> None:
    assert ast.literal_eval(layout.quoted(text)) == text


LETTERS = st.sampled_from("abc xyz'\"\\\n\t-_,é日本")


@given(st.lists(st.text(LETTERS, max_size=30), min_size=1, max_size=6), st.integers(40, 100))
def test_what_is_printed_is_what_ruff_would_format(texts: list[str], width: int) -> None:
    lines = [
        *layout.expression(repr(texts), width, "", "texts = "),
        *layout.expression(f"call({', '.join(map(repr, texts))})", width, "", "found = "),
        *layout.definition("test_it", [f"name_{place}" for place in range(len(texts))], width),
        "    pass",
    ]
    text = "\n".join(lines) + "\n"
    assert formatted(text, width).replace("\n\n\n", "\n") == text


def formatted(text: str, width: int) -> str:
    """Format by ruff itself."""
    ruff = str(Path(sysconfig.get_path("scripts")) / "ruff")
    argv = [
        ruff,
        "format",
        "--isolated",
        "--no-cache",
        f"--line-length={width}",
        "--stdin-filename=x.py",
        "-",
    ]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def test_an_assertion_that_is_too_long_names_its_sides_first() -> None:
    lines = layout.assertion("f('" + "a" * 30 + "')", "==", "['" + "b" * 30 + "', 1]", 60, "    ")
    assert lines == [
        '    expected = ["bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", 1]',
        '    assert f("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") == expected',
    ]
