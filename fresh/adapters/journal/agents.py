"""Agents: their tickets, who hosts them, their steps and how they ended."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import func, select

from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds
from fresh.adapters.journal.store import Store
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.host import Host
from fresh.domain.hosting import Hosting


class Agents:
    """What the journal holds of agents."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add_agent(self, ticket: Ticket, at: datetime) -> None:
        """Write a ticket down once, behind the others of its run."""
        table = schema.agent
        with self._store.writing() as connection:
            # The run's row is locked so that two tickets added at once get different places.
            connection.execute(schema.run.select().where(schema.run.c.id == ticket.run_id).with_for_update())
            place = connection.execute(
                select(func.coalesce(func.max(table.c.ordinal), 0) + 1).where(table.c.run_id == ticket.run_id)
            ).scalar_one()
            self._store.insert_once(
                connection,
                table,
                id=ticket.agent_id,
                run_id=ticket.run_id,
                ordinal=place,
                ticket=ticket.model_dump_json(),
                added_at=seconds(at),
            )

    def tickets(self, run_id: str) -> tuple[Ticket, ...]:
        """List the tickets of a run in the order they were added."""
        table = schema.agent
        with self._store.reading() as connection:
            rows = connection.execute(
                table.select().where(table.c.run_id == run_id).order_by(table.c.ordinal)
            )
            return tuple(_ticket(row.ticket) for row in rows)

    def enter_agent(
        self, agent_id: str, flow_run_id: str, flow_run_url: str, host: Host, at: datetime
    ) -> None:
        """Remember where the agent runs now; its first start counts for its run time."""
        table = schema.agent
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == agent_id)
                .values(
                    flow_run=flow_run_id,
                    flow_run_url=flow_run_url,
                    host=host.name,
                    entered_at=func.coalesce(table.c.entered_at, seconds(at)),
                )
            )

    def pulse(self, agent_id: str, host: Host, at: datetime) -> None:
        """Write down a sign of life; only the newest counts."""
        table = schema.pulse
        with self._store.writing() as connection:
            beat: dict[str, str | float] = {"host": host.name, "beat": seconds(at)}
            if not self._store.insert_once(connection, table, agent_id=agent_id, **beat):
                connection.execute(table.update().where(table.c.agent_id == agent_id).values(**beat))

    def last_pulse(self, agent_id: str) -> datetime | None:
        """Read the last sign of life."""
        table = schema.pulse
        with self._store.reading() as connection:
            row = connection.execute(select(table.c.beat).where(table.c.agent_id == agent_id)).first()
        return None if row is None else moment(row.beat)

    def forget_work(self, agent_id: str) -> None:
        """Delete every step but the analysis of an agent that has not ended."""
        step, agent = schema.step, schema.agent
        living = select(agent.c.id).where(agent.c.id == agent_id, agent.c.report.is_(None))
        with self._store.writing() as connection:
            connection.execute(step.delete().where(step.c.agent_id.in_(living), step.c.name != "analyse"))

    def flow_run(self, agent_id: str) -> str | None:
        """Read the flow run that hosted the agent last."""
        table = schema.agent
        with self._store.reading() as connection:
            row = connection.execute(select(table.c.flow_run).where(table.c.id == agent_id)).first()
        return None if row is None else cast("str | None", row.flow_run)

    def hosting(self, agent_id: str) -> Hosting:
        """Read where the agent was entered last, and whether it has ended. Raises KeyError."""
        table = schema.agent
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.id == agent_id)).first()
        if row is None:
            raise KeyError(agent_id)
        return Hosting(
            flow_run=row.flow_run,
            host=None if row.host is None else Host.parse(row.host),
            ended=None if row.outcome is None else Outcome(row.outcome),
        )

    def entered_at(self, agent_id: str) -> datetime | None:
        """Read when the agent was entered first."""
        table = schema.agent
        with self._store.reading() as connection:
            row = connection.execute(select(table.c.entered_at).where(table.c.id == agent_id)).first()
        return None if row is None or row.entered_at is None else moment(row.entered_at)

    def begin_step(self, agent_id: str, step: str, ordinal: int, at: datetime) -> str | None:
        """Write down that a step begins, and how often it did; return its result when it was finished before."""
        table = schema.step
        this = (table.c.agent_id == agent_id, table.c.name == step, table.c.ordinal == ordinal)
        with self._store.writing() as connection:
            self._store.insert_once(
                connection,
                table,
                agent_id=agent_id,
                name=step,
                ordinal=ordinal,
                began_at=seconds(at),
                entries=0,
            )
            row = connection.execute(table.select().where(*this)).one()
            if row.result is None:
                connection.execute(table.update().where(*this).values(entries=row.entries + 1))
            return cast("str | None", row.result)

    def end_step(self, agent_id: str, step: str, ordinal: int, result: str, at: datetime) -> str:
        """Write a step's result down once; return the one that stands."""
        table = schema.step
        this = (table.c.agent_id == agent_id, table.c.name == step, table.c.ordinal == ordinal)
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(*this, table.c.result.is_(None))
                .values(result=result, ended_at=seconds(at))
            )
            return cast(str, connection.execute(select(table.c.result).where(*this)).scalar_one())

    def end_agent(self, report: AgentReport, at: datetime) -> AgentReport:
        """Write down once how an agent ended; return the report that stands."""
        table = schema.agent
        this = table.c.id == report.agent_id
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(this, table.c.report.is_(None))
                .values(report=report.model_dump_json(), outcome=report.outcome.value, ended_at=seconds(at))
            )
            standing = connection.execute(select(table.c.report).where(this)).scalar_one()
        return _report(standing)

    def reopen_agent(self, agent_id: str) -> None:
        """Take back the report of a parked agent."""
        table = schema.agent
        with self._store.writing() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == agent_id, table.c.outcome == "parked")
                # Its flow run has ended: nobody must wake it in the time until the agent is entered again.
                .values(report=None, outcome=None, ended_at=None, flow_run=None, host=None)
            )

    def reports(self, run_id: str) -> tuple[AgentReport, ...]:
        """List the reports of a run's agents in the order of their tickets."""
        table = schema.agent
        with self._store.reading() as connection:
            rows = connection.execute(
                select(table.c.report)
                .where(table.c.run_id == run_id, table.c.report.is_not(None))
                .order_by(table.c.ordinal)
            )
            return tuple(_report(row.report) for row in rows)


@lru_cache(maxsize=256)
def _ticket(text: str) -> Ticket:
    """Read a ticket. A run looks at its tickets every second, and they never change."""
    return Ticket.model_validate_json(text)


@lru_cache(maxsize=256)
def _report(text: str) -> AgentReport:
    return AgentReport.model_validate_json(text)
