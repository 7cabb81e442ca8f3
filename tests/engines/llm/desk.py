"""Everything that an engine needs to work on a small project, with a scripted model behind its meter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fresh.domain.agent import Ticket
from fresh.domain.budget import agent_account, run_account
from fresh.domain.conversation import Output, Reply, Told
from fresh.domain.evidence import RunEnd, TestOutcome, TestRun
from fresh.domain.feature import Kind
from fresh.domain.money import Usd
from fresh.domain.order import RunOrder
from fresh.domain.transcript import Answered, Given, Opened, Turn
from fresh.domain.work import Plan, Work
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.bounds import Bounds
from fresh.engines.llm.engine import LlmEngine, NoLessons
from fresh.engines.llm.meter import Meter
from fresh.ports import Lessons
from tests.fakes.bench import FakeBench, feature_of
from tests.fakes.clock import FakeClock
from tests.fakes.ledger import FakeLedger
from tests.fakes.model import Answer, Brain, ScriptedModel, calls
from tests.fakes.prices import FakePrices
from tests.fakes.story import HERE
from tests.fakes.transcripts import FakeTranscripts

AGENT = "abc12345"
CAP, ASIDE = Usd.of(1), Usd.of(0.05)
CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
FILES = {
    "pocket/__init__.py": "",
    "pocket/calc.py": CALC,
    "pocket/cli.py": "import sys\nfrom pocket import calc\n\n\ndef main(argv):\n    print(calc.add(int(argv[0]), int(argv[1])))\n",
    "tests/test_calc.py": "from pocket.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
}
TEST_SUB = "from pocket.calc import sub\n\n\ndef test_sub():\n    assert sub(3, 1) == 2\n"

PLANS = calls("finish_plan", summary="test sub", files=["tests/test_sub.py"])
WRITES = calls("write_file", path="tests/test_sub.py", content=TEST_SUB)
TESTS = calls("run_tests")
FINISHES = calls("finish", summary="sub is tested")
WHOLE = (PLANS, WRITES, TESTS, FINISHES)


@dataclass
class TicketedBench(FakeBench):
    """A fake bench whose ticket can be changed."""

    order: RunOrder = field(default_factory=RunOrder)
    footprint: tuple[str, ...] = ("tests/test_sub.py",)

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        """Let every test pass, and leave something behind, as tests do."""
        names = [
            f"{path}::{name}"
            for path, text in self.tree_files().items()
            for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
        ]
        (self.tree / "report.xml").write_text("left behind")
        return TestRun(
            command=("pytest",), commit="b", exit_code=0, ended=RunEnd.EXIT, seconds=0.1,
            outcomes=dict.fromkeys(names, TestOutcome.PASSED), tail="all passed",
        )  # fmt: skip

    @property
    def ticket(self) -> Ticket:
        return super().ticket.model_copy(update={"order": self.order, "footprint": self.footprint})


@dataclass
class Desk:
    """An engine on a bench. `again` is what another process finds after this one died."""

    place: Path
    script: tuple[Answer, ...] | Brain = WHOLE
    files: Mapping[str, str] = field(default_factory=lambda: FILES)
    kind: Kind = Kind.TESTS
    cap: Usd = CAP
    aside: Usd = ASIDE
    bounds: Bounds = field(default_factory=Bounds)
    calls_tools: bool | None = True
    secrets: tuple[str, ...] = ()
    transcripts: FakeTranscripts = field(default_factory=FakeTranscripts)
    taught: Lessons = field(default_factory=NoLessons)

    def __post_init__(self) -> None:
        self.model = ScriptedModel(self.script)
        self.ledger = FakeLedger()
        self.clock = FakeClock()
        self.bench = TicketedBench(
            self.place, self.files, feature_of(self.files, "pocket/calc.py", "sub"), self.kind
        )
        self.ledger.open_account(run_account("run00001"), Usd.of(10))
        self.ledger.open_account(agent_account(AGENT), self.cap, aside=self.aside)
        self.start()

    def start(self) -> None:
        """Be a process that knows nothing but what is stored."""
        meter = Meter(self.model, self.ledger, FakePrices(), self.clock, HERE, self._permit)
        self.asker = Asker(meter, "gpt-5.6-luna", max_output_tokens=4096, calls_tools=self.calls_tools)
        self.engine = LlmEngine(
            self.asker, self.transcripts, self.clock, self.bounds, self.secrets, self.taught
        )

    @contextmanager
    def _permit(self) -> Iterator[None]:
        yield

    def plan(self) -> Plan:
        return self.engine.plan(self.bench)

    def work(self, plan: Plan | None = None, asked: str = "") -> Work:
        self.bench.reset()
        return self.engine.work(self.bench, plan or self.plan(), None, asked)

    @property
    def turns(self) -> tuple[Turn, ...]:
        return self.transcripts.turns(AGENT)

    @property
    def replies(self) -> list[Reply]:
        return [turn.reply for turn in self.turns if isinstance(turn, Answered)]

    @property
    def outputs(self) -> list[str]:
        """What calls gave, in order."""
        given = [item for turn in self.turns if isinstance(turn, Given) for item in turn.items]
        return [item.text for item in given if isinstance(item, Output)]

    @property
    def told(self) -> list[str]:
        """What was said to the model, in order."""
        given = [item for turn in self.turns if isinstance(turn, Given | Opened) for item in turn.items]
        return [item.text for item in given if isinstance(item, Told)]
