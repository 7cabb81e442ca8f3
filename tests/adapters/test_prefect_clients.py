"""Clients of one process share what was read of the authorities' certificates, and trust the same ones as before."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi
import pytest

from fresh.adapters.prefecting.clients import _SharingSSL, share_certificates


def test_certificates_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str | None] = []
    made = ssl.create_default_context

    def count(cafile: str | None = None) -> ssl.SSLContext:
        read.append(cafile)
        return made(cafile=cafile)

    monkeypatch.setattr(ssl, "create_default_context", count)
    shared = _SharingSSL()
    first = shared.create_default_context(cafile=certifi.where())
    assert shared.create_default_context(cafile=certifi.where()) is first
    assert read == [certifi.where()]
    assert first.verify_mode is ssl.CERT_REQUIRED
    assert first.check_hostname


def test_who_trusts_nobody_and_who_trusts_others_get_contexts_of_their_own(tmp_path: Path) -> None:
    mine = tmp_path / "ca.pem"
    mine.write_bytes(Path(certifi.where()).read_bytes())
    shared = _SharingSSL()
    all_three = [
        shared.create_default_context(),
        shared.create_default_context(cafile=certifi.where()),
        shared.create_default_context(cafile=str(mine)),
    ]
    assert len({id(one) for one in all_three}) == 3
    # What is done to a context for clients that verify nothing stays with those.
    all_three[0].check_hostname = False
    all_three[0].verify_mode = ssl.CERT_NONE
    assert all_three[1].verify_mode is ssl.CERT_REQUIRED


def test_a_file_that_was_renewed_is_read_again(tmp_path: Path) -> None:
    mine = tmp_path / "ca.pem"
    mine.write_bytes(Path(certifi.where()).read_bytes())
    shared = _SharingSSL()
    first = shared.create_default_context(cafile=str(mine))
    os.utime(mine, (1, 1))
    assert shared.create_default_context(cafile=str(mine)) is not first
    with pytest.raises(OSError, match="nowhere"):
        shared.create_default_context(cafile=str(tmp_path / "nowhere.pem"))


def test_prefect_opens_its_clients_with_it() -> None:
    from prefect.client import orchestration
    from prefect.client.orchestration import get_client

    share_certificates()
    share_certificates()
    shared = vars(orchestration)["ssl"]
    assert isinstance(shared, _SharingSSL)
    assert shared.CERT_NONE is ssl.CERT_NONE
    with get_client(sync_client=True), get_client(sync_client=True):
        assert len(shared._contexts) == 1
