"""How a flow run waits: paused in Prefect for everybody to see, with an eye on what the journal says.

Prefect's own `pause_flow_run` asks the server alone, and asks it in one long sleep: what was decided elsewhere would
reach the flow a poll and two requests late, and not at all where no process wakes it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar, cast
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import State, StateType
from prefect.input import RunInput
from prefect.input.run_input import Keyset, keyset_from_base_key
from prefect.runtime import flow_run
from prefect.states import Paused, Running
from pydantic import ValidationError

from fresh.adapters.prefecting.clients import a_client, impatient

LOOK = 0.2
"""Seconds between two looks into the journal, the greatest part of the way from a click to a flow that goes on."""
ASK = 5
"""Looks between two questions to the Prefect server, whose form may have been sent off."""
LONGER_THAN_ANY_RUN = 30 * 24 * 3600
"""Seconds. A pause that times out ends the run as failed, so it must never do so: deadlines are our own."""

Form = TypeVar("Form", bound=RunInput)


def pause(form: type[Form], key: str, is_over: Callable[[], bool]) -> Form | None:
    """Pause this flow run until its form is sent off; None when it goes on because the wait is over, or was woken.

    A key is used once for each pause: Prefect answers a used key with the old reply. In an outage of the server the
    wait goes on, and so does the flow when the wait is over.
    """
    looks = 0
    # Outages are sat out here: the back-off of Prefect's client doubles up to minutes.
    with impatient(), a_client() as client:
        waiting = Wait(client, UUID(flow_run.id), form, key)
        while not is_over():
            if looks % ASK == 0:
                with suppress(httpx.HTTPError):
                    if waiting.has_ended():
                        return waiting.reply()
            looks += 1
            time.sleep(LOOK)
        with suppress(httpx.HTTPError):
            return waiting.leave()
    return None


@dataclass
class Wait(Generic[Form]):
    """One pause of one flow run. It is entered once, whatever was lost on the way to the server and back."""

    client: SyncPrefectClient
    flow_run: UUID
    form: type[Form]
    key: str
    is_entered: bool = False
    is_shown: bool = False

    @property
    def keyset(self) -> Keyset:
        """Where Prefect keeps the form and what is filled in."""
        return keyset_from_base_key(f"paused-{self.key}")

    def has_ended(self) -> bool:
        """Enter the pause, or see whether it is over. Raises httpx.HTTPError in an outage."""
        state = self._state()
        if state is StateType.RUNNING and not self.is_entered:
            wanted: State[None] = Paused(
                timeout_seconds=LONGER_THAN_ANY_RUN, reschedule=False, pause_key=self.key
            )
            wanted.state_details.run_input_keyset = {str(part): key for part, key in self.keyset.items()}
            # Refused for a key that was used: then it was filled in, or woken, while the server was away.
            self.client.set_flow_run_state(self.flow_run, wanted)
            self.is_entered = True
            state = self._state()
        if state is StateType.PAUSED and not self.is_shown:
            self._show()
            self.is_shown = True
        return state is StateType.RUNNING

    def leave(self) -> Form | None:
        """Go on without the form, which may have been sent off at this moment: then it is returned."""
        if not self.is_entered:
            return None
        # Forced: somebody may have cancelled it in Prefect, and it ends by itself.
        woken: State[None] = Running(message="The journal has what it waited for.")
        self.client.set_flow_run_state(self.flow_run, woken, force=True)
        return self.reply()

    def _state(self) -> StateType | None:
        state = self.client.read_flow_run(self.flow_run).state
        return state.type if state is not None else None

    def _show(self) -> None:
        """Save the form, unless it was saved before the answer to that was lost."""
        try:
            self.form.save(self.keyset, self.flow_run)
        except httpx.HTTPStatusError as refused:
            if refused.response.status_code != httpx.codes.CONFLICT:
                raise

    def reply(self) -> Form | None:
        """Read what was filled in; None when the run was woken without. Raises httpx.HTTPError in an outage."""
        try:
            return cast(Form, self.form.load(self.keyset, self.flow_run))
        except ValidationError:
            return None
