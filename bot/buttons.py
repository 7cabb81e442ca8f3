"""What a button gives back: `v1.<question>.<seal>.<mac>`, or `v1.run-<run>.0.<mac>`; nothing else is ever believed."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

VERSION = "v1"
RUN = "run-"
NO_SEAL = "0"
LETTERS = 16


@dataclass(frozen=True)
class Pressed:
    """The subject of a button. `seal` names what was shown: this attempt, its commit and its evidence."""

    subject: str
    seal: str

    @property
    def run_id(self) -> str | None:
        """The run of a button on a run's card."""
        return self.subject.removeprefix(RUN) if self.subject.startswith(RUN) else None


class Signet:
    """Sign button values and know them again; the key is made of a secret of this installation."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(f"fresh buttons {secret}".encode()).digest()

    def question(self, question_id: str, seal: str) -> str:
        """Make the value of a question's buttons."""
        return self._signed(question_id, seal)

    def run(self, run_id: str) -> str:
        """Make the value of a run's buttons."""
        return self._signed(RUN + run_id, NO_SEAL)

    def read(self, value: str) -> Pressed | None:
        """Read a value back; None when it is none of ours."""
        parts = value.split(".")
        if len(parts) != 4 or parts[0] != VERSION:
            return None
        _, subject, seal, _ = parts
        return (
            Pressed(subject, seal)
            if hmac.compare_digest(self._signed(subject, seal).encode(), value.encode())
            else None
        )

    def _signed(self, subject: str, seal: str) -> str:
        text = f"{VERSION}.{subject}.{seal}"
        mac = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:LETTERS]
        return f"{text}.{mac}"
