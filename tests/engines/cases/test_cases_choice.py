"""Choosing observations: documentation first, everything noticed kept, contradictions left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.engines.codemod.cases.choice import MOST, agrees, choose, readable, steady, tells
from fresh.engines.codemod.cases.inside.wire import Argument, Call, Import, Observation, Outcome


def seen(
    given: str,
    result: str,
    *,
    lines: tuple[int, ...] = (1,),
    kills: tuple[int, ...] = (),
    expected: str = "",
    imports: tuple[Import, ...] = (),
) -> Observation:
    """Describe one call of `f` and what it returned."""
    call = Call("f", (Argument("x", given),), expected=expected, imports=imports)
    return Observation(call, Outcome("returns", result), lines, tuple((0, line) for line in lines), kills)


OBSERVATIONS = st.lists(
    st.builds(
        lambda number, lines, kills: seen(
            str(number), str(number * 2), lines=tuple(lines), kills=tuple(kills)
        ),
        st.integers(0, 50),
        st.sets(st.integers(1, 8)),
        st.sets(st.integers(0, 6)),
    ),
    unique_by=lambda item: item.call,
    max_size=20,
)


@given(OBSERVATIONS)
def test_everything_that_the_pool_runs_and_notices_the_choice_runs_and_notices(
    pool: list[Observation],
) -> None:
    chosen = choose(pool)
    if len(chosen) < MOST:
        assert {line for item in chosen for line in item.lines} == {
            line for item in pool for line in item.lines
        }
        assert {kill for item in chosen for kill in item.kills} == {
            kill for item in pool for kill in item.kills
        }


@given(OBSERVATIONS)
def test_the_same_pool_gives_the_same_choice_in_the_order_of_the_pool(pool: list[Observation]) -> None:
    chosen = choose(pool)
    assert chosen == choose(pool)
    assert list(chosen) == [item for item in pool if item in chosen]


def test_documented_examples_are_taken_before_others_that_say_the_same() -> None:
    documented = seen("2", "4", expected="4")
    pool = [seen("1", "2"), documented, seen("3", "6")]
    assert documented in choose(pool)


def test_an_observation_that_documentation_contradicts_is_never_pinned() -> None:
    wrong = seen("2", "5", expected="4", lines=(1, 2, 3), kills=(1, 2))
    assert agrees(wrong) is False
    assert choose([wrong, seen("1", "2")]) == (seen("1", "2"),)


def test_documentation_agrees_by_value_not_by_spelling() -> None:
    assert agrees(seen("2", "{'a': 1, 'b': 2}", expected="{'b': 2, 'a': 1}")) is True


def test_two_cases_that_need_one_name_for_two_things_are_not_both_taken() -> None:
    one = seen("1", "2", imports=(Import("a", "Point"),), lines=(1,))
    other = seen("2", "4", imports=(Import("b", "Point"),), lines=(2,))
    assert len(choose([one, other])) == 1


def test_long_texts_are_not_readable() -> None:
    assert not readable(seen("'" + "x" * 100 + "'", "1"))
    assert readable(seen("'x'", "1"))


def test_only_what_came_out_the_same_every_time_is_steady() -> None:
    first, second = seen("1", "2"), seen("2", "4")
    again = [Outcome("returns", "2"), Outcome("returns", "999")]
    assert steady([first, second], [[first.outcome, second.outcome], again]) == (first,)


def test_an_object_that_merely_equals_itself_is_no_case() -> None:
    made = Observation(Call("P", (), build=()), Outcome("returns", "P()"), (1,))
    assert choose([made]) == ()


@pytest.mark.parametrize(
    "result", ["None", "''", "[]", "False", "0", "[None, [], {}]", "{'': None}", "b''", "set()"]
)
def test_an_empty_result_tells_nothing(result: str) -> None:
    assert not tells(seen("1", result))


@pytest.mark.parametrize("result", ["'a'", "[None, 1]", "True", "{'a': None}", "datetime.date(2024, 2, 29)"])
def test_a_result_that_holds_something_tells(result: str) -> None:
    assert tells(seen("1", result))
