"""Clients of Prefect that are cheap to open, and fail at once for whoever asks again anyway."""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import SettingsContext, SyncClientContext, get_settings_context
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, Settings

MOST = 8

_Key = tuple[int, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_derived: dict[_Key, tuple[Settings, Settings]] = {}
"""By the identity of settings and the environment's: the settings, whose identity thereby stays theirs, and the copy."""


def a_client() -> SyncPrefectClient:
    """Open a client, or give the one of the flow that runs here.

    Without encryption there is nothing to verify: reading the authorities' certificates takes most of the time that it
    takes to open a client.
    """
    is_plain = (PREFECT_API_URL.value() or "").startswith("http://")
    if is_plain and SyncClientContext.get() is None:
        return get_client(
            sync_client=True, httpx_settings={"verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
        )
    return get_client(sync_client=True)


@contextmanager
def impatient() -> Iterator[None]:
    """Let clients that are opened in here fail at once.

    Prefect's `temporary_settings` reads the environment and validates every setting anew each time, and agents ask
    several times a second.
    """
    context = get_settings_context()
    with SettingsContext(profile=context.profile, settings=_without_retries(context.settings)):
        yield


def _without_retries(settings: Settings) -> Settings:
    given = tuple(sorted(item for item in os.environ.items() if item[0].startswith("PREFECT_")))
    key = (id(settings), given)
    with _lock:
        if key in _derived:
            return _derived[key][1]
    made = settings.copy_with_update(updates={PREFECT_CLIENT_MAX_RETRIES: 0})
    with _lock:
        while len(_derived) >= MOST:
            del _derived[next(iter(_derived))]
        _derived[key] = (settings, made)
    return made
