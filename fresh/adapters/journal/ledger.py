"""Every account and every reservation of money, in the journal's own database.

The wall is a CHECK constraint on the accounts. A reservation is one transaction, on Postgres one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from sqlite3 import Cursor

from sqlalchemy import Connection, Row, case, func, select, update

from fresh.adapters.journal import ledger_sql as sql
from fresh.adapters.journal import schema
from fresh.adapters.journal.cells import moment, seconds, storable
from fresh.adapters.journal.store import Store, Writable
from fresh.domain.budget import (
    AGENT,
    DAY,
    OPEN,
    RUN,
    Account,
    Bill,
    Hold,
    HoldState,
    Purpose,
    agent_account,
    close_all,
    closing,
    orphaned,
    run_account,
)
from fresh.domain.conversation import Usage
from fresh.domain.host import Host
from fresh.domain.money import ZERO, Usd
from fresh.domain.refusing import unaffordable
from fresh.errors import BudgetExhausted, StorageFailed

_Row = Row[tuple[object, ...]]


class Ledger:
    """What the journal holds of money; `alive` is None for a process that can't be seen from here."""

    def __init__(self, store: Store, alive: Callable[[Host], bool | None]) -> None:
        self._store = store
        self._alive = alive

    def open_account(self, account: str, cap: Usd, aside: Usd = ZERO) -> Account:
        """Open an account, or give it new limits; the cap never falls below what was taken already."""
        table = schema.account
        with self._store.writing() as connection:
            limits: dict[str, Writable] = {"cap": cap.micros, "aside": aside.micros}
            if not self._store.insert_once(connection, table, id=account, **limits):
                taken = table.c.spent + table.c.held
                connection.execute(
                    update(table)
                    .where(table.c.id == account)
                    .values(cap=case((taken > cap.micros, taken), else_=cap.micros), aside=aside.micros)
                )
            return _account(connection.execute(table.select().where(table.c.id == account)).one())

    def account(self, account: str) -> Account | None:
        """Read an account."""
        table = schema.account
        with self._store.reading() as connection:
            row = connection.execute(table.select().where(table.c.id == account)).first()
        return None if row is None else _account(row)

    def agent_accounts(self, run_id: str) -> Mapping[str, Account]:
        """Read the accounts of a run's agents that ever reserved something, by agent id."""
        table, hold = schema.account, schema.hold
        wanted = (
            select(hold.c.agent_id, table)
            .distinct()
            .where(hold.c.run_id == run_id, table.c.id == AGENT + hold.c.agent_id)
        )
        with self._store.reading() as connection:
            return {row.agent_id: _account(row) for row in connection.execute(wanted)}

    def reserve(self, hold: Hold) -> None:
        """Set the amount aside in every account of the hold, or in none. Raises BudgetExhausted, KeyError."""
        try:
            if self._store.is_sqlite:
                self._take(hold)
            else:
                self._take_at_once(hold)
        except _NotTaken:
            if not self._is_there(hold):
                self._explain(hold)

    def _is_there(self, hold: Hold) -> bool:
        """Say whether an earlier try of the same reservation was committed although its answer was lost."""
        with self._store.reading() as connection:
            return bool(
                connection.execute(select(schema.hold.c.id).where(schema.hold.c.id == hold.id)).first()
            )

    def _take(self, hold: Hold) -> None:
        """Reserve under SQLite's write lock, which the transaction holds from its beginning."""
        cells = _cells(hold)
        taken = [
            {"account": name, "amount": hold.amount.micros, "is_work": _is_work(hold)}
            for name in hold.accounts
        ]

        def take(cursor: Cursor) -> None:
            if not cursor.execute(sql.HOLD, cells).rowcount:
                return
            for one in taken:
                if not cursor.execute(sql.TAKE, one).rowcount:
                    raise _NotTaken

        self._store.swiftly(take)

    def _take_at_once(self, hold: Hold) -> None:
        """Reserve in one statement that commits by itself: no round trip goes by while the run's row is locked."""
        statement = sql.RESERVE if hold.day is None else sql.RESERVE_OF_DAY
        try:
            self._store.at_once(statement, _cells(hold) | _amounts(hold))
        except StorageFailed as trouble:
            if getattr(getattr(trouble.__cause__, "orig", None), "sqlstate", None) == sql.DIVISION_BY_ZERO:
                raise _NotTaken from None
            raise

    def _explain(self, hold: Hold) -> None:
        """Raise the sentence on why a reservation was refused, by how the accounts stand now."""
        for name in hold.accounts:
            account = self.account(name)
            if account is None:
                raise KeyError(name)
            if hold.amount > account.free(hold.purpose):
                raise unaffordable(account, hold)
        # Somebody gave money back between the refusal and this look: it was refused all the same.
        raise BudgetExhausted(
            f"The budget could not cover {hold.amount.exact} at that moment.", account=hold.accounts[-1]
        )

    def mark_sent(self, hold: str) -> bool:
        """Write down that the request leaves now."""
        if self._store.is_sqlite:
            return self._store.swiftly(lambda cursor: cursor.execute(sql.SEND, {"id": hold}).rowcount == 1)
        return self._store.at_once(sql.SEND, {"id": hold}) == 1

    def settle(self, hold: str, bill: Bill) -> bool:
        """Charge the bill of a sent request."""
        usage = bill.usage
        return self._close(
            hold,
            HoldState.SETTLED,
            bill.cost,
            tier=storable(bill.tier),
            input=usage.input,
            cached=usage.cached,
            cache_written=usage.cache_written,
            output=usage.output,
            reasoning=usage.reasoning,
        )

    def release(self, hold: str, why: str, *, refused: bool = False) -> bool:
        """Give everything back."""
        return self._close(hold, HoldState.RELEASED, ZERO, refused=refused, why=storable(why))

    def forfeit(self, hold: str, why: str) -> bool:
        """Charge a sent request in full."""
        return self._close(hold, HoldState.FORFEITED, None, why=storable(why))

    def reap(self, now: datetime) -> tuple[Hold, ...]:
        """Close what dead owners left open."""
        table = schema.hold
        with self._store.reading() as connection:
            rows = connection.execute(table.select().where(table.c.state.in_(OPEN)).order_by(table.c.at))
            found = tuple(_hold(row) for row in rows)
        alive = {owner: self._alive(owner) for owner in {hold.owner for hold in found}}
        reaped = []
        for hold in found:
            match orphaned(hold, alive[hold.owner], now):
                case HoldState.RELEASED:
                    # Its owner may have lived a moment ago: a state that has moved on is left as it is.
                    done = self.release(hold.id, "its process died before it was sent")
                case HoldState.FORFEITED:
                    done = self.forfeit(hold.id, "its process died before the reply was booked")
                case _:
                    done = False
            if done:
                reaped.append(hold)
        return tuple(reaped)

    def holds(self, account: str) -> tuple[Hold, ...]:
        """List the reservations that an account was part of, oldest first."""
        table = schema.hold
        column, key = (
            (table.c.day, account)
            if account.startswith(DAY)
            else (table.c.run_id, account.removeprefix(RUN))
            if account.startswith(RUN)
            else (table.c.agent_id, account.removeprefix(AGENT))
        )
        with self._store.reading() as connection:
            rows = connection.execute(table.select().where(column == key).order_by(table.c.at, table.c.id))
            return tuple(_hold(row) for row in rows)

    def _close(
        self,
        hold: str,
        state: HoldState,
        charge: Usd | None,
        *,
        refused: bool = False,
        **more: Writable,
    ) -> bool:
        table = schema.hold
        closable = [before for before in HoldState if closing(before, state, refused=refused)]
        with self._store.writing() as connection:
            row = connection.execute(
                update(table)
                .where(table.c.id == hold, table.c.state.in_(closable))
                .values(
                    state=state.value,
                    cost=func.coalesce(None if charge is None else charge.micros, table.c.amount),
                    **more,
                )
                .returning(*table.c)
            ).first()
            if row is None:
                return False
            closed = _hold(row)
            _book(connection, closed, closed.amount if charge is None else charge)
            return True


