"""Choose what is worth doing: candidates, filters, and the three strategies that rank them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from fresh.domain.acceptance import NEUTRAL, Acceptance
from fresh.domain.feature import RED, Feature, Inventory, Kind, Reachability
from fresh.domain.footprint import Ground
from fresh.domain.nature import NO_BODY, NO_COMMAND, NO_TESTS, Nature
from fresh.domain.order import RunOrder, Strategy
from fresh.domain.protection import why_protected
from fresh.domain.report import PassedOver
from fresh.domain.scoring import Blast, Score, caution, draw, gap, impact
from fresh.domain.value import Value
from fresh.errors import OperatorMistake

MOST_PICKS = 100
ENOUGH_TESTS = 0.5
NEAR = 3
EQUAL_ORDER = (Kind.TESTS, Kind.HOOKUP, Kind.STUB, Kind.QUALITY)

SENSELESS: Mapping[Kind, Mapping[Nature, str]] = {
    Kind.HOOKUP: NO_COMMAND,
    Kind.TESTS: NO_TESTS,
    Kind.STUB: NO_BODY,
    Kind.QUALITY: {},
}

Screen = Callable[[Feature, Kind], str | None]


class Pick(Value):
    """A feature and what is to be improved about it, with every reason; `footprint` are the files it may touch."""

    feature: Feature
    kind: Kind
    score: float
    reasons: tuple[str, ...]
    footprint: tuple[str, ...]


class Selection(Value):
    """What to work, best first, and what was looked at and left, with the reason."""

    picks: tuple[Pick, ...]
    passed_over: tuple[PassedOver, ...]


class Candidate(NamedTuple):
    """One feature and one kind, with its place in the ranking; smaller places come first."""

    place: tuple[float, ...]
    feature: Feature
    kind: Kind
    score: Score
    footprint: tuple[str, ...]


def select(
    inventory: Inventory,
    order: RunOrder,
    *,
    seed: int,
    leased: frozenset[str] = frozenset(),
    taken: frozenset[tuple[str, Kind]] = frozenset(),
    screen: Screen,
    acceptance: Acceptance = NEUTRAL,
    most: int = MOST_PICKS,
) -> Selection:
    """Rank what is worth doing; no two picks touch the same file, and no feature is picked twice.

    `leased` are files that others work on; `taken` is what was drawn before or waits for review, and a feature in it
    is not picked for another kind either. `acceptance` is what people made of earlier work. `screen` says why an engine
    can't do a candidate; it is asked in the order of the ranking, until `most` picks are found.
    Raises OperatorMistake for a feature that the order names and the inventory does not hold.
    """
    ranking = Ranking(inventory, order.strategy, seed, acceptance)
    worked = dict(sorted(taken))
    held = {path: "an agent or an open pull request" for path in leased}
    picks: dict[str, Pick] = {}
    passed: list[PassedOver] = []
    for each in ranking.candidates(named(inventory, order.features), order.kinds):
        if len(picks) == most:
            break
        key, kind, score = each.feature.key, each.kind, each.score
        if key in picks:
            continue
        if key in worked:
            reason: str | None = f"drawn before or waiting for review ({worked[key]})"
        else:
            reason = ranking.obstacle(each) or conflict(each, held) or screen(each.feature, kind)
        if reason is not None:
            passed.append(PassedOver(feature=key, kind=kind, reason=reason))
            continue
        held.update(dict.fromkeys(each.footprint, f"the better pick {key} ({kind})"))
        picks[key] = Pick(
            feature=each.feature,
            kind=kind,
            score=score.value,
            reasons=score.reasons,
            footprint=each.footprint,
        )
    return Selection(picks=tuple(picks.values()), passed_over=tuple(passed))


class Ranking:
    """The candidates of one inventory under one strategy."""

    def __init__(
        self, inventory: Inventory, strategy: Strategy, seed: int, acceptance: Acceptance = NEUTRAL
    ) -> None:
        self.strategy = strategy
        self.seed = seed
        self.acceptance = acceptance
        self.ground = Ground(inventory)
        self.with_tests = {each.module for each in inventory.features if each.tested >= ENOUGH_TESTS}
        self.red_in = {
            each.module: signal.why
            for each in inventory.features
            for signal in each.signals
            if signal.name == RED
        }
        self.dependents_in: Counter[str] = Counter()
        for each in inventory.features:
            self.dependents_in[each.path] += each.dependents

    def candidates(self, features: Iterable[Feature], kinds: Collection[Kind]) -> list[Candidate]:
        """List what could be improved, best first; equal places are ordered by module and qualified name."""
        found = [
            self._candidate(feature, kind)
            for feature in features
            for kind in Kind
            if (not kinds or kind in kinds) and gap(feature, kind).size > 0
        ]
        return sorted(found, key=lambda each: (each.place, each.feature.key, EQUAL_ORDER.index(each.kind)))

    def _candidate(self, feature: Feature, kind: Kind) -> Candidate:
        footprint = self.ground.footprint(feature, kind)
        if self.strategy is Strategy.SAFEST:
            blast = Blast(sum(self.dependents_in[path] for path in footprint), len(footprint))
            place, score = caution(feature, kind, blast)
            return Candidate(place, feature, kind, score, footprint)
        if self.strategy is Strategy.RANDOM:
            score = draw(feature, kind, self.seed)
        else:
            score = impact(feature, kind, self.acceptance)
        return Candidate((-score.value,), feature, kind, score, footprint)

    def obstacle(self, candidate: Candidate) -> str | None:
        """Say which of the strategy's own rules keeps a candidate out."""
        feature, kind = candidate.feature, candidate.kind
        if feature.reachability is Reachability.UNKNOWN:
            return f"how it is reached is unknown: {'; '.join(feature.evidence) or 'no parser could tell'}"
        if senseless := _senseless(feature, kind):
            return senseless
        if idea := self.acceptance.rejection(feature, kind):
            return idea.told()
        for path in candidate.footprint:
            if protected := why_protected(path):
                return f"it would touch {path}, a {protected} path"
        return self._risk(feature, kind) if self.strategy is Strategy.SAFEST else None

    def _risk(self, feature: Feature, kind: Kind) -> str | None:
        """Say which tests `safest` misses: those of the feature itself, or for more tests those of its module."""
        if red := self.red_in.get(feature.module):
            return f"safest: the tests of {feature.module} are not green: {red}"
        if kind is Kind.TESTS:
            known = feature.module in self.with_tests
            return None if known else f"safest: no test covers {feature.module} yet that could vouch for it"
        if feature.tested < ENOUGH_TESTS:
            return f"safest: tested {feature.tested:.2f}, {ENOUGH_TESTS} is needed to change its code"
        return None


