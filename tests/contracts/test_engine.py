"""What every engine keeps to, whatever it makes: the one that follows a script, and the one that edits code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fresh.domain.feature import Finding, Kind, Reachability
from fresh.engines.codemod.engine import CodemodEngine
from fresh.errors import Declined
from fresh.ports import Engine
from tests.fakes.bench import FakeBench, feature_of, inventory_of
from tests.fakes.engine import ScriptedEngine
from tests.fakes.tidier import FakeTidier

UNTIDY = "def raised(text):  \n    return text.upper() \n\n\ndef lowered(text): \n    return text.lower()  \n"
FILES = {
    "pocket/__init__.py": "",
    "pocket/text.py": UNTIDY,
    "tests/test_text.py": "from pocket.text import raised\n\n\ndef test_raised():\n    assert raised('a') == 'A'\n",
}
LINES = (1, 2, 5, 6)
FOUND = tuple(Finding(code="W291", line=line, text="trailing whitespace", fixable=True) for line in LINES)
IMPOSSIBLE = "pocket.text:lowered"


def _scripted() -> Engine:
    return ScriptedEngine(declines={IMPOSSIBLE: "The script says no."})


def _codemod() -> Engine:
    return CodemodEngine(FakeTidier())


@pytest.fixture(params=[pytest.param(_scripted, id="scripted"), pytest.param(_codemod, id="codemod")])
def make(request: pytest.FixtureRequest) -> Callable[[], Engine]:
    """Make each engine in turn, as often as a test needs one."""
    made: Callable[[], Engine] = request.param
    return made


@pytest.fixture
def bench(tmp_path: Path) -> FakeBench:
    """A bench with a feature that can be improved."""
    feature = feature_of(FILES, "pocket/text.py", "raised", findings=FOUND)
    return FakeBench(tmp_path, FILES, feature, kind=Kind.QUALITY)


@pytest.fixture
def hopeless(tmp_path: Path) -> FakeBench:
    """A bench with a feature and a kind that neither engine takes on."""
    feature = feature_of(FILES, "pocket/text.py", "lowered", stub=True)
    return FakeBench(tmp_path, FILES, feature, kind=Kind.STUB)


def test_screening_needs_nothing_but_the_inventory_and_says_one_sentence_or_nothing(
    make: Callable[[], Engine],
) -> None:
    engine = make()
    for reachability in Reachability:
        feature = feature_of(FILES, "pocket/text.py", "raised", reachability=reachability)
        for kind in Kind:
            said = engine.screen(feature, kind, inventory_of(feature))
            assert said is None or (said.endswith(".") and "\n" not in said)
            assert engine.screen(feature, kind, inventory_of(feature)) == said


def test_a_plan_names_the_files_and_changes_none(make: Callable[[], Engine], bench: FakeBench) -> None:
    plan = make().plan(bench)
    assert plan.summary
    assert "\n" not in plan.summary
    assert plan.files
    assert bench.tree_files() == FILES
    assert bench.written == []


def test_a_plan_made_again_after_a_death_is_the_same(make: Callable[[], Engine], bench: FakeBench) -> None:
    assert make().plan(bench) == make().plan(bench)


@pytest.mark.slow
def test_work_changes_what_was_planned_and_leaves_nothing_else(
    make: Callable[[], Engine], bench: FakeBench
) -> None:
    engine = make()
    plan = engine.plan(bench)
    work = engine.work(bench, plan, None, "")
    after = bench.tree_files()
    assert {path for path in {*after, *FILES} if after.get(path) != FILES.get(path)} == set(plan.files)
    assert work.summary
    assert work.try_it
    assert work.question is None


@pytest.mark.slow
def test_work_begun_again_by_another_process_ends_the_same(
    make: Callable[[], Engine], bench: FakeBench
) -> None:
    plan = make().plan(bench)
    make().work(bench, plan, None, "")
    first = bench.tree_files()
    bench.reset()
    make().work(bench, plan, None, "")
    assert bench.tree_files() == first


def test_what_can_not_be_done_is_declined_in_one_sentence(
    make: Callable[[], Engine], hopeless: FakeBench
) -> None:
    with pytest.raises(Declined) as declined:
        make().plan(hopeless)
    assert declined.value.message.endswith(".")
    assert "\n" not in declined.value.message
    assert hopeless.tree_files() == FILES
