"""Addresses of repositories on a forge, as git writes them."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from fresh.domain.value import Value

GITHUB = "github.com"
HOSTED = ".ghe.com"
"""Where GitHub hosts what is an enterprise's own: the API of NAME.ghe.com is at api.NAME.ghe.com."""

_SCP = re.compile(r"(?:[\w.-]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>[^\s:]+)")
_NAME = re.compile(r"(?!\.{1,2}$)[\w.-]+", re.ASCII)
_SCHEMES = ("https", "http", "ssh", "git", "git+ssh")


class RemoteAddress(Value):
    """One repository on one host. `scheme` and `port` are those of HTTP, whatever the address was written with."""

    scheme: str
    host: str
    port: int | None
    owner: str
    name: str

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The address for git over HTTP, without a user or password."""
        port = "" if self.port is None else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}/{self.full_name}.git"


def is_address(text: str) -> bool:
    """Say whether somebody typed the address of a remote repository and no path."""
    return "://" in text or (_SCP.fullmatch(text) is not None and text.startswith("git@"))


def read_address(text: str) -> RemoteAddress | None:
    """Read what stands as the URL of a remote; None for what names no owner and repository on a host."""
    text = text.strip()
    scp = None if "://" in text else _SCP.fullmatch(text)
    if scp is not None:
        return _address("https", scp["host"], None, scp["path"])
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in _SCHEMES or not host:
        return None
    if parts.scheme in ("http", "https"):
        return _address(parts.scheme, host, port, parts.path)
    return _address("https", host, None, parts.path)


def api_of(address: RemoteAddress, given: str | None, own: frozenset[str]) -> str | None:
    """Find the API that a repository's host answers at; None where nobody vouches for the host.

    `given` is the API that the operator named and `own` the hosts: a token is sent to no other, whatever a
    repository's configuration says.
    """
    if given is not None:
        host = (urlsplit(given).hostname or "").removeprefix("api.")
        fits = address.host in {host, *own} or (is_loopback(address.host) and is_loopback(host))
        return given.rstrip("/") if fits else None
    if address.host == GITHUB:
        return "https://api.github.com"
    if address.host.endswith(HOSTED):
        return f"https://api.{address.host}"
    if address.host in own:
        port = "" if address.port is None else f":{address.port}"
        return f"{address.scheme}://{address.host}{port}/api/v3"
    return None


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _address(scheme: str, host: str, port: int | None, path: str) -> RemoteAddress | None:
    parts = path.strip("/").removesuffix(".git").split("/")
    if len(parts) != 2 or not all(_NAME.fullmatch(part) for part in parts):
        return None
    host = {"ssh.github.com": GITHUB, "www.github.com": GITHUB}.get(host.lower(), host.lower())
    return RemoteAddress(scheme=scheme, host=host, port=port, owner=parts[0], name=parts[1])
