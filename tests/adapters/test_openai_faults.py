"""Every way in which a server of models can fail has one meaning: a definite no, or a reply that may be billed."""

from __future__ import annotations

import inspect
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import openai
import pytest

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.adapters.openai_wires.faults import translated
from fresh.domain.conversation import Request, Told, Tool
from fresh.errors import FreshError, Lacking, ModelRefused, ModelUnclear, OperatorMistake
from tests.fakes.openai_script import Fate, Step
from tests.fakes.openai_server import OpenAIServer, Rules, Script, serving

KEY = "sk-verysecret-0123456789"
ASKING = Request(
    model="gpt-5-mini", instructions="Be brief.", items=(Told(text="Hi."),), max_output_tokens=100, seconds=20
)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving(Rules(Script.of(Step(text="ok")))) as running:
        yield running


@pytest.fixture(params=list(Wire))
def model(request: pytest.FixtureRequest, server: OpenAIServer) -> OpenAIModel:
    return OpenAIModel(base_url=server.url, api_key=KEY, wire=request.param, is_openai=True)


def trouble_of(model: OpenAIModel, asking: Request = ASKING) -> FreshError:
    with pytest.raises((ModelRefused, ModelUnclear)) as raised:
        model.send(asking, "r1")
    error = raised.value
    assert KEY not in f"{error} {error.hint} {error!r}"
    assert len(error.message) < 600
    assert "\n" not in error.message
    return error


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 429, 431, 301, 302, 307, 308]
)
def test_a_definite_no_is_a_refusal(model: OpenAIModel, server: OpenAIServer, status: int) -> None:
    server.answers(Step(status=status, headers={"Location": "http://127.0.0.1:9/v1"}))
    error = trouble_of(model)
    assert isinstance(error, ModelRefused)
    assert error.retryable == (status in (409, 429))
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 529, 599, 408])
def test_what_may_have_been_worked_on_is_unclear_and_can_be_tried_again(
    model: OpenAIModel, server: OpenAIServer, status: int
) -> None:
    server.answers(Step(status=status, headers={"Retry-After": "3"}))
    error = trouble_of(model)
    assert isinstance(error, ModelUnclear)
    assert error.retryable
    assert error.wait == 3
    assert len(server.seen) == 1


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate not in (Fate.WHOLE, Fate.TRICKLED)])
def test_an_answer_that_got_lost_on_its_way_is_unclear(
    model: OpenAIModel, server: OpenAIServer, fate: Fate
) -> None:
    server.answers(Step(text="x" * 1000, fate=fate))
    error = trouble_of(model)
    assert isinstance(error, ModelUnclear)
    assert error.retryable
    assert server.billed > 0


def test_a_server_that_is_too_slow_is_unclear(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(Step(text="late", sleep=3))
    begun = time.monotonic()
    error = trouble_of(model, ASKING.model_copy(update={"seconds": 0.3}))
    assert isinstance(error, ModelUnclear)
    assert "in time" in error.message
    assert time.monotonic() - begun < 2


def test_a_reply_that_trickles_for_ever_ends_at_its_time(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(Step(text="x" * 10_000, fate=Fate.TRICKLED))
    begun = time.monotonic()
    assert isinstance(trouble_of(model, ASKING.model_copy(update={"seconds": 0.5})), ModelUnclear)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "whole", [[], [1, 2], '"text"', {}, {"output": None}, {"choices": []}, {"choices": "x"}]
)
def test_json_of_the_wrong_shape_is_unclear(model: OpenAIModel, server: OpenAIServer, whole: object) -> None:
    server.answers(Step.model_validate({"whole": whole}))
    assert isinstance(trouble_of(model), ModelUnclear)


def test_json_nested_too_deeply_is_unclear(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(Step(whole="[" * 100_000 + "]" * 100_000))
    assert isinstance(trouble_of(model), ModelUnclear)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 0),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "86400"}, 60),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 +99999999999999"}, None),
        ({"Retry-After": format_datetime(datetime.now(UTC) - timedelta(hours=1))}, 0),
        ({"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=9))}, 60),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_provider_asks_for_up_to_a_minute(
    server: OpenAIServer, headers: dict[str, str], wait: float | None
) -> None:
    server.answers(Step(status=429, headers=headers))
    error = trouble_of(OpenAIModel(base_url=server.url, api_key=KEY, wire=Wire.RESPONSES, is_openai=True))
    assert isinstance(error, ModelRefused)
    assert error.wait == wait


def test_an_empty_account_is_not_tried_again(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(
        Step(status=429, error={"message": "You exceeded your quota.", "code": "insufficient_quota"})
    )
    error = trouble_of(model)
    assert isinstance(error, ModelRefused)
    assert not error.retryable
    assert "no money" in error.message


def test_a_conversation_that_is_too_long_is_named_as_such(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(Step(status=400, error={"message": "Too long.", "code": "context_length_exceeded"}))
    assert "longer than the model's context" in trouble_of(model).message


SIZES = [
    "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
    "Range of max_tokens should be [1, 8192]",
    "max_tokens: 16384 > 8192, which is the maximum allowed number of output tokens",
    "This model supports at most 4096 completion tokens, whereas you provided 16384.",
    "prompt is too long: 214000 tokens > 200000 maximum",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
    "`inputs` tokens + `max_new_tokens` must be <= 8193",
]


@pytest.mark.parametrize("words", SIZES)
def test_a_request_of_a_size_that_a_server_does_not_take_is_known(
    model: OpenAIModel, server: OpenAIServer, words: str
) -> None:
    server.answers(Step(status=400, error={"message": words, "code": "invalid_request_error"}))
    error = trouble_of(model)
    assert isinstance(error, ModelRefused)
    assert error.lacks is Lacking.ROOM
    assert "FRESH_MAX_OUTPUT_TOKENS" in error.hint


def test_half_a_key_is_never_told(server: OpenAIServer) -> None:
    failed = {"status": "failed", "output": [], "error": {"message": "x" * 180 + " Bearer " + KEY}}
    server.answers(Step(whole=failed))
    error = trouble_of(OpenAIModel(base_url=server.url, api_key=KEY, wire=Wire.RESPONSES, is_openai=True))
    assert KEY[:6] not in error.message
    assert "[key]" in error.message


def test_a_key_that_is_written_as_json_is_not_told_either(server: OpenAIServer) -> None:
    key = 'k"' + "9" * 20
    server.answers(Step(status=400, error={"nested": {"given": key}}))
    with pytest.raises(ModelRefused) as raised:
        OpenAIModel(base_url=server.url, api_key=key, wire=Wire.CHAT, is_openai=True).send(ASKING, "r1")
    assert "9" * 20 not in raised.value.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "upstream crashed while generating: `tools` parser failed after 812 tokens"),
        (504, 'upstream timeout while streaming "tools"'),
        (500, "worker died after role assistant chunk"),
    ],
)
def test_a_server_that_fails_at_work_may_bill_whatever_it_names(
    model: OpenAIModel, server: OpenAIServer, status: int, words: str
) -> None:
    server.answers(Step(status=status, error={"message": words}))
    tool = Tool(name="look", description="Look.", parameters={"type": "object", "properties": {}})
    error = trouble_of(model, ASKING.model_copy(update={"tools": (tool,)}))
    assert isinstance(error, ModelUnclear)
    assert error.retryable


