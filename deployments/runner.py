"""Make the deployments, and take their runs: a Prefect process worker that says whether it still polls."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from deployments.provision import AGENT, Declared, declared, provision
from fresh.errors import OperatorMistake
from fresh.settings import Settings, read_settings

if TYPE_CHECKING:
    from prefect.workers.process import ProcessWorker

LOOK = 1.0


def take_runs(beat: Callable[[], None], ready: Callable[[], None] = lambda: None) -> None:
    """Provision, then work for the pools until interrupted; `beat` is called while the server is polled.

    `ready` waits for the server, when everything has been loaded that takes long.
    """
    # Not at the top: these read Prefect's settings.
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_WORKER_QUERY_SECONDS
    from prefect.workers.process import ProcessWorker

    settings = read_settings()
    wanted = declared(settings.work_pool)
    limits = seats(wanted, settings)
    for one in wanted:
        one.flow()
    ready()
    with get_client(sync_client=True) as client:
        touched = provision(client, wanted)
    print(f"Deployed: {', '.join(touched) or 'everything stands as declared'}", flush=True)
    name = f"fresh-{os.uname().nodename}-{os.getpid()}"
    workers = [ProcessWorker(work_pool_name=pool, name=name, limit=limit) for pool, limit in limits.items()]
    watch = threading.Thread(
        target=_watch, args=(workers, PREFECT_WORKER_QUERY_SECONDS.value(), beat), daemon=True
    )
    watch.start()
    asyncio.run(_all(workers))


def seats(wanted: Sequence[Declared], settings: Settings) -> Mapping[str, int | None]:
    """Say for each pool how many of its flow runs this machine hosts at once; None is no limit.

    Without a limit the worker that looks first takes every agent there is. Raises OperatorMistake where agents share
    their pool with runs: a run would wait for agents that wait for its own seat.
    """
    pools = sorted({one.work_pool.name for one in wanted})
    if settings.worker_seats is None:
        return dict.fromkeys(pools)
    others = {one.work_pool.name for one in wanted if one.entrypoint != AGENT}
    if settings.work_pool is None or settings.work_pool in others:
        raise OperatorMistake(
            f"FRESH_WORKER_SEATS={settings.worker_seats} can't hold for agents that share the pool"
            f" {settings.work_pool or 'fresh'} with runs.",
            hint="Give agents a pool of their own: FRESH_WORK_POOL=fresh-agents",
        )
    return {pool: settings.worker_seats if pool == settings.work_pool else None for pool in pools}


async def _all(workers: list[ProcessWorker]) -> None:
    await asyncio.gather(*(worker.start(printer=print) for worker in workers))


def _watch(workers: list[ProcessWorker], every: float, beat: Callable[[], None]) -> None:
    """Beat while every worker has polled lately: one that waits for a server that is away still lives."""
    while True:
        # A third of a minute at the least: a busy server answers late.
        if all(worker.is_worker_still_polling(query_interval_seconds=every) for worker in workers):
            beat()
        time.sleep(LOOK)
