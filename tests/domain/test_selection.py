"""The three strategies rank as they are defined, and no two picks get in each other's way."""

from __future__ import annotations

from math import log2

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fresh.domain.acceptance import NEUTRAL, Acceptance, RejectedIdea, Tally
from fresh.domain.feature import EntryPoint, Feature, Inventory, Kind, Reachability, Signal
from fresh.domain.order import RunOrder, Strategy
from fresh.domain.scoring import impact
from fresh.domain.selection import Selection, select
from fresh.errors import OperatorMistake


def feature(name: str, **facts: object) -> Feature:
    """A feature in a module of its own, with these facts."""
    plain: dict[str, object] = {
        "key": f"app.{name}:{name}",
        "module": f"app.{name}",
        "qualname": name,
        "path": f"app/{name}.py",
        "line": 1,
        "end_line": 5,
        "reachability": Reachability.HOOKED,
        "tested": 0.5,
        "quality": 100,
        "necessity": 0.5,
        "safety": 0.5,
    }
    return Feature.model_validate({**plain, **facts})


def inventory(*features: Feature, entries: tuple[EntryPoint, ...] = ()) -> Inventory:
    """An inventory of these features."""
    return Inventory(commit="c" * 40, digest="d", features=features, entry_points=entries)


def choose(
    found: Inventory,
    strategy: Strategy = Strategy.HIGHEST_IMPACT,
    *,
    seed: int = 1,
    kinds: tuple[Kind, ...] = (),
    features: tuple[str, ...] = (),
    refuse: frozenset[tuple[str, Kind]] = frozenset(),
    leased: frozenset[str] = frozenset(),
    taken: frozenset[tuple[str, Kind]] = frozenset(),
    acceptance: Acceptance = NEUTRAL,
) -> Selection:
    """Select with an engine that can do everything except what it refuses."""
    order = RunOrder(strategy=strategy, kinds=kinds, features=features)
    return select(
        found,
        order,
        seed=seed,
        leased=leased,
        taken=taken,
        acceptance=acceptance,
        screen=lambda each, kind: "the engine can't" if (each.key, kind) in refuse else None,
    )


def ranked(selection: Selection) -> list[tuple[str, str]]:
    """Name the picks in their order."""
    return [(pick.feature.name, pick.kind.value) for pick in selection.picks]


# ------------------------------------------------------------------------------------------------------- properties

NAMES = [f"f{number}" for number in range(40)]
facts = st.fixed_dictionaries(
    {
        "reachability": st.sampled_from(list(Reachability)),
        "tested": st.sampled_from([0.0, 0.25, 0.5]),
        "quality": st.integers(0, 100),
        "necessity": st.floats(0.1, 1).map(lambda value: round(value, 3)),
        "safety": st.floats(0, 1).map(lambda value: round(value, 3)),
        "dependents": st.integers(0, 500),
        "unlocks": st.integers(0, 9),
        "stub": st.booleans(),
        "path": st.sampled_from(["app/a.py", "app/b.py", "app/c.py", "app/auth.py", "app/d.py"]),
    }
)
inventories = st.lists(facts, max_size=25).map(
    lambda many: inventory(*(feature(name, **each) for name, each in zip(NAMES, many, strict=False)))
)
strategies = st.sampled_from(list(Strategy))


@given(inventories, strategies)
def test_no_two_picks_share_a_file_or_a_feature(found: Inventory, strategy: Strategy) -> None:
    picks = choose(found, strategy).picks
    files = [path for pick in picks for path in pick.footprint]
    assert len(files) == len(set(files))
    assert len({pick.feature.key for pick in picks}) == len(picks)


@given(inventories, strategies, st.data())
def test_what_is_leased_taken_refused_or_unknown_is_never_picked(
    found: Inventory, strategy: Strategy, data: st.DataObject
) -> None:
    candidates = [(each.key, kind) for each in found.features for kind in Kind]
    assume(candidates)
    refuse = data.draw(st.frozensets(st.sampled_from(candidates)))
    taken = data.draw(st.frozensets(st.sampled_from(candidates), max_size=3))
    leased = frozenset({"app/a.py"})
    for pick in choose(found, strategy, refuse=refuse, taken=taken, leased=leased).picks:
        assert (pick.feature.key, pick.kind) not in refuse | taken
        assert pick.feature.key not in {key for key, _ in taken}
        assert not leased & set(pick.footprint)
        assert "app/auth.py" not in pick.footprint
        assert pick.feature.reachability is not Reachability.UNKNOWN


@given(inventories, strategies)
def test_every_pick_and_every_refusal_says_why(found: Inventory, strategy: Strategy) -> None:
    selection = choose(found, strategy)
    assert all(pick.reasons and all(pick.reasons) for pick in selection.picks)
    assert all(over.reason for over in selection.passed_over)


