"""Secrets in text: known shapes of keys, and our own, in clear or lightly wrapped."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fresh.domain.redaction import Redactor

SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    "an AWS access key": re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA|AROA|AIDA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    "an AWS secret key": re.compile(
        r"(?i)aws.{0,30}(?:secret|key).{0,20}['\"=:\s][A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
    ),
    "a GitHub token": re.compile(
        r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"
    ),
    "a Slack token": re.compile(
        r"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{10,}|(?<![A-Za-z0-9])xapp-\d-[A-Za-z0-9-]{10,}"
    ),
    "a Slack webhook": re.compile(r"hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}"),
    "an OpenAI key": re.compile(r"(?<![A-Za-z0-9-])sk-(?=[\w-]*\d)(?=[\w-]*[A-Z])[\w-]{20,}"),
    "a Google API key": re.compile(r"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}"),
    "a Stripe key": re.compile(r"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{20,}"),
}


def find_leaks(lines: Iterable[str], own: Iterable[str] = ()) -> tuple[str, ...]:
    """Name the kinds of secrets that the lines hold, and never the secrets.

    `own` holds our own secret values; they are found in every form that a `Redactor` hides.
    """
    text = "\n".join(lines)
    found = [kind for kind, shape in SHAPES.items() if shape.search(text)]
    if Redactor(tuple(own)).finds(text):
        found.append("one of our own secrets")
    return tuple(found)
