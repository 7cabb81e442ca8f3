"""Short ids for runs and agents, and how a person may shorten them further."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from fresh.errors import OperatorMistake

LENGTH = 8
OURS = "autonomous/"
"""What the name of every agent's branch begins with."""


def agent_id(run_id: str, feature_key: str, kind: str, attempt: int = 0) -> str:
    """Derive an agent's id from what it works on, so that the same work in the same run is the same agent."""
    seed = "\0".join((run_id, feature_key, kind, str(attempt)))
    return hashlib.sha256(seed.encode()).hexdigest()[:LENGTH]


def question_id(agent_id: str, why: str, ordinal: int, subject: Sequence[str] = ()) -> str:
    """Name one question of one agent; never reused, because a used Prefect pause key replays its old answer.

    `subject` is what is decided on, a commit and what policy says of it: about anything else the name is another one,
    so that no answer can count for it. Such a key may hold lowercase letters, numbers and dashes alone.
    """
    bound = f"-{hashlib.sha256(chr(0).join(subject).encode()).hexdigest()[:LENGTH]}" if subject else ""
    return f"{agent_id}-{why.replace('_', '-')}-{ordinal}{bound}"


def slug(text: str, longest: int = 40) -> str:
    """Turn a name into what a branch, a file name or a Prefect artifact key may hold."""
    cleaned = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return cleaned[:longest].rstrip("-") or "change"


def branch_name(agent_id: str, feature_name: str) -> str:
    """Name the branch of an agent."""
    return f"{OURS}{agent_id}-{slug(feature_name)}"


def resolve(prefix: str, known: Iterable[str], what: str) -> str:
    """Find the one id that starts with `prefix`.

    Raises OperatorMistake when none or several do; a full id always wins.
    """
    ids = sorted(set(known))
    if prefix in ids:
        return prefix
    found = [known_id for known_id in ids if prefix and known_id.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise OperatorMistake(
            f"No {what} has an id that starts with {prefix!r}.", hint="See: fresh auto status"
        )
    raise OperatorMistake(
        f"{prefix!r} fits {len(found)} {what}s: {', '.join(found)}.", hint="Type one more letter of the id."
    )
