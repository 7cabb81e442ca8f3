"""One round of a conversation: ask, carry out what is called, until it ends or has to be stopped.

Every step is stored before the next one begins, and what is to be done next follows from what is stored. So a process
that dies anywhere leaves a conversation that another one goes on with, and no reply is ever asked for twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fresh.domain.agent import Ticket
from fresh.domain.conversation import Call, Ended, Item, Output, Reply, Said, Told
from fresh.domain.quoting import line
from fresh.domain.transcript import Closing
from fresh.domain.work import Work
from fresh.engines.llm.asking import Asker
from fresh.engines.llm.bounds import IDENTICAL, Bounds, Streaks, reason_to_stop, streaks
from fresh.engines.llm.fencing import cut, fence
from fresh.engines.llm.hands import Done, Hands
from fresh.engines.llm.history import History, Part, spoken_output
from fresh.engines.llm.prompting import words
from fresh.engines.llm.tools import Finish, FinishPlan, Malformed, read_call
from fresh.errors import BudgetExhausted, Halted, ModelRefused, ModelUnclear
from fresh.ports import Clock

FEW_STEPS = 3
SILENT_BEFORE_SPOKEN = 2
NOT_DONE = "Not carried out, because the round ended before it."


@dataclass
class Loop:
    """Take one round to its end."""

    ticket: Ticket
    history: History
    hands: Hands
    asker: Asker
    clock: Clock
    bounds: Bounds

    def run(self, part: Part) -> Closing:
        """Go on with a round wherever it stands.

        While planning nothing is there to be kept: BudgetExhausted, Halted, ModelRefused and ModelUnclear are raised.
        """
        began = self.clock.now()
        while (closing := part.closing) is None:
            if (stopping := part.stopping) is not None:
                self._close(part, stopping.stopping or "", stopping.writes_up)
            elif (open_reply := part.unanswered()) is not None:
                self._react(part, *open_reply)
            elif (why := self._exceeded(part, began)) is not None:
                self.history.give(stopping=why, writes_up=True)
            else:
                self._ask(part)
        return closing

    def _most_steps(self, part: Part) -> int:
        return self.bounds.plan_steps if part.planning else self.bounds.steps

    def _exceeded(self, part: Part, began: datetime) -> str | None:
        steps = len(part.replies)
        if steps >= self._most_steps(part):
            return f"it has taken {steps} steps, and no more are allowed"
        seconds = (self.clock.now() - began).total_seconds()
        if seconds >= self.bounds.wall:
            return f"it has worked for {seconds / 60:.0f} minutes, and no more are allowed"
        return None

    def _ask(self, part: Part) -> None:
        last = part.replies[-1] if part.replies else None
        roomy = last is not None and last.ended is Ended.CUT_OFF
        try:
            self.asker.ask(self.ticket, self.history, roomy=roomy)
        except (BudgetExhausted, ModelRefused, ModelUnclear, Halted) as no:
            if part.planning:
                raise
            # Who refuses or is away has nothing to write up either; where money ran out, some is kept for it.
            self.history.give(stopping=_clause(no.in_full), writes_up=isinstance(no, BudgetExhausted))

    def _react(self, part: Part, reply: Reply, done: int) -> None:
        """Do the next thing that a reply asks for."""
        calls = part.calls(reply)
        earlier = [(one, part.calls(one)) for one in part.replies[:-1]]
        now = streaks([*earlier, (reply, calls[: done + 1])])
        if (why := reason_to_stop(now, reply)) is not None:
            self.history.give(_left_out(reply, reply.calls[done:]), stopping=why)
        elif not calls:
            self.history.give(self._nudge(part, reply, now))
        else:
            self._carry_out(part, reply, calls, done, now)

    def _carry_out(self, part: Part, reply: Reply, calls: Sequence[Call], done: int, now: Streaks) -> None:
        call = calls[done]
        action = read_call(call)
        result = Done(f"Error: {action.why}") if isinstance(action, Malformed) else self.hands.do(action)
        native = bool(reply.calls)
        items: list[Item] = [_output(call, result.output, native)]
        if result.closing is not None:
            items += _left_out(reply, calls[done + 1 :])
        elif done + 1 == len(calls):
            items += self._reminders(part, now)
        self.history.give(items, done=1, closing=result.closing)

    def _reminders(self, part: Part, now: Streaks) -> list[Item]:
        said: list[Item] = []
        if now.identical == IDENTICAL:
            said.append(Told(text=words("again", count=str(now.identical))))
        if self._most_steps(part) - len(part.replies) == FEW_STEPS:
            said.append(Told(text=words("few_steps", left=str(FEW_STEPS), finish=_finish(part))))
        return said

    def _nudge(self, part: Part, reply: Reply, now: Streaks) -> list[Item]:
        if reply.ended is Ended.CUT_OFF:
            return [*_left_out(reply, reply.calls), Told(text=words("cut_off"))]
        said = words("silent", finish=_finish(part))
        if now.silent >= SILENT_BEFORE_SPOKEN:
            said += "\n" + words("spoken", finish=_finish(part))
        return [Told(text=said)]

    def _close(self, part: Part, why: str, writes_up: bool) -> None:
        """End a stopped round; while there are edits, with words on what they are."""
        if part.planning or not self.hands.draft.changed():
            self.history.give(closing=Closing(failed=f"The engine stopped, because {why}."))
            return
        self.hands.draft.lay()
        said = part.wrap_up or (self._wrap_up(why) if writes_up else None)
        rows = [row.lstrip("-* ") for row in said.text.splitlines() if row.strip()] if said else []
        details = tuple(short for row in rows[:8] if (short := line(row)[:400]))
        files = ", ".join(self.hands.draft.changed())
        work = Work(
            summary=details[0] if details else f"Unfinished work in {files}",
            details=details[1:],
            unfinished=f"The engine stopped, because {why}.",
        )
        self.history.give(closing=Closing(work=work))

    def _wrap_up(self, why: str) -> Reply | None:
        """Let the model write up what it has, from a few words instead of the whole conversation."""
        plan = next(
            (one.closing.plan for one in self.history.parts if one.closing and one.closing.plan), None
        )
        saids = [item.text for item in self.history.items if isinstance(item, Said)]
        outputs = [item.text for item in self.history.items if isinstance(item, Output)]
        text = words(
            "wrap_up",
            kind=self.ticket.kind,
            feature=self.ticket.feature.key,
            why=why,
            plan=plan.summary if plan else "nothing that is known",
            files=", ".join(self.hands.draft.changed()),
            said=cut(saids[-1], 800) if saids else "none",
            output=fence("output", outputs[-1], 1500) if outputs else "none",
        )
        try:
            return self.asker.wrap_up(self.ticket, self.history, text)
        except (BudgetExhausted, ModelRefused, ModelUnclear, Halted):
            # The work is kept all the same; it is only told in our own words.
            return None


def _finish(part: Part) -> str:
    return (FinishPlan if part.planning else Finish).name


def _output(call: Call, text: str, native: bool) -> Item:
    return Output(call_id=call.id, text=text) if native else spoken_output(call.name, text)


def _left_out(reply: Reply, calls: Sequence[Call]) -> list[Item]:
    """Answer calls that are not carried out: a provider takes no conversation in which one stands unanswered."""
    waiting = {call.id for call in calls} if calls else set()
    return [Output(call_id=call.id, text=NOT_DONE) for call in reply.calls if call.id in waiting]


def _clause(message: str) -> str:
    """Make a sentence fit to follow `because`."""
    return message[:1].lower() + message[1:].rstrip(".")
