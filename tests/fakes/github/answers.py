"""Replies as GitHub words them, and what a request asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from tests.fakes.github.world import Repository, Token, User

if TYPE_CHECKING:
    from tests.fakes.github.world import World

Json = dict[str, object]
DOCS = "https://docs.github.com/rest"


@dataclass
class Reply:
    """A status, a JSON value (None: no body) and headers beyond the usual ones."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """GitHub says no."""

    def __init__(self, status: int, message: str, errors: object = None, **headers: str) -> None:
        super().__init__(message)
        body: Json = {"message": message}
        if errors is not None:
            body["errors"] = errors
        body |= {"documentation_url": DOCS, "status": str(status)}
        self.reply = Reply(status, body, {name.replace("_", "-"): value for name, value in headers.items()})


def not_found(**headers: str) -> Refused:
    """GitHub's answer where something is missing, and where somebody may not know that it is there."""
    return Refused(404, "Not Found", **headers)


def invalid(resource: str, code: str, field_name: str | None = None, message: str | None = None) -> Refused:
    """GitHub's answer to values that can't be."""
    error: Json = {"resource": resource, "code": code}
    if field_name is not None:
        error["field"] = field_name
    if message is not None:
        error["message"] = message
    return Refused(422, "Validation Failed", [error])


@dataclass
class Call:
    """One request, understood: who asks, for what, with which words."""

    world: World
    method: str
    path: str
    names: dict[str, str]
    query: dict[str, str]
    body: Json
    token: Token | None
    user: User | None
    base: str

    @property
    def repository(self) -> Repository:
        """The repository of the path; one that the caller may not read is not found."""
        full = f"{self.names['owner']}/{self.names['repo']}".lower()
        found = self.world.repositories.get(full)
        if found is None or not self._reads(found):
            raise not_found()
        return found

    def demand(self, permission: str, level: str = "write", role: str = "write") -> Repository:
        """Give the repository if the token and its owner may do this with it, else refuse as GitHub does."""
        repository = self.repository
        if self.token is None:
            raise Refused(401, "Requires authentication")
        accepted = "repo" if repository.private else "public_repo, repo"
        if self.token.scopes is not None and not _has_scope(self.token.scopes, repository.private):
            raise not_found(X_Accepted_OAuth_Scopes=accepted)
        if self.token.permissions is not None:
            held = self.token.permissions.get(permission)
            if held not in ({"read": ("read", "write", "admin"), "write": ("write", "admin")}[level]):
                who = "integration" if self.token.installation else "personal access token"
                raise Refused(
                    403,
                    f"Resource not accessible by {who}",
                    X_Accepted_GitHub_Permissions=f"{permission}={level}",
                )
        if self.token.installation is None and not repository.may(self.token.login, role):
            raise Refused(
                403,
                "Must have push access to repository."
                if role == "write"
                else "Must have admin rights to Repository.",
            )
        if repository.archived and self.method != "GET":
            raise Refused(403, "Repository was archived so is read-only.")
        return repository

    def _reads(self, repository: Repository) -> bool:
        if not repository.private:
            return True
        if self.token is None:
            return False
        if self.token.repositories is not None and repository.full_name not in self.token.repositories:
            return False
        if self.token.installation is not None:
            return True
        if self.token.scopes is not None and "repo" not in self.token.scopes:
            return False
        return repository.may(self.token.login, "read")

    def take(self, required: dict[str, type], optional: dict[str, type] | None = None) -> Json:
        """Check the body's keys and types as GitHub does; null stands for "not given"."""
        allowed = {**required, **(optional or {})}
        for key in self.body:
            if key not in allowed:
                raise Refused(422, f'Invalid request.\n\n"{key}" is not a permitted key.')
        for key in required:
            if self.body.get(key) is None:
                raise Refused(422, f'Invalid request.\n\n"{key}" wasn\'t supplied.')
        for key, value in self.body.items():
            kind = allowed[key]
            if value is not None and (
                not isinstance(value, kind) or (kind is int and isinstance(value, bool))
            ):
                raise Refused(
                    422, f"Invalid request.\n\nFor 'properties/{key}', {value!r} is not a {kind.__name__}."
                )
        return {key: value for key, value in self.body.items() if value is not None}

    def page(self, items: list[object]) -> Reply:
        """Give one page of a list, with a Link header for the others."""
        try:
            size = min(100, max(1, int(self.query.get("per_page", "30"))))
            number = max(1, int(self.query.get("page", "1")))
        except ValueError:
            raise Refused(422, "Validation Failed") from None
        last = max(1, -(-len(items) // size))
        links = []
        for name, target in (("prev", number - 1), ("next", number + 1), ("last", last), ("first", 1)):
            useful = number > 1 if name in ("prev", "first") else number < last
            if useful and 1 <= target <= last:
                query = urlencode({**self.query, "page": str(target)})
                links.append(f'<{self.base}{self.path}?{query}>; rel="{name}"')
        shown = items[(number - 1) * size : number * size]
        return Reply(200, shown, {"Link": ", ".join(links)} if links else {})


def _has_scope(scopes: frozenset[str], private: bool) -> bool:
    return "repo" in scopes or (not private and "public_repo" in scopes)