@given(inventories, strategies, st.randoms(use_true_random=False))
def test_the_order_of_the_inventory_does_not_matter(
    found: Inventory, strategy: Strategy, random: st.Random
) -> None:
    shuffled = list(found.features)
    random.shuffle(shuffled)
    assert ranked(choose(found, strategy)) == ranked(choose(inventory(*shuffled), strategy))


@given(inventories, strategies)
def test_only_what_nothing_reaches_becomes_a_hookup(found: Inventory, strategy: Strategy) -> None:
    for pick in choose(found, strategy, kinds=(Kind.HOOKUP,)).picks:
        assert pick.feature.reachability in (Reachability.UNHOOKED, Reachability.TEST_ONLY)
        assert not pick.feature.stub


@given(inventories, strategies, st.sampled_from(list(Kind)))
def test_a_kind_that_is_asked_for_is_the_only_one(found: Inventory, strategy: Strategy, kind: Kind) -> None:
    assert {pick.kind for pick in choose(found, strategy, kinds=(kind,)).picks} <= {kind}


# ------------------------------------------------------------------------------------------------- highest_impact


def test_the_score_is_the_product_of_its_factors() -> None:
    # A hookup adds a command beside the feature, so the feature's own safety does not count against it.
    found = feature("f", reachability=Reachability.TEST_ONLY, necessity=0.6, unlocks=3, safety=0.4)
    score = impact(found, Kind.HOOKUP, Acceptance(kinds={Kind.HOOKUP: Tally(merged=3, rejected=1)}))
    likely = (3 + 4 * 0.75) / (4 + 4)
    assert score.value == pytest.approx(0.6 * 0.8 * (1 + log2(4)) * likely)


def test_adding_tests_carries_no_risk_and_other_kinds_at_most_nine_tenths() -> None:
    found = feature("f", tested=0.0, quality=50, safety=0.0, necessity=1.0)
    assert impact(found, Kind.TESTS).value == pytest.approx(1 * 1 * 1 * 1 * 0.5)
    assert impact(found, Kind.QUALITY).value == pytest.approx(1 * 0.5 * 1 * 0.1 * 0.5)


def test_adding_documentation_carries_no_risk_and_anything_more_does() -> None:
    docs = Signal(name="quality: docstring", value=-10, why="it has no docstring")
    lint = Signal(name="quality: lint", value=-10, why="1 lint finding")
    words = impact(feature("f", quality=90, safety=0.0, necessity=1.0, signals=(docs,)), Kind.QUALITY)
    assert words.value == pytest.approx(1 * 0.1 * 1 * 1 * 0.5)
    assert "risk 0.00: it only adds documentation" in words.reasons
    more = impact(feature("f", quality=90, safety=0.0, necessity=1.0, signals=(docs, lint)), Kind.QUALITY)
    assert more.value == pytest.approx(1 * 0.1 * 1 * 0.1 * 0.5)


@given(st.integers(0, 98), st.integers(1, 99), st.floats(0.1, 1))
def test_better_quality_lowers_the_score(quality: int, more: int, necessity: float) -> None:
    better = min(100, quality + more)
    assume(better > quality)
    low = impact(feature("f", quality=quality, necessity=necessity), Kind.QUALITY)
    high = impact(feature("f", quality=better, necessity=necessity), Kind.QUALITY)
    assert high.value < low.value


def test_ten_rejected_pull_requests_of_a_kind_lower_its_rank() -> None:
    found = inventory(feature("stubbed", stub=True, quality=100), feature("untidy", quality=5, safety=0.5))
    before = ranked(choose(found, kinds=(Kind.STUB, Kind.QUALITY)))
    history = Acceptance(kinds={Kind.STUB: Tally(merged=0, rejected=10)})
    after = ranked(choose(found, kinds=(Kind.STUB, Kind.QUALITY), acceptance=history))
    assert before[0] == ("stubbed", "stub")
    assert after[0] == ("untidy", "quality")


def test_ten_rejections_in_one_area_lower_its_rank() -> None:
    bad = feature("bad", module="app.web.bad", key="app.web.bad:bad", path="app/web/bad.py", quality=40)
    good = feature(
        "good", module="app.jobs.good", key="app.jobs.good:good", path="app/jobs/good.py", quality=45
    )
    kinds = {Kind.QUALITY: Tally(merged=10, rejected=10)}
    areas = {"app.web": Tally(rejected=10), "app.jobs": Tally(merged=10)}
    found = inventory(bad, good)
    wanted = (Kind.QUALITY,)
    assert ranked(choose(found, kinds=wanted))[0] == ("bad", "quality")
    after = choose(found, kinds=wanted, acceptance=Acceptance(kinds=kinds, areas=areas))
    assert ranked(after)[0] == ("good", "quality")
    assert any(
        "0 of 10 closed pull requests in app.web were merged" in each for each in after.picks[1].reasons
    )


