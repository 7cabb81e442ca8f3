"""The databases that this room tries its promises on."""

from tests.fakes.databases import database, empty_postgres, postgres

__all__ = ["database", "empty_postgres", "postgres"]
