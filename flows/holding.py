"""What keeps seats empty without ending a run: the hours of the day, and a machine that has no room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fresh.domain.hours import WorkHours
from fresh.domain.record import RunRecord
from fresh.wiring import Toolbox
from tasks.durable import narrate

TELL_AGAIN = 900.0
"""Seconds after which a machine that still has no room is told of once more."""


@dataclass
class Holding:
    """Say how many seats may be filled, and tell people when and why it is none."""

    tools: Toolbox
    record: RunRecord
    _outside_since: datetime | None = None
    _told: str = ""
    _told_at: datetime | None = None

    def seats(self, wanted: int) -> int:
        """Allow at most the wanted seats, at this time and on this machine."""
        if not self._is_time():
            return 0
        room = self.tools.room(wanted)
        if room.seats == 0:
            self._tell("room", f"For now no seat is filled, because {room.why}.", again=True)
        elif self._told == "room":
            self._tell("", "Seats are filled again: the machine has room.")
        return min(wanted, room.seats)

    def _is_time(self) -> bool:
        """Say whether it is within the work hours; time outside of them is given back to the run."""
        if self.record.order.work_hours is None:
            return True
        hours, now = WorkHours.parse(self.record.order.work_hours), self.tools.clock.now()
        if self._outside_since is not None:
            deadline = self.tools.journal.run(self.record.id).deadline
            self.tools.journal.move_deadline(self.record.id, deadline + (now - self._outside_since))
        is_time = hours.hold(now.astimezone())
        self._outside_since = None if is_time else now
        if not is_time:
            self._tell(
                "hours", f"For now no seat is filled, because it is outside of the work hours {hours}."
            )
        elif self._told == "hours":
            self._tell("", f"Seats are filled again: the work hours {hours} have begun.")
        return is_time

    def _tell(self, subject: str, text: str, *, again: bool = False) -> None:
        now = self.tools.clock.now()
        is_old = self._told_at is None or (now - self._told_at).total_seconds() >= TELL_AGAIN
        if self._told == subject and not (again and is_old):
            return
        self._told, self._told_at = subject, now
        narrate(self.tools, self.record.id, text)
