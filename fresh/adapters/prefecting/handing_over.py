"""What Prefect still holds when a process or its server ends."""

from __future__ import annotations

import threading

LAST_WORDS = 5.0
"""Seconds that Prefect gets to send its last log lines, and as many for its last events."""


def hand_over_the_rest() -> None:
    """Let Prefect send what it still holds while its server lives: at exit it would wait for a server that is gone."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        sending = threading.Thread(target=worker.drain_all, kwargs={"timeout": LAST_WORDS}, daemon=True)
        sending.start()
        sending.join(LAST_WORDS)
