"""What this installation is told, and what of it is secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import AliasChoices
from pydantic.fields import FieldInfo

from fresh.domain.redaction import Redactor
from fresh.errors import OperatorMistake
from fresh.settings import Settings, read_settings
from fresh.wiring import bare_sandbox


@pytest.mark.parametrize("word", ["Landlock", "landlock,bwrap", "none", "", "docker"])
def test_a_sandbox_that_does_not_exist_is_refused_and_not_ignored(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("FRESH_SANDBOX", word)
    with pytest.raises(
        OperatorMistake, match="FRESH_SANDBOX can't be used: Input should be 'bwrap' or 'landlock'"
    ):
        read_settings()


@pytest.mark.parametrize(
    ("word", "made"), [(None, "BwrapSandbox"), ("bwrap", "BwrapSandbox"), ("landlock", "LandlockSandbox")]
)
def test_the_weaker_sandbox_is_only_had_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, word: str | None, made: str
) -> None:
    monkeypatch.delenv("FRESH_SANDBOX", raising=False)
    if word is not None:
        monkeypatch.setenv("FRESH_SANDBOX", word)
    assert type(bare_sandbox(tmp_path, read_settings())).__name__ == made


def test_every_secret_field_and_every_password_in_an_address_is_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "FRESH_JOURNAL_URL", "postgresql+psycopg://ada:geh%40im-9876@db.example/fresh?sslpassword=w0rdw0rd"
    )
    monkeypatch.setenv("OPENAI_BASE_URL", "https://user:p4ssw0rd-of-proxy@127.0.0.1:8080/v1")
    secret_fields = [
        _variable(name, field)
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    ]
    assert len(secret_fields) >= 3
    for name in secret_fields:
        monkeypatch.setenv(name, f"value-of-{name}-0123456789")
    secrets = read_settings().secrets()
    expected = {f"value-of-{name}-0123456789" for name in secret_fields}
    expected |= {"geh%40im-9876", "geh@im-9876", "w0rdw0rd", "p4ssw0rd-of-proxy"}
    assert set(secrets) == expected
    hidden = Redactor(secrets)(" ".join(secrets))
    assert not [secret for secret in secrets if secret in hidden]


def _variable(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return str(alias or field.alias or f"FRESH_{name.upper()}")


def test_a_password_that_names_its_user_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRESH_JOURNAL_URL", "postgresql+psycopg://postgres:postgres@127.0.0.1/fresh")
    assert read_settings().secrets() == ()


def test_settings_show_no_secret_when_they_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    assert "sk-0123456789abcdef" not in repr(read_settings())
