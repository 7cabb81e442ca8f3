"""Prefect from outside a flow: read, retire, show and limit its runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Crashed, Scheduled

from fresh.adapters.prefecting.clients import a_client, impatient, share_certificates
from fresh.errors import OperatorMistake, Refusal, ServerUnreachable

UNDER_WAY = frozenset(
    {StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING}
)

PAUSE = 1.0
"""Seconds between two tries to take a slot while the server has trouble."""

LEASE = 60.0
"""Seconds after which the slot of a killed holder comes back; Prefect allows no less."""


log = logging.getLogger("fresh.prefect")


class PrefectControl:
    """What Fresh needs of Prefect from outside a flow. Every method raises ServerUnreachable in an outage."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = dict(limits)
        share_certificates()

    def make_limits(self) -> None:
        """Create every global concurrency limit, so that none of them is silently unlimited."""
        with self._client(patient=True) as client:
            for name, slots in self._limits.items():
                client.upsert_global_concurrency_limit_by_name(name, slots)

    def state(self, flow_run_id: str) -> str | None:
        """Read the type of a run's state, e.g. PAUSED; None for an unknown run."""
        with self._client() as client:
            try:
                found = client.read_flow_run(UUID(flow_run_id)).state
            except ObjectNotFound:
                return None
            return found.type.value if found is not None else None

    def retire(self, flow_run_id: str, why: str) -> None:
        """Mark a run whose process is gone as crashed; a finished or unknown one is left alone."""
        with self._client(patient=True) as client:
            try:
                found = client.read_flow_run(UUID(flow_run_id)).state
                if found is None or not found.is_final():
                    client.set_flow_run_state(UUID(flow_run_id), Crashed(message=why), force=True)
            except ObjectNotFound:
                return

    def conclude(self, flow_run_id: str) -> None:
        """Mark a run as cancelled that was being cancelled and has stopped: Prefect refuses any other end of it."""
        with self._client() as client:
            try:
                found = client.read_flow_run(UUID(flow_run_id)).state
                if found is not None and found.is_cancelling():
                    stopped: State[None] = Cancelled(message="It was cancelled, and its agents have stopped.")
                    client.set_flow_run_state(UUID(flow_run_id), stopped, force=True)
            except ObjectNotFound:
                return

    def show(self, flow_run_id: str, marks: Mapping[str, str], labels: Mapping[str, float]) -> None:
        """Keep the `name:value` tags of a run current; its other tags stay."""
        with self._client() as client:
            try:
                standing = client.read_flow_run(UUID(flow_run_id))
                kept = [tag for tag in standing.tags if tag.partition(":")[0] not in marks]
                wanted = kept + [f"{name}:{value}" for name, value in marks.items()]
                if set(wanted) != set(standing.tags):
                    client.update_flow_run(UUID(flow_run_id), tags=wanted)
                if any(standing.labels.get(name) != value for name, value in labels.items()):
                    client.update_flow_run_labels(UUID(flow_run_id), dict(labels))
            except ObjectNotFound:
                return

    @contextmanager
    def permit(self, limit: str) -> Iterator[None]:
        """Hold one slot of a global limit. Without the limit an error is raised.

        An outage, also one of the Redis behind the server, must cost nobody work that is under way: it is sat out
        before a slot is taken, and a slot that can't be given back comes back when its lease ends.
        """
        slot = _take_slot(limit)
        try:
            yield
        finally:
            with suppress(httpx.HTTPError):
                slot.__exit__(None, None, None)

    @contextmanager
    def _client(self, *, patient: bool = False) -> Iterator[SyncPrefectClient]:
        """Open a client. One that is not patient fails at once: who asks every half second must not be caught in
        Prefect's own back-off, whose pauses double up to minutes and go on after the server is back.
        """
        try:
            with nullcontext() if patient else impatient(), a_client() as client:
                yield client
        except httpx.HTTPError as trouble:
            raise ServerUnreachable(
                f"The Prefect server does not answer: {trouble or type(trouble).__name__}.",
                hint="It is started again by the run that owns it; decisions made meanwhile are kept.",
                retryable=True,
            ) from trouble


def start_deployment(
    name: str,
    parameters: Mapping[str, object],
    *,
    idempotency_key: str,
    tags: Sequence[str] = (),
    at: datetime | None = None,
) -> str:
    """Create one run of a deployment, now or at a time, once for each key; return its flow run's id.

    Raises ServerUnreachable; OperatorMistake when there is no such deployment, Refusal when it takes no such order.
    """
    try:
        with a_client() as client:
            deployment = client.read_deployment_by_name(name)
            made = client.create_flow_run_from_deployment(
                deployment.id,
                parameters=dict(parameters),
                state=Scheduled(scheduled_time=at),
                idempotency_key=idempotency_key,
                tags=[*deployment.tags, *tags],
            )
            return str(made.id)
    except ObjectNotFound as missing:
        raise OperatorMistake(
            f"The Prefect server has no deployment {name}.",
            hint="`fresh up` makes it; on a server of yours: prefect deploy --all",
        ) from missing
    except httpx.HTTPStatusError as refused:
        raise Refusal(
            f"The Prefect server refuses a run of {name}: {refused.response.text[:300]}",
            hint="Was Fresh renewed since? `fresh down`, then `fresh up` renews the deployments.",
        ) from refused
    except httpx.HTTPError as trouble:
        raise _unreachable(trouble) from trouble


def _take_slot(limit: str) -> AbstractContextManager[None]:
    while True:
        # Losing the lease in an outage must not kill work either, hence no error on a failed renewal.
        slot = concurrency(
            limit, occupy=1, strict=True, lease_duration=LEASE, raise_on_lease_renewal_failure=False
        )
        try:
            slot.__enter__()
        except ConcurrencySlotAcquisitionError as failed:
            if failed.__cause__ is None:
                raise  # there is no such limit
            log.warning("No slot of %s can be taken yet: %s", limit, failed)
            time.sleep(PAUSE)
        else:
            return slot


@dataclass(frozen=True)
class Ordered:
    """One run that a deployment was asked for; `run_id` is empty where a schedule or a form asked."""

    flow_run: str
    repo: str
    run_id: str
    state: str


def ordered_runs(deployments: Sequence[str]) -> tuple[Ordered, ...]:
    """List the runs of deployments that are due or under way, the earliest first. Raises ServerUnreachable."""
    now = datetime.now(UTC)
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(UNDER_WAY))))
    names = [name.partition("/")[2] for name in deployments]
    of = DeploymentFilter(name=DeploymentFilterName(any_=names))
    try:
        with a_client() as client:
            found = client.read_flow_runs(flow_run_filter=wanted, deployment_filter=of)
    except httpx.HTTPError as trouble:
        raise _unreachable(trouble) from trouble
    due = [
        run for run in found if run.next_scheduled_start_time is None or run.next_scheduled_start_time <= now
    ]
    return tuple(_ordered(run) for run in sorted(due, key=lambda run: run.created or now))


def _ordered(run: FlowRun) -> Ordered:
    order = run.parameters.get("order") or {}
    state = run.state.type.value if run.state is not None else ""
    return Ordered(str(run.id), str(order.get("repo", ".")), str(run.parameters.get("run_id") or ""), state)


def _unreachable(trouble: Exception) -> ServerUnreachable:
    return ServerUnreachable(
        f"The Prefect server does not answer: {trouble or type(trouble).__name__}.",
        hint="See: fresh up --status",
        retryable=True,
    )
