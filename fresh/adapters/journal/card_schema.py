"""The tables of messages: what was posted where, who owns an app, and what was delivered already."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, Table, Text

from fresh.adapters.journal.schema import tables

card = Table(
    "card",
    tables,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("run_id", Text, nullable=False, index=True),
    Column("team", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ts", Text),
    Column("permalink", Text),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("shown", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("claims", Integer, nullable=False),
    Column("claimed_at", Float, nullable=False),
)

lease = Table(
    "lease",
    tables,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("release_id", Text, nullable=False),
    Column("beat", Float, nullable=False),
)

delivery = Table(
    "delivery",
    tables,
    Column("key", Text, primary_key=True),
    Column("at", Float, nullable=False, index=True),
)
