"""Hand an answer to the host, and nothing else: what the target prints goes nowhere."""

from __future__ import annotations

import base64
import json
import os
import sys
import zlib
from collections.abc import Callable
from dataclasses import asdict

from .wire import Question, Replay, Survey, Trial


def speak(question: Question, find_out: Callable[[Question], Survey | Replay | Trial]) -> None:
    """Answer one question on the process's own standard output, then leave without waiting for threads."""
    door = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    answer = find_out(question)
    packed = base64.b64encode(zlib.compress(json.dumps(asdict(answer)).encode())).decode()
    text = f"\n<{question.nonce}>{packed}</{question.nonce}>\n".encode()
    while text:
        text = text[os.write(door, text) :]
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115 (nothing may print after the answer)
    os._exit(0)
