"""Make on a Prefect server what `prefect.yaml` declares: the work pool and every deployment."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import Field

from fresh.domain.value import Value
from fresh.errors import OperatorMistake

if TYPE_CHECKING:
    from prefect import Flow
    from prefect.client.orchestration import SyncPrefectClient

DECLARED = Path(__file__).resolve().parent.parent / "prefect.yaml"
POOL_TYPE = "process"
AGENT = "flows.agent.agent"


class Schedule(Value):
    """When a deployment starts by itself."""

    cron: str
    timezone: str
    slug: str
    active: bool
    parameters: dict[str, object] = Field(default_factory=dict)


class Limit(Value):
    """How many runs of a deployment there may be, and what becomes of one more."""

    limit: int
    collision_strategy: str


class Pool(Value):
    """Which workers take the runs of a deployment, and how they start them."""

    name: str
    job_variables: dict[str, str] = Field(default_factory=dict)


class Declared(Value):
    """One deployment, as `prefect.yaml` has it."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, object]
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: Limit | None = None
    work_pool: Pool

    def version(self, form: str) -> str:
        """Name a version that changes with everything that is declared, and with the flow's own parameters."""
        return hashlib.sha256((self.model_dump_json() + form).encode()).hexdigest()[:12]

    def flow(self) -> Flow[..., object]:
        """Load the flow."""
        module, _, name = self.entrypoint.rpartition(".")
        found: Flow[..., object] = getattr(importlib.import_module(module), name)
        return found


def declared(agent_pool: str | None = None, path: Path = DECLARED) -> tuple[Declared, ...]:
    """Read every deployment; agents go to `agent_pool` where one is set. Raises OperatorMistake without the file."""
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))["deployments"]
    except OSError as trouble:
        raise OperatorMistake(
            f"The deployments {path} can't be read: {trouble.strerror}.",
            hint="Run Fresh from its source tree, as `make setup` installs it.",
        ) from trouble
    found = tuple(Declared.model_validate(row) for row in rows)
    if agent_pool is None:
        return found
    return tuple(
        one.model_copy(update={"work_pool": one.work_pool.model_copy(update={"name": agent_pool})})
        if one.entrypoint == AGENT
        else one
        for one in found
    )


def provision(client: SyncPrefectClient, wanted: Sequence[Declared]) -> tuple[str, ...]:
    """Create what is not there and renew what has changed; return the names of what was touched.

    What stands as declared is left alone: a schedule that somebody switched on or off in the UI stays so.
    """
    from prefect.utilities.callables import parameter_schema

    for pool in {one.work_pool.name for one in wanted}:
        _make_pool(client, pool)
    touched = []
    for one in wanted:
        flow = one.flow()
        schema = parameter_schema(flow)
        version = one.version(schema.model_dump_json())
        if _standing_version(client, f"{flow.name}/{one.name}") != version:
            _deploy(client, one, flow, version)
            touched.append(f"{flow.name}/{one.name}")
    return tuple(touched)


def _make_pool(client: SyncPrefectClient, name: str) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
    from prefect.workers.process import ProcessWorker

    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        try:
            client.create_work_pool(WorkPoolCreate(name=name, type=POOL_TYPE, base_job_template=template))
        except ObjectAlreadyExists:
            return


def _standing_version(client: SyncPrefectClient, name: str) -> str | None:
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(name).version
    except ObjectNotFound:
        return None


def _deploy(client: SyncPrefectClient, one: Declared, flow: Flow[..., object], version: str) -> None:
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.utilities.callables import parameter_schema

    limit = one.concurrency_limit
    client.create_deployment(
        flow_id=client.create_flow_from_name(flow.name),
        name=one.name,
        version=version,
        entrypoint=one.entrypoint,
        description=one.description,
        tags=list(one.tags),
        parameters=dict(one.parameters),
        parameter_openapi_schema=parameter_schema(flow).model_dump(),
        enforce_parameter_schema=True,
        work_pool_name=one.work_pool.name,
        job_variables=dict(one.work_pool.job_variables),
        pull_steps=[],
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=ConcurrencyOptions(
            collision_strategy=ConcurrencyLimitStrategy(limit.collision_strategy)
        )
        if limit
        else None,
        schedules=[
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron=when.cron, timezone=when.timezone),
                active=when.active,
                slug=when.slug,
                parameters=dict(when.parameters),
            )
            for when in one.schedules
        ],
    )