def _senseless(feature: Feature, kind: Kind) -> str | None:
    """Say why this would make no sense for such a thing, whoever did it."""
    if kind is Kind.HOOKUP and feature.stub:
        return "its body is unfinished, so there is nothing to hook up yet"
    if kind in (Kind.HOOKUP, Kind.TESTS) and feature.bare:
        return "it defines no behaviour of its own"
    if kind is Kind.TESTS and feature.nature is Nature.EXCEPTION:
        return None
    if reason := SENSELESS[kind].get(feature.nature):
        return f"{reason} ({feature.nature_why})" if feature.nature_why else reason
    return None


def conflict(candidate: Candidate, held: Mapping[str, str]) -> str | None:
    """Say which file of a candidate somebody else works on."""
    return next((f"{path} is held by {held[path]}" for path in candidate.footprint if path in held), None)


def named(inventory: Inventory, names: Iterable[str]) -> tuple[Feature, ...]:
    """Find the features that an order names, by key, qualified name or name; all of them for no names.

    Raises OperatorMistake for a name that fits none.
    """
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return inventory.features
    found: dict[str, Feature] = {}
    for name in wanted:
        fits = [each for each in inventory.features if name in names_of(each)]
        if not fits:
            raise OperatorMistake(f"No feature is called {name!r}.", hint=_hint(inventory, name))
        found.update((each.key, each) for each in fits)
    return tuple(found.values())


def names_of(feature: Feature) -> tuple[str, ...]:
    """List what a person may call a feature."""
    return feature.key, f"{feature.module}.{feature.qualname}", feature.qualname, feature.name


def _hint(inventory: Inventory, name: str) -> str:
    spellings = {spelling: each.key for each in inventory.features for spelling in names_of(each)}
    near = dict.fromkeys(spellings[each] for each in get_close_matches(name, sorted(spellings), NEAR * 2))
    return f"Did you mean {', '.join(list(near)[:NEAR])}?" if near else "See: fresh inventory"
