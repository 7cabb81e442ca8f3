"""A change outside of an agent's own files is for a person to see."""

from __future__ import annotations

import pytest

from fresh.domain.change import Change, FileChange, PolicyVerdict, Ruling
from fresh.domain.footprint import with_strays

OWN = ("pocket/cli.py", "tests/test_new.py")


def a_change(path: str, status: str = "M") -> Change:
    file = FileChange(
        path=path, status=status, old_mode="100644", new_mode="100644", old_blob="a", new_blob="b"
    )
    return Change(base="b", commit="c", files=(file,))


@pytest.mark.parametrize(
    ("path", "status", "ruling"),
    [
        ("pocket/cli.py", "M", Ruling.ALLOW),
        ("pocket/new.py", "A", Ruling.ALLOW),
        ("tests/test_old.py", "M", Ruling.ALLOW),
        ("pocket/text.py", "M", Ruling.NEEDS_HUMAN),
        ("pocket/text.py", "D", Ruling.NEEDS_HUMAN),
        ("pocket/text.py", "T", Ruling.NEEDS_HUMAN),
    ],
)
def test_files_of_the_base_that_are_not_its_own_are_for_a_person(
    path: str, status: str, ruling: Ruling
) -> None:
    assert with_strays(PolicyVerdict(), a_change(path, status), OWN).ruling is ruling


def test_a_stricter_ruling_stays() -> None:
    blocked = PolicyVerdict(ruling=Ruling.BLOCK, reasons=("a key",))
    after = with_strays(blocked, a_change("pocket/text.py"), OWN)
    assert after.ruling is Ruling.BLOCK
    assert after.reasons[0] == "a key"


def test_an_agent_without_a_footprint_has_no_strays() -> None:
    assert with_strays(PolicyVerdict(), a_change("pocket/text.py"), ()) == PolicyVerdict()
