"""Make the deployments, and take their runs: a Prefect process worker that says whether it still polls."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from deployments.provision import declared, provision
from fresh.settings import read_settings

if TYPE_CHECKING:
    from prefect.workers.process import ProcessWorker

LOOK = 1.0


def take_runs(beat: Callable[[], None]) -> None:
    """Provision, then work for the pools until interrupted; `beat` is called while the server is polled."""
    # Not at the top: these read Prefect's settings.
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_WORKER_QUERY_SECONDS
    from prefect.workers.process import ProcessWorker

    wanted = declared(read_settings().work_pool)
    with get_client(sync_client=True) as client:
        touched = provision(client, wanted)
    print(f"Deployed: {', '.join(touched) or 'everything stands as declared'}", flush=True)
    pools = sorted({one.work_pool.name for one in wanted})
    name = f"fresh-{os.uname().nodename}-{os.getpid()}"
    workers = [ProcessWorker(work_pool_name=pool, name=name) for pool in pools]
    watch = threading.Thread(
        target=_watch, args=(workers, PREFECT_WORKER_QUERY_SECONDS.value(), beat), daemon=True
    )
    watch.start()
    asyncio.run(_all(workers))


async def _all(workers: list[ProcessWorker]) -> None:
    await asyncio.gather(*(worker.start(printer=print) for worker in workers))


def _watch(workers: list[ProcessWorker], every: float, beat: Callable[[], None]) -> None:
    """Beat while every worker has polled lately: one that waits for a server that is away still lives."""
    while True:
        # A third of a minute at the least: a busy server answers late.
        if all(worker.is_worker_still_polling(query_interval_seconds=every) for worker in workers):
            beat()
        time.sleep(LOOK)
