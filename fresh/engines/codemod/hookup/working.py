"""Make the hookup in the bench's tree and hand it over with its proof."""

from __future__ import annotations

import ast
import shlex

from fresh.domain.evidence import Evidence
from fresh.domain.work import NewTest, Plan, Work
from fresh.engines.codemod.hookup.drafting import Draft, asked_word, draft, layout_of
from fresh.engines.codemod.hookup.editing import write_edit
from fresh.engines.codemod.hookup.mains import Main
from fresh.engines.codemod.hookup.proof import check_help, check_neighbours, check_tests
from fresh.engines.codemod.hookup.showing import Way
from fresh.engines.codemod.hookup.sources import Sources
from fresh.engines.codemod.hookup.suites import Suite, read_suite
from fresh.engines.codemod.hookup.testfile import Case, TestFile
from fresh.engines.codemod.hookup.trials import start
from fresh.errors import Declined
from fresh.ports import Bench


def plan(bench: Bench) -> Plan:
    """Say which command will be written where, after trying the function in the sandbox. Raises Declined."""
    sources = Sources(bench)
    made = draft(bench, sources)
    write_edit(made.cli, made.hookup, sources)
    suite, test = _test_path(bench, sources, made)
    function = made.hookup.function
    options = ", ".join(one.flag if one.flag and not one.required else one.word for one in made.hookup.bound)
    return Plan(
        summary=f"hook up `{function.name}` as `{' '.join(made.command)}`",
        files=(made.cli.module.path, test),
        steps=(
            f"add the command to {made.cli.module.path}: {made.why}",
            f"map its parameters: {options or 'it has none'}",
            f"write {test} with {'unittest' if suite.unittest else 'pytest'}: run the command, compare with "
            f"what {function.name} returns for arguments from {made.plain.origin}",
        ),
        risks=tuple(f"{name} is not set by any sample" for name in made.unexercised),
    )


def work(bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
    """Write command and test, and prove them. After failed checks, import the function where it is called instead.

    Raises Declined.
    """
    bench.reset()
    sources = Sources(bench)
    word = asked_word(asked)
    if feedback is not None and not word:
        made = draft(bench, sources)
        failed = ", ".join(check.name for check in feedback.failures) or "none named"
        if made.hookup.lazy:
            raise Declined(f"Checks failed ({failed}) and there is no other way to write this hookup.")
        made = draft(bench, sources, lazy=True)
    else:
        made = draft(bench, sources, word=word)
    try:
        return _made(bench, sources, made)
    except Declined:
        bench.reset()
        raise


def _made(bench: Bench, sources: Sources, made: Draft) -> Work:
    path, before = made.cli.module.path, made.cli.module.text
    bench.write(path, write_edit(made.cli, made.hookup, sources))
    check_help(bench, made)
    suite, test = _test_path(bench, sources, made)
    bench.write(test, _test(bench, made, suite))
    ids = check_tests(bench, test, path, before)
    neighbours = check_neighbours(bench, sources, made, before)
    feature = bench.ticket.feature
    return Work(
        summary=f"hook up `{made.hookup.function.name}` as `{' '.join(made.command)}`",
        details=(
            made.why,
            "the new tests passed in 2 runs and fail without the command",
            *([f"tests that use {path} and pass with it: {neighbours}"] if neighbours else []),
            f"the arguments come from {made.plain.origin}",
        ),
        new_tests=tuple(NewTest(node_id=name, exercises=feature.key) for name in ids),
        try_it=_try_it(made),
        unchecked=(
            *(
                [f"the tests that use {path} took too long to be run by the engine"]
                if neighbours is None
                else []
            ),
            *(f"no test sets {name}" for name in made.unexercised),
            *(f"the tests set {name}, but to no value that changes the result" for name in made.unmoved),
        ),
    )


def _test_path(bench: Bench, sources: Sources, made: Draft) -> tuple[Suite, str]:
    suite = read_suite(sources, made.cli.module, layout_of(made.cli.module, sources))
    name = f"{made.hookup.word.replace('-', '_')}_command"
    return suite, suite.path(name, frozenset(bench.paths()))


def _test(bench: Bench, made: Draft, suite: Suite) -> str:
    words = [repr(word) for word in (*made.cli.words, made.hookup.word)]
    started = start(bench, made.cli.entry, [*words, *made.plain.words(made.hookup.bound)], made.plain.setup())
    if not started.went_well:
        raise Declined(f"`{' '.join(made.command)}` fails in the sandbox: {started.trouble}")
    does = "prints" if made.hookup.showing.way is Way.NONE else "returns"
    cases = [Case(f"prints_what_the_function_{does}", made.plain)]
    if made.full is not None:
        cases.append(Case("passes_its_options_on", made.full))
    choices = [one.shape.choices for one in made.hookup.function.parameters if one.shape.choices is not None]
    main = getattr(made.cli, "main", None)
    nothing = isinstance(main, Main) and main.returns_nothing
    page = TestFile(made.cli, made.hookup, suite, started, nothing)
    return page.write(cases, [(one.module, one.name) for one in choices])


def _try_it(made: Draft) -> tuple[str, ...]:
    shown = [shlex.join([*made.command, "--help"])]
    if not made.plain.setup():
        words = [str(ast.literal_eval(word)) for word in made.plain.words(made.hookup.bound)]
        shown.append(shlex.join([*made.command, *words]))
    return tuple(shown)
