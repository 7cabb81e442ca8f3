"""What GitHub and the way to it can say, in our own words: a definite no, or nothing that can be read."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fresh.domain.quoting import line
from fresh.errors import ForgeRefused, ForgeUnclear, FreshError, OperatorMistake

if TYPE_CHECKING:
    from github import GithubException

UNNAMED_WAIT = 60.0
"""Seconds to wait at the second rate limit when GitHub names none; its documentation asks for a minute."""

_HINTS = {
    401: "Make a new token, and set GITHUB_TOKEN.",
    403: "Give the token what it lacks: fresh doctor says what. Rate limits and protected branches say so themselves.",
    404: "Is the name right, and may the token see the repository? See: fresh doctor",
}


def translated(error: Exception, what: str) -> FreshError:
    """Say in one sentence what went wrong with `what` was asked of GitHub, e.g. "open a pull request"."""
    # PyGithub takes a quarter of a second to import, and most runs end without an error of it.
    from github import GithubException
    from jwt.exceptions import PyJWTError

    if isinstance(error, GithubException):
        return _answered(error, what)
    if isinstance(error, PyJWTError):
        return OperatorMistake(
            f"GITHUB_APP_PRIVATE_KEY is no key that a GitHub App can prove itself with: {_told(error)[:200]}.",
            hint="Make one on the App's page, and set its PEM text or the path of its file.",
        )
    return ForgeUnclear(
        f"GitHub could not {what}: {type(error).__name__}: {_told(error)[:300].rstrip('.')}.",
        hint="Is the network there? See https://www.githubstatus.com; without GITHUB_TOKEN, pull requests are pages.",
    )


def _answered(error: GithubException, what: str) -> FreshError:
    status = error.status
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    said = words_of(error.data)
    if status >= 500 or status < 400 or status == 408:
        return ForgeUnclear(
            f"GitHub could not {what} ({status}): {said}.", wait=_seconds(headers.get("retry-after"))
        )
    if (wait := _wait(status, headers, said)) is not None:
        return ForgeRefused(
            f"GitHub wants {wait:.0f} s of rest before it can {what} ({status}): {said}.",
            status=status,
            retryable=True,
            wait=wait,
            hint="A rate limit: other programs with the same token count too.",
        )
    wants = headers.get("x-accepted-github-permissions") or ""
    missing = f" It wants {line(wants)}." if wants else ""
    return ForgeRefused(
        f"GitHub refused to {what} ({status}): {said}.{missing}", status=status, hint=_HINTS.get(status, "")
    )


def _told(error: Exception) -> str:
    """Put what an exception was made with on one line; some can't show themselves."""
    return line(" ".join(str(part) for part in error.args)) or "it said nothing"


def words_of(told: object) -> str:
    """Put what GitHub said about an error on one line."""
    if not isinstance(told, Mapping):
        return line(str(told))[:300].rstrip(".") or "it said nothing"
    parts = [str(told.get("message") or told.get("data") or "")]
    errors = told.get("errors")
    for error in errors if isinstance(errors, list) else [errors] if errors else []:
        if isinstance(error, Mapping):
            named = " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key))
            parts.append(str(error.get("message") or named))
        else:
            parts.append(str(error))
    return line("; ".join(part for part in parts if part))[:400].rstrip(".") or "it said nothing"


def _wait(status: int, headers: Mapping[str, str], said: str) -> float | None:
    """Say how long a rate limit asks to wait; None when this is no rate limit."""
    if status not in (403, 429):
        return None
    if (seconds := _seconds(headers.get("retry-after"))) is not None:
        return seconds
    if headers.get("x-ratelimit-remaining") == "0":
        reset = headers.get("x-ratelimit-reset", "")
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else UNNAMED_WAIT
    if status == 429 or "rate limit" in said.lower() or "abuse detection" in said.lower():
        return UNNAMED_WAIT
    return None


def _seconds(given: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if given is None:
        return None
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(given).timestamp() - time.time())
    except (TypeError, ValueError):
        return None
