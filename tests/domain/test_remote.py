from __future__ import annotations

import pytest

from fresh.domain.remote import api_of, is_address, read_address


@pytest.mark.parametrize(
    "text",
    [
        "https://github.com/acme/shop",
        "https://github.com/acme/shop.git",
        "https://github.com/acme/shop/",
        "https://ada:ghp_secret@github.com/acme/shop.git",
        "git@github.com:acme/shop.git",
        "ssh://git@github.com/acme/shop.git",
        "ssh://git@ssh.github.com:443/acme/shop.git",
        "git://github.com/acme/shop.git",
        "https://www.GitHub.com/acme/shop",
    ],
)
def test_every_way_to_write_an_address_is_one_repository_without_its_password(text: str) -> None:
    address = read_address(text)
    assert address is not None
    assert address.url == "https://github.com/acme/shop.git"
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "/srv/git/shop.git",
        "../shop",
        "file:///srv/git/shop.git",
        "https://github.com/acme",
        "https://github.com/acme/shop/tree/main",
        "https://github.com/acme/..",
        "https:///acme/shop",
        "https://github.com:x/acme/shop",
        "git@github.com:acme/sh op.git",
        "ext::sh -c evil",
        "",
    ],
)
def test_what_names_no_repository_on_a_host_is_no_address(text: str) -> None:
    assert read_address(text) is None


def test_a_port_belongs_to_http_alone() -> None:
    http = read_address("http://127.0.0.1:8080/acme/shop.git")
    assert http is not None
    assert http.url == "http://127.0.0.1:8080/acme/shop.git"


@pytest.mark.parametrize(
    ("text", "given", "own", "api"),
    [
        ("https://github.com/a/b", None, (), "https://api.github.com"),
        ("https://acme.ghe.com/a/b", None, (), "https://api.acme.ghe.com"),
        ("https://git.corp/a/b", None, (), None),
        ("https://git.corp/a/b", None, ("git.corp",), "https://git.corp/api/v3"),
        ("https://git.corp/a/b", "https://git.corp/api/v3/", (), "https://git.corp/api/v3"),
        ("https://evil.example/a/b", "https://git.corp/api/v3", (), None),
        ("https://gitlab.com/a/b", None, (), None),
        ("https://github.com/a/b", "https://api.github.com", (), "https://api.github.com"),
        ("http://localhost:3000/a/b", "http://127.0.0.1:8000", (), "http://127.0.0.1:8000"),
    ],
)
def test_a_token_goes_to_hosts_that_somebody_vouches_for(
    text: str, given: str | None, own: tuple[str, ...], api: str | None
) -> None:
    address = read_address(text)
    assert address is not None
    assert api_of(address, given, frozenset(own)) == api
