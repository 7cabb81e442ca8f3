"""A Prefect server that the operator runs."""

from __future__ import annotations

from fresh.errors import ServerUnreachable


class GivenServer:
    """Use the server behind PREFECT_API_URL as it is: it is neither started, restarted nor ended here."""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> str:
        """Return the URL. Raises ServerUnreachable when nothing answers there."""
        if trouble := self._trouble():
            raise ServerUnreachable(
                f"No Prefect server answers at {self.url}: {trouble}.",
                hint="Start it, correct PREFECT_API_URL, or unset it to let Fresh bring its own server.",
                retryable=True,
            )
        return self.url

    def ensure(self) -> str:
        """Do what `start` does: somebody else looks after this server."""
        return self.start()

    def alive(self) -> bool:
        """Say whether it answers."""
        return self._trouble() is None

    def stop(self) -> None:
        """Leave it running."""

    def _trouble(self) -> str | None:
        """Ask through Prefect's own client: it knows the operator's API key, login and certificates."""
        from prefect.client.orchestration import get_client
        from prefect.settings import PREFECT_API_URL, temporary_settings

        with temporary_settings({PREFECT_API_URL: self.url}), get_client(sync_client=True) as client:
            trouble = client.api_healthcheck()
        return None if trouble is None else str(trouble) or type(trouble).__name__