@given(inventories, strategies, st.data())
def test_a_rejected_idea_comes_up_again_only_when_its_code_has_changed(
    found: Inventory, strategy: Strategy, data: st.DataObject
) -> None:
    picks = choose(found, strategy).picks
    assume(picks)
    pick = data.draw(st.sampled_from(picks))
    idea = RejectedIdea(feature=pick.feature.key, kind=pick.kind, code=pick.feature.code, where="pull/7")
    after = choose(found, strategy, acceptance=Acceptance(rejected=(idea,)))
    assert (pick.feature.key, pick.kind) not in {(each.feature.key, each.kind) for each in after.picks}
    reasons = {(over.feature, over.kind): over.reason for over in after.passed_over}
    if (pick.feature.key, pick.kind) in reasons:
        assert "turned down in pull/7" in reasons[pick.feature.key, pick.kind]
    changed = idea.model_copy(update={"code": "otherwise"})
    assert choose(found, strategy, acceptance=Acceptance(rejected=(changed,))).picks == picks


def test_a_feature_gets_its_best_kind_and_the_next_one_when_the_engine_refuses() -> None:
    found = inventory(feature("f", tested=0.0, quality=20, stub=True))
    assert ranked(choose(found)) == [("f", "tests")]
    assert ranked(choose(found, refuse=frozenset({("app.f:f", Kind.TESTS)}))) == [("f", "stub")]


# ------------------------------------------------------------------------------------------------------- safest


def test_safest_sorts_by_blast_radius_then_files_then_tests_then_need() -> None:
    found = inventory(
        feature("wide", quality=50, dependents=9),
        feature("narrow", quality=50, dependents=1),
        feature("needed", quality=50, dependents=1, necessity=0.9),
        feature("covered", quality=50, dependents=1, tested=1.0),
    )
    assert ranked(choose(found, Strategy.SAFEST, kinds=(Kind.QUALITY,))) == [
        ("covered", "quality"),
        ("needed", "quality"),
        ("narrow", "quality"),
        ("wide", "quality"),
    ]


def test_safest_counts_the_dependents_of_everything_in_the_files() -> None:
    found = inventory(
        feature("alone", quality=50, dependents=3),
        feature("small", quality=50, dependents=1, path="app/shared.py"),
        feature("large", quality=100, dependents=50, path="app/shared.py"),
    )
    assert ranked(choose(found, Strategy.SAFEST, kinds=(Kind.QUALITY,)))[0] == ("alone", "quality")


def test_safest_changes_no_code_without_tests_and_adds_tests_only_beside_tests() -> None:
    untested = feature("bare", quality=10, tested=0.0)
    beside = feature("beside", module="app.known", key="app.known:beside", tested=0.0, quality=10)
    known = feature("known", quality=10)
    selection = choose(inventory(untested, beside, known), Strategy.SAFEST)
    assert set(ranked(selection)) == {("beside", "tests"), ("known", "tests")}
    reasons = {(over.feature, over.kind): over.reason for over in selection.passed_over}
    assert reasons["app.bare:bare", "quality"] == "safest: tested 0.00, 0.5 is needed to change its code"
    assert reasons["app.bare:bare", "tests"] == "safest: no test covers app.bare yet that could vouch for it"


def test_safest_stays_away_from_modules_whose_tests_fail_already() -> None:
    red = Signal(name="red", value=1, why="tests/test_it.py::test_it fails already")
    broken = feature("broken", quality=50, signals=(red,))
    beside = feature("beside", module="app.broken", key="app.broken:beside", tested=0.0, path="app/broken.py")
    found = inventory(broken, beside, feature("sound", quality=50))
    selection = choose(found, Strategy.SAFEST)
    assert {pick.feature.name for pick in selection.picks} == {"sound"}
    told = "safest: the tests of app.broken are not green: tests/test_it.py::test_it fails already"
    assert {over.reason for over in selection.passed_over if over.feature == "app.broken:broken"} == {told}
    assert {pick.feature.name for pick in choose(found).picks} == {"broken", "beside", "sound"}


