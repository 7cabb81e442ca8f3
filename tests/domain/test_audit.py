"""The chain: every way to tamper with rows is named with the first row that it broke."""

from __future__ import annotations

import pytest

from fresh.domain.audit import GENESIS, Entry, Link, first_broken, link
from fresh.domain.people import Door
from tests.fakes.story import NOON


def chain(length: int = 5) -> list[Link]:
    rows: list[Link] = []
    for number in range(1, length + 1):
        entry = Entry(at=NOON, door=Door.SLACK, actor=f"U{number}", tried="approved", outcome="won")
        rows.append(link(number, rows[-1].digest if rows else GENESIS, entry))
    return rows


HEAD = (5, chain()[-1].digest)


def renamed(row: Link) -> Link:
    return row.model_copy(update={"entry": row.entry.replace("U3", "U9")})


def rewritten() -> list[Link]:
    """Change a row and compute its digest anew, as somebody would who knows how."""
    rows = chain()
    rows[2] = link(3, rows[1].digest, rows[2].content.model_copy(update={"actor": "U9"}))
    return rows


def test_a_chain_that_nobody_touched_is_whole() -> None:
    assert first_broken(chain(), HEAD) is None
    assert first_broken([], (0, GENESIS)) is None


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([*chain()[:2], renamed(chain()[2]), *chain()[3:]], 3),
        ([*chain()[:2], *chain()[3:]], 3),
        (chain()[1:], 1),
        (rewritten(), 4),
        ([*chain()[:1], chain()[2], chain()[1], *chain()[3:]], 2),
        (chain()[:4], 5),
        ([], 1),
    ],
    ids=["changed", "removed", "first removed", "rewritten", "swapped", "last removed", "all removed"],
)
def test_tampering_is_named_with_the_first_row_that_it_broke(rows: list[Link], number: int) -> None:
    broken = first_broken(rows, HEAD)
    assert broken is not None
    assert broken.number == number


def test_a_row_that_nobody_noted_is_found() -> None:
    broken = first_broken(chain(6), HEAD)
    assert broken is not None
    assert broken.number == 6
