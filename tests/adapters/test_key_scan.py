"""What detect-secrets is asked about added lines, and what it must not obey."""

from __future__ import annotations

import socket
import time

import pytest

from fresh.adapters.key_scan import LONGEST, find_keys

KEYS = {
    "aws_access_key_id = 'AKIA" + "Q3EGRJ7XYPLMNV2A'": "AWS Access Key",
    "url = 'https://admin:hunter2hunter2@host.example'": "Basic Auth Credentials",
    "password = 'Tr0ub4dor&3-horse'": "Secret Keyword",
    "-----BEGIN RSA PRIVATE KEY-----": "Private Key",
    "t = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'": "JSON Web Token",
    "stripe = 'sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc'": "Stripe Access Key",
    "glpat = 'glpat-" + "aB3dE5fG7hJ9kL1mN3pQ'": "GitLab Token",
}


@pytest.mark.parametrize(("line", "kind"), KEYS.items(), ids=KEYS.values())
def test_a_key_is_named_by_its_kind_and_not_repeated(line, kind):
    assert kind in find_keys("a.py", [line])
    assert line not in str(find_keys("a.py", [line]))


@pytest.mark.parametrize(
    "line",
    [
        "x = 1",
        "def parse(text: str) -> int:",
        "assert slug('Hello World') == 'hello-world'",
        "password = ''",
        "password = os.environ['PASSWORD']",
        "host = '8.8.8.8'",
        "id = '123e4567-e89b-12d3-a456-426614174000'",
        "letters = 'abcdefghijklmnopqrstuvwxyz'",
    ],
)
def test_ordinary_code_holds_no_key(line):
    assert find_keys("a.py", [line]) == ()


@pytest.mark.parametrize("pragma", ["# pragma: allowlist secret", "# nosec", "# noqa", "# gitleaks:allow"])
def test_a_remark_in_the_line_does_not_excuse_it(pragma):
    assert "Secret Keyword" in find_keys("a.py", [f"password = 'Tr0ub4dor&3-horse'  {pragma}"])


def test_a_key_at_the_end_of_a_very_long_line_is_found_in_time():
    begun = time.monotonic()
    line = "x" * 300_000 + " aws = 'AKIA" + "Q3EGRJ7XYPLMNV2A'"
    assert "AWS Access Key" in find_keys("a.py", [line])
    assert time.monotonic() - begun < 10


def test_what_is_too_long_to_be_scanned_is_said():
    assert "too many" in find_keys("a.py", ["x" * LONGEST, "y"])[0]


def test_nobody_is_asked_whether_a_key_is_alive(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for line, kind in KEYS.items():
        assert kind in find_keys("a.py", [line])
