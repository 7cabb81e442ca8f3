"""Secrets in text: known shapes of keys, and our own, in clear or lightly wrapped."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

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
SHORTEST_OWN = 8
_URL_SAFE = str.maketrans("+/", "-_")
# What can stand between the pieces of one string in source code, and between the rows of a diff.
_JOINTS = str.maketrans(dict.fromkeys("\"'\\+.,|&() \t\r\n"))


def find_leaks(lines: Iterable[str], own: Iterable[str] = ()) -> tuple[str, ...]:
    """Name the kinds of secrets that the lines hold, and never the secrets.

    `own` holds our own secret values; they are also found reversed, in base64, in hex, as part of a URL or of JSON,
    and cut into pieces by quotes and line ends.
    """
    text = "\n".join(lines)
    found = [kind for kind, shape in SHAPES.items() if shape.search(text)]
    if any(_holds(text, secret) for secret in own if len(secret) >= SHORTEST_OWN):
        found.append("one of our own secrets")
    return tuple(found)


def _holds(text: str, secret: str) -> bool:
    joined = text.translate(_JOINTS)
    for form in _forms(secret):
        bare = form.translate(_JOINTS)
        if form in text or (len(bare) >= SHORTEST_OWN and bare in joined):
            return True
    return False


def _forms(secret: str) -> tuple[str, ...]:
    """List the ways in which a secret may be written, longest first, so that none leaves a rest when it is replaced."""
    encoded = secret.encode()
    digits = encoded.hex()
    escaped = (quote(secret, safe=""), quote(secret), quote_plus(secret))
    shifted = [
        base64.b64encode(b"\0" * shift + part).decode().rstrip("=")[4 if shift else 0 : -1]
        # What stands before the secret shifts its base64 by 0 to 2 bytes; the first and last letters depend on it.
        for shift in range(3)
        for part in (encoded, encoded[::-1])
    ]
    forms = {
        secret,
        secret[::-1],
        json.dumps(secret)[1:-1],
        digits,
        digits.upper(),
        "\\x" + encoded.hex("\t").replace("\t", "\\x"),
        encoded.hex(":"),
        encoded.hex(" "),
        *escaped,
        *(re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form) for form in escaped),
        *shifted,
        *(form.translate(_URL_SAFE) for form in shifted),
    }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def hide(text: str, own: Iterable[str]) -> str:
    """Replace our own secret values in a text, also where they are lightly wrapped."""
    for secret in own:
        if len(secret) >= SHORTEST_OWN:
            for form in _forms(secret):
                text = text.replace(form, "[secret]")
    return text
