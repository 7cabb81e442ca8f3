"""Who one is, what a repository is, and what an App may do."""

from __future__ import annotations

from tests.fakes.github.answers import Call, Refused, Reply, not_found
from tests.fakes.github.apps import grant
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes, when
from tests.fakes.github.world import App


@route("GET", "/user")
def user(call: Call, shapes: Shapes) -> Reply:
    """Say who the token belongs to."""
    if call.token is None:
        raise Refused(401, "Requires authentication")
    if call.token.installation is not None:
        raise Refused(403, "Resource not accessible by integration")
    return Reply(200, shapes.user(call.token.login))


@route("GET", "/users/{login}")
def somebody(call: Call, shapes: Shapes) -> Reply:
    """Show somebody."""
    if call.names["login"] not in call.world.users:
        raise not_found()
    return Reply(200, shapes.user(call.names["login"]))


@route("GET", "/rate_limit")
def rate_limit(call: Call, shapes: Shapes) -> Reply:
    """Say how many requests are left; asking is free."""
    limit = {"limit": call.world.limits.hourly, "used": 0, "remaining": call.world.limits.hourly, "reset": 0}
    return Reply(200, {"resources": {"core": limit, "search": limit, "graphql": limit}, "rate": limit})


@route("GET", "/repos/{owner}/{repo}")
def repository(call: Call, shapes: Shapes) -> Reply:
    """Show a repository."""
    return Reply(200, shapes.repository(call.repository, call.token))


@route("GET", "/repos/{owner}/{repo}/collaborators/{login}/permission")
def permission(call: Call, shapes: Shapes) -> Reply:
    """Say what somebody may do."""
    repository = call.demand("metadata", "read", "write")
    login = call.names["login"]
    if login not in call.world.users:
        raise not_found()
    role = repository.roles.get(login, "none" if repository.private else "read")
    old = {"maintain": "write", "triage": "read"}.get(role, role)
    return Reply(200, {"permission": old, "role_name": role, "user": shapes.user(login)})


@route("GET", "/repos/{owner}/{repo}/installation")
def repository_installation(call: Call, shapes: Shapes) -> Reply:
    """Find the App's installation on a repository."""
    app = _app(call)
    full = f"{call.names['owner']}/{call.names['repo']}"
    for installation, repositories in app.installations.items():
        if full in repositories:
            return Reply(200, {"id": installation, "app_id": app.id, "permissions": app.permissions})
    raise not_found()


@route("GET", "/app")
def app(call: Call, shapes: Shapes) -> Reply:
    """Show the App itself."""
    its = _app(call)
    return Reply(200, {"id": its.id, "slug": its.slug, "name": its.slug, "permissions": its.permissions})


@route("GET", "/app/installations/{installation}")
def installation(call: Call, shapes: Shapes) -> Reply:
    """Show one installation of the App."""
    its, number = _app(call), int(call.names["installation"])
    if number not in its.installations:
        raise not_found()
    return Reply(200, {"id": number, "app_id": its.id, "app_slug": its.slug, "permissions": its.permissions})


@route("POST", "/app/installations/{installation}/access_tokens")
def access_token(call: Call, shapes: Shapes) -> Reply:
    """Give the App a token for an installation."""
    its, number = _app(call), int(call.names["installation"])
    if number not in its.installations:
        raise not_found()
    call.take({}, {"permissions": dict, "repositories": list, "repository_ids": list})
    made = grant(call.world, its, number)
    return Reply(
        201,
        {
            "token": made.value,
            "expires_at": when(made.expires),
            "permissions": made.permissions,
            "repository_selection": "selected",
        },
    )


def _app(call: Call) -> App:
    if call.token is None or call.token.installation is None or call.token.installation >= 0:
        raise Refused(401, "A JSON web token could not be decoded")
    return call.world.apps[-call.token.installation]
