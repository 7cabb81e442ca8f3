"""When people must hear about money: half, four fifths and all of it spent, or an end before the hours do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from fresh.domain.budget import Account
from fresh.domain.money import ZERO, Usd


class Alert(StrEnum):
    """What is told about a run's money, each at most once a run."""

    HALF = "50"
    MOST = "80"
    ALL = "100"
    BURN = "burn"
    FROZEN = "frozen"


SHARES = {Alert.HALF: 50, Alert.MOST: 80}
FORECAST_FROM = 10
"""Percent of the budget that must be spent before its rate says something."""
FORECAST_AFTER = timedelta(minutes=2)


def alert_key(run_id: str, alert: Alert) -> str:
    """Name the journal's entry under which an alert is kept, so that it is told once."""
    return f"alert:{run_id}:{alert}"


def alerts_told(recall: Callable[[str], str | None], run_id: str) -> Mapping[Alert, str]:
    """Read which alerts were told of a run, each with its sentence: `alerts_told(journal.recall, run_id)`.

    For every door that shows them, e.g. Slack: an alert is here from the moment that it stands in the audit trail.
    """
    found = {alert: recall(alert_key(run_id, alert)) for alert in Alert}
    return {alert: text for alert, text in found.items() if text is not None}


def due(
    account: Account, opened: datetime, deadline: datetime, now: datetime, least: Usd
) -> Mapping[Alert, str]:
    """Find the alerts that a run's account gives cause for, each with its sentence.

    `least` is what the cheapest further request needs: all is spent when what is left can't pay for it.
    """
    if account.spent <= ZERO:
        return {}
    told: dict[Alert, str] = {}
    of = f"{account.spent} of {account.cap}"
    for alert, percent in SHARES.items():
        if account.spent.micros * 100 >= account.cap.micros * percent:
            told[alert] = f"Budget alert: {percent} % is spent, {of}."
    left = account.cap - account.aside - account.spent
    if left < least or account.spent >= account.cap:
        told[Alert.ALL] = f"Budget alert: {of} is spent; what is left pays for no further request."
    if account.frozen:
        told[Alert.FROZEN] = f"Budget alert: the run's money is frozen: {account.frozen}."
    end = runs_out(account, opened, now)
    if end is not None and end < deadline and Alert.ALL not in told:
        told[Alert.BURN] = (
            f"Budget alert: at this rate the money is gone at {end:%H:%M} UTC, before the hours are"
            f" at {deadline:%H:%M} UTC; {of} is spent."
        )
    return told


def runs_out(account: Account, opened: datetime, now: datetime) -> datetime | None:
    """Forecast when the money is gone at the mean rate so far; None while there is too little to go by."""
    took = now - opened
    if took < FORECAST_AFTER or account.spent.micros * 100 < account.cap.micros * FORECAST_FROM:
        return None
    return opened + took * (account.cap.micros / account.spent.micros)
