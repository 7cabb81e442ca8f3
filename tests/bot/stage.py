"""A stage for the bot: a fake Slack, a journal with a run that asks, bots as processes, and agents that go on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fresh.adapters.processes import lives, this_host
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.approval import Particulars, Question, Why, on_deadline
from fresh.domain.cards import CardKind, CardState
from fresh.domain.feature import Kind
from fresh.domain.identity import question_id
from fresh.domain.money import Usd
from fresh.domain.narration import moved
from fresh.domain.phase import Phase
from fresh.domain.record import Event, RunRecord
from fresh.errors import FreshError
from fresh.settings import Settings
from tests.fakes.slack import FakeSlack, Message
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from tests.fakes.story import a_run, a_ticket

ROOT = Path(__file__).resolve().parents[2]
RUN = "0d1e2f3a"


def now() -> datetime:
    return datetime.now(UTC)


def some_particulars(why: Why, feature: str = "pocket.text:normalize", **more: object) -> Particulars:
    """What a card shows of a change."""
    return Particulars(
        feature=feature,
        kind=Kind.HOOKUP,
        branch="autonomous/abc12345-normalize",
        summary="adds a command that calls it",
        evidence="e" * 64,
        added=12,
        removed=3,
        file_count=1,
        cost=Usd.of("0.25"),
        cap=Usd.of(1),
        on_deadline=on_deadline(why),
    ).model_copy(update=more)


@dataclass
class Asked:
    """A bot that can be asked how it is."""

    home: Path

    def health(self) -> dict[str, object]:
        ports = json.loads((self.home / "bot.json").read_text())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports['health']}/health", timeout=3) as reply:
                return {**json.loads(reply.read()), "status": reply.status}
        except urllib.error.HTTPError as bad:
            return {**json.loads(bad.read()), "status": bad.code}

    @property
    def slack_url(self) -> str:
        ports = json.loads((self.home / "bot.json").read_text())
        return f"http://127.0.0.1:{ports['slack']}/slack/events"

    def is_ready(self) -> bool:
        try:
            return self.health()["status"] == 200
        except (OSError, ValueError):
            return False


class InnerBot(Asked):
    """One bot in a thread."""

    def __init__(self, settings: Settings, here: Path, home: Path) -> None:
        super().__init__(home)
        self._loop = asyncio.new_event_loop()
        self._gone = asyncio.Event()
        self.trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._live, args=(settings, here), daemon=True)
        self._thread.start()

    def _live(self, settings: Settings, here: Path) -> None:
        from bot.serving import serve

        try:
            self._loop.run_until_complete(serve(settings, here, self._gone))
        except FreshError as trouble:
            self.trouble = trouble

    def end(self) -> None:
        """Ask it to go, and wait."""
        self._loop.call_soon_threadsafe(self._gone.set)
        self._thread.join(20)

    def is_ready(self) -> bool:
        if not self._thread.is_alive():
            raise AssertionError(f"the bot ended: {self.trouble}")
        return super().is_ready()


@dataclass
class Bot(Asked):
    """One bot process."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Stage:
    """Everything of one test."""

    folder: Path
    slack: FakeSlack
    bots: list[Bot] = field(default_factory=list)
    inner: list[InnerBot] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.repository = self.folder / "repo"
        (self.repository / ".git").mkdir(parents=True, exist_ok=True)
        self.home = self.folder / "state"
        self.home.mkdir(exist_ok=True)
        self.journal = SqlJournal(f"sqlite:///{self.home}/journal.db", lives)
        self.host = this_host()

    # --- the run

    def open_run(self, run: str = RUN, **order: object) -> RunRecord:
        """Let a run be worked on by this very process."""
        record = self.journal.open_run(a_run(run, at=now(), repository=str(self.repository), **order))
        self.journal.claim(str(self.repository), run, self.host, now())
        return record

    def add_agent(self, name: str, run: str = RUN, feature: str = "pocket.text:normalize") -> Ticket:
        """Give the run an agent that is at work."""
        ticket = a_ticket(name, feature, run)
        self.journal.add_agent(ticket, now())
        self.journal.enter_agent(
            name, f"flow-{name}", f"http://prefect.test/runs/flow-run/flow-{name}", self.host, now()
        )
        self.journal.begin_step(name, "analyse", 0, now())
        return ticket

    def ask(
        self,
        agent: str = "abc12345",
        why: Why = Why.READY,
        ordinal: int = 0,
        run: str = RUN,
        within: float = 3600,
        **shown: object,
    ) -> Question:
        """Let an agent ask."""
        question = Question(
            id=question_id(agent, why, ordinal),
            run_id=run,
            agent_id=agent,
            why=why,
            text="Agent completed work, please test branch",
            commit="c" * 40,
            asked_at=now(),
            deadline=now() + timedelta(seconds=within),
            particulars=some_particulars(why, **shown),
        )
        return self.journal.ask(question)

    def agents_ask(self, number: int, run: str = RUN) -> list[Question]:
        """Let so many agents ask one question each."""
        names = [f"{index:03d}a{index:04x}" for index in range(number)]
        return [self.ask(self.add_agent(name, run).agent_id, run=run) for name in names]

    def move(self, agent: str, phase: Phase, run: str = RUN) -> None:
        """Let an agent be in another phase."""
        self.journal.record(Event(run_id=run, agent_id=agent, at=now(), text=moved(agent, phase)))

    def end_agent(self, name: str, outcome: Outcome = Outcome.COMPLETED, **more: object) -> None:
        report = AgentReport(
            agent_id=name, feature="pocket.text:normalize", kind=Kind.HOOKUP, outcome=outcome
        )
        self.journal.end_agent(report.model_copy(update=more), now())

    @contextmanager
    def going_on(self, every: float = 0.05) -> Iterator[list[str]]:
        """Play the agents: each goes on with what was decided, once; what they went on with is noted."""
        applied: list[str] = []
        over = threading.Event()

        def work() -> None:
            while not over.wait(every):
                for question in self.journal.questions(unapplied=True):
                    self.journal.apply(question.id, now())
                    applied.append(question.id)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield applied
        finally:
            over.set()
            thread.join(5)

    # --- the bot

    def bot(self, **environment: str) -> InnerBot:
        """Start a bot in a thread of this process: the same life, without seconds of imports."""
        (self.home / "bot.json").unlink(missing_ok=True)
        bot = InnerBot(self.settings(**environment), self.repository, self.home)
        self.inner.append(bot)
        self.slack.until(bot.is_ready, 30, "readiness")
        return bot

    def settings(self, **more: str) -> Settings:
        """The settings of a bot, by the names of variables or of fields."""
        given = {**self._settings(), **more}
        return Settings.model_validate(
            {
                name.removeprefix("FRESH_").lower() if name.startswith("FRESH_") else name: value
                for name, value in given.items()
            }
        )

    def _settings(self) -> dict[str, str]:
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "SLACK_SIGNING_SECRET": SIGNING_SECRET,
            "FRESH_SLACK_API_URL": self.slack.base_url,
            "FRESH_SLACK_CHANNEL": "C1",
            "FRESH_SLACK_APPROVERS": "UADA,UBOB",
            "FRESH_SLACK_OPERATORS": "UADA",
            "FRESH_SLACK_VIEWERS": "UCAROL",
            "FRESH_HOME": str(self.home),
            **self.environment,
        }

    def start_bot(self, *, ready: bool = True, dying: str | None = None, **environment: str) -> Bot:
        """Start one bot process; `dying` names the point at which it kills itself."""
        settings = {
            **self._settings(),
            "PYTHONPATH": str(ROOT),
            "DYING_FLAG": str(self.folder / "died"),
            **environment,
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        log = self.folder / f"bot-{len(self.bots)}.log"
        (self.home / "bot.json").unlink(missing_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *(["bot"] if dying is None else ["tests.bot.dying", dying])],
                cwd=self.repository,
                env={**inherited, **settings},
                stdout=out,
                stderr=out,
            )
        bot = Bot(self.home, process, log)
        self.bots.append(bot)
        if ready:
            self.wait_ready(bot)
        return bot

    def wait_ready(self, bot: Bot, within: float = 30) -> float:
        """Wait until a bot says that it is ready."""

        def is_ready() -> bool:
            if bot.process.poll() is not None:
                raise AssertionError(f"the bot ended with {bot.process.returncode}: {bot.said()}")
            return bot.is_ready()

        return self.slack.until(is_ready, within, "readiness")

    def close(self) -> None:
        for inner in self.inner:
            inner.end()
        for bot in self.bots:
            if bot.process.poll() is None:
                bot.kill()
        self.slack.stop()
        self.journal.close()

    # --- what is seen

    def card(self, question: Question, within: float = 10) -> Message:
        """Wait for the card of a question."""
        self.slack.until(lambda: self.cards(question.id), within, f"the card of {question.id}")
        return self.cards(question.id)[-1]

    def is_posted(self, question: Question) -> bool:
        """Say whether the journal knows where the card of a question is."""
        card = self.journal.card(CardKind.QUESTION, question.id)
        return card is not None and card.state is CardState.POSTED

    def cards(self, subject: str, kind: str = "question") -> list[Message]:
        """List the messages of a question, a run or a report."""
        found = []
        for message in self.slack.in_channel(top=False):
            payload = (message.metadata or {}).get("event_payload", {})
            if (payload.get("kind"), payload.get("subject")) == (kind, subject):
                found.append(message)
        return found

    def applied_on_card(self, question: Question, within: float = 10) -> float:
        """Wait until the card says that the agent has gone on."""
        return self.slack.until(
            lambda: (
                "has gone on with it" in self.cards(question.id)[-1].words
                and "not gone" not in self.cards(question.id)[-1].words
            ),
            within,
            "the card's end",
        )


def percentile(values: list[float], share: float) -> float:
    """The value below which so great a share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spin(seconds: float) -> None:
    time.sleep(seconds)
