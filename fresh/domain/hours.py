"""The window of the day in which a run takes on work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class WorkHours:
    """From one time of the day until another one; a window that ends before it begins goes over midnight."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> WorkHours:
        """Read `22:00-06:00`. Raises ValueError."""
        found = _FORM.fullmatch(text.strip())
        if found is None:
            raise ValueError("work hours are written 22:00-06:00")
        first, second, third, fourth = (int(part) for part in found.groups())
        if (first, second) == (third, fourth):
            raise ValueError("work hours must not begin and end at the same time")
        return cls(time(first, second), time(third, fourth))

    def hold(self, local: datetime) -> bool:
        """Say whether a moment, in the time of the place, lies in the window; its end does not."""
        now = local.time().replace(tzinfo=None)
        if self.begin < self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"
