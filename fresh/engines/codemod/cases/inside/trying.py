"""Run a test file against mutants of the feature and count how many it notices."""

from __future__ import annotations

import ast
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from types import CodeType, FunctionType

from .finding import NotThere, find, within
from .forking import ask_child, spent
from .mutants import compile_mutant, forget_caches, living, mutants_of, spread, transplant
from .wire import Question, Trial

MOST = 24
SECONDS = 20.0
UNCHANGED = -1
OPTIONS = ("-q", "-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings=")


def try_test(question: Question) -> Trial:
    """Run the test once as it is, then once for each mutant on a line that it covers."""
    try:
        subject = find(question)
    except NotThere as problem:
        return Trial(trouble=str(problem))
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()
    _warm_up(question)
    started = spent()
    try:
        sound = ask_child(lambda: [_run(question)], SECONDS)
    except TimeoutError:
        sound = None
    if sound != [0]:
        return Trial(trouble="the new test does not pass beside its mutants")
    enough = max(3.0, 4 * (spent() - started))
    with open(subject.path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    mutants = [m for m in mutants_of(within(tree, question.qualname)) if m.line in question.covered]
    originals = living(subject.node, subject.path)
    tried, survived = 0, []
    deadline = spent() + question.seconds
    for mutant in spread(mutants, MOST):
        code = compile_mutant(tree, mutant, subject.path)
        if code is None or spent() > deadline:
            continue

        def meet(code: CodeType = code) -> list[int]:
            return [_meet(question, code, originals)]

        try:
            ended = ask_child(meet, enough)
        except TimeoutError:
            continue
        if ended == [UNCHANGED]:
            continue
        tried += 1
        if ended == [0]:
            survived.append(f"line {mutant.line}: {mutant.label}")
    return Trial(tried=tried, killed=tried - len(survived), survived=tuple(survived))


def _warm_up(question: Question) -> None:
    """Import the test runner, its plugins and the tests here once, not in every child; nothing is run."""
    if not question.unit:
        import pytest

        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            pytest.main([question.test, "--collect-only", *OPTIONS])


def _meet(question: Question, code: CodeType, originals: dict[tuple[str, int], list[FunctionType]]) -> int:
    forget_caches()
    return _run(question) if transplant(code, originals) else UNCHANGED


def _run(question: Question) -> int:
    """Run the test file in this process; 0 means that every test passed."""
    if question.unit:
        sys.path.insert(0, os.path.dirname(os.path.abspath(question.test)))
        name = os.path.basename(question.test)[:-3]
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
        with open(os.devnull, "w") as nowhere:
            return 0 if unittest.TextTestRunner(stream=nowhere).run(suite).wasSuccessful() else 1
    import pytest

    return int(pytest.main([question.test, "-x", *OPTIONS]))
