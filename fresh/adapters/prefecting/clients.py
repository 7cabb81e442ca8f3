"""Clients of Prefect that are cheap to open, and fail at once for whoever asks again anyway.

Reading the authorities' certificates takes most of the time that it takes to open a client, and Prefect opens several
for each subflow.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from prefect.client import orchestration
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import SettingsContext, get_settings_context
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, Settings

MOST = 8

_Key = tuple[int, tuple[tuple[str, str], ...]]
_lock = threading.Lock()
_derived: dict[_Key, tuple[Settings, Settings]] = {}
"""By the identity of settings and the environment's: the settings, whose identity thereby stays theirs, and the copy."""


def a_client() -> SyncPrefectClient:
    """Open a client, or give the one of the flow that runs here."""
    share_certificates()
    return get_client(sync_client=True)


def share_certificates() -> None:
    """Let all clients of this process that trust the same authorities share what was read of them.

    Prefect has no setting for that, and its module knows `ssl` as a name of its own. What a client verifies stays the same.
    """
    if isinstance(vars(orchestration)["ssl"], ModuleType):
        vars(orchestration)["ssl"] = _SharingSSL()


class _SharingSSL:
    """Stand in for the module `ssl`: equal calls for a context get the same one, until a file of certificates changes."""

    def __init__(self) -> None:
        self._contexts: dict[tuple[str | None, float], ssl.SSLContext] = {}

    def create_default_context(self, cafile: str | None = None) -> ssl.SSLContext:
        """Give the context that trusts these authorities. Raises OSError for a file that can't be read."""
        key = (cafile, os.stat(cafile).st_mtime if cafile is not None else 0.0)
        with _lock:
            if key not in self._contexts:
                self._contexts[key] = ssl.create_default_context(cafile=cafile)
            return self._contexts[key]

    def __getattr__(self, name: str) -> object:
        return getattr(ssl, name)


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