def test_a_call_that_its_server_could_not_read_may_be_made_again(server: OpenAIServer) -> None:
    error = {"message": "Failed to call a function.", "code": "tool_use_failed"}
    server.answers(Step(status=400, error=error))
    told = trouble_of(OpenAIModel(base_url=server.url, api_key=KEY, wire=Wire.CHAT, is_openai=True))
    assert isinstance(told, ModelUnclear)
    assert told.retryable


def test_megabytes_of_words_are_read_in_no_time(server: OpenAIServer) -> None:
    server.answers(Step(status=400, error={"message": "max" * 200_000}))
    begun = time.monotonic()
    trouble_of(OpenAIModel(base_url=server.url, api_key=KEY, wire=Wire.CHAT, is_openai=True))
    assert time.monotonic() - begun < 10


def test_a_wrong_key_names_its_variable(server: OpenAIServer) -> None:
    server.rules.keys = frozenset({"another"})
    error = trouble_of(OpenAIModel(base_url=server.url, api_key=KEY, wire=Wire.RESPONSES, is_openai=True))
    assert "OPENAI_API_KEY" in error.hint


def test_a_key_that_a_server_repeats_is_not_shown(model: OpenAIModel, server: OpenAIServer) -> None:
    for status in (400, 403, 500):
        server.answers(Step(status=status, error={"message": f"{'x' * 290} {KEY} is bad; {KEY}"}))
        trouble_of(model)


def test_an_error_of_ten_megabytes_becomes_a_sentence(model: OpenAIModel, server: OpenAIServer) -> None:
    server.answers(Step(status=400, error={"message": "\x1b[31mno\n" * 2_000_000}))
    assert "\x1b" not in trouble_of(model).message


@pytest.mark.parametrize(
    "error", ["text", "", [], [1], 7, {"message": None}, {"message": {"a": 1}}, {"code": 5}]
)
def test_errors_of_any_shape_are_read(model: OpenAIModel, server: OpenAIServer, error: object) -> None:
    server.answers(Step.model_validate({"status": 400, "error": error}))
    assert isinstance(trouble_of(model), ModelRefused)


def test_a_redirect_is_not_followed_with_the_key(model: OpenAIModel, server: OpenAIServer) -> None:
    with serving(Rules(Script.of(Step(text="stolen")))) as thief:
        server.answers(Step(status=307, headers={"Location": f"{thief.url}/responses"}))
        error = trouble_of(model)
        assert "redirects" in error.message
        assert thief.seen == []


# ------------------------------------------------------------------------------------------- nothing was sent


