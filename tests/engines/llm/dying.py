"""Be one process of an agent that a test kills: plan and work against a server, with a real journal.

usage: python -m tests.engines.llm.dying FOLDER URL
"""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from fresh.adapters.openai_model import OpenAIModel, Wire
from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.adapters.system_clock import SystemClock
from fresh.domain.budget import agent_account, run_account
from fresh.domain.feature import Kind
from fresh.domain.money import Usd
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.engine import LlmEngine
from fresh.engines.llm.meter import Meter
from tests.engines.llm.desk import AGENT, FILES, TicketedBench
from tests.fakes.bench import feature_of
from tests.fakes.prices import FakePrices
from tests.fakes.story import a_run


def main(folder: Path, url: str) -> None:
    """Work to the end, and write the tree's new file where the test finds it."""
    journal = SqlJournal(f"sqlite:///{folder / 'journal.db'}", lives)
    bench = TicketedBench(folder, FILES, feature_of(FILES, "pocket/calc.py", "sub"), Kind.TESTS)
    journal.open_run(a_run("run00001"))
    journal.add_agent(bench.ticket, datetime.now(UTC))
    journal.open_account(run_account("run00001"), Usd.of(5))
    journal.open_account(agent_account(AGENT), Usd.of(5))
    journal.reap(datetime.now(UTC))
    model = OpenAIModel(base_url=url, api_key="sk-test", wire=Wire.RESPONSES, is_openai=True)
    meter = Meter(model, journal, FakePrices(), SystemClock(), this_host(), nullcontext)
    engine = LlmEngine(Asker(meter, "gpt-5-mini", max_output_tokens=1000), journal, SystemClock())
    plan = engine.plan(bench)
    engine.work(bench, plan, None, "")
    (folder / "made.py").write_text(bench.tree_files()["tests/test_sub.py"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
