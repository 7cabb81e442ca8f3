"""Plan and write the tests of one feature."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from fresh.domain.counting import count
from fresh.domain.evidence import Evidence
from fresh.domain.work import NewTest, Plan, Work
from fresh.engines.codemod.cases.choice import agrees, choose, readable, steady, tells
from fresh.engines.codemod.cases.home import Home, home_of
from fresh.engines.codemod.cases.inquiry import ask_replay, ask_survey
from fresh.engines.codemod.cases.inside.wire import Observation, Survey
from fresh.engines.codemod.cases.page import Evident, Page, compose, first_parameter, strategy_for
from fresh.engines.codemod.cases.proof import Proof, covered_before, prove
from fresh.engines.codemod.cases.target import Target, look_at
from fresh.errors import Declined
from fresh.ports import Bench

SEEDS = (7, 4242)
STEADY_SHARE = 0.5
LEAST_RESULTS = 2
"""Results without which inputs that nobody wrote down show no behaviour."""


def plan(bench: Bench) -> Plan:
    """Look at the feature's source and say which file will test it. Raises Declined, naming what is in the way."""
    target = look_at(bench)
    known = bench.covered_on_base(target.feature.path)
    if known is not None:
        _something_left(target, tuple(sorted(known & set(target.lines))))
    home = home_of(bench, target.feature)
    documented = sum(bool(call.expected) for call in target.question.examples)
    return Plan(
        summary=f"test `{target.name}` of {target.feature.module}",
        files=(home.path,),
        steps=(
            f"call {target.name} with {len(target.question.examples)} inputs found in the code and its documentation "
            f"({documented} of them say what comes out) and with examples of its parameters' types",
            "keep what comes out the same in three processes with different hash seeds and orders",
            f"write the fewest cases that run most of its lines into {home.path}",
            "run the file three times, measure its coverage, and run it against mutants of the code",
        ),
        risks=(
            "the expected values pin what the code does today; where no documentation confirms them, a person must",
        ),
    )


