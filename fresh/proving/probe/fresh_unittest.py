"""Run unittest as `python -m unittest` would, and report how every test ends under the id that pytest gives it."""

from __future__ import annotations

import os
import sys
import unittest
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING

import fresh_report  # type: ignore[import-not-found]  # beside this file, inside
import fresh_selection  # type: ignore[import-not-found]  # beside this file, inside

if TYPE_CHECKING:
    Trouble = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Result(unittest.TextTestResult):
    """Report every outcome as it comes."""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        _say("start", test)

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        _say("stop", test)

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        _say("test", test, "passed")

    def addFailure(self, test: unittest.TestCase, err: Trouble) -> None:
        super().addFailure(test, err)
        _say("test", test, "failed")

    def addError(self, test: unittest.TestCase, err: Trouble) -> None:
        super().addError(test, err)
        _say("test", test, "error")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        _say("test", test, "skipped")

    def addExpectedFailure(self, test: unittest.TestCase, err: Trouble) -> None:
        super().addExpectedFailure(test, err)
        _say("test", test, "xfailed")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        super().addUnexpectedSuccess(test)
        _say("test", test, "failed")

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Trouble | None) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None and err[0] is not None:
            _say("test", test, "failed" if issubclass(err[0], test.failureException) else "error")


class Runner(unittest.TextTestRunner):
    """Run what was asked for."""

    resultclass = Result  # type: ignore[assignment]  # as unittest.TextTestRunner itself does it

    def run(self, test: unittest.TestSuite | unittest.TestCase) -> unittest.TextTestResult:
        """Run the selected tests of a suite."""
        selection = fresh_selection.asked()
        chosen = unittest.TestSuite(
            one for one in _flat(test) if fresh_selection.wants(identify(one), selection)
        )
        result = super().run(chosen)
        fresh_report.write(kind="end", exit=0 if result.wasSuccessful() else 1)
        return result


def identify(test: unittest.TestCase) -> str:
    """Name a test `path::Class::method`; what has no file of ours keeps unittest's own id."""
    if type(test).__name__ == "_FailedTest":
        return _file_of_module(test._testMethodName) or test.id()
    if not isinstance(test, unittest.TestCase) or not hasattr(test, "_testMethodName"):
        return test.id()
    file = getattr(sys.modules.get(type(test).__module__), "__file__", None)
    path = _below_here(file) if file else None
    return "::".join((path, type(test).__qualname__, test._testMethodName)) if path else test.id()


def _flat(suite: unittest.TestSuite | unittest.TestCase) -> Iterator[unittest.TestCase]:
    if isinstance(suite, unittest.TestSuite):
        for one in suite:
            yield from _flat(one)
    else:
        yield suite


def _file_of_module(name: str) -> str | None:
    below = name.replace(".", os.sep)
    for folder in [os.getcwd(), *sys.path]:
        for ending in (".py", os.sep + "__init__.py"):
            path = _below_here(os.path.join(folder, below + ending))
            if path and os.path.exists(path):
                return path
    return None


def _below_here(path: str) -> str | None:
    relative = os.path.relpath(os.path.abspath(path))
    return None if relative.startswith(os.pardir) else relative.replace(os.sep, "/")


def _say(kind: str, test: unittest.TestCase, outcome: str | None = None) -> None:
    fresh_report.write(kind=kind, id=identify(test), outcome=outcome)


if __name__ == "__main__":
    unittest.main(module=None, argv=["python -m unittest", *sys.argv[1:]], testRunner=Runner)
