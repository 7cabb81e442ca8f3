"""A property that is worked out once for each object, for several objects at once."""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from fresh.domain.kept import kept
from fresh.proving.verification import Verification


@dataclass(frozen=True)
class Slow:
    """Its value is there when another object's is being worked out too."""

    meeting: threading.Barrier
    looks: list[int] = field(default_factory=list)

    @kept
    def value(self) -> int:
        """Meet somebody."""
        self.looks.append(1)
        return self.meeting.wait(20)


def test_a_value_is_worked_out_once_for_each_object() -> None:
    one = Slow(threading.Barrier(1))
    assert (one.value, one.value) == (0, 0)
    assert one.looks == [1]


def test_no_object_waits_for_another_one_of_its_class() -> None:
    meeting = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda one: one.value, (Slow(meeting), Slow(meeting))))
    assert sorted(found) == [0, 1]


def test_the_tests_of_two_agents_never_wait_for_each_other() -> None:
    """Before Python 3.12 a `cached_property` holds a lock of its class while it works."""
    assert not [
        name for name, found in vars(Verification).items() if isinstance(found, functools.cached_property)
    ]
    assert isinstance(vars(Verification)["head"], kept)
