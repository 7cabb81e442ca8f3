"""What a candidate is worth: the factors of the three strategies, each with the sentence that explains it."""

from __future__ import annotations

import hashlib
from math import log, log2
from typing import NamedTuple

from fresh.domain.acceptance import NEUTRAL, Acceptance, Tally, area_of
from fresh.domain.counting import count
from fresh.domain.feature import Feature, Kind, Reachability

GAP_OF_STATE = {Reachability.UNHOOKED: 1.0, Reachability.TEST_ONLY: 0.8}
REACHED = (Reachability.HOOKED, Reachability.HOOKED_WEAK)
HIGHEST_RISK = 0.9
ADDED_BESIDE = {
    Kind.TESTS: "it only adds test files",
    Kind.HOOKUP: "it adds a command and its test, and edits no code",
}
MISSING_DOCUMENTATION = "quality: docstring"
LEAST_WEIGHT = 0.05


class Gap(NamedTuple):
    """How much an improvement could close, 0..1, and why."""

    size: float
    why: str


class Score(NamedTuple):
    """What a candidate is worth, and a sentence for every factor."""

    value: float
    reasons: tuple[str, ...]


def gap(feature: Feature, kind: Kind) -> Gap:
    """Measure what an improvement of one kind could close."""
    if kind is Kind.HOOKUP:
        evidence = feature.evidence[0] if feature.evidence else "nothing reaches it"
        return Gap(GAP_OF_STATE.get(feature.reachability, 0.0), f"{feature.reachability}: {evidence}")
    if kind is Kind.TESTS:
        return Gap(1 - feature.tested, f"tested {feature.tested:.2f}: {_why(feature, 'tested')}")
    if kind is Kind.QUALITY:
        lost = "; ".join(each.why for each in feature.signals if each.name.startswith("quality: "))
        return Gap(
            (100 - feature.quality) / 100, f"quality {feature.quality} of 100: {lost or 'as measured'}"
        )
    if not feature.stub:
        return Gap(0.0, "its body is finished")
    reached = feature.reachability in REACHED
    return Gap(
        1.0 if reached else 0.5,
        f"unfinished body, {'reached' if reached else 'not reached'} from an entry point",
    )


def _why(feature: Feature, name: str) -> str:
    return next((signal.why for signal in feature.signals if signal.name == name), "as measured")


def impact(feature: Feature, kind: Kind, acceptance: Acceptance = NEUTRAL) -> Score:
    """Multiply necessity, gap, reach, certainty and acceptance.

    Only what edits the feature's own code carries its risk: tests are added beside it, and so is the command that
    a hookup adds; documentation runs nowhere.
    """
    size, why = gap(feature, kind)
    led_to = feature.unlocks if kind is Kind.HOOKUP else feature.dependents
    reach = 1 + log2(1 + led_to)
    harmless = _why_harmless(feature, kind)
    risk = 0.0 if harmless else min(1 - feature.safety, HIGHEST_RISK)
    likely = acceptance.factor(kind, area_of(feature))
    value = feature.necessity * size * reach * (1 - risk) * likely
    leads = (
        f"{count(led_to, 'unhooked definition')} along" if kind is Kind.HOOKUP else count(led_to, "dependent")
    )
    return Score(
        value,
        (
            why,
            _necessity(feature),
            f"reach {reach:.2f}: {leads}",
            f"risk {risk:.2f}: {harmless or _of_risk(feature)}",
            f"acceptance {likely:.2f}: {_of_history(kind, area_of(feature), acceptance)}",
            f"score {value:.4f} = necessity {feature.necessity:.2f} × gap {size:.2f} × reach {reach:.2f} "
            f"× certainty {1 - risk:.2f} × acceptance {likely:.2f}",
        ),
    )


def _necessity(feature: Feature) -> str:
    parts = [each for each in feature.signals if each.name.startswith("necessity: ")]
    listed = ", ".join(f"{each.why} (+{each.value:.2f})" for each in parts)
    return f"necessity {feature.necessity:.2f}: {listed or 'as measured'}"


def _why_harmless(feature: Feature, kind: Kind) -> str | None:
    """Say why an improvement can't break what the feature does; None where it can."""
    if kind is Kind.QUALITY:
        lost = {each.name for each in feature.signals if each.name.startswith("quality: ")}
        return "it only adds documentation" if lost == {MISSING_DOCUMENTATION} else None
    return ADDED_BESIDE.get(kind)


def _of_risk(feature: Feature) -> str:
    return f"safety {feature.safety:.2f} ({_why(feature, 'safety')})"


def _of_history(kind: Kind, area: str, acceptance: Acceptance) -> str:
    mine, here = acceptance.kinds.get(kind, Tally()), acceptance.areas.get(area, Tally())
    told = [
        f"{tally.merged} of {tally.closed} closed pull requests {where} were merged"
        for tally, where in ((mine, f"of the kind {kind}"), (here, f"in {area}"))
        if tally.closed
    ]
    return ", ".join(told) or "no history of this kind or area"


class Blast(NamedTuple):
    """What a change could break: dependents of all definitions in its files, and the files."""

    dependents: int
    files: int


def caution(feature: Feature, kind: Kind, blast: Blast) -> tuple[tuple[float, ...], Score]:
    """Give the key by which `safest` sorts, smallest first, and the score that people see: 1 is the safest.

    New files have no dependents, so tests for anything would be equal until necessity, which is what `highest_impact`
    sorts by too: between equals the feature's own dependents come first.
    """
    own = float(feature.dependents)
    key = (float(blast.dependents), float(blast.files), own, -feature.tested, -feature.necessity)
    value = 1 / (1 + log(1 + blast.dependents))
    return key, Score(
        value,
        (
            gap(feature, kind).why,
            f"blast radius {blast.dependents}: dependents of every definition in the {blast.files} files it touches",
            f"dependents {feature.dependents}: what uses the feature itself, directly or not",
            f"tested {feature.tested:.2f}: {_why(feature, 'tested')}",
            _necessity(feature),
        ),
    )


def draw(feature: Feature, kind: Kind, seed: int) -> Score:
    """Draw a candidate's place in the weighted random order; it depends on nothing but the candidate and the seed."""
    size, why = gap(feature, kind)
    weight = max(LEAST_WEIGHT, feature.necessity * size)
    digest = hashlib.sha256(f"{seed}\0{kind}\0{feature.key}".encode()).digest()
    chance = (int.from_bytes(digest[:8], "big") + 0.5) / (1 << 64)
    value = chance ** (1 / weight)
    told = f"drawn {value:.4f} = {chance:.4f}^(1/{weight:.3f}) with seed {seed}; weight = necessity × gap {size:.2f}"
    return Score(value, (why, _necessity(feature), told))
