"""GitHub Apps: the JWT with which an App proves itself, and the tokens that its installations get."""

from __future__ import annotations

from datetime import timedelta

import jwt

from tests.fakes.github.answers import Refused
from tests.fakes.github.world import App, Token, World

LONGEST = 600
"""Seconds that a JWT may be valid for."""


def app_of(world: World, token: str) -> App | None:
    """Find the App that a JWT proves; None for what is no JWT."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.DecodeError:
        return None
    app = next((app for app in world.apps.values() if str(app.id) == str(claims.get("iss"))), None)
    if app is None:
        raise Refused(404, "Integration not found")
    try:
        claims = jwt.decode(token, app.public_key, algorithms=["RS256"], options={"verify_iat": False})
    except jwt.ExpiredSignatureError:
        raise Refused(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        ) from None
    except jwt.InvalidTokenError:
        raise Refused(401, "A JSON web token could not be decoded") from None
    if claims["exp"] - world.now().timestamp() > LONGEST + 1:
        raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
    return app


def grant(world: World, app: App, installation: int) -> Token:
    """Make a token of an installation, valid for an hour."""
    value = f"ghs_{world.next_id()}{'FakeInstallation' * 3}"[:40]
    made = Token(
        value,
        f"{app.slug}[bot]",
        permissions=dict(app.permissions),
        repositories=frozenset(app.installations[installation]),
        expires=world.now() + timedelta(hours=1),
        installation=installation,
    )
    world.tokens[value] = made
    return made
