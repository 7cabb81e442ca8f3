"""Branches of one run, merged in an order, with what conflicts and what breaks only together found and named."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fresh.domain.agent import AgentReport
from fresh.domain.feature import Kind
from fresh.domain.landing import Integration, Place, suggest_order
from fresh.ports import Workspace
from fresh.proving.baseline import base_run
from fresh.proving.integrating import MOST_TRIES, Integrator
from fresh.proving.suites import newly_failing
from tests.fakes.story import a_report
from tests.fakes.workspace import standing_on
from tests.proving.target import Target

FILES: dict[str, str | bytes] = {
    "shop/__init__.py": "",
    "shop/price.py": "def price(item):\n    return 10\n",
    "tests/test_price.py": "from shop.price import price\n\n\ndef test_price():\n    assert price('x') == 10\n",
}


def commit_on(workspace: Workspace, name: str, base: str, files: Mapping[str, str]) -> AgentReport:
    """Let an agent of this name change files."""
    tree = workspace.plant(name, base)
    for path, text in files.items():
        workspace.write(tree, path, text.encode())
    commit = workspace.commit(tree, name, base)
    workspace.fell(name)
    assert commit is not None
    return a_report(
        name,
        branch=f"autonomous/{name}",
        commit=commit,
        kind=Kind.TESTS if all("test" in path for path in files) else Kind.HOOKUP,
        change=workspace.change(base, commit),
    )


def placed(integration: Integration) -> list[tuple[str, Place]]:
    return [(each.agent_id, each.place) for each in integration.order]


def test_tests_come_first_then_the_smallest_and_what_conflicts_comes_last() -> None:
    workspace, base = standing_on(FILES)
    big = commit_on(workspace, "big", base, {"shop/big.py": "1\n" * 50, "shop/more.py": "2\n"})
    small = commit_on(workspace, "small", base, {"shop/small.py": "1\n"})
    tests = commit_on(workspace, "tests", base, {"tests/test_more.py": "1\n" * 90})
    ordered = suggest_order([big, small, tests], {"small": {"big"}})
    assert [report.agent_id for report in ordered] == ["tests", "big", "small"]


def test_a_conflicting_pair_is_named_with_its_files_and_the_rest_is_merged() -> None:
    workspace, base = standing_on(FILES)
    reports = [
        commit_on(workspace, "one", base, {"shop/price.py": "def price(item):\n    return 11\n"}),
        commit_on(workspace, "two", base, {"shop/price.py": "def price(item):\n    return 12\n"}),
        commit_on(workspace, "aside", base, {"shop/aside.py": "1\n"}),
    ]
    integration = Integrator(workspace, base, lambda commit: ()).integrate(reports)
    assert placed(integration) == [
        ("aside", Place.MERGES),
        ("one", Place.MERGES),
        ("two", Place.CONFLICTS),
    ]
    assert integration.order[2].why == "conflicts with autonomous/one in shop/price.py"
    assert integration.commit is not None
    assert workspace.read(integration.commit, "shop/price.py").endswith(b"11\n")
    assert integration.number("one") == 2
    assert integration.number("two") is None


def test_the_search_for_what_breaks_together_ends_however_many_branches_there_are() -> None:
    workspace, base = standing_on(FILES)
    reports = [commit_on(workspace, f"a{n:02}", base, {f"shop/m{n}.py": f"{n}\n"}) for n in range(40)]
    asked: list[str] = []

    def always_failing(commit: str) -> tuple[str, ...]:
        asked.append(commit)
        return ("tests/test_price.py::test_price",)

    integration = Integrator(workspace, base, always_failing).integrate(reports)
    assert len(asked) <= MOST_TRIES + 2
    assert "given up" in integration.fact


def test_nothing_is_run_where_nothing_may_run() -> None:
    workspace, base = standing_on(FILES)
    report = commit_on(workspace, "one", base, {"shop/one.py": "1\n"})
    integration = Integrator(workspace, base, None).integrate([report])
    assert not integration.tested
    assert placed(integration) == [("one", Place.MERGES)]


@pytest.mark.slow
def test_a_pair_that_merges_cleanly_and_breaks_the_tests_together_is_found_in_the_real_sandbox(
    tmp_path: Path,
) -> None:
    target, base = Target.make(tmp_path.resolve(), FILES)
    dear = "def price(item):\n    return 10 if item == 'x' else 20\n"
    reports = [
        commit_on(target.workspace, "aside", base, {"shop/aside.py": "A = 1\n"}),
        commit_on(target.workspace, "dear", base, {"shop/price.py": dear}),
        commit_on(
            target.workspace,
            "always10",
            base,
            {
                "tests/test_any.py": "from shop.price import price\n\n\ndef test_any():\n    assert price('y') == 10\n"
            },
        ),
    ]
    rig = target.rig(base)
    run = base_run(rig, base)
    for report in reports:
        assert newly_failing(rig, run, str(report.commit)) == ()

    integration = Integrator(
        target.workspace, base, lambda commit: newly_failing(rig, run, commit)
    ).integrate(reports)

    assert placed(integration) == [
        ("always10", Place.MERGES),
        ("aside", Place.MERGES),
        ("dear", Place.BREAKS),
    ]
    assert integration.order[2].why == (
        "together with autonomous/always10, tests/test_any.py::test_any fails"
    )
    assert integration.tested
    assert integration.commit is not None
    assert newly_failing(rig, run, integration.commit) == ()
