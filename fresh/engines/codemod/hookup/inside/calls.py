"""Call one function several times and say what each call did. Runs on the target's Python, 3.8 or later.

argv: the nonce before the answer, and {"imports": [source], "trials": [{"setup": [source], "call": source}]}.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import decimal
import enum
import fractions
import io
import itertools
import json
import pathlib
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from typing import Any

PLAIN = (
    bool,
    int,
    float,
    str,
    pathlib.PurePath,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    datetime.date,
    datetime.time,
    datetime.timedelta,
)
MOST = 1000
MOST_TEXT = 4000
NOT_TRIED = "it was not tried: the calls before took too long"
LONGEST_CALL = 1.0
MOST_HUNG = 5
UNANSWERED = ("TimeoutError", NOT_TRIED)
LONGEST = 15.0
"""Seconds after which no further call begins."""


def is_plain(value: object) -> bool:
    return isinstance(value, PLAIN) and not isinstance(value, enum.Enum)


def is_record(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def strict(value: object) -> tuple[str, bool]:
    """Serialise only what comes out the same for everybody; what is not plain raises TypeError."""

    def leaf(found: object) -> str:
        if is_plain(found):
            loose.append(found)
            return str(found)
        raise TypeError(type(found).__name__)

    loose: list[object] = []
    text = json.dumps(value, indent=2, default=leaf)
    return text, bool(loose)


def as_json(word: str, value: object) -> tuple[str, str]:
    try:
        text, loose = strict(value)
    except (TypeError, ValueError) as bad:
        return "other", f"{type(value).__name__} with {bad} inside"
    return word + ("-loose" if loose else ""), text


def describe(value: Any) -> tuple[str, str]:
    """Give the kind of a value, the text that a command would print, and whether it is empty."""
    if value is None:
        return "none", ""
    if isinstance(value, enum.Enum):
        return "enum", str(value.value)
    if is_plain(value):
        return "plain", str(value)
    if is_record(value):
        return as_json("record", dataclasses.asdict(value))
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return as_json("named", value._asdict())
    if isinstance(value, (set, frozenset)):
        if all(is_plain(item) for item in value):
            try:
                return "set", "\n".join(str(item) for item in sorted(value))
            except TypeError:
                return "other", "set of what can't be sorted"
        return "other", f"set of {type(next(iter(value))).__name__}"
    if isinstance(value, dict):
        return as_json("json", value)
    if hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray, memoryview)):
        listed = list(itertools.islice(value, MOST + 1))
        if len(listed) > MOST:
            return "other", f"more than {MOST} items"
        if all(is_plain(item) for item in listed):
            return "lines", "\n".join(str(item) for item in listed)
        if isinstance(value, (list, tuple)):
            if all(is_record(item) for item in listed):
                return as_json("records", [dataclasses.asdict(item) for item in listed])
            return as_json("json", value)
        return "other", f"an iterator of {type(listed[0]).__name__}"
    return "other", type(value).__name__


@contextlib.contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """Interrupt a call that does not come back; code below Python is left to the wall limit outside."""

    def late(signum: int, frame: object) -> None:
        raise TimeoutError(f"it did not return within {seconds:g} s")

    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def one_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def attempt(names: dict[str, object], trial: dict[str, Any]) -> dict[str, str]:
    printed = io.StringIO()
    answer = {"error": "", "kind": "", "text": "", "printed": "", "type": ""}
    with tempfile.TemporaryDirectory() as folder:
        scope = {**names, "tmp_path": pathlib.Path(folder)}
        try:
            with contextlib.redirect_stdout(printed), ended_after(LONGEST_CALL):
                for line in trial["setup"]:
                    exec(line, scope)
                value = eval(trial["call"], scope)
                answer["type"] = type(value).__name__
                answer["kind"], answer["text"] = describe(value)
        except BaseException as error:  # noqa: BLE001 - the target may raise anything
            answer["error"] = one_line(error).replace(folder, "<tmp>")
        answer["text"] = answer["text"].replace(folder, "<tmp>")[:MOST_TEXT]
        answer["printed"] = printed.getvalue().replace(folder, "<tmp>")[:MOST_TEXT]
    return answer


def attempt_all(names: dict[str, object], trials: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Make the calls until they take too long altogether, or none of the first ones comes back."""
    found: list[dict[str, str]] = []
    end = time.monotonic() + LONGEST
    for trial in trials:
        hopeless = len(found) >= MOST_HUNG and all(one["error"].startswith(UNANSWERED) for one in found)
        if hopeless or time.monotonic() > end:
            found.append({"error": NOT_TRIED, "kind": "", "text": "", "printed": "", "type": ""})
        else:
            found.append(attempt(names, trial))
    return found


def main(order: dict[str, Any], nonce: str) -> None:
    names: dict[str, object] = {"asyncio": asyncio}
    try:
        for line in order["imports"]:
            exec(line, names)
    except BaseException as error:  # noqa: BLE001 - the target may raise anything
        found: dict[str, object] = {"broken": one_line(error), "trials": []}
    else:
        found = {"broken": "", "trials": attempt_all(names, order["trials"])}
    sys.stdout.flush()
    print("\n" + nonce + json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[2]), sys.argv[1])
