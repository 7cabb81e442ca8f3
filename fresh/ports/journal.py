"""What is remembered of runs and agents, over every death."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.answering import Standing
from fresh.domain.approval import Decision, Question
from fresh.domain.audit import Entry, Link
from fresh.domain.host import Host
from fresh.domain.hosting import Hosting, Unhosted
from fresh.domain.record import Claim, Event, RunRecord
from fresh.domain.status import RunStatus
from fresh.domain.stopping import StopRequest, WhyStopped


class Journal(Protocol):
    """The durable memory of every run: what was ordered, done, asked, decided and asked to stop.

    Every method is one transaction, safe to repeat after a crash and from several processes at once.
    All of them raise StorageFailed when the store can't be read or written.
    """

    def open_run(self, record: RunRecord) -> RunRecord:
        """Write a run down; when it is there already, return it as it stands."""
        ...

    def run(self, run_id: str) -> RunRecord:
        """Read one run. Raises KeyError."""
        ...

    def runs(self, repository: str | None = None) -> tuple[RunRecord, ...]:
        """List runs, newest first."""
        ...

    def note_inventory(self, run_id: str, digest: str) -> None:
        """Remember which inventory the run chose from; the first one stays."""
        ...

    def note_flow_run(self, run_id: str, flow_run_id: str) -> None:
        """Remember the newest Prefect flow run of the run."""
        ...

    def run_flow(self, run_id: str) -> str | None:
        """Read the newest Prefect flow run of the run."""
        ...

    def close_run(self, run_id: str, why: WhyStopped, at: datetime, report: str | None) -> None:
        """Mark a run as finished; the first closing stays."""
        ...

    def move_deadline(self, run_id: str, to: datetime) -> None:
        """Let the hours of a run end later; an earlier end changes nothing."""
        ...

    def claim(self, repository: str, run_id: str, host: Host, at: datetime) -> Claim | None:
        """Make `host` the one that works on the repository; return the living claim of another host instead.

        Taking over the same run from a dead host moves its deadline by the time since that host's last beat.
        """
        ...

    def standing_claim(self, repository: str, at: datetime) -> Claim | None:
        """Read the claim of a host that lives."""
        ...

    def beat(self, host: Host, at: datetime) -> bool:
        """Renew the claims of a host; False when it has lost them to another one."""
        ...

    def yield_claim(self, repository: str, host: Host) -> None:
        """Give the repository back."""
        ...

    def add_agent(self, ticket: Ticket, at: datetime) -> None:
        """Write a ticket down; the same agent once."""
        ...

    def tickets(self, run_id: str) -> tuple[Ticket, ...]:
        """List the tickets of a run in the order they were added."""
        ...

    def enter_agent(
        self, agent_id: str, flow_run_id: str, flow_run_url: str, host: Host, at: datetime
    ) -> None:
        """Remember which flow run and process host the agent now."""
        ...

    def pulse(self, agent_id: str, host: Host, at: datetime) -> None:
        """Give a sign of life of an agent that lives outside of its run's own process."""
        ...

    def last_pulse(self, agent_id: str) -> datetime | None:
        """Read its last sign of life; None when it never gave one."""
        ...

    def forget_work(self, agent_id: str) -> None:
        """Forget every step of an agent that has not ended but its analysis: what they made is lost and is made anew."""
        ...

    def flow_run(self, agent_id: str) -> str | None:
        """Read the flow run that hosted the agent last."""
        ...

    def entered_at(self, agent_id: str) -> datetime | None:
        """Read when the agent was entered first; None when it never was."""
        ...

    def hosting(self, agent_id: str) -> Hosting:
        """Read where an agent was entered last, and whether it has ended. Raises KeyError."""
        ...

    def runs_to_reenter(self, at: datetime) -> tuple[Unhosted, ...]:
        """List the runs that nobody hosts and that have something left to do, the one that waits longest first.

        That is an unfinished run whose process died, and one with a decision for an agent that has not gone on.
        """
        ...

    def begin_step(self, agent_id: str, step: str, ordinal: int, at: datetime) -> str | None:
        """Write down that a step begins; return its result when it was finished before."""
        ...

    def end_step(self, agent_id: str, step: str, ordinal: int, result: str, at: datetime) -> str:
        """Write down a step's result as JSON; the first one stays and is returned."""
        ...

    def end_agent(self, report: AgentReport, at: datetime) -> AgentReport:
        """Write down how an agent ended; the first report stays and is returned."""
        ...

    def reopen_agent(self, agent_id: str) -> None:
        """Take back the report of a parked agent, so that it can be entered again."""
        ...

    def reports(self, run_id: str) -> tuple[AgentReport, ...]:
        """List the reports of a run's agents, in the order of their tickets."""
        ...

    def ask(self, question: Question) -> Question:
        """Write a question down; the same question once, with its first deadline."""
        ...

    def question(self, question_id: str) -> Question:
        """Read a question. Raises KeyError."""
        ...

    def questions(
        self, run_id: str | None = None, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Question, ...]:
        """List questions, of all runs by default, oldest first.

        `undecided` means that an answer is waited for, `unapplied` that the agent has not gone on with it yet. Neither
        has questions of agents that have ended, unless parked: nothing can reach them any more.
        """
        ...

    def standing(self, question_id: str) -> Standing:
        """Read how a question stands. Raises KeyError."""
        ...

    def standings(
        self, run_id: str | None = None, *, undecided: bool = False, unapplied: bool = False
    ) -> tuple[Standing, ...]:
        """List how questions stand, as `questions` lists them."""
        ...

    def answer(self, question_id: str, decision: Decision, entry: Entry) -> tuple[bool, Standing]:
        """Decide a question if nobody has and its agent has not ended, and audit the attempt in the same transaction.

        Return whether this decision stands, and how the question stands now. Raises KeyError. `deciding.decide` alone
        calls it: that is where the rules are.
        """
        ...

    def audit(self, entry: Entry) -> Link:
        """Add an entry to the audit trail, chained to the one before."""
        ...

    def audit_rows(self, run_id: str | None = None, question: str | None = None) -> Iterator[Link]:
        """Read the audit trail from its first row on, or the rows of one run or question."""
        ...

    def audit_head(self) -> tuple[int, str]:
        """Read the number and the digest of the last row, as they were noted when it was added."""
        ...

    def missing_guards(self) -> tuple[str, ...]:
        """List what should keep the trail from being changed and is not there."""
        ...

    def decide(self, question_id: str, decision: Decision) -> tuple[bool, Decision]:
        """Decide a question if nobody has: (True, this decision) or (False, the one that stands). Raises KeyError.

        Without rules and without a trace; doors go through `deciding.decide`.
        """
        ...

    def decision(self, question_id: str) -> Decision | None:
        """Read the decision that stands."""
        ...

    def apply(self, question_id: str, at: datetime) -> None:
        """Write down that the agent has gone on with the decision."""
        ...

    def request_stop(self, request: StopRequest) -> None:
        """Write a stop request down."""
        ...

    def stop_requests(self, run_id: str) -> tuple[StopRequest, ...]:
        """List the stop requests of a run."""
        ...

    def record(self, event: Event) -> None:
        """Add a line to the audit trail."""
        ...

    def events(self, run_id: str, agent_id: str | None = None) -> tuple[Event, ...]:
        """Read the audit trail of a run, or of one agent."""
        ...

    def remember(self, key: str, text: str) -> str:
        """Keep a text under a key; the first one stays and is returned."""
        ...

    def recall(self, key: str) -> str | None:
        """Read what `remember` kept."""
        ...

    def status(self, run_id: str | None = None, repository: str | None = None) -> RunStatus | None:
        """Show one run, the newest of the repository by default; None when there is none."""
        ...
