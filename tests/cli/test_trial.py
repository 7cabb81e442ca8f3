"""The server on trial: when an earlier trial still counts, and when it does not."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import cli.trial
from cli.trial import BELIEVED, fingerprint, try_server
from fresh.errors import Mishap, ServerUnreachable

NOON = 1_800_000_000.0


class Trials:
    """Counts the servers that were started."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def test_a_trial_counts_for_a_day_and_says_when_it_was(tmp_path: Path) -> None:
    trials = Trials()
    assert "started and ended as a trial" in try_server(trials, tmp_path, lambda: NOON)
    assert "came up just now" in try_server(trials, tmp_path, lambda: NOON + 5)
    assert "came up 12 min ago" in try_server(trials, tmp_path, lambda: NOON + 12 * 60)
    assert "came up 23 h ago" in try_server(trials, tmp_path, lambda: NOON + BELIEVED - 60)
    assert trials.count == 1
    assert "as a trial" in try_server(trials, tmp_path, lambda: NOON + BELIEVED)
    assert trials.count == 2


def test_a_trial_from_the_future_does_not_count(tmp_path: Path) -> None:
    trials = Trials()
    try_server(trials, tmp_path, lambda: NOON)
    try_server(trials, tmp_path, lambda: NOON - 60)
    assert trials.count == 2


def test_a_change_of_what_is_installed_calls_for_another_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = Trials()
    try_server(trials, tmp_path, lambda: NOON)
    before = fingerprint()
    monkeypatch.setattr(cli.trial.sqlite3, "sqlite_version", "9.9.9")
    assert fingerprint() != before
    try_server(trials, tmp_path, lambda: NOON)
    assert trials.count == 2


def test_a_trial_that_failed_is_not_believed(tmp_path: Path) -> None:
    def fail() -> None:
        raise ServerUnreachable("it ended with exit code 1 before it answered")

    for _ in range(2):
        with pytest.raises(ServerUnreachable):
            try_server(fail, tmp_path, lambda: NOON)


def test_an_installation_that_can_not_be_written_is_tried_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    trials = Trials()
    for _ in range(2):
        try_server(trials, tmp_path / "file", lambda: NOON)
    assert trials.count == 2


def test_a_loopback_that_is_closed_is_found_out_although_a_trial_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_server(Trials(), tmp_path, lambda: NOON)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(Mishap, match="could not listen"):
        try_server(Trials(), tmp_path, lambda: NOON)
