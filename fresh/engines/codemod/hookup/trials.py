"""What happens when the target's code runs in the sandbox: the function on samples, the command line on words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files

from pydantic import JsonValue, ValidationError

from fresh.domain.evidence import RunEnd
from fresh.domain.value import Value
from fresh.errors import Declined
from fresh.ports import Bench, Finished

CALLS_WALL = 45.0
START_WALL = 30.0


class Trial(Value):
    """One call as source, and the statements before it; `tmp_path` is an empty directory of its own."""

    setup: tuple[str, ...] = ()
    call: str


class Seen(Value):
    """What one call did: an error's one line, or the kind of value, its text, and what was printed meanwhile."""

    error: str = ""
    kind: str = ""
    text: str = ""
    type: str = ""
    printed: str = ""


class _Answer(Value):
    broken: str
    trials: tuple[Seen, ...]


class Started(Value):
    """How the command line ended. `code` is what it returned or exited with, `error` an exception that escaped."""

    error: str = ""
    exited: bool = False
    code: int | str | None = None
    out: str = ""
    err: str = ""

    @property
    def went_well(self) -> bool:
        """Whether the shell would see exit code 0."""
        return not self.error and self.code in (None, 0)

    @property
    def trouble(self) -> str:
        """One line on what went wrong."""
        last = [line.strip() for line in self.err.splitlines() if line.strip()]
        return self.error or (last[-1][:200] if last else f"exit code {self.code}")


class Entry(Value):
    """What starts the command line from Python.

    `way` is `object` for a click or typer object, `main` for a function that takes the words (as `keyword`, or
    first), `argv` for one that reads sys.argv.
    """

    module: str
    attribute: str
    way: str
    program: str
    keyword: str = ""


def try_calls(bench: Bench, imports: Sequence[str], trials: Sequence[Trial]) -> tuple[Seen, ...]:
    """Make the calls twice, in processes that hash strings differently; a call that differs counts as an error.

    Raises Declined when the module can't be imported or the calls don't come to an end.
    """
    order: dict[str, JsonValue] = {
        "imports": list(imports),
        "trials": [trial.model_dump(mode="json") for trial in trials],
    }
    one = _read(_ask(bench, "calls", order, CALLS_WALL, 1), len(trials))
    if one.broken:
        raise Declined(f"The function can't be imported in the sandbox: {one.broken}")
    if all(seen.error for seen in one.trials):
        return one.trials
    other = _read(_ask(bench, "calls", order, CALLS_WALL, 2), len(trials))
    return tuple(
        left if left == right else Seen(error="it gave another result when it was called again")
        for left, right in zip(one.trials, other.trials, strict=True)
    )


def start(bench: Bench, entry: Entry, words: Sequence[str], setup: Sequence[str] = ()) -> Started:
    """Start the command line once, as a person would with these words, which are Python source like `setup`."""
    order: dict[str, JsonValue] = {
        **entry.model_dump(mode="json"),
        "words": list(words),
        "setup": list(setup),
    }
    found = _ask(bench, "invocation", order, START_WALL, 1)
    try:
        return Started.model_validate_json(found)
    except ValidationError:
        return Started(error=f"it ended without an answer ({found[-200:].strip() or 'no output'})")


def _read(found: str, count: int) -> _Answer:
    last = found.strip().splitlines()[-1:] or ["no output"]
    unanswered = Declined(f"Calling the function in the sandbox gave no answer: {last[0][:200]}")
    try:
        answer = _Answer.model_validate_json(found)
    except ValidationError as bad:
        raise unanswered from bad
    if not answer.broken and len(answer.trials) != count:
        raise unanswered
    return answer


def _ask(bench: Bench, script: str, order: dict[str, JsonValue], wall: float, run: int) -> str:
    text = (files("fresh.engines.codemod.hookup.inside") / f"{script}.py").read_bytes()
    said = json.dumps(order)
    nonce = "fresh:" + hashlib.sha256(f"{bench.ticket.agent_id}{run}{said}".encode()).hexdigest()
    ended = bench.python(["-", nonce, said], wall=wall, stdin=text)
    return _after(ended, nonce, wall)


def _after(ended: Finished, nonce: str, wall: float) -> str:
    if ended.ended is RunEnd.TIMEOUT:
        raise Declined(f"Running it in the sandbox did not end within {wall:.0f} seconds.")
    before, found, answer = ended.text.rpartition(nonce)
    return answer.strip().splitlines()[0] if found and answer.strip() else before or ended.text
