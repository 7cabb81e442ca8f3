"""Our own secret values, taken out of every text that leaves this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel

from fresh.domain.disguises import JOINT, SHORTEST, SHORTEST_IN_PIECES, bare, disguises

HIDDEN = "[secret]"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Redactor:
    """Find and hide our own secret values, also where they are wrapped or cut into pieces.

    One for each process: `redact = Redactor(settings.secrets())`, which a toolbox has as `tools.redact`. Then
    `redact(text)` for a message, a page or a log line; `redact.model(report)` for every string of a pydantic value;
    `redact.json(text)` for JSON that must stay JSON; `redact.finds(text)` to refuse a text instead. Pure, safe between
    threads, and without secrets it changes nothing. Call it last, when the text is whole, and before it is cut short:
    half a secret is not found.
    """

    secrets: tuple[str, ...] = ()

    def __call__(self, text: str) -> str:
        """Hide every secret of a text, in every form, as well as one in pieces."""
        text = self.json(text)
        joined = bare(text)
        for whole in self._bare_forms:
            if whole in joined:
                text = _in_pieces(whole).sub(HIDDEN, text)
        return text

    def json(self, text: str) -> str:
        """Hide every secret that is written in one piece; what was JSON stays JSON."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def model(self, value: Model) -> Model:
        """Hide every secret in the strings of a value; one that has none is given back as it is."""
        if not self.secrets:
            return value
        before = value.model_dump(mode="json")
        after = self._inside(before)
        return value if after == before else type(value).model_validate(after)

    def finds(self, text: str) -> bool:
        """Say whether a text holds one of our secrets."""
        joined = bare(text)
        return any(form in text for form in self._forms) or any(form in joined for form in self._bare_forms)

    def _inside(self, part: object) -> object:
        if isinstance(part, str):
            return self(part)
        if isinstance(part, list):
            return [self._inside(one) for one in part]
        if isinstance(part, dict):
            return {self(key): self._inside(one) for key, one in part.items()}
        return part

    @cached_property
    def _forms(self) -> tuple[str, ...]:
        """Every form of every secret, longest first, so that none leaves a rest when it is replaced."""
        return tuple(sorted(set(self._all_forms()), key=lambda form: (-len(form), form)))

    @cached_property
    def _bare_forms(self) -> tuple[str, ...]:
        """The forms as they are when everything is left out that can stand between pieces."""
        stripped = (bare(form) for form in self._forms)
        return tuple(dict.fromkeys(form for form in stripped if len(form) >= SHORTEST_IN_PIECES))

    def _all_forms(self) -> Iterator[str]:
        for secret in self.secrets:
            if len(secret) >= SHORTEST:
                yield from disguises(secret)


def _in_pieces(whole: str) -> re.Pattern[str]:
    return re.compile(JOINT.join(map(re.escape, whole)))
