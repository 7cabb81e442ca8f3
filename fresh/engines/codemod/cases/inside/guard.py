"""Stop a call before it does what no test should do, and say what it wanted to do."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

IDLE_FACTOR = 10
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
OUTSIDE = (
    ("subprocess.", "starts a process"),
    ("os.system", "starts a process"),
    ("os.exec", "replaces the process"),
    ("os.posix_spawn", "starts a process"),
    ("os.spawn", "starts a process"),
    ("os.fork", "forks"),
    ("socket.connect", "opens a network connection"),
    ("socket.bind", "opens a network port"),
    ("socket.getaddrinfo", "asks the network for an address"),
    ("socket.gethostby", "asks the network for an address"),
    ("socket.send", "sends over the network"),
    ("os.putenv", "changes the environment"),
    ("os.unsetenv", "changes the environment"),
    ("webbrowser.open", "opens a browser"),
)
FILES = ("os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown",
         "os.truncate", "shutil.")  # fmt: skip
CALLS = {
    ("time", "time"): "reads the clock",
    ("time", "time_ns"): "reads the clock",
    ("time", "localtime"): "reads the clock",
    ("time", "sleep"): "sleeps",
    ("posix", "urandom"): "is random",
    ("posix", "getpid"): "depends on the process id",
    ("posix", "_exit"): "ends the process",
    ("posix", "kill"): "kills a process",
    ("builtins", "input"): "waits for a person's input",
    ("_thread", "start_new_thread"): "starts a thread",
    ("_thread", "start_joinable_thread"): "starts a thread",
}
CLOCK_METHODS = ("now", "today", "utcnow")
UNASKED = ("logging", "asyncio", "threading", "tempfile", "selectors")


class Forbidden(BaseException):
    """A call did something that a test must not do; out of reach of `except Exception`."""


class TooSlow(BaseException):
    """A call did not end in time."""


class Guard:
    """Watch one call at a time: audit events for what leaves the process, C calls for clocks and chance."""

    def __init__(self) -> None:
        self.armed = False
        self.refused = ""
        self.room = ""
        sys.addaudithook(self._audit)

    @contextmanager
    def watching(self, room: str, seconds: float) -> Iterator[None]:
        """Refuse what is forbidden, allow files inside `room`, end after `seconds` of work or ten times that in all."""
        self.refused, self.room, self.armed = "", room, True
        before = [
            (number, signal.signal(number, self._ring)) for number in (signal.SIGVTALRM, signal.SIGALRM)
        ]
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        signal.setitimer(signal.ITIMER_REAL, seconds * IDLE_FACTOR)
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            for number, action in before:
                signal.signal(number, action)
            self.armed = False

    def _ring(self, number: int, frame: FrameType | None) -> None:
        raise TooSlow

    def _refuse(self, why: str) -> None:
        self.refused = self.refused or why
        raise Forbidden(why)

    def _audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.armed:
            return
        for prefix, why in OUTSIDE:
            if event.startswith(prefix):
                self._refuse(f"{why} ({event})")
        if event == "open":
            self._audit_open(arguments)
        elif event.startswith(FILES) and not all(self._inside(item) for item in arguments if _pathlike(item)):
            self._refuse(f"changes files outside its arguments ({event})")

    def _audit_open(self, arguments: tuple[object, ...]) -> None:
        name, mode, flags = arguments[0], arguments[1], arguments[2]
        writes = any(letter in mode for letter in "wax+") if isinstance(mode, str) else False
        writes = writes or (isinstance(flags, int) and bool(flags & WRITING))
        if writes and _pathlike(name) and not self._inside(name):
            self._refuse(f"writes a file outside its arguments ({os.path.basename(os.fsdecode(name))})")  # type: ignore[arg-type]

    def _inside(self, name: object) -> bool:
        path = os.path.realpath(os.fsdecode(name))  # type: ignore[arg-type]
        return path == os.devnull or path == self.room or path.startswith(self.room + os.sep)

    def _profile(self, frame: FrameType, event: str, argument: object) -> None:
        if not self.armed:
            return
        if event == "call" and frame.f_code is _ENVIRONMENT:
            asked = frame.f_locals.get("key")
            if not _from_standard_library(frame.f_back):
                self._refuse(f"reads the environment variable {asked}")
        elif event == "c_call":
            why = _forbidden_call(argument)
            if why and frame.f_globals.get("__name__", "").split(".")[0] not in UNASKED:
                self._refuse(why)


_ENVIRONMENT = type(os.environ).__getitem__.__code__
_PASSING_ON = ("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")
_LIBRARY = os.path.dirname(os.path.realpath(os.__file__))


def _from_standard_library(frame: FrameType | None) -> bool:
    """Say whether the first caller outside `os` and `collections` is Python's own code."""
    while frame is not None and frame.f_code.co_filename.endswith(_PASSING_ON):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame else ""
    return name.startswith((_LIBRARY, "<frozen")) and "site-packages" not in name


def _pathlike(value: object) -> bool:
    return isinstance(value, (str, bytes, os.PathLike))


def _forbidden_call(function: object) -> str:
    module = getattr(function, "__module__", None)
    name = getattr(function, "__name__", "")
    why = CALLS.get((str(module), name), "")
    if why:
        return f"{why} ({module}.{name})"
    owner = getattr(function, "__self__", None)
    if isinstance(owner, random.Random):
        return f"is random (random.{name})"
    if name in CLOCK_METHODS and isinstance(owner, type) and owner.__module__ in ("datetime", "_datetime"):
        return f"reads the clock ({owner.__name__}.{name})"
    return ""


@contextmanager
def workroom() -> Iterator[str]:
    """Give a call an empty directory of its own to stand in, and clear it away."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as place:
        room = os.path.realpath(place)
        os.chdir(room)
        try:
            yield room
        finally:
            os.chdir(before)
