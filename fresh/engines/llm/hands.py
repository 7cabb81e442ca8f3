"""Carry out what a model calls. Whatever goes wrong is an output: the model can mend it, and nothing raises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from fresh.domain.evidence import RunEnd, TestRun
from fresh.domain.footprint import is_stray
from fresh.domain.quoting import line
from fresh.domain.transcript import Closing
from fresh.domain.work import Plan, Work
from fresh.engines.llm.draft import Draft, Mistake, numbered, proper
from fresh.engines.llm.fencing import fence, label, readable, seen
from fresh.engines.llm.searching import search
from fresh.engines.llm.tools import (
    Action,
    AskHuman,
    EditFile,
    Finish,
    FinishPlan,
    ReadFile,
    RunCommand,
    RunTests,
    Search,
    WriteFile,
)
from fresh.ports import Bench

MOST_LINES = 400
MOST_FAILING = 20
_SHELL = "import os, sys; os.execv('/bin/sh', ['sh', '-c', sys.argv[1]])"
_PLAIN_COMMAND = re.compile(r"[^;|&<>$`\\\n\r]{1,200}")
"""A command that a person may be shown to try: one program and its arguments."""
ENDS = {
    RunEnd.TIMEOUT: "it was ended because its time was over",
    RunEnd.OOM: "it was ended because its memory was full",
    RunEnd.DISK: "it was ended because its disk was full",
}


@dataclass(frozen=True)
class Done:
    """What a call gave; `closing` ends the round."""

    output: str
    closing: Closing | None = None


@dataclass
class Hands:
    """The tools of one round on one draft."""

    bench: Bench
    draft: Draft
    planning: bool
    reminded: bool = False

    def do(self, action: Action) -> Done:
        """Carry one action out."""
        try:
            match action:
                case Search():
                    return Done(self._search(action))
                case ReadFile():
                    return Done(self._read(action))
                case EditFile() | WriteFile():
                    return Done(self._edit(action))
                case RunTests():
                    return Done(self._run_tests(action.select))
                case RunCommand():
                    return Done(self._run_command(action))
                case AskHuman():
                    return self._ask(action.question)
                case FinishPlan():
                    return self._finish_plan(action)
                case Finish():
                    return self._finish(action)
        except Mistake as mistake:
            return Done(f"Error: {mistake}")

    def redo(self, action: Action, *, planning: bool, now: bool) -> None:
        """Repeat what an action wrote that was carried out before; `now` means: in this very round."""
        match action:
            case EditFile() | WriteFile() if not planning:
                with suppress(Mistake):
                    self._write(action)
            case RunTests():
                self.draft.untested = False
            case Finish():
                self.reminded = self.reminded or now

    def _search(self, asked: Search) -> str:
        self.draft.lay()
        hits = search(self.bench, asked.pattern, asked.glob)
        if not hits.count:
            return f"0 lines match {asked.pattern!r} in {asked.glob!r}."
        said = f"{hits.count} lines match" + (
            f"; the first {len(hits.lines)}" if hits.count > len(hits.lines) else ""
        )
        return f"{said}:\n{fence('search', seen(chr(10).join(hits.lines)))}"

    def _read(self, asked: ReadFile) -> str:
        path = proper(asked.path)
        text = readable(path, self.draft.read(path))
        rows = text.count("\n") + (not text.endswith("\n") and bool(text))
        last = min(asked.last or rows, asked.first + MOST_LINES - 1, rows)
        if asked.first > rows:
            return f"{path} has {rows} lines."
        return f"{label(path)}, lines {asked.first} to {last} of {rows}:\n{fence(path, numbered(text, asked.first, last))}"

    def _edit(self, asked: EditFile | WriteFile) -> str:
        if self.planning:
            raise Mistake("Nothing is changed while you plan. Call finish_plan first.")
        path = proper(asked.path)
        shown = self._write(asked)
        if isinstance(asked, WriteFile):
            replaced = " It replaces the file that was there." if self.draft.is_there(path) else ""
            return f"{path} is written: {len(asked.content.splitlines())} lines.{replaced}{self._stray(path)}"
        return f"{label(path)} is edited:\n{fence(path, readable(path, shown), 3000)}{self._stray(path)}"

    def _write(self, asked: EditFile | WriteFile) -> str:
        if isinstance(asked, EditFile):
            return self.draft.edit(asked.path, asked.old, asked.new)
        self.draft.write(asked.path, asked.content)
        return ""

    def _stray(self, path: str) -> str:
        """Say so when a file of the base commit is edited that this agent does not have to itself."""
        own = self.bench.ticket.footprint
        if not is_stray(path, own) or not self.draft.is_there(path):
            return ""
        return (
            f"\nNote: {path} is not among the files of this task ({', '.join(own)}); others may be editing it, and a"
            " person will have to look at the change. Keep it only if there is no other way."
        )

    def _run_tests(self, select: Sequence[str]) -> str:
        if bad := next((one for one in select if one.startswith("-") or not one.strip()), None):
            raise Mistake(f"{bad!r} is no path or test id.")
        self.draft.lay()
        run = self.bench.run_tests(tuple(select))
        self.draft.disturbed()
        self.draft.untested = False
        return _told(run)

    def _run_command(self, asked: RunCommand) -> str:
        self.draft.lay()
        ended = self.bench.python(("-c", _SHELL, asked.command), wall=float(asked.seconds))
        self.draft.disturbed()
        how = ENDS.get(ended.ended) or f"exit code {ended.exit_code}"
        return f"{how}, {ended.seconds:.1f} s\n{fence('output', seen(ended.text))}"

    def _ask(self, question: str) -> Done:
        if self.planning:
            raise Mistake("While you plan, put the question into decision_needed of finish_plan.")
        self.draft.lay()
        asked = Work(summary="A question stands before the work can go on.", question=question.strip())
        return Done("Your question is passed on.", Closing(work=asked))

    def _finish_plan(self, asked: FinishPlan) -> Done:
        if not self.planning:
            raise Mistake("The plan is made already. Carry it out, and call finish.")
        if asked.impossible:
            return Done("Noted.", Closing(declined=line(asked.impossible)))
        plan = Plan(
            summary=line(asked.summary)[:100],
            files=_lines(asked.files),
            steps=_lines(asked.steps),
            checks=_lines(asked.checks),
            risks=_lines(asked.risks),
            decision_needed=(asked.decision_needed or "").strip() or None,
        )
        if not plan.summary:
            raise Mistake("`summary` is empty.")
        return Done("The plan is noted.", Closing(plan=plan))

    def _finish(self, asked: Finish) -> Done:
        if self.planning:
            raise Mistake("First the plan: call finish_plan.")
        if asked.impossible:
            return Done("Noted.", Closing(declined=line(asked.impossible)))
        if (missing := self._missing()) and not self.reminded:
            self.reminded = True
            raise Mistake(missing)
        self.draft.lay()
        work = Work(
            summary=line(asked.summary),
            details=_lines(asked.details),
            try_it=tuple(one for one in _lines(asked.try_it) if _PLAIN_COMMAND.fullmatch(one)),
            unchecked=_lines(asked.unchecked),
        )
        return Done("The machine judges the work now.", Closing(work=work))

    def _missing(self) -> str:
        if not self.draft.changed():
            return (
                "You have not changed any file, so there is nothing to judge. Change something with edit_file or"
                " write_file, or say in `impossible` why it can't be done."
            )
        return (
            "You have not run the tests since your last edit. Run them first." if self.draft.untested else ""
        )


def _told(run: TestRun) -> str:
    """Say how a test run ended, in the order of what matters."""
    how = ENDS.get(run.ended) or f"exit code {run.exit_code}"
    lines = [f"{how}, {run.seconds:.1f} s"]
    if run.outcomes:
        lines[0] = (
            f"{len(run.passed)} of {len(run.outcomes)} tests passed, {len(run.failing)} failed; {lines[0]}"
        )
    failing = sorted(run.failing)
    lines += [f"failed: {seen(one)}" for one in failing[:MOST_FAILING]]
    if len(failing) > MOST_FAILING:
        lines.append(f"and {len(failing) - MOST_FAILING} more")
    if run.cut_in:
        lines.append(f"It was in {seen(run.cut_in)} when it ended.")
    clean = not failing and run.exit_code == 0
    return "\n".join((*lines, fence("output", seen(run.tail), 1500 if clean else 8000)))


def _lines(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(short for one in given if (short := line(one)[:400]))
