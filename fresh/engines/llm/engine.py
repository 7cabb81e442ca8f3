"""The engine that lets a language model write the change.

One agent is one conversation: the plan, the work, each repair and each answer of a person are rounds of it, and the
tree is what the calls of all rounds wrote. The conversation is stored turn by turn, so an agent whose process died
goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fresh.domain.conversation import Told
from fresh.domain.evidence import Evidence
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.lesson import Lesson
from fresh.domain.transcript import Closing, Round
from fresh.domain.work import Plan, Work
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.bounds import Bounds
from fresh.engines.llm.brief import failures_of, repository_brief, task_brief
from fresh.engines.llm.draft import Draft
from fresh.engines.llm.hands import Hands
from fresh.engines.llm.history import History, Part
from fresh.engines.llm.loop import Loop
from fresh.engines.llm.prompting import words
from fresh.engines.llm.tools import Malformed, read_call
from fresh.errors import Declined, Refusal
from fresh.ports import Bench, Clock, Lessons, Transcripts

MOST_LINES = 1500
"""Lines of a feature above which reading it alone would take too much of an agent's cap."""


class NoLessons:
    """Implement `ports.Lessons` where nobody has taught anything."""

    def lessons(self, repository: str) -> tuple[Lesson, ...]:
        """List nothing."""
        return ()


@dataclass
class LlmEngine:
    """Implement `ports.Engine`. `taught` knows what reviewers asked for earlier; `secrets` are our own values."""

    asker: Asker
    transcripts: Transcripts
    clock: Clock
    bounds: Bounds = field(default_factory=Bounds)
    secrets: tuple[str, ...] = ()
    taught: Lessons = field(default_factory=NoLessons)

    def screen(self, feature: Feature, kind: Kind, inventory: Inventory) -> str | None:
        """Say in one sentence why this can't be done, from the inventory alone; None means: worth trying."""
        lines = feature.end_line - feature.line + 1
        if lines > MOST_LINES:
            return f"it has {lines} lines, more than the {MOST_LINES} that a model is shown"
        if kind is Kind.STUB and not feature.stub:
            return "it is no stub"
        if kind is Kind.QUALITY and not feature.findings:
            return "nothing was found in it that lint could count afterwards"
        return None

    def plan(self, bench: Bench) -> Plan:
        """Let the model look around and plan. Raises Declined, Refusal when it had to be stopped, and what the meter
        raises."""
        history = self.conversation(bench)
        part = history.part(Round.PLAN, 0)
        if part is None:
            brief = (repository_brief(bench), self._task(bench), words("plan"))
            part = history.open(Round.PLAN, 0, [Told(text=text) for text in brief])
        closing, _ = self.go_on(bench, history, part)
        if closing.plan is None:
            raise _no(closing)
        return closing.plan

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        """Let the model make the change, or mend it. Raises Declined.

        Work that is `unfinished` or a `question` leaves what was written so far in the tree.
        """
        history = self.conversation(bench)
        ordinal = self.transcripts.newest_round(bench.ticket.agent_id)
        part = history.part(Round.WORK, ordinal)
        if part is None:
            opening = self._opening(bench, history, plan, feedback, asked)
            part = history.open(Round.WORK, ordinal, [Told(text=text) for text in opening])
        closing, draft = self.go_on(bench, history, part)
        draft.lay()
        if closing.failed is not None:
            return Work(summary="Nothing was made.", unfinished=closing.failed)
        if closing.work is None:
            raise _no(closing)
        return closing.work

    def _opening(
        self, bench: Bench, history: History, plan: Plan, feedback: Evidence | None, asked: str
    ) -> list[str]:
        """Say what a round of work is about."""
        last = history.parts[-1].closing if history.parts else None
        said = []
        if not history.parts:
            said += [repository_brief(bench), self._task(bench)]
            said.append(words("work_afresh", plan=plan.model_dump_json(exclude_defaults=True)))
        if feedback is not None:
            said.append(words("repair", failures=failures_of(feedback)))
        if asked and last is not None and _is_question(last):
            said.append(words("answer", words=asked))
        elif asked:
            said.append(words("changes", words=asked))
        return said or [words("work")]

    def _task(self, bench: Bench) -> str:
        return task_brief(bench, self.taught.lessons(bench.ticket.repository))

    def conversation(self, bench: Bench) -> History:
        """Read what was said so far."""
        return History(self.transcripts, bench.ticket.agent_id, self.clock.now, self.secrets)

    def go_on(self, bench: Bench, history: History, part: Part) -> tuple[Closing, Draft]:
        """Take a round to its end, wherever it stands. Raises what `Loop.run` raises."""
        draft = Draft(bench)
        hands = Hands(bench, draft, planning=part.planning)
        for earlier, call in history.executed():
            action = read_call(call)
            if not isinstance(action, Malformed):
                hands.redo(action, planning=earlier.planning, now=earlier is part)
        closing = Loop(bench.ticket, history, hands, self.asker, self.clock, self.bounds).run(part)
        return closing, draft


def _is_question(closing: Closing) -> bool:
    if closing.work is not None:
        return closing.work.question is not None
    return closing.plan is not None and closing.plan.decision_needed is not None


def _no(closing: Closing) -> Refusal:
    if closing.declined is not None:
        return Declined(closing.declined)
    return Refusal(closing.failed or "The engine ended without a result.")
