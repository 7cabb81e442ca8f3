"""The journal's tables. Times are seconds since the epoch; values that Fresh alone reads are JSON."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

tables = MetaData()

meta = Table("meta", tables, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

run = Table(
    "run",
    tables,
    Column("id", Text, primary_key=True),
    Column("repository", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("inventory_digest", Text),
    Column("flow_run", Text),
    Column("closed_at", Float),
    Column("stopped", Text),
    Column("report", Text),
    Index("ix_run_newest", "repository", "opened_at"),
)

claim = Table(
    "claim",
    tables,
    Column("repository", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("beat", Float, nullable=False),
)

agent = Table(
    "agent",
    tables,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("added_at", Float, nullable=False),
    Column("entered_at", Float),
    Column("flow_run", Text),
    Column("flow_run_url", Text),
    Column("host", Text),
    Column("ended_at", Float),
    Column("outcome", Text),
    Column("report", Text),
    UniqueConstraint("run_id", "ordinal"),
)

pulse = Table(
    "pulse",
    tables,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("host", Text, nullable=False),
    Column("beat", Float, nullable=False),
)

step = Table(
    "step",
    tables,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("began_at", Float, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("ended_at", Float),
    Column("result", Text),
)

question = Table(
    "question",
    tables,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("agent_id", Text, ForeignKey("agent.id"), nullable=False),
    Column("why", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("commit_sha", Text),
    Column("asked_at", Float, nullable=False),
    Column("deadline", Float, nullable=False),
    Column("answer", Text),
    Column("decided_by", Text),
    Column("through", Text),
    Column("words", Text),
    Column("decided_at", Float),
    Column("applied_at", Float),
    Index("ix_question_run", "run_id", "asked_at"),
)

particulars = Table(
    "particulars",
    tables,
    Column("question_id", Text, ForeignKey("question.id"), primary_key=True),
    Column("shown", Text, nullable=False),
)

stop = Table(
    "stop",
    tables,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False, index=True),
    Column("agent_id", Text),
    Column("force", Boolean, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("through", Text, nullable=False),
    Column("at", Float, nullable=False),
)

event = Table(
    "event",
    tables,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("run_id", Text, ForeignKey("run.id"), nullable=False),
    Column("agent_id", Text),
    Column("at", Float, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_event_run", "run_id", "id"),
)

memory = Table("memory", tables, Column("key", Text, primary_key=True), Column("text", Text, nullable=False))

account = Table(
    "account",
    tables,
    Column("id", Text, primary_key=True),
    Column("cap", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False, server_default="0"),
    Column("held", BigInteger, nullable=False, server_default="0"),
    Column("aside", BigInteger, nullable=False, server_default="0"),
    Column("shortfall", BigInteger, nullable=False, server_default="0"),
    Column("frozen", Text),
    CheckConstraint("spent >= 0 AND held >= 0 AND spent + held <= cap", name="never_overspend"),
)

hold = Table(
    "hold",
    tables,
    Column("id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("agent_id", Text, nullable=False),
    Column("day", Text),
    Column("amount", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("model", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("cost", BigInteger),
    Column("tier", Text),
    Column("input", BigInteger),
    Column("cached", BigInteger),
    Column("cache_written", BigInteger),
    Column("output", BigInteger),
    Column("reasoning", BigInteger),
    Column("why", Text),
    CheckConstraint("amount >= 0", name="never_below_zero"),
    Index("ix_hold_run", "run_id", "agent_id"),
    # One page less to write for each reservation: the rows stand in the index of their ids. The open ones have no index
    # either: they are looked for once a minute, and an index of them would cost each reservation an eighth of its time.
    sqlite_with_rowid=False,
)

turn = Table(
    "turn",
    tables,
    Column("agent_id", Text, ForeignKey("agent.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("turn", Text, nullable=False),
)

pull_request = Table(
    "pull_request",
    tables,
    Column("repository", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("pull", Text, nullable=False),
    Column("updated_at", Float, nullable=False),
)

remark = Table(
    "remark",
    tables,
    Column("repository", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Column("remark", Text, nullable=False),
    Index("ix_remark_number", "repository", "number"),
)

answered = Table(
    "answered",
    tables,
    Column("repository", Text, primary_key=True),
    Column("remark", Text, primary_key=True),
    Column("agent_id", Text, nullable=False),
    Column("at", Float, nullable=False),
)

reading = Table(
    "reading",
    tables,
    Column("repository", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

lesson = Table(
    "lesson",
    tables,
    Column("repository", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("at", Float, nullable=False),
    Column("lesson", Text, nullable=False),
    Column("gone", Boolean, nullable=False),
)