class _NotTaken(Exception):
    """Roll a reservation back."""


def _book(connection: Connection, hold: Hold, charge: Usd) -> None:
    """Replace what was held by the charge, in every account and in the order of all reservations."""
    table = schema.account
    if charge <= hold.amount:
        for name in hold.accounts:
            connection.execute(
                update(table)
                .where(table.c.id == name)
                .values(held=table.c.held - hold.amount.micros, spent=table.c.spent + charge.micros)
            )
        return
    wanted = (table.select().where(table.c.id == name).with_for_update() for name in hold.accounts)
    before = [_account(connection.execute(one).one()) for one in wanted]
    for after in close_all(before, hold.amount, charge):
        connection.execute(
            update(table)
            .where(table.c.id == after.id)
            .values(
                held=after.held.micros,
                spent=after.spent.micros,
                shortfall=after.shortfall.micros,
                frozen=after.frozen,
            )
        )


def _amounts(hold: Hold) -> dict[str, Writable]:
    """What a reservation takes, and from which accounts; without a day its place is taken by no account's name."""
    return {
        "amount": hold.amount.micros,
        "is_work": _is_work(hold),
        "run_account": run_account(hold.run_id),
        "agent_account": agent_account(hold.agent_id),
        "day_account": hold.day or "",
    }


def _is_work(hold: Hold) -> int:
    return int(hold.purpose is Purpose.WORK)


def _cells(hold: Hold) -> dict[str, Writable]:
    return {
        "id": hold.id,
        "run_id": hold.run_id,
        "agent_id": hold.agent_id,
        "day": hold.day,
        "amount": hold.amount.micros,
        "state": hold.state.value,
        "owner": hold.owner.name,
        "at": seconds(hold.at),
        "expires": seconds(hold.expires),
        "model": storable(hold.model),
        "purpose": hold.purpose.value,
    }


def _account(row: _Row) -> Account:
    return Account(
        id=row.id,
        cap=Usd(row.cap),
        spent=Usd(row.spent),
        held=Usd(row.held),
        aside=Usd(row.aside),
        shortfall=Usd(row.shortfall),
        frozen=row.frozen,
    )


def _hold(row: _Row) -> Hold:
    bill = None
    if row.input is not None:
        usage = Usage(
            input=row.input,
            cached=row.cached,
            cache_written=row.cache_written,
            output=row.output,
            reasoning=row.reasoning,
        )
        bill = Bill(cost=Usd(row.cost), usage=usage, tier=row.tier)
    return Hold(
        id=row.id,
        run_id=row.run_id,
        agent_id=row.agent_id,
        day=row.day,
        amount=Usd(row.amount),
        owner=Host.parse(row.owner),
        at=moment(row.at),
        expires=moment(row.expires),
        model=row.model,
        purpose=Purpose(row.purpose),
        state=HoldState(row.state),
        bill=bill,
        why=row.why,
    )
