"""How the bot starts a run: it asks Prefect to, through the deployment that `fresh up` makes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeAlias

from fresh.domain.order import RunOrder

Orders: TypeAlias = "Callable[[RunOrder, str], str]"
"""Hand over an order as the run of an id, once for each id; return where it can be watched. It blocks."""

INTERACTIVE, OVERNIGHT = "run/interactive", "run/overnight"


def run_of(view_id: str) -> str:
    """Name the run that a submitted modal orders: submitted twice, it is the same run."""
    return hashlib.sha256(f"ordered in {view_id}".encode()).hexdigest()[:8]


def place_order(order: RunOrder, run_id: str) -> str:
    """Create the flow run. Raises ServerUnreachable, OperatorMistake without such a deployment."""
    # Prefect takes a second to import, and reads its settings when it is.
    from prefect.settings import PREFECT_UI_URL

    from fresh.adapters.prefect_control import start_deployment

    made = start_deployment(
        OVERNIGHT if order.overnight else INTERACTIVE,
        {"order": order.model_dump(mode="json"), "run_id": run_id},
        idempotency_key=f"ordered:{run_id}",
        tags=(f"run:{run_id}",),
    )
    root = str(PREFECT_UI_URL.value() or "").rstrip("/")
    return f"{root}/runs/flow-run/{made}" if root else made
