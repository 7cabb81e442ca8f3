"""Paths that agents don't change of their own accord."""

from __future__ import annotations

import re

PROTECTED = (
    ("migration", re.compile(r"(?:^|/)(?:migrations|alembic|_migrations)/")),
    (
        "security",
        re.compile(
            r"(?:^|/)_?(?:security|auth|oauth2?|authentication|authorization|crypto|cryptography|secrets)(?:/|\.py$)"
        ),
    ),
    (
        "CI",
        re.compile(
            r"^(?:\.github/|\.circleci/|\.ci/|\.gitlab-ci\.yml|azure-pipelines\.yml|Jenkinsfile|noxfile\.py|tox\.ini)"
        ),
    ),
)


def why_protected(path: str) -> str | None:
    """Name the kind of protected path; None for any other."""
    return next((kind for kind, pattern in PROTECTED if pattern.search(path)), None)