def test_between_equals_safest_takes_what_fewest_things_depend_on() -> None:
    # A new test file has no dependents, whatever it is about: by necessity, highest_impact would choose the same.
    found = inventory(
        feature("hub", dependents=90, necessity=0.9),
        feature("leaf", dependents=1, necessity=0.2),
        feature("needed_leaf", dependents=1, necessity=0.3),
    )
    picks = choose(found, Strategy.SAFEST, kinds=(Kind.TESTS,))
    assert [name for name, _ in ranked(picks)] == ["needed_leaf", "leaf", "hub"]
    assert "dependents 1: what uses the feature itself, directly or not" in picks.picks[0].reasons


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(20, 90)),
        min_size=40,
        max_size=40,
        unique_by=lambda p: p[0],
    )
)
def test_highest_impact_and_safest_share_at_most_five_of_ten(used: list[tuple[int, int]]) -> None:
    # As in most code, what much depends on is needed more; all of it is reached by tests.
    found = inventory(
        *(
            feature(f"f{place}", dependents=count, necessity=round(0.2 + count / 500, 3), quality=quality)
            for place, (count, quality) in enumerate(used)
        )
    )
    boldest, safest = (
        {name for name, _ in ranked(choose(found, each))[:10]}
        for each in (Strategy.HIGHEST_IMPACT, Strategy.SAFEST)
    )
    assert len(boldest & safest) <= 5


# ------------------------------------------------------------------------------------------------------- random

MANY = inventory(*(feature(name, quality=40, necessity=0.4) for name in NAMES))


def test_the_same_seed_draws_the_same_and_other_seeds_do_not() -> None:
    draws = [tuple(ranked(choose(MANY, Strategy.RANDOM, seed=seed))[:10]) for seed in range(100)]
    assert draws == [tuple(ranked(choose(MANY, Strategy.RANDOM, seed=seed))[:10]) for seed in range(100)]
    assert len(set(draws)) == 100


@given(st.integers(0, 2**63), st.integers(0, 39))
def test_another_candidate_does_not_reshuffle_the_others(seed: int, missing: int) -> None:
    without = inventory(*(each for each in MANY.features if each.name != NAMES[missing]))
    full = [each for each in ranked(choose(MANY, Strategy.RANDOM, seed=seed)) if each[0] != NAMES[missing]]
    assert full == ranked(choose(without, Strategy.RANDOM, seed=seed))


def test_random_prefers_what_weighs_more() -> None:
    heavy, light = feature("heavy", quality=0, necessity=1.0), feature("light", quality=90, necessity=0.1)
    found = inventory(heavy, light)
    first = [
        ranked(choose(found, Strategy.RANDOM, seed=seed, kinds=(Kind.QUALITY,)))[0][0] for seed in range(200)
    ]
    assert 160 < first.count("heavy") < 200


# ---------------------------------------------------------------------------------------------- filters and reasons


def test_named_features_are_found_by_name_qualified_name_and_key() -> None:
    found = inventory(*(feature(name, quality=50) for name in ("load", "save", "send")))
    for spelling in ("load", "app.load:load", "app.load.load"):
        assert ranked(choose(found, features=(spelling,))) == [("load", "tests")]


def test_an_unknown_name_is_a_mistake_with_near_matches() -> None:
    found = inventory(feature("load"), feature("save"))
    with pytest.raises(OperatorMistake, match="No feature is called 'laod'") as mistake:
        choose(found, features=("laod",))
    assert mistake.value.hint == "Did you mean app.load:load?"


def test_a_hookup_holds_the_nearest_command_line_so_that_only_one_hangs_there_at_a_time() -> None:
    entries = (
        EntryPoint(key="app.cli:main", rule="console script: app = app.cli:main", path="app/cli.py"),
        EntryPoint(key="app.cli:show", rule="click command: @cli.command", path="app/cli.py", line=9),
        EntryPoint(key="web.api:home", rule="web route: @app.get", path="web/api.py"),
        EntryPoint(key="other.cli:go", rule="click command: @cli.command", path="other/cli.py"),
    )
    unhooked = [
        feature(n, reachability=Reachability.UNHOOKED, evidence=("nothing reaches it",)) for n in "ab"
    ]
    selection = choose(inventory(*unhooked, entries=entries), kinds=(Kind.HOOKUP,))
    assert ranked(selection) == [("a", "hookup")]
    assert selection.picks[0].footprint == ("app/cli.py", "tests/test_app_a_a.py")
    assert selection.picks[0].reasons[0] == "unhooked: nothing reaches it"
    assert selection.passed_over[0].reason == "app/cli.py is held by the better pick app.a:a (hookup)"


def test_new_tests_go_where_the_tests_are() -> None:
    found = inventory(feature("f", tested_by=("checks/test_f.py::test_it",)))
    assert choose(found).picks[0].footprint == ("checks/test_app_f_f.py",)


def test_a_pick_shows_every_contribution_to_its_necessity() -> None:
    signal = Signal(name="necessity: callers", value=0.21, why="3 callers")
    found = inventory(feature("f", tested=0.0, necessity=0.31, signals=(signal,)))
    assert "necessity 0.31: 3 callers (+0.21)" in choose(found).picks[0].reasons
