"""Every way in which GitHub, PyGithub and the network can fail has one meaning and one sentence."""

from __future__ import annotations

import importlib
import inspect
import sys

import jwt.exceptions
import pytest
import requests.exceptions
import urllib3.exceptions

from fresh.adapters.githubbing.faults import translated
from fresh.errors import ForgeRefused, ForgeUnclear, FreshError, OperatorMistake

# The package shows its class under the name of its module.
importlib.import_module("github")
vendor = sys.modules["github.GithubException"]


def exceptions_of(module: object) -> list[type[Exception]]:
    found = [item for _, item in inspect.getmembers(module, inspect.isclass) if issubclass(item, Exception)]
    assert found
    return found


def github_error(kind: type[Exception], status: int, data: object, headers: dict[str, str]) -> Exception:
    return kind(status, data, headers)


def a_sentence(error: FreshError) -> str:
    assert "\n" not in error.message
    assert len(error.message) < 900
    return error.message


@pytest.mark.parametrize(
    "kind", [kind for kind in exceptions_of(vendor) if issubclass(kind, vendor.GithubException)]
)
@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 451])
def test_every_answer_of_github_below_500_is_a_refusal(kind: type[Exception], status: int) -> None:
    error = translated(github_error(kind, status, {"message": "No\nway"}, {}), "open a pull request")
    assert isinstance(error, ForgeRefused)
    assert error.status == status
    assert f"open a pull request ({status}): No way" in a_sentence(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 0, 200])
def test_what_may_have_happened_is_unclear(status: int) -> None:
    body = {"data": "<html><h1>Bad Gateway</h1></html>"}
    error = translated(vendor.GithubException(status, body, {"Retry-After": "4"}), "open a pull request")
    assert isinstance(error, ForgeUnclear)
    assert error.wait == 4
    a_sentence(error)


@pytest.mark.parametrize(
    "kind",
    [
        *[kind for kind in exceptions_of(vendor) if not issubclass(kind, vendor.GithubException)],
        *exceptions_of(requests.exceptions),
        *exceptions_of(urllib3.exceptions),
        AssertionError,
        TimeoutError,
        ConnectionResetError,
        ValueError,
    ],
)
def test_no_reply_of_any_kind_is_unclear(kind: type[Exception]) -> None:
    error = translated(made(kind), "read the repository")
    assert isinstance(error, ForgeUnclear)
    assert error.retryable
    assert kind.__name__ in a_sentence(error)


@pytest.mark.parametrize("kind", exceptions_of(jwt.exceptions))
def test_a_key_that_signs_nothing_is_the_operators_mistake(kind: type[Exception]) -> None:
    error = translated(made(kind), "give the App a token")
    assert isinstance(error, OperatorMistake)
    assert "GITHUB_APP_PRIVATE_KEY" in a_sentence(error)


def made(kind: type[Exception]) -> Exception:
    """Make an exception whatever it wants to know."""
    error = kind.__new__(kind)
    error.args = ("no\nroute",)
    return error


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (403, {"Retry-After": "37"}, "You have exceeded a secondary rate limit.", 37),
        (429, {"Retry-After": "5"}, "Too many requests", 5),
        (403, {}, "You have exceeded a secondary rate limit.", 60),
        (429, {}, "Slow down", 60),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}, "API rate limit exceeded", 1),
        (403, {"X-RateLimit-Remaining": "0"}, "API rate limit exceeded", 60),
        (403, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, "Later", 0),
    ],
)
def test_rate_limits_are_refusals_that_name_their_wait(
    status: int, headers: dict[str, str], message: str, wait: float
) -> None:
    error = translated(vendor.GithubException(status, {"message": message}, headers), "label #1")
    assert isinstance(error, ForgeRefused)
    assert (error.retryable, error.wait) == (True, wait)


def test_a_missing_right_is_no_rate_limit_and_is_named() -> None:
    headers = {"X-Accepted-GitHub-Permissions": "pull_requests=write", "X-RateLimit-Remaining": "12"}
    error = translated(
        vendor.GithubException(403, {"message": "Resource not accessible"}, headers), "open a pull request"
    )
    assert isinstance(error, ForgeRefused)
    assert (error.retryable, error.wait) == (False, None)
    assert "It wants pull_requests=write." in error.message


def test_what_validation_says_is_in_the_sentence() -> None:
    told = {
        "message": "Validation Failed",
        "errors": [
            {"resource": "PullRequest", "code": "custom", "message": "No commits between main and x"},
            {"resource": "PullRequest", "field": "head", "code": "invalid"},
            "Review Can not approve your own pull request",
        ],
    }
    message = translated(vendor.GithubException(422, told, {}), "open a pull request").message
    assert "No commits between main and x; PullRequest head invalid; Review Can not approve" in message
