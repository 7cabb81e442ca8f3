"""This installation: what is true of one machine and not of one order. Never built at import."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from fresh.errors import OperatorMistake


class Settings(BaseSettings):
    """Read from the environment, `FRESH_*` unless a vendor's own name is usual."""

    model_config = SettingsConfigDict(env_prefix="FRESH_", extra="ignore", frozen=True)

    home: Path | None = Field(default=None, description="state directory; default `.fresh` in the repository")
    journal_url: str | None = Field(default=None, description="SQLAlchemy URL of the journal; default SQLite")
    model: str | None = Field(default=None, description="model of the llm engine")
    sandbox_uid: int | None = Field(
        default=None, ge=1, description="unprivileged uid of the sandbox when Fresh itself runs as root"
    )
    sandboxes: int = Field(
        default_factory=lambda: max(2, os.cpu_count() or 2), ge=1, description="commands in sandboxes at once"
    )
    models: int = Field(
        default=8, ge=1, description="model calls at once, over all runs of one Prefect server"
    )
    prefect_api_url: str | None = Field(default=None, alias="PREFECT_API_URL")
    openai_api_key: SecretStr | None = Field(default=None, alias="OPENAI_API_KEY")
    github_token: SecretStr | None = Field(default=None, alias="GITHUB_TOKEN")
    slack_bot_token: SecretStr | None = Field(default=None, alias="SLACK_BOT_TOKEN")

    def secrets(self) -> tuple[str, ...]:
        """Every secret value in clear, for the checks that none of them leaks."""
        held = (self.openai_api_key, self.github_token, self.slack_bot_token)
        return tuple(secret.get_secret_value() for secret in held if secret and secret.get_secret_value())


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
