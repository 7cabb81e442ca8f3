"""A small project of our own, and a run of the whole path over one of its features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fresh.domain.feature import Kind
from fresh.domain.work import Work
from fresh.engines.codemod import cases
from tests.fakes.bench import FakeBench, feature_of

PYTEST_PROJECT = {
    "pocket/__init__.py": "",
    "tests/test_elsewhere.py": "import pytest\n\n\ndef test_nothing_near():\n    assert 1 + 1 == 2\n",
}


def project(source: str, **more: str) -> dict[str, str]:
    """Put one module into a pytest project; keyword names are file names with `__` for `/` and `_py` for `.py`."""
    files = {name.replace("__", "/").removesuffix("_py") + ".py": text for name, text in more.items()}
    return {**PYTEST_PROJECT, "pocket/text.py": source, **files}


def bench_for(
    files: Mapping[str, str], qualname: str, where: Path, path: str = "pocket/text.py"
) -> FakeBench:
    """Give an agent a bench to test one feature."""
    return FakeBench(where, files, feature_of(files, path, qualname), kind=Kind.TESTS)


def write_test(bench: FakeBench) -> tuple[Work, str]:
    """Plan and work, and return what was said and the file that was written."""
    plan = cases.plan(bench)
    work = cases.work(bench, plan, None, "")
    return work, bench.read(plan.files[0])
