"""Apply safe lint fixes to the file of one feature: few, behaviour-preserving, and as the project itself lints."""

from __future__ import annotations

import ast
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from fresh.domain.counting import count
from fresh.domain.evidence import Evidence, RunEnd, TestRun
from fresh.domain.feature import Feature, Finding, Inventory, Reachability
from fresh.domain.work import Plan, Work
from fresh.engines.codemod.cases.home import home_of
from fresh.engines.codemod.cases.screening import is_test
from fresh.engines.codemod.habits import Habits, habits_of
from fresh.engines.codemod.unused_imports import are_harmless
from fresh.errors import Declined, TreeRefused
from fresh.ports import Bench, Tidier, TidyRules

WHITESPACE = ("W291", "W293")
PLAIN = (
    "F401", "F541", "W605", "E703", "E713", "E714", "B009", "B010", "B013", "B014", "C400", "C401", "C402", "C403",
    "C404", "C405", "C406", "C409", "C410", "C411", "C413", "C414", "C416", "C418", "C419", "PIE790", "PIE800",
    "PIE804", "PIE808", "PIE810", "RET501", "RET502", "SIM101", "SIM103",
    "SIM118", "SIM201", "SIM202", "SIM208", "SIM210", "SIM220", "SIM221", "SIM300", "SIM910", "UP004", "UP009",
    "UP010", "UP012", "UP015", "UP018", "UP020", "UP021", "UP024", "UP025", "UP034", "UP039",
)  # fmt: skip
# These change what a file needs of its Python; a project that names no oldest Python gets none of them.
DATED = ("UP006", "UP007", "UP008", "UP011", "UP033", "UP041", "UP045")
# Whether to write `else` after `return` is a matter of taste: only for a project that chose the rule.
OPINIONS = ("RET505", "RET506", "RET507", "RET508")
ALWAYS_WELCOME = ("F401", "F541", "W605")
FEWEST = 3
MOST_LINES = 60
MOST_RELATED = 8
WALL = 300.0


def screen(feature: Feature, inventory: Inventory) -> str | None:
    """Say in one sentence why no fix will be made; None means: worth trying."""
    if not feature.path.endswith(".py"):
        return f"{feature.path} is no Python file."
    if feature.reachability is Reachability.UNKNOWN:
        return f"{feature.path} could not be analysed."
    if is_test(feature.path) or "tests" in feature.path.split("/")[:-1]:
        return f"{feature.path} is a test, whose meaning must not move."
    expected = len(_expected(feature, inventory))
    if not expected:
        return f"{feature.path} has no lint finding with a fix that keeps its behaviour."
    if expected < FEWEST:
        found = count(expected, "lint finding")
        return f"{feature.path} has {found} with a fix that keeps its behaviour, fewer than {FEWEST}."
    spoken_for = min(_mates(feature, inventory), key=lambda mate: (-len(_fixable(mate)), mate.key))
    if spoken_for.key != feature.key:
        return f"{feature.path} is tidied as one, for {spoken_for.key}, which has most of its findings."
    return None


def _expected(feature: Feature, inventory: Inventory) -> list[Finding]:
    """List the findings of the feature's whole file that these rules may fix."""
    return [finding for mate in _mates(feature, inventory) for finding in _fixable(mate)]


def _mates(feature: Feature, inventory: Inventory) -> list[Feature]:
    mates = {mate.key: mate for mate in inventory.features if mate.path == feature.path}
    return list({**mates, feature.key: feature}.values())


def _fixable(feature: Feature) -> list[Finding]:
    known = {*WHITESPACE, *PLAIN, *DATED}
    return [finding for finding in feature.findings if finding.fixable and finding.code in known]


def plan(bench: Bench) -> Plan:
    """Say which file will be tidied and what for. Raises Declined when the project keeps its linter away from it."""
    feature = bench.ticket.feature
    if habits_of(bench).leaves_out(feature.path):
        raise Declined(f"The project's own lint configuration leaves {feature.path} out.")
    often = Counter(finding.code for finding in _expected(feature, bench.inventory))
    named = (
        ", ".join(f"{code} ({number})" for code, number in sorted(often.items())) or "none in the inventory"
    )
    return Plan(
        summary=f"tidy {feature.path}",
        files=(feature.path,),
        steps=(
            f"apply the fixes that ruff calls safe and the project does not ignore; expected: {named}",
            "compare definitions and signatures before and after",
            "run the tests near the file before and after",
        ),
    )


def work(bench: Bench, plan: Plan, feedback: Evidence | None, asked: str, *, tidier: Tidier) -> Work:
    """Fix the file and show that nothing else changed. Raises Declined with the reason and the number."""
    if asked:
        raise Declined(
            "The codemod engine can't follow a request in words.",
            hint="Run the feature again with --engine llm.",
        )
    if feedback and feedback.failures:
        raise Declined(
            f"The fixes failed a check ({feedback.failures[0].fact}), and there are no others to try."
        )
    bench.reset()
    path = bench.ticket.feature.path
    habits = habits_of(bench)
    if habits.leaves_out(path):
        raise Declined(f"The project's own lint configuration leaves {path} out.")
    before = _read(bench, path)
    rules, after, fixed = _fixed(bench, tidier, habits, path, before)
    _same_shape(path, before, after)
    tests = _selection(bench)
    green = bench.run_tests(tests, wall=WALL)
    bench.write(path, after)
    _still_green(path, green, bench.run_tests(tests, wall=WALL))
    bench.reset()  # what the runs left in the tree is no part of the change
    bench.write(path, after)
    return _report(path, before, after, fixed, green, tests, rules)


