"""Money survives anything: killed processes, lost replies, bills of every shape; on SQLite and on Postgres."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KILLS = 300


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_no_dollar_is_overspent_or_uncounted_through_three_hundred_kills(database: str) -> None:
    seed = random.randrange(10**6)
    ended = subprocess.run(
        [sys.executable, "-m", "tests.torture.money", database, "--kills", str(KILLS), "--seed", str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=380,
        check=True,
    )
    told = json.loads(ended.stdout)
    assert told["errors"] == ""
    assert {name: told[name] for name in ("overspend", "agent_overspend", "undercount")} == {
        "overspend": 0,
        "agent_overspend": 0,
        "undercount": 0,
    }, (seed, told)
    assert (told["tree_mismatch"], told["still_held"], told["unknown_requests"]) == (0, 0, 0), (seed, told)
    assert told["frozen"] is None, (seed, told)
    # The torture was one: money ran out, replies were lost, bills were paid.
    assert min(told["kills"] - KILLS + 1, told["refusals"], told["forfeited"], told["settled"]) > 0, (
        seed,
        told,
    )
