"""Which request means what; every route is written as GitHub documents it."""

from __future__ import annotations

from tests.fakes.github.routes import about, checks, issues, pulls, refs, reviews
from tests.fakes.github.routes.table import find

__all__ = ["about", "checks", "find", "issues", "pulls", "refs", "reviews"]
