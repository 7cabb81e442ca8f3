"""What people merged and turned down becomes rates and rejected ideas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.acceptance import NEUTRAL, Acceptance, Ending, RejectedIdea, Tally, area_of, learned_from
from fresh.domain.feature import Feature, Kind, Reachability


def feature(module: str, path: str, code: str = "") -> Feature:
    """A feature of a module."""
    return Feature(
        key=f"{module}:f",
        module=module,
        qualname="f",
        path=path,
        line=1,
        end_line=2,
        reachability=Reachability.HOOKED,
        code=code,
    )


def ended(kind: Kind, merged: bool, code: str = "a", area: str = "app") -> Ending:
    """One pull request about `app.m:f`."""
    return Ending(feature="app.m:f", kind=kind, area=area, merged=merged, code=code, where="pull/1")


tallies = st.builds(Tally, merged=st.integers(0, 50), rejected=st.integers(0, 50))


@given(tallies, tallies)
def test_the_rate_of_a_kind_leans_on_all_kinds(tests: Tally, stub: Tally) -> None:
    acceptance = Acceptance(kinds={Kind.TESTS: tests, Kind.STUB: stub})
    merged, closed = tests.merged + stub.merged, tests.closed + stub.closed
    rate = 0.5 if not closed else merged / closed if merged else 1 / (closed + 2)
    assert acceptance.of_kind(Kind.TESTS) == pytest.approx((tests.merged + 4 * rate) / (tests.closed + 4))
    assert acceptance.of_kind(Kind.HOOKUP) == pytest.approx(rate)
    assert acceptance.factor(Kind.TESTS, "nowhere") == pytest.approx(acceptance.of_kind(Kind.TESTS))


@given(st.dictionaries(st.sampled_from(list(Kind)), tallies), st.dictionaries(st.sampled_from("ab"), tallies))
def test_every_factor_lies_between_nothing_and_one(kinds: dict[Kind, Tally], areas: dict[str, Tally]) -> None:
    acceptance = Acceptance(kinds=kinds, areas=areas)
    assert all(0 < acceptance.factor(kind, area) <= 1 for kind in Kind for area in "abc")


def test_no_history_prefers_nothing() -> None:
    assert {NEUTRAL.factor(kind, "app") for kind in Kind} == {0.5}


def test_ten_rejections_alone_put_a_kind_behind_the_others() -> None:
    acceptance = Acceptance(kinds={Kind.STUB: Tally(rejected=10)})
    assert acceptance.of_kind(Kind.STUB) < acceptance.of_kind(Kind.TESTS) < NEUTRAL.of_kind(Kind.TESTS)


def test_an_area_counts_beside_the_kind() -> None:
    acceptance = Acceptance(
        kinds={Kind.TESTS: Tally(merged=5, rejected=5)},
        areas={"app.web": Tally(rejected=5), "app.jobs": Tally(merged=5)},
    )
    assert acceptance.of_area("app.web") == pytest.approx((0 + 4 * 0.5) / 9 / 0.5)
    assert acceptance.factor(Kind.TESTS, "app.web") < acceptance.factor(Kind.TESTS, "app")
    assert acceptance.factor(Kind.TESTS, "app.jobs") > acceptance.factor(Kind.TESTS, "app")


@pytest.mark.parametrize(
    ("module", "path", "area"),
    [
        ("app.web.views", "src/app/web/views.py", "app.web"),
        ("app.web.deep.views", "app/web/deep/views.py", "app.web"),
        ("app.web", "app/web/__init__.py", "app.web"),
        ("app.core", "app/core.py", "app"),
        ("tool", "tool.py", "tool"),
    ],
)
def test_an_area_is_a_package_at_most_two_names_deep(module: str, path: str, area: str) -> None:
    assert area_of(feature(module, path)) == area


def test_endings_become_tallies_by_kind_and_area() -> None:
    acceptance = learned_from(
        [
            ended(Kind.TESTS, True),
            ended(Kind.TESTS, False, area="app.web"),
            ended(Kind.STUB, False, area="app.web"),
        ]
    )
    assert acceptance.kinds == {Kind.TESTS: Tally(merged=1, rejected=1), Kind.STUB: Tally(rejected=1)}
    assert acceptance.areas == {"app": Tally(merged=1), "app.web": Tally(rejected=2)}


def test_a_rejection_holds_for_the_same_code_and_kind_only() -> None:
    acceptance = learned_from([ended(Kind.STUB, False)])
    here = feature("app.m", "app/m.py", code="a")
    assert acceptance.rejection(here, Kind.STUB) == RejectedIdea(
        feature="app.m:f", kind=Kind.STUB, code="a", where="pull/1"
    )
    assert acceptance.rejection(here, Kind.TESTS) is None
    assert acceptance.rejection(feature("app.m", "app/m.py", code="b"), Kind.STUB) is None


def test_a_later_merge_takes_a_rejection_back_and_a_later_rejection_does_not_forget_the_first() -> None:
    assert learned_from([ended(Kind.STUB, False), ended(Kind.STUB, True)]).rejected == ()
    twice = learned_from([ended(Kind.STUB, False, "a"), ended(Kind.STUB, False, "b")])
    assert [idea.code for idea in twice.rejected] == ["a", "b"]


def test_acceptance_survives_a_round_trip_through_json() -> None:
    acceptance = learned_from([ended(Kind.STUB, False), ended(Kind.TESTS, True)])
    assert Acceptance.model_validate_json(acceptance.model_dump_json()) == acceptance


def test_what_another_journal_opened_counts_for_its_kind_and_turns_down_no_idea() -> None:
    foreign = Ending(feature="", kind=Kind.TESTS, area="", merged=False, where="https://x/1")
    learned = learned_from([foreign])
    assert learned.kinds[Kind.TESTS].rejected == 1
    assert learned.areas == {}
    assert learned.rejected == ()
