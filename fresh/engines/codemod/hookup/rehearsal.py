"""Try the function in the sandbox until good samples are found, and learn from them how its result looks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fresh.engines.codemod.hookup.binding import Bound, call
from fresh.engines.codemod.hookup.examples import found_samples
from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.samples import Given, Sample, Sampler
from fresh.engines.codemod.hookup.showing import Showing, choose_showing
from fresh.engines.codemod.hookup.sources import Sources
from fresh.engines.codemod.hookup.trials import Seen, Trial, try_calls
from fresh.errors import Declined
from fresh.ports import Bench

FEW = 4


@dataclass(frozen=True)
class Rehearsal:
    """The samples that worked and how the result is shown.

    `unexercised` names parameters that no sample sets, `unmoved` those that no tried value let change the result.
    """

    plain: Sample
    full: Sample | None
    showing: Showing
    unexercised: tuple[str, ...]
    unmoved: tuple[str, ...]


def rehearse(
    bench: Bench, function: Function, bound: Sequence[Bound], sources: Sources, layout: Layout, strict: bool
) -> Rehearsal:
    """Find samples. Raises Declined when no arguments make the function return, or its result can't be shown."""
    enums = {one.name: one.shape.choices.name for one in function.parameters if one.shape.choices is not None}
    stage = _Stage(bench, function)
    sampler = Sampler(function, bound, enums, layout, strict)
    found = list(found_samples(function, sampler, sources))[: FEW * 3]
    made = list(sampler.required())
    samples = [*found, *made]
    seen = stage.play(samples)
    good = [pair for pair in zip(samples, seen, strict=True) if not pair[1].error]
    if not good:
        first = seen[0].error if seen else "there is no value that fits its parameters"
        raise Declined(f"{function.name} did not return for any of {len(seen)} tried arguments: {first}")
    showing = choose_showing(function, [one for _, one in good])
    plain, shown = min(good, key=lambda pair: _dullness(pair[0], pair[1]))
    if shown.kind == "none" and not shown.printed:
        raise Declined(f"{function.name} returned nothing for each of {len(good)} tried arguments.")
    silent = {name for name, given in plain.given.items() if sampler.implied.get(name) == given}
    options = [
        one
        for one in bound
        if not one.required and (one.parameter.name not in plain.given or one.parameter.name in silent)
    ]
    chosen, changes, more = _vary(stage, sampler, plain, shown, options)
    full = _combined(stage, plain, chosen, showing, function)
    showing = choose_showing(function, [*(one for _, one in good), *more]) if more else showing
    every = [*plain.given.items(), *(full.given.items() if full is not None else ())]
    set_names = {name for name, given in every if sampler.implied.get(name) != given}
    unexercised = tuple(one.name for one in function.parameters if one.name not in set_names)
    unmoved = tuple(name for name in chosen if name not in changes and name not in unexercised)
    return Rehearsal(plain, full, showing, unexercised, unmoved)


class _Stage:
    def __init__(self, bench: Bench, function: Function) -> None:
        self._bench = bench
        self._function = function
        self._imports = [f"from {function.module.name} import {function.name}", "from pathlib import Path"]
        choices = [one.shape.choices for one in function.parameters if one.shape.choices is not None]
        self._imports += [f"from {one.module} import {one.name}" for one in choices]

    def play(self, samples: Sequence[Sample]) -> tuple[Seen, ...]:
        trials = []
        for sample in samples:
            values = {name: given.source for name, given in sample.given.items()}
            opening, arguments = call(self._function.name, self._function, values)
            source = f"{opening}{', '.join(arguments)})"
            source = f"asyncio.run({source})" if self._function.is_async else source
            trials.append(Trial(setup=sample.setup(), call=source))
        return try_calls(self._bench, self._imports, trials) if trials else ()


def _dullness(sample: Sample, seen: Seen) -> tuple[bool, bool, bool]:
    """Rank what a test would learn least from last: nothing, emptiness, the argument itself."""
    said = seen.text or seen.printed
    echoed = any(said.strip() == given.source.strip("'\"") for given in sample.given.values())
    return (seen.kind == "none" and not seen.printed, not said.strip() or said in ("[]", "{}"), echoed)


def _vary(
    stage: _Stage, sampler: Sampler, plain: Sample, shown: Seen, options: Sequence[Bound]
) -> tuple[dict[str, Given], set[str], list[Seen]]:
    """Find one value for each option that the function takes, preferably one that changes what comes out."""
    texts = [given.source.strip("'\"") for given in plain.given.values()]
    words = [word for text in texts for word in re.findall(r"[a-zA-Z]{2,}", text)][:2]
    tries: list[tuple[str, Given]] = []
    for option in options:
        values = list(sampler.values(option.parameter.name, words))
        few = values[:FEW] + [value for value in values[-2:] if words and value not in values[:FEW]]
        tries += [(option.parameter.name, given) for given in few]
    seen = stage.play([_with(plain, {name: given}) for name, given in tries])
    chosen: dict[str, Given] = {}
    changes: set[str] = set()
    for option in options:
        used = {given.source for given in [*plain.given.values(), *chosen.values()]}
        mine = [
            ((one.text, one.printed) == (shown.text, shown.printed), given.source in used, number)
            for number, ((name, given), one) in enumerate(zip(tries, seen, strict=True))
            if name == option.parameter.name and not one.error and one.kind != "other"
        ]
        if mine:
            same, _, number = min(mine)
            chosen[option.parameter.name] = tries[number][1]
            changes |= set() if same else {option.parameter.name}
    return chosen, changes, [one for one in seen if not one.error]


def _combined(
    stage: _Stage, plain: Sample, chosen: dict[str, Given], showing: Showing, function: Function
) -> Sample | None:
    """Set all options at once, else all but one, else one alone; the first of these that works."""
    if not chosen:
        return None
    sets = [chosen]
    if len(chosen) > 1:
        sets += [{name: given for name, given in chosen.items() if name != left} for left in chosen]
        sets += [{name: given} for name, given in chosen.items()]
    samples = [_with(plain, given) for given in sets]
    seen = stage.play(samples)
    fitting = [
        sample
        for sample, one in zip(samples, seen, strict=True)
        if not one.error and (one.kind.removesuffix("-loose") in (showing.way, "none"))
    ]
    ordered = {parameter.name: number for number, parameter in enumerate(function.parameters)}
    if not fitting:
        return None
    best = fitting[0]
    return replace(best, given=dict(sorted(best.given.items(), key=lambda pair: ordered[pair[0]])))


def _with(plain: Sample, given: dict[str, Given]) -> Sample:
    return replace(plain, given={**plain.given, **given})