def _read(bench: Bench, path: str) -> str:
    try:
        text = bench.read(path)
        ast.parse(text)
    except (KeyError, UnicodeDecodeError, SyntaxError, ValueError, TreeRefused) as error:
        raise Declined(f"{path} can't be read as Python: {error}.") from error
    return text


def _fixed(
    bench: Bench, tidier: Tidier, habits: Habits, path: str, before: str
) -> tuple[TidyRules, str, list[Finding]]:
    """Fix as much as fits a small diff, the most frequent rules first. Raises Declined when that is not worth it."""
    rules = _rules(bench, habits, path)
    found = [finding for finding in tidier.find(path, before, rules) if finding.fixable]
    if "F401" in rules.select and not are_harmless(bench, path, before, tidier, rules):
        found = [finding for finding in found if finding.code != "F401"]
    often = Counter(finding.code for finding in found)
    chosen: list[str] = []
    for code in sorted(often, key=lambda code: (-often[code], code)):
        wider = replace(rules, select=(*chosen, code))
        text = tidier.fix(path, before, wider)
        if _changed_lines(before, text) <= MOST_LINES and _keeps_its_promise(
            code, tidier, rules, path, before
        ):
            chosen.append(code)
    fixed = [finding for finding in found if finding.code in chosen]
    if len(fixed) < FEWEST:
        fixes = f"{len(fixed)} safe fix" if len(fixed) == 1 else f"{len(fixed)} safe fixes"
        raise Declined(f"{path} has {fixes}, fewer than {FEWEST}: nothing worth a review.")
    rules = replace(rules, select=tuple(chosen))
    after = tidier.fix(path, before, rules)
    # What stood above the first line of code is gone with an unused import; its blank lines go too.
    return rules, after if before[:1].isspace() else after.lstrip("\r\n"), fixed


def _rules(bench: Bench, habits: Habits, path: str) -> TidyRules:
    wanted = [
        *WHITESPACE,
        *PLAIN,
        *(DATED if habits.declared else ()),
        *(["I001"] if habits.sorts_imports else []),
        *(rule for rule in OPINIONS if habits.chose(rule)),
    ]
    if habits.chosen:
        wanted = [rule for rule in wanted if habits.chose(rule) or rule in ALWAYS_WELCOME]
    if path.endswith("__init__.py"):
        wanted = [rule for rule in wanted if rule not in ("F401", "I001")]
    wanted = [rule for rule in wanted if habits.allows(rule, path)]
    if not wanted:
        raise Declined(f"The project ignores every rule that could tidy {path}.")
    packages = {part[0] for name in bench.paths() if len(part := name.removeprefix("src/").split("/")) > 1}
    own = tuple(sorted(name for name in packages if name.isidentifier()))
    return TidyRules(tuple(wanted), habits.target, habits.width, own)


def _keeps_its_promise(code: str, tidier: Tidier, rules: TidyRules, path: str, before: str) -> bool:
    """Check that a rule about whitespace leaves the program as it is."""
    if code not in WHITESPACE:
        return True
    return ast.dump(ast.parse(tidier.fix(path, before, replace(rules, select=(code,))))) == ast.dump(
        ast.parse(before)
    )


def _same_shape(path: str, before: str, after: str) -> None:
    """Check that every definition and its parameters are still there. Raises Declined."""
    try:
        same = _definitions(before) == _definitions(after)
    except SyntaxError as error:
        raise Declined(f"The fixes leave {path} without valid syntax: {error}.") from error
    if not same:
        raise Declined(f"The fixes would change what {path} defines.")


def _definitions(text: str) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
            found.append((node.name, tuple(item.arg for item in everything)))
        elif isinstance(node, ast.ClassDef):
            found.append((node.name, ()))
    return found


def _changed_lines(before: str, after: str) -> int:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return sum(line[:1] in "+-" and not line.startswith(("---", "+++")) for line in lines)


def _selection(bench: Bench) -> tuple[str, ...]:
    """Choose the tests near the file; none means all."""
    related = home_of(bench, bench.ticket.feature).related
    return related[:MOST_RELATED]


def _still_green(path: str, before: TestRun, after: TestRun) -> None:
    if after.ended is not RunEnd.EXIT:
        raise Declined(f"The tests of {path} did not end after the fixes ({after.ended}).")
    broken = sorted((after.failing - before.failing) | (before.passed - after.passed))
    if broken:
        raise Declined(
            f"After the fixes of {path}, {count(len(broken), 'test')} fail that passed before, first {broken[0]}."
        )
    if before.exit_code == 0 and after.exit_code != 0:
        raise Declined(f"The tests of {path} end with {after.exit_code} after the fixes, with 0 before.")


def _report(
    path: str,
    before: str,
    after: str,
    fixed: Sequence[Finding],
    green: TestRun,
    tests: Sequence[str],
    rules: TidyRules,
) -> Work:
    often = Counter(finding.code for finding in fixed)
    texts = {finding.code: finding.text for finding in reversed(fixed)}
    details = [
        f"{code}: {often[code]} fixed, e.g. {texts[code]}"
        for code in sorted(often, key=lambda c: (-often[c], c))
    ]
    passed = count(len(green.passed), "test")
    ran = f"{passed} in {count(len(tests), 'file')} near it" if tests else f"all of {passed}"
    details.append(f"Lines that differ: {_changed_lines(before, after)}. Pass as before: {ran}.")
    unchecked = (
        ()
        if green.passed
        else ("No test that touches the file passed before, so none shows that it still works.",)
    )
    return Work(
        summary=f"fix {len(fixed)} lint findings in {path}",
        details=tuple(details),
        try_it=(
            f"ruff check --isolated --target-version {rules.target} --select {','.join(rules.select)} {path}",
        ),
        unchecked=unchecked,
    )
