"""A model that says what a script tells it, remembers what it was asked, and counts what it would bill."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from fresh.domain.conversation import Call, Ended, Item, Reply, Request, Said, Usage
from fresh.domain.money import ZERO, Usd
from fresh.errors import FreshError, ModelUnclear

Answer: TypeAlias = Reply | Item | FreshError | str
Brain: TypeAlias = Callable[[Request], Answer]
Rate: TypeAlias = Callable[[Reply], Usd]


def says(text: str, *, output: int = 20) -> Reply:
    """Make a reply that ends a turn with words; its input is counted when it is sent."""
    return Reply(items=(Said(text=text),), usage=Usage(input=0, output=output), tier="default")


def calls(name: str, *, id: str = "", output: int = 20, text: str = "", **arguments: object) -> Reply:
    """Make a reply that calls one tool; without an `id` it gets the next one."""
    call = Call(id=id, name=name, arguments=json.dumps(arguments))
    items: tuple[Item, ...] = (Said(text=text), call) if text else (call,)
    return Reply(items=items, usage=Usage(input=0, output=output), tier="default")


def cut_off(output: int = 100) -> Reply:
    """Make a reply that ran into its limit before anything was said."""
    return Reply(items=(), ended=Ended.CUT_OFF, usage=Usage(input=0, output=output), tier="default")


@dataclass
class ScriptedModel:
    """Answer from a queue, or by a function of the request; an error in the queue is raised.

    A usage with no input tokens is completed by a count of a quarter of the bytes. `rate` prices a reply; what was made
    before a ModelUnclear is billed as well, by `lost`. It may be asked from many threads at once.
    """

    script: Iterable[Answer] | Brain = ()
    rate: Rate = lambda reply: ZERO
    lost: Usd = ZERO
    requests: list[Request] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    billed: Usd = ZERO
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._queue: list[Answer] = [] if callable(self.script) else list(self.script)

    def then(self, *answers: Answer) -> ScriptedModel:
        """Put more answers at the end of the queue."""
        self._queue += answers
        return self

    @property
    def left(self) -> int:
        """How many answers of the queue were not used."""
        return len(self._queue)

    def send(self, request: Request, request_id: str) -> Reply:
        with self._lock:
            self.requests.append(request)
            self.request_ids.append(request_id)
            answer = self._next(request)
            if isinstance(answer, FreshError):
                self.billed += self.lost if isinstance(answer, ModelUnclear) else ZERO
                raise answer
            reply = self._complete(answer, request)
            self.replies.append(reply)
            self.billed += self.rate(reply)
            return reply

    def _next(self, request: Request) -> Answer:
        if callable(self.script):
            return self.script(request)
        if not self._queue:
            raise AssertionError(
                f"the script has no answer to request {len(self.requests)}: {request.items[-1:]!r}"
            )
        return self._queue.pop(0)

    def _complete(self, answer: Reply | Item | str, request: Request) -> Reply:
        if isinstance(answer, str):
            answer = says(answer)
        elif not isinstance(answer, Reply):
            answer = Reply(items=(answer,), usage=Usage(input=0, output=20), tier="default")
        items = tuple(
            item.model_copy(update={"id": f"call_{len(self.requests)}_{at}"})
            if isinstance(item, Call) and not item.id
            else item
            for at, item in enumerate(answer.items)
        )
        usage = answer.usage
        if usage is not None and usage.input == 0:
            usage = usage.model_copy(update={"input": len(request.model_dump_json().encode()) // 4})
        return answer.model_copy(
            update={"items": items, "usage": usage, "model": answer.model or request.model}
        )
