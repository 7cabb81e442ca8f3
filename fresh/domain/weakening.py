"""How a change could make tests say less than before."""

from __future__ import annotations

from collections.abc import Iterator

from fresh.domain.bent_tests import bent
from fresh.domain.change import FileChange
from fresh.domain.counting import count
from fresh.domain.meddling import meddling
from fresh.domain.test_code import TestCode, is_test_module, is_test_path, parse


def weakenings(file: FileChange, old: bytes, new: bytes) -> Iterator[str]:
    """Say in sentences how one file's change weakens the tests; nothing for a file that is no test's.

    `old` and `new` are empty where the file is not there.
    """
    path = file.path
    if not is_test_path(path):
        return
    if file.status == "D":
        yield f"{path}: a file of the tests is deleted"
    elif not path.endswith(".py"):
        if file.status != "A":
            yield f"{path}: data that tests may compare with is changed"
    elif is_test_module(path) or file.status != "A":
        yield from _compare(path, old, new, added=file.status == "A")


def _compare(path: str, old: bytes, new: bytes, *, added: bool) -> Iterator[str]:
    try:
        before, after = TestCode.read(old.decode()), TestCode.read(new.decode())
        was, now = parse(old.decode()), parse(new.decode())
        other = () if added else tuple(dict.fromkeys(bent(was, now)))
        known = frozenset(meddling(was))
        meddled = [name for name in dict.fromkeys(meddling(now)) if name not in known]
    except (SyntaxError, UnicodeDecodeError) as bad:
        yield f"{path}: what it tests can't be compared ({type(bad).__name__})"
        return
    gone = sorted(before.assertions.keys() - after.assertions.keys())
    if gone:
        yield f"{path}: {count(len(gone), 'test')} removed ({_some(gone)})"
    fewer = sorted(
        name for name, number in before.assertions.items() if after.assertions.get(name, number) < number
    )
    if fewer:
        yield f"{path}: assertions removed from {_some(fewer)}"
    changed = [name for name in other if name not in fewer and name not in gone]
    if changed:
        yield f"{path}: what tests say or rely on is changed ({_some(changed)})"
    if meddled:
        yield f"{path}: what it tests is changed by the test itself, and not put back ({_some(meddled)})"
    if after.loose < before.loose:
        yield f"{path}: {before.loose - after.loose} assertions removed outside of tests"
    if after.skips > before.skips:
        yield f"{path}: {count(after.skips - before.skips, 'skip or xfail')} added"
    idle = sorted(
        name for name, number in after.assertions.items() if number == 0 and name not in before.assertions
    )
    if idle and (added or not after.loose):
        yield f"{path}: {count(len(idle), 'test')} added without any assertion ({_some(idle)})"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
