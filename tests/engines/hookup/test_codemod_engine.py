"""The engine hands each kind to its own part, and never touches what is unfinished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fresh.adapters.ruff_tidier import RuffTidier
from fresh.domain.feature import Kind
from fresh.domain.work import Plan
from fresh.engines.codemod.engine import STUB, CodemodEngine
from fresh.errors import Declined
from tests.engines.hookup.fixtures import bench_on, project
from tests.fakes.bench import feature_of, inventory_of


def test_a_stub_is_never_filled_in(tmp_path: Path) -> None:
    engine = CodemodEngine(tidier=RuffTidier())
    files = project("click_group")
    bench = replace(bench_on(tmp_path, files, "src/pocket/text.py", "normalize"), kind=Kind.STUB)
    assert engine.screen(bench.feature, Kind.STUB, bench.inventory) == STUB
    with pytest.raises(Declined, match="never writes what it does not know"):
        engine.plan(bench)
    with pytest.raises(Declined, match="never writes what it does not know"):
        engine.work(bench, Plan(summary="x", files=()), None, "")
    assert bench.written == []


def test_each_kind_is_screened_by_its_own_rules() -> None:
    engine = CodemodEngine(tidier=RuffTidier())
    feature = feature_of(project("click_group"), "src/pocket/text.py", "normalize", tested=1.0)
    said = {kind: engine.screen(feature, kind, inventory_of(feature)) for kind in Kind}
    assert "no command line" in str(said[Kind.HOOKUP])
    assert "is tested already" in str(said[Kind.TESTS])
    assert "no lint finding" in str(said[Kind.QUALITY])


def test_a_hookup_is_planned_by_the_hookup_part(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, project("click_group"), "src/pocket/text.py", "normalize")
    plan = CodemodEngine(tidier=RuffTidier()).plan(bench)
    assert plan.summary == "hook up `normalize` as `pocket normalize`"
