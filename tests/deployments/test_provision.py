"""`prefect deploy --all` and `fresh up` make the same deployments, and what stands is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId
from prefect.client.schemas.responses import DeploymentResponse

from deployments.provision import Declared, declared, provision
from deployments.runner import seats
from fresh.errors import OperatorMistake
from fresh.settings import read_settings

pytestmark = [pytest.mark.server, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SAID = (
    "entrypoint",
    "description",
    "parameters",
    "job_variables",
    "work_pool_name",
    "enforce_parameter_schema",
)


def shown(client: SyncPrefectClient, one: Declared) -> dict[str, object]:
    """What a deployment is, whoever made it."""
    made: DeploymentResponse = client.read_deployment_by_name(f"{one.flow().name}/{one.name}")
    facts: dict[str, object] = {name: getattr(made, name) for name in SAID}
    return facts | {
        "description": (made.description or "").strip(),
        "tags": sorted(made.tags),
        "form": (made.parameter_openapi_schema or {}).get("properties"),
        "pull": made.pull_steps or [],
        "limit": made.global_concurrency_limit.limit if made.global_concurrency_limit else None,
        "collision": made.concurrency_options.collision_strategy.value if made.concurrency_options else None,
        "schedules": sorted(
            (when.slug, when.schedule.cron, when.schedule.timezone, when.active)  # type: ignore[union-attr]
            for when in made.schedules
        ),
    }


def test_both_ways_make_the_same_set(prefect_url: str) -> None:
    wanted = declared()
    with get_client(sync_client=True) as client:
        assert len(provision(client, wanted)) == len(wanted)
        ours = {one.name: shown(client, one) for one in wanted}
        for one in wanted:
            client.delete_deployment(client.read_deployment_by_name(f"{one.flow().name}/{one.name}").id)

        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
            cwd=ROOT,
            env={**os.environ, "PREFECT_API_URL": prefect_url},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

        assert done.returncode == 0, done.stdout + done.stderr
        theirs = {one.name: shown(client, one) for one in wanted}
        assert [
            (n, k, theirs[n][k], ours[n][k]) for n in ours for k in ours[n] if theirs[n][k] != ours[n][k]
        ] == []
        assert {one["limit"] for one in ours.values()} == {None, 1}


def test_what_stands_as_declared_is_left_alone_with_the_schedule_that_somebody_switched(
    prefect_url: str,
) -> None:
    wanted = declared()
    with get_client(sync_client=True) as client:
        provision(client, wanted)
        night = client.read_deployment_by_name("run/overnight")
        (schedule,) = night.schedules
        client.update_deployment_schedule(night.id, schedule.id, active=True)

        assert provision(client, wanted) == ()

        assert client.read_deployment(night.id).schedules[0].active is True


def test_every_parameter_of_every_form_is_described(prefect_url: str) -> None:
    with get_client(sync_client=True) as client:
        provision(client, declared())
        for one in declared():
            form = client.read_deployment_by_name(f"{one.flow().name}/{one.name}").parameter_openapi_schema
            assert form is not None
            for name, field in form["properties"].items():
                assert field.get("description"), f"{one.name}: {name}"
            order = form["definitions"].get("RunOrder", {"properties": {}})["properties"]
            assert all(field.get("description") for field in order.values())


def test_a_schedule_makes_its_runs(prefect_url: str) -> None:
    deadline = time.monotonic() + 100
    with get_client(sync_client=True) as client:
        provision(client, declared())
        morning = client.read_deployment_by_name("digest/morning")
        wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[morning.id]))
        while not client.read_flow_runs(flow_run_filter=wanted, limit=1):
            assert time.monotonic() < deadline, "the server has scheduled nothing"
            time.sleep(0.5)


def test_a_tree_without_the_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(OperatorMistake, match=r"prefect\.yaml can't be read"):
        declared(path=tmp_path / "prefect.yaml")


def test_agents_go_to_the_pool_that_is_set() -> None:
    pools = {one.name: one.work_pool.name for one in declared("farm")}

    assert pools["worker"] == "farm"
    assert set(pools.values()) == {"farm", "fresh"}


def test_seats_of_a_machine_are_limited_for_agents_and_never_for_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FRESH_WORK_POOL", "farm")
    assert seats(declared("farm"), read_settings()) == {"farm": None, "fresh": None}
    monkeypatch.setenv("FRESH_WORKER_SEATS", "3")

    assert seats(declared("farm"), read_settings()) == {"farm": 3, "fresh": None}


@pytest.mark.parametrize("pool", [None, "fresh"])
def test_seats_are_refused_where_a_run_would_wait_for_its_own_one(
    monkeypatch: pytest.MonkeyPatch, pool: str | None
) -> None:
    monkeypatch.setenv("FRESH_WORKER_SEATS", "1")
    if pool is not None:
        monkeypatch.setenv("FRESH_WORK_POOL", pool)

    with pytest.raises(OperatorMistake, match="share the pool fresh with runs") as refused:
        seats(declared(pool), read_settings())
    assert "FRESH_WORK_POOL=fresh-agents" in refused.value.hint


def test_the_ui_asks_the_server_that_it_comes_from(prefect_url: str) -> None:
    told = httpx.get(f"{prefect_url.removesuffix('/api')}/ui-settings", timeout=30).json()

    assert told["api_url"] == prefect_url
