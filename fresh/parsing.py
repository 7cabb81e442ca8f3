"""One `ast.parse` at a time: CPython 3.11 counts the depth of a tree in one place for all threads.

Two threads that parse at once, or one that is interrupted by another in the middle, end with `SystemError: AST
constructor recursion depth mismatch` (python/cpython#106905). The fix is not in every 3.11, and libraries parse too,
so the function itself is wrapped, once, where a process puts its parts together.
"""

from __future__ import annotations

import ast
import functools
import threading

_parse = ast.parse
_turn = threading.RLock()


@functools.wraps(_parse)
def _parse_in_turn(*given: object, **named: object) -> ast.AST:
    with _turn:
        return _parse(*given, **named)  # type: ignore[call-overload, no-any-return]


def parse_in_turn() -> None:
    """Let threads of this process parse one after the other from now on."""
    ast.parse = _parse_in_turn  # type: ignore[assignment]
