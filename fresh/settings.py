"""This installation: what is true of one machine and not of one order. Never built at import."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from fresh.domain.money import MOST
from fresh.errors import OperatorMistake
from fresh.keys import kept

DEFAULT_MODEL = "gpt-5-mini"
"""The model of who has an OpenAI key and named none: with 100,000 tokens of context a step costs about $0.02."""


_SECRET_NAME = re.compile(r"pass|token|secret|key", re.IGNORECASE)


class Settings(BaseSettings):
    """Read from the environment, `FRESH_*` unless a vendor's own name is usual."""

    model_config = SettingsConfigDict(env_prefix="FRESH_", extra="ignore", frozen=True)

    home: Path | None = Field(default=None, description="state directory; default `.fresh` in the repository")
    journal_url: str | None = Field(default=None, description="SQLAlchemy URL of the journal; default SQLite")
    model: str | None = Field(
        default=None, description=f"model of the llm engine; at OpenAI's own server {DEFAULT_MODEL} if unset"
    )
    sandbox: Literal["bwrap", "landlock"] = Field(
        default="bwrap",
        description="what contains untrusted commands; `landlock` is weaker, for machines without user namespaces, and "
        "no form ever falls back to the other",
    )
    sandbox_uid: int | None = Field(
        default=None, ge=1, description="unprivileged uid of the sandbox when Fresh itself runs as root"
    )
    sandboxes: int = Field(
        default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, description="commands in sandboxes at once"
    )
    models: int = Field(
        default=8, ge=1, description="model calls at once, over all runs of one Prefect server"
    )
    ci_minutes: float = Field(
        default=15.0, ge=0, le=240, description="minutes for which an agent follows its pull request's checks"
    )
    wire: Literal["responses", "chat"] | None = Field(
        default=None,
        description="how the server is spoken to; default: Responses, and Chat Completions where that is unknown",
    )
    tools: Literal["called", "spoken"] | None = Field(
        default=None,
        description="how a model uses tools: by tool calls, or as JSON in its words; default: by calls, and in words "
        "where the server refuses tools",
    )
    reply_seconds: float | None = Field(
        default=None,
        gt=0,
        le=7200,
        description="seconds that a reply may take; default 300, and 900 on the flex tier",
    )
    flex_fallback: bool = Field(
        default=False,
        description="whether requests of --overnight may go at the standard tier, at about twice the price, while the "
        "flex tier has no room; a model that has no such tier is asked at the standard one in any case",
    )
    knows_openai: bool | None = Field(
        default=None,
        description="whether the server knows what only OpenAI's own do (service tiers, sealed reasoning, cache keys); "
        "default: by the host of OPENAI_BASE_URL; say true for a gateway to OpenAI",
    )
    price_input: Decimal | None = Field(
        default=None, ge=0, description="US dollars per million input tokens, for a model that no table knows"
    )
    price_output: Decimal | None = Field(default=None, ge=0, description="the same for output tokens")
    self_hosted: bool = Field(
        default=False,
        description="your word that the model costs nothing, which a price of 0 needs unless OPENAI_BASE_URL is on "
        "this machine",
    )
    max_output_tokens: int = Field(
        default=16_384, ge=256, le=1_000_000, description="the most tokens of one reply, reasoning included"
    )
    day_budget: Decimal | None = Field(
        default=None,
        ge=0,
        le=MOST,
        description="US dollars that all runs of one journal may spend together in a day (UTC); default no limit",
    )
    least_memory: int = Field(
        default=512, ge=0, description="megabytes of memory that must stay free when a seat is filled"
    )
    least_disk: int = Field(
        default=1024, ge=0, description="megabytes of disk that must stay free when a seat is filled"
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="port at which `fresh up` answers Prometheus at /metrics; default: none",
    )
    metrics_host: str = Field(
        default="127.0.0.1", description="address of that port; it shows what runs cost to whoever asks"
    )
    traces: bool = Field(
        default=False,
        description="send OpenTelemetry traces over OTLP/HTTP to OTEL_EXPORTER_OTLP_ENDPOINT",
    )
    work_pool: str | None = Field(
        default=None,
        min_length=1,
        description="Prefect work pool whose workers take the agents; default: agents live in their run's process",
    )
    worker_seats: int | None = Field(
        default=None,
        ge=1,
        description="agents that this machine's worker hosts at once; it needs a FRESH_WORK_POOL of the agents' own",
    )
    prefect_api_url: str | None = Field(default=None, alias="PREFECT_API_URL")
    openai_base_url: str | None = Field(
        default=None,
        alias="OPENAI_BASE_URL",
        description="any OpenAI-compatible server; default OpenAI's own",
    )
    openai_api_key: SecretStr | None = Field(default=None, alias="OPENAI_API_KEY")
    github_token: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("GITHUB_TOKEN", "GH_TOKEN"),
        description="a token of GitHub",
    )
    github_app_id: str | None = Field(
        default=None, alias="GITHUB_APP_ID", description="a GitHub App, instead of a token"
    )
    github_app_private_key: SecretStr | None = Field(
        default=None, alias="GITHUB_APP_PRIVATE_KEY", description="its key: PEM text, or the path of the file"
    )
    github_app_installation_id: int | None = Field(
        default=None, alias="GITHUB_APP_INSTALLATION_ID", description="found by the repository when unset"
    )
    github_api_url: str | None = Field(
        default=None,
        alias="GITHUB_API_URL",
        description="API of a GitHub Enterprise server; without it a token goes to github.com and *.ghe.com alone",
    )
    github_server_url: str | None = Field(default=None, alias="GITHUB_SERVER_URL")
    gh_host: str | None = Field(default=None, alias="GH_HOST")
    slack_bot_token: SecretStr | None = Field(default=None, alias="SLACK_BOT_TOKEN")
    slack_app_token: SecretStr | None = Field(
        default=None,
        alias="SLACK_APP_TOKEN",
        description="opens the sockets (xapp-...); not needed in HTTP mode",
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None,
        alias="SLACK_SIGNING_SECRET",
        description="proves that a request is Slack's, in HTTP mode",
    )
    slack_channel: str | None = Field(
        default=None,
        pattern=r"^[CG][A-Z0-9]{1,}$",
        description="id of the channel for questions and runs (C...)",
    )
    slack_mention: str | None = Field(
        default=None,
        pattern=r"^[SUW][A-Z0-9]{2,}$",
        description="id of the user or user group that a question mentions; default: the first group of the approvers",
    )
    slack_api_url: str = Field(default="https://slack.com/api/", description="root of Slack's Web API")
    slack_http_port: int | None = Field(
        default=None, ge=0, le=65535, description="take requests on this port instead of opening sockets"
    )
    bot_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="port on which the Slack bot says how it is; 0 takes a free one",
    )
    repositories: str | None = Field(
        default=None,
        description="paths of the repositories that the Slack bot serves, by commas; default: here",
    )
    prefect_api_key: SecretStr | None = Field(default=None, alias="PREFECT_API_KEY")
    prefect_api_auth_string: SecretStr | None = Field(default=None, alias="PREFECT_API_AUTH_STRING")
    slack_team: str | None = Field(default=None, description="id of the one Slack team whose people count")
    slack_viewers: str | None = Field(
        default=None, description="ids of Slack users (U...) and user groups (S...) who may look, by commas"
    )
    slack_operators: str | None = Field(default=None, description="the same for who may start and stop")
    slack_approvers: str | None = Field(default=None, description="the same for who may decide and stop")
    self_approval: Literal["allow", "block"] | None = Field(
        default=None, description="whether who started a run may approve what its agents made; default allow"
    )
    prefect_decisions: Literal["allow", "refuse"] | None = Field(
        default=None, description="whether the Resume form of the Prefect UI decides; default allow"
    )

    @property
    def default_model(self) -> str:
        """Name the model of orders that name none; empty where nobody knows one."""
        return self.model or ("" if self.openai_base_url else DEFAULT_MODEL)

    def model_of(self, wanted: str | None) -> str:
        """Name the model of an order. Raises OperatorMistake when nobody did."""
        named = wanted or self.default_model
        if not named:
            raise OperatorMistake(
                f"No model is named for the server {self.openai_base_url}.",
                hint="Name it with --model NAME or FRESH_MODEL.",
            )
        return named

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the keys that were taken out of the environment, then the environment, and never a file."""
        return init_settings, InitSettingsSource(settings_cls, dict(kept())), env_settings

    @property
    def has_model(self) -> bool:
        """Say whether a language model is configured: a key, or a server of one's own."""
        return bool(self.openai_base_url or (self.openai_api_key and self.openai_api_key.get_secret_value()))

    @property
    def github_hosts(self) -> frozenset[str]:
        """The hosts that the operator named as GitHub's own or an enterprise's."""
        named = (self.gh_host, urlsplit(self.github_server_url or "").hostname)
        return frozenset(host.lower() for host in named if host)

    def own_price(self) -> tuple[Decimal, Decimal] | None:
        """Give the operator's own price for input and output tokens. Raises OperatorMistake."""
        both = (self.price_input, self.price_output)
        if both == (None, None):
            return None
        if self.price_input is None or self.price_output is None:
            raise OperatorMistake(
                "Only one of FRESH_PRICE_INPUT and FRESH_PRICE_OUTPUT is set.",
                hint="Set both, in US dollars per million tokens.",
            )
        if 0 in both and not (self.self_hosted or _is_here(self.openai_base_url)):
            raise OperatorMistake(
                f"A price of 0 is not believed for the server {self.openai_base_url or 'of OpenAI'!r}.",
                hint="If the model really costs you nothing, say so with FRESH_SELF_HOSTED=true.",
            )
        return self.price_input, self.price_output

    def secrets(self) -> tuple[str, ...]:
        """Every secret value in clear, for the checks that none of them leaks: whatever is a `SecretStr`, every key
        that was withheld from the environment, and the passwords in addresses."""
        values = [getattr(self, name) for name in type(self).model_fields]
        held = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        inside = [secret for value in values if isinstance(value, str) for secret in _passwords(value)]
        return tuple(dict.fromkeys(secret for secret in (*held, *kept().values(), *inside) if secret))


def _passwords(url: str) -> Iterator[str]:
    """Find what is secret in an address, as it is written and as it is meant.

    A password that is the name of its user, host or database stands in clear beside it, and hides nothing.
    """
    try:
        parts = urlsplit(url)
        told = {parts.username, parts.hostname, parts.path.strip("/"), parts.scheme}
    except ValueError:
        return
    written = [parts.password or ""]
    written += [value for name, value in parse_qsl(parts.query) if _SECRET_NAME.search(name)]
    for secret in written:
        yield from (form for form in (secret, unquote(secret)) if form not in told)


def _is_here(url: str | None) -> bool:
    """Say whether a server is on this machine."""
    host = urlsplit(url or "").hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings() -> Settings:
    """Read the settings of this installation. Raises OperatorMistake, which never shows a value: it may be a secret."""
    try:
        return Settings()
    except ValidationError as bad:
        first = bad.errors(include_url=False, include_context=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "?"
        name = field if field.isupper() else f"FRESH_{field.upper()}"
        raise OperatorMistake(
            f"The environment variable {name} can't be used: {first['msg'].rstrip('.')}.",
            hint=f"Correct it, or leave it out: unset {name}",
        ) from bad
