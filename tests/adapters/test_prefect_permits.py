"""A slot of a limit, when Prefect or what is behind it has trouble: it costs nobody the work that is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError

from fresh.adapters import prefect_control
from fresh.adapters.prefect_control import PrefectControl

AWAY = httpx.HTTPStatusError(
    "500 Internal Server Error",
    request=httpx.Request("POST", "http://prefect.example/api"),
    response=httpx.Response(500),
)


@dataclass
class Slots:
    """Prefect's `concurrency`, with troubles to come; a trouble that is None is none."""

    before: list[Exception | None] = field(default_factory=list)
    after: list[Exception | None] = field(default_factory=list)
    taken: int = 0

    @contextmanager
    def __call__(self, limit: str, **_: object) -> Iterator[None]:
        if self.before and (trouble := self.before.pop(0)) is not None:
            if isinstance(trouble, httpx.HTTPError):
                raise ConcurrencySlotAcquisitionError(f"Unable to acquire {limit}") from trouble
            raise trouble
        self.taken += 1
        yield
        if self.after and (trouble := self.after.pop(0)) is not None:
            raise trouble


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> Slots:
    made = Slots()
    monkeypatch.setattr(prefect_control, "concurrency", made)
    monkeypatch.setattr(prefect_control, "PAUSE", 0.0)
    return made


def test_trouble_before_a_slot_is_sat_out(slots: Slots) -> None:
    slots.before = [AWAY, httpx.ConnectError("away"), None]
    with PrefectControl({}).permit("models"):
        assert slots.taken == 1


def test_a_slot_that_cannot_be_given_back_costs_nothing(slots: Slots) -> None:
    slots.after = [AWAY]
    with PrefectControl({}).permit("models"):
        done = True
    assert done


def test_the_error_of_the_work_itself_is_raised_and_the_slot_given_back(slots: Slots) -> None:
    slots.after = [AWAY]
    with pytest.raises(ZeroDivisionError), PrefectControl({}).permit("models"):
        raise ZeroDivisionError
    assert slots.after == []


def test_a_limit_that_is_not_there_is_no_outage(slots: Slots) -> None:
    slots.before = [ConcurrencySlotAcquisitionError("must be created before acquiring slots")]
    with pytest.raises(ConcurrencySlotAcquisitionError), PrefectControl({}).permit("models"):
        pass