def work(bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
    """Write a test file and prove it. Raises Declined with the reason and the number."""
    if asked:
        raise Declined(
            "The codemod engine can't follow a request in words.",
            hint="Run the feature again with --engine llm.",
        )
    if feedback and feedback.failures:
        raise Declined(
            f"The test of {bench.ticket.feature.qualname} failed a check ({feedback.failures[0].fact}), and observing "
            "the same code again would write the same test."
        )
    bench.reset()
    target = look_at(bench)
    home = home_of(bench, target.feature)
    before = covered_before(bench, target, home)
    _something_left(target, before)
    survey = ask_survey(bench, target.question)
    held = _steady(bench, target, survey)
    chosen = _chosen(target, survey, held)
    page, proof = _prove(bench, target, home, chosen, _laws(target, survey, held, home), before)
    _leave_only(bench, home.path, page.text)
    return _report(target, home, chosen, held, page, proof)


def _something_left(target: Target, before: tuple[int, ...] | None) -> None:
    """Check that a new test could add coverage. Raises Declined with the number."""
    if not target.lines:
        raise Declined(f"{target.name} has no lines of its own that a test could run.")
    if before is not None and len(before) == len(target.lines):
        raise Declined(
            f"The existing tests run every line of {target.name} already ({len(before)}); another test would add none."
        )


def _leave_only(bench: Bench, path: str, text: str) -> None:
    """Clear away what the runs left in the tree, so that the change is the file alone."""
    bench.reset()
    bench.write(path, text)


def _steady(bench: Bench, target: Target, survey: Survey) -> tuple[Observation, ...]:
    """Keep what three processes agree on. Raises Declined when they mostly don't."""
    for why in survey.refusals:
        if why.startswith("changes the module's"):
            raise Declined(f"{target.name} {why}, which other tests would see.")
    if not survey.observations:
        why = survey.refusals[0] if survey.refusals else "no arguments were found that make it do anything"
        raise Declined(f"{target.name} can't be tested by example: {why}.")
    calls = tuple(item.call for item in survey.observations)
    replays = [ask_replay(bench, replace(target.question, examples=calls), seed).outcomes for seed in SEEDS]
    held = steady(survey.observations, replays)
    if len(held) < STEADY_SHARE * len(calls):
        raise Declined(
            f"{len(calls) - len(held)} of {len(calls)} results of {target.name} change from one process to the next."
        )
    return held


def _chosen(target: Target, survey: Survey, held: Sequence[Observation]) -> tuple[Observation, ...]:
    chosen = choose(held)
    if not chosen:
        raise Declined(f"{target.name} gives no result that a test can state in a line.")
    if all(item.outcome.kind == "raises" for item in chosen):
        raise Declined(f"Only inputs that {target.name} refuses were found, none that it works on.")
    if all(item.outcome.source == "None" and item.outcome.kind == "returns" for item in chosen):
        raise Declined(f"{target.name} returns nothing and changes nothing that a test could see.")
    if not any(tells(item) for item in chosen):
        raise Declined(
            f"{target.name} gives nothing but empty or false results for the inputs that can be made."
        )
    made_up = all(item.call.origin == "type" and item.call.arguments for item in chosen)
    results = {(item.call.method, item.outcome.source) for item in chosen if item.outcome.kind != "raises"}
    if made_up and len(results) < LEAST_RESULTS:
        raise Declined(f"{target.name} gives one and the same result for all inputs that can be made up.")
    run = {line for item in chosen for line in item.lines}
    if not run:
        raise Declined(f"No example reaches any line of {target.name} ({len(target.lines)}).")
    return chosen


def _laws(target: Target, survey: Survey, held: Sequence[Observation], home: Home) -> list[Evident]:
    """Give the laws whose inputs came out the same every time, with hypothesis where the project has it."""
    steady_calls = {item.call for item in held}
    found = []
    for law in survey.laws:
        cases = [survey.observations[place] for place in law.calls]
        if any(case.call not in steady_calls for case in cases):
            continue
        shown = [case for case in cases if readable(case)]
        telling = sorted(shown, key=lambda case: case.call.arguments[0].source == case.outcome.source)
        if telling:
            parameter = first_parameter(cases[0].call.arguments)
            strategy = (
                strategy_for(_annotation(target, parameter)) if home.hypothesis and not home.unit else ""
            )
            found.append(Evident(law.name, law.other, tuple(telling), parameter, strategy))
    return found


def _annotation(target: Target, parameter: str) -> str:
    node = target.node
    if isinstance(node, ast.ClassDef):
        return ""
    kinds = {item.arg: item.annotation for item in (*node.args.posonlyargs, *node.args.args)}
    annotation = kinds.get(parameter)
    return ast.unparse(annotation) if annotation else ""


def _prove(
    bench: Bench,
    target: Target,
    home: Home,
    chosen: Sequence[Observation],
    laws: Sequence[Evident],
    before: tuple[int, ...] | None,
) -> tuple[Page, Proof]:
    """Write and prove the page; laws that hypothesis refutes are stated for the observed inputs alone."""
    modest = [replace(law, strategy="") for law in laws]
    page = compose(target.name, chosen, laws, home)
    bench.write(home.path, page.text)
    try:
        return page, prove(bench, target, home, page, before)
    except Declined:
        if modest == list(laws):
            raise
    page = compose(target.name, chosen, modest, home)
    bench.write(home.path, page.text)
    return page, prove(bench, target, home, page, before)


def _report(
    target: Target,
    home: Home,
    chosen: Sequence[Observation],
    held: Sequence[Observation],
    page: Page,
    proof: Proof,
) -> Work:
    confirmed = sum(agrees(item) is True for item in chosen)
    found = sum(item.call.origin != "type" for item in chosen)
    earlier = "not measured" if proof.before is None else f"{len(proof.before)}"
    details = (
        f"{count(len(page.tests), 'test')} with {count(len(chosen), 'case')}, chosen from "
        f"{count(len(held), 'steady observation')}; "
        f"{found} inputs come from code or documentation, {confirmed} results are confirmed by documentation.",
        f"{len(proof.covered)} of {len(proof.lines)} lines of `{target.name}` run (tests nearby before: {earlier}).",
        f"{proof.trial.killed} of {count(proof.trial.tried, 'mutant')} on those lines noticed.",
        "Passed in 3 separate runs, one of them in reverse order.",
    )
    return Work(
        summary=f"test `{target.name}` of {target.feature.module}",
        details=details,
        new_tests=tuple(NewTest(node_id=name, exercises=target.feature.key) for name in proof.tests),
        try_it=(f"python -m unittest {home.path}" if home.unit else f"python -m pytest {home.path}",),
        unchecked=_unchecked(target, chosen, held, proof, confirmed),
    )


def _unchecked(
    target: Target, chosen: Sequence[Observation], held: Sequence[Observation], proof: Proof, confirmed: int
) -> tuple[str, ...]:
    said = [
        f"{len(chosen) - confirmed} expected values were recorded from the code as it stands; "
        "if it is wrong today, they pin the mistake."
    ]
    said += [
        f"Documentation says `{item.call.expected}` where the code gives `{item.outcome.source}` ({item.call.origin})."
        for item in held
        if agrees(item) is False
    ][:3]
    said += [f"Not noticed: {survivor}." for survivor in proof.trial.survived[:3]]
    said += [f"Left out: {target.name}.{method}." for method in target.left_out[:3]]
    if proof.before is None:
        said.append("The coverage by the tests nearby could not be measured.")
    return tuple(said)
