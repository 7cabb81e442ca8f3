"""How one proves oneself to GitHub: with a token, or as an App that is installed on the repository."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fresh.domain.remote import is_loopback
from fresh.errors import OperatorMistake

if TYPE_CHECKING:
    from github import Auth, Github

USER_AGENT = "fresh-agents"
TIMEOUT = 30
"""Seconds until a reply counts as lost."""


@dataclass(frozen=True)
class Credentials:
    """A token, or an App's id and private key (PEM text, or the path of a file that holds it)."""

    token: str = ""
    app_id: str = ""
    private_key: str = ""
    installation: int | None = None

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "Credentials(...)"

    @property
    def are_there(self) -> bool:
        """Say whether there is something to prove oneself with."""
        return bool(self.token or (self.app_id and self.private_key))


def connect(api: str, credentials: Credentials, full_name: str) -> tuple[Github, Auth.Auth]:
    """Make the client of one API. Nothing is sent but, for an App without a named installation, the question for it.

    Raises OperatorMistake, and what PyGithub raises.
    """
    from github import Auth

    if credentials.token:
        auth: Auth.Auth = Auth.Token(credentials.token)
        return _client(api, auth), auth
    app = Auth.AppAuth(_number(credentials.app_id), _pem(credentials.private_key))
    installation = credentials.installation
    if installation is None:
        found = _client(api, app).requester.requestJsonAndCheck("GET", f"/repos/{full_name}/installation")[1]
        installation = int(found["id"])
    auth = app.get_installation_auth(installation)
    client = _client(api, auth)
    return client, auth


def authorization(auth: Auth.Auth) -> str:
    """Give the value of an Authorization header as git over HTTP wants it."""
    return "Basic " + base64.b64encode(f"x-access-token:{auth.token}".encode()).decode()


def _client(api: str, auth: Auth.Auth) -> Github:
    from github import Github

    from fresh.adapters.githubbing.bounded import bound_answers

    bound_answers()
    # GitHub asks for a second between writes; a server on this machine has no neighbours to be fair to.
    near = is_loopback(urlsplit(api).hostname or "")
    return Github(
        auth=auth,
        base_url=api,
        timeout=TIMEOUT,
        user_agent=USER_AGENT,
        per_page=100,
        # Retries are ours: PyGithub's would send a POST again whose effect may be there already.
        retry=None,
        seconds_between_requests=None if near else 0.25,
        seconds_between_writes=None if near else 1.0,
    )


def _number(app_id: str) -> int | str:
    return int(app_id) if app_id.isdigit() else app_id


def _pem(given: str) -> str:
    if "-----BEGIN" in given:
        return given.replace("\\n", "\n")
    try:
        return Path(given).expanduser().read_text()
    except (OSError, ValueError) as trouble:
        raise OperatorMistake(
            f"GITHUB_APP_PRIVATE_KEY is neither a PEM text nor a file that can be read: {type(trouble).__name__}.",
            hint="Set it to the path of the .pem file that GitHub gave you.",
        ) from trouble
