"""Threads parse one after the other."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor

from fresh.parsing import parse_in_turn

DEEP = "x = " + "(" * 60 + "1" + " + 1)" * 60 + "\n"


def test_many_threads_parse_at_once_without_confusing_the_parser() -> None:
    before = ast.parse
    parse_in_turn()
    try:
        with ThreadPoolExecutor(8) as threads:
            trees = list(threads.map(lambda _: ast.dump(ast.parse(DEEP * 40)), range(80)))
    finally:
        ast.parse = before  # type: ignore[assignment]

    assert set(trees) == {ast.dump(before(DEEP * 40))}


def test_putting_it_in_place_twice_is_fine() -> None:
    before = ast.parse
    try:
        parse_in_turn()
        parse_in_turn()
        assert isinstance(ast.parse("1", mode="eval"), ast.Expression)
    finally:
        ast.parse = before  # type: ignore[assignment]