def test_a_server_that_does_not_run_is_a_refusal_because_nothing_can_have_left() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = trouble_of(OpenAIModel(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", api_key=KEY))
    assert isinstance(error, ModelRefused)
    assert error.retryable
    assert "OPENAI_BASE_URL" in error.hint


def test_a_host_that_does_not_exist_is_a_refusal() -> None:
    error = trouble_of(OpenAIModel(base_url="http://nowhere.invalid/v1", api_key=KEY))
    assert isinstance(error, ModelRefused)
    assert error.retryable


def test_a_server_without_tls_where_tls_is_spoken_gets_nothing(server: OpenAIServer) -> None:
    address = server.url.replace("http:", "https:")
    error = trouble_of(OpenAIModel(base_url=address, api_key=KEY))
    assert isinstance(error, ModelRefused)
    assert server.seen == []


def test_a_server_that_accepts_and_hangs_up_may_have_read_everything() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            connection.recv(10)
            connection.close()

        hanging = threading.Thread(target=hang_up)
        hanging.start()
        error = trouble_of(
            OpenAIModel(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1", api_key=KEY)
        )
        hanging.join()
    assert isinstance(error, ModelUnclear)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8080/v1", "ftp://x/v1", "http://", "https://[::1", "http://h:port/v1", "x"]
)
def test_an_address_that_is_none_is_the_operator_s_mistake(url: str) -> None:
    with pytest.raises(OperatorMistake, match="OPENAI_BASE_URL"):
        OpenAIModel(base_url=url, api_key=KEY)


@pytest.mark.parametrize("key", ["sk-ä", "sk-a\nb", "sk a", "sk-\x00"])
def test_a_key_that_can_t_be_sent_is_the_operator_s_mistake_and_not_shown(key: str) -> None:
    with pytest.raises(OperatorMistake, match="OPENAI_API_KEY") as mistake:
        OpenAIModel(api_key=key)
    assert key not in str(mistake.value)


def test_a_password_in_the_address_is_not_shown() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = trouble_of(OpenAIModel(base_url=f"http://user:{KEY}@127.0.0.1:{port}/v1", api_key=KEY))
    assert f"127.0.0.1:{port}" in error.message


def test_the_key_is_in_no_log_line_and_no_repr(
    model: OpenAIModel, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2", "httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.answers(Step(text="ok"), Step(status=401), Step(status=500))
    model.send(ASKING, "r0")
    trouble_of(model)
    trouble_of(model)
    assert KEY not in caplog.text
    assert KEY not in repr(model)


# ---------------------------------------------------------------------------------------------- every class


def _vendor_errors() -> list[type[BaseException]]:
    return sorted(
        {
            each
            for _, each in inspect.getmembers(openai, inspect.isclass)
            if issubclass(each, BaseException) and not each.__name__.startswith("_")
        },
        key=lambda each: each.__name__,
    )


TOLD = {
    "OpenAIError": ModelRefused,
    "APIError": ModelUnclear,
    "APIStatusError": ModelUnclear,
    "APIConnectionError": ModelUnclear,
    "APITimeoutError": ModelUnclear,
    "APIResponseValidationError": ModelUnclear,
    "LengthFinishReasonError": ModelUnclear,
    "ContentFilterFinishReasonError": ModelUnclear,
    "WebSocketQueueFullError": ModelUnclear,
    "WebSocketConnectionClosedError": ModelUnclear,
    "InvalidWebhookSignatureError": ModelUnclear,
    "InternalServerError": ModelUnclear,
    "BadRequestError": ModelRefused,
    "AuthenticationError": ModelRefused,
    "OAuthError": ModelRefused,
    "PermissionDeniedError": ModelRefused,
    "NotFoundError": ModelRefused,
    "ConflictError": ModelRefused,
    "UnprocessableEntityError": ModelRefused,
    "RateLimitError": ModelRefused,
}
"""What each of the vendor's errors means; a status that nobody knows is no definite no."""


def test_every_error_of_the_vendor_has_a_meaning() -> None:
    assert {each.__name__ for each in _vendor_errors()} == set(TOLD)


STATUSES = {
    "BadRequestError": 400,
    "AuthenticationError": 401,
    "OAuthError": 401,
    "PermissionDeniedError": 403,
    "NotFoundError": 404,
    "ConflictError": 409,
    "UnprocessableEntityError": 422,
    "RateLimitError": 429,
    "InternalServerError": 500,
    "APIStatusError": 418,
}


@dataclass
class Answered:
    """As much of an HTTP response as an error of the vendor carries."""

    headers: dict[str, str] = field(default_factory=dict)


@pytest.mark.parametrize("kind", _vendor_errors(), ids=lambda each: each.__name__)
def test_an_error_of_the_vendor_means_what_is_written_down(kind: type[Exception]) -> None:
    told = TOLD[kind.__name__]
    trouble = kind.__new__(kind)
    Exception.__init__(trouble, "it went wrong")
    if issubclass(kind, openai.APIStatusError):
        trouble.__dict__.update(status_code=STATUSES[kind.__name__], body=None, response=Answered())
    assert isinstance(translated(trouble, "the server", KEY), told)
