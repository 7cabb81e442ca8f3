"""Ask the sandbox about a feature: send the modules of `inside` and a question, read back an answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from functools import cache
from importlib import resources
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from fresh.domain.evidence import RunEnd
from fresh.engines.codemod.cases.inside.wire import Question, Replay, Survey, Trial
from fresh.errors import Declined
from fresh.ports import Bench, Finished

PACKAGE = "_fresh_inside"
# The hash seed is read once, when the interpreter starts; standard input stays unread for the one that replaces it.
RESTART = "import os, sys; os.environ['PYTHONHASHSEED'] = sys.argv[1]; os.execv(sys.executable, [sys.executable, '-B', '-'])"
WALL = 240.0
Answer = TypeVar("Answer")
SURVEY = TypeAdapter(Survey)
REPLAY = TypeAdapter(Replay)
TRIAL = TypeAdapter(Trial)


def ask_survey(bench: Bench, question: Question) -> Survey:
    """See what the feature does. Raises Declined when it can't be reached."""
    found = _ask(bench, question, "surveying", "survey", SURVEY, 1, WALL)
    if found.trouble:
        raise Declined(f"{question.qualname} can't be observed: {found.trouble}.")
    return found


def ask_replay(bench: Bench, question: Question, seed: int) -> Replay:
    """Make the same calls again in another process, with another hash seed and in another order."""
    found = _ask(bench, question, "surveying", "replay", REPLAY, seed, WALL)
    if found.trouble:
        raise Declined(f"{question.qualname} can't be observed twice: {found.trouble}.")
    return found


def ask_trial(bench: Bench, question: Question) -> Trial:
    """Run the new test against mutants of the feature."""
    found = _ask(bench, question, "trying", "try_test", TRIAL, 2, WALL)
    if found.trouble:
        raise Declined(f"The test of {question.qualname} can't be tried on mutants: {found.trouble}.")
    return found


def _ask(
    bench: Bench,
    question: Question,
    module: str,
    function: str,
    shape: TypeAdapter[Answer],
    seed: int,
    wall: float,
) -> Answer:
    nonce = hashlib.sha256(f"{bench.ticket.agent_id} {function} {seed}".encode()).hexdigest()[:16]
    script = _script(question, nonce, module, function)
    ended = bench.python(["-B", "-c", RESTART, str(seed)], wall=wall, stdin=script.encode())
    opening, closing = f"<{nonce}>", f"</{nonce}>"
    start, end = ended.text.rfind(opening), ended.text.rfind(closing)
    if start < 0 or end < start:
        raise Declined(f"{question.qualname} can't be observed: {_why(ended)}.")
    try:
        answer = zlib.decompress(base64.b64decode(ended.text[start + len(opening) : end], validate=True))
        return shape.validate_json(answer)
    except (binascii.Error, zlib.error, ValidationError) as error:
        raise Declined(f"{question.qualname} can't be observed: its answer is garbled.") from error


def _script(question: Question, nonce: str, module: str, function: str) -> str:
    said = {**vars(question), "nonce": nonce}
    asked = ", ".join(f"{name}={value!r}" for name, value in said.items())
    return "\n".join(
        (
            _source("shelf"),
            f"put_up({PACKAGE!r}, {_sources()!r})",
            f"from {PACKAGE}.wire import Argument, Call, Hint, Import, Made, Question",
            f"from {PACKAGE}.speech import speak",
            f"from {PACKAGE}.{module} import {function}",
            f"speak(Question({asked}), {function})",
            "",
        )
    )


@cache
def _sources() -> dict[str, str]:
    names = ("acting", "finding", "forking", "forms", "grids", "guard", "keeping", "kinds", "laws", "literal", "mutants", "parameters",
             "speech", "surveying", "tracing", "trying", "wire")  # fmt: skip
    return {PACKAGE: ""} | {f"{PACKAGE}.{name}": _source(name) for name in names}


@cache
def _source(name: str) -> str:
    return (resources.files(f"{__package__}.inside") / f"{name}.py").read_text(encoding="utf-8")


def _why(ended: Finished) -> str:
    if ended.ended is RunEnd.TIMEOUT:
        return f"it was still running after {ended.seconds:.0f} s"
    if ended.ended is RunEnd.OOM:
        return "it needs more memory than the sandbox gives"
    lines = [line for line in ended.text.splitlines() if line.strip()]
    return f"the process ended with {ended.exit_code}: {lines[-1][:200] if lines else 'no output'}"
