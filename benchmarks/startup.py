"""How long the terminal's quick commands take, beside a bare Python in the same run.

    python -m benchmarks.startup

Every command runs as a process of its own, all of them in turn, nine rounds; the median counts. `status` reads a journal
with a run of 64 agents. Goals: `fresh --help` within 0.3 s, `fresh auto status` within 0.5 s.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, note
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.feature import Feature, Kind, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.domain.record import RunRecord

ROUNDS = 9
AGENTS = 64
FRESH = ("-c", "import sys; from cli.main import main; sys.exit(main())")
TIMED = (
    ("python -c pass", ("-c", "pass"), None),
    ("fresh --help", (*FRESH, "--help"), 0.3),
    ("fresh auto --help", (*FRESH, "auto", "--help"), 0.3),
    ("fresh auto status", (*FRESH, "auto", "status"), 0.5),
    ("fresh auto status --format json", (*FRESH, "auto", "status", "--format", "json"), 0.5),
    ("fresh auto approve --help", (*FRESH, "auto", "approve", "--help"), None),
    ("fresh auto start --help", (*FRESH, "auto", "start", "--help"), None),
)


def main() -> int:
    """Time every command in turn, so that a busy moment hits all of them; print medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Path(folder).resolve()
        _prepare(repository)
        times: dict[str, list[float]] = {name: [] for name, _, _ in TIMED}
        for _ in range(ROUNDS):
            for name, words, _ in TIMED:
                times[name].append(_time(words, repository))
    bare = median(times[TIMED[0][0]])
    print(f"{'command':34} {'median':>8} {'best':>8} {'ratio':>6}  limit")
    slow = 0
    for name, _, limit in TIMED:
        middle = median(times[name])
        is_slow = limit is not None and middle > limit
        slow += is_slow
        allowed = "" if limit is None else f"{limit:.1f} s{' EXCEEDED' if is_slow else ''}"
        print(f"{name:34} {middle:7.3f}s {min(times[name]):7.3f}s {middle / bare:6.1f}  {allowed}")
        note(Figure(name, middle, "s", beside=bare if middle is not bare else None, most=limit))
    return 1 if slow else 0


def _time(words: Sequence[str], repository: Path) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=repository, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _prepare(repository: Path) -> None:
    """Lay out a repository whose journal holds a run with many agents."""
    (repository / ".git").mkdir()
    home = repository / ".fresh"
    home.mkdir()
    now = datetime.now(UTC)
    order = RunOrder(repo=str(repository))
    record = RunRecord(
        id="0d1e2f3a",
        repository=str(repository),
        order=order,
        base="b" * 40,
        engine=EngineName.CODEMOD,
        seed=1,
        opened_at=now,
        deadline=now + timedelta(hours=8),
    )
    journal = SqlJournal(f"sqlite:///{home / 'journal.db'}", lambda host: True)
    journal.open_run(record)
    for number in range(AGENTS):
        _add_agent(journal, record, f"{number:08x}", now)
    journal.close()


def _add_agent(journal: SqlJournal, record: RunRecord, name: str, now: datetime) -> None:
    feature = Feature(
        key=f"m:f{name}",
        module="m",
        qualname=f"f{name}",
        path="m.py",
        line=1,
        end_line=2,
        reachability=Reachability.UNHOOKED,
    )
    ticket = Ticket(
        run_id=record.id,
        agent_id=name,
        order=record.order,
        repository=record.repository,
        base=record.base,
        branch=f"autonomous/{name}-f",
        feature=feature,
        kind=Kind.TESTS,
        reasons=("untested",),
        engine=record.engine,
        seed=1,
    )
    journal.add_agent(ticket, now)
    for step in ("analyse", "implement", "verify"):
        journal.begin_step(name, step, 0, now)
        journal.end_step(name, step, 0, "{}", now)
    report = AgentReport(agent_id=name, feature=feature.key, kind=Kind.TESTS, outcome=Outcome.COMPLETED)
    journal.end_agent(report, now)


if __name__ == "__main__":
    sys.exit(main())
