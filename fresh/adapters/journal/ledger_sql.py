"""The statements on which every request to a model waits, as plain SQL that both databases read."""

from __future__ import annotations

DIVISION_BY_ZERO = "22012"
"""How a statement of Postgres undoes itself: it has no other way to fail on purpose."""

_NAMES = "id, run_id, agent_id, day, amount, state, owner, at, expires, model, purpose"
_VALUES = ":id, :run_id, :agent_id, :day, :amount, :state, :owner, :at, :expires, :model, :purpose"
_FITS = """frozen IS NULL
    AND spent + held + :amount <= cap - CASE WHEN :is_work = 1 THEN aside ELSE 0 END"""

HOLD = f"INSERT INTO hold ({_NAMES}) VALUES ({_VALUES}) ON CONFLICT DO NOTHING"
TAKE = f"UPDATE account SET held = held + :amount WHERE id = :account AND {_FITS}"
SEND = "UPDATE hold SET state = 'sent' WHERE id = :id AND state IN ('held', 'sent')"


def _taking(name: str, account: str, earlier: str | None) -> str:
    """Take from one account, but only where it was taken from the wider one before: rows are locked in that order."""
    after = f"AND EXISTS (SELECT 1 FROM {earlier})" if earlier else ""
    return f"""{name} AS (
    UPDATE account SET held = held + :amount WHERE id = :{account} AND {_FITS} {after} RETURNING 1
)"""


def _reservation(*accounts: tuple[str, str]) -> str:
    steps, earlier = [], None
    for name, account in accounts:
        steps.append(_taking(name, account, earlier))
        earlier = name
    steps.append(
        f"""written AS (
    INSERT INTO hold ({_NAMES}) SELECT {_VALUES} WHERE EXISTS (SELECT 1 FROM {earlier})
    ON CONFLICT DO NOTHING RETURNING 1
)"""
    )
    # A repeated reservation writes nothing, one that is refused half way writes no hold: both must undo what was taken.
    return f"""WITH {", ".join(steps)}
SELECT 1 / (SELECT count(*) FROM written)"""


RESERVE = _reservation(("run", "run_account"), ("agent", "agent_account"))
RESERVE_OF_DAY = _reservation(("day", "day_account"), ("run", "run_account"), ("agent", "agent_account"))
