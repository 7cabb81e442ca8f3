"""Every seam between Fresh and the outside, as Protocols: what an adapter must do and a fake must imitate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.answering import Standing
from fresh.domain.approval import Decision, Question
from fresh.domain.assignment import Assignment
from fresh.domain.audit import Entry, Link
from fresh.domain.budget import Account, Bill, Hold
from fresh.domain.cards import Card, CardKind, Claimed, Lease
from fresh.domain.change import Change, PolicyVerdict, TreeEntry
from fresh.domain.ci import CiState
from fresh.domain.conversation import Reply, Request, Tier, Usage
from fresh.domain.evidence import Evidence, RunEnd, TestRun
from fresh.domain.feature import Feature, Finding, Inventory, Kind
from fresh.domain.fitting import Merged
from fresh.domain.hosting import Hosting, Unhosted
from fresh.domain.lesson import Lesson
from fresh.domain.money import ZERO, Usd
from fresh.domain.order import RunOrder
from fresh.domain.publication import Publication
from fresh.domain.record import Claim, Event, Host, RunRecord
from fresh.domain.report import RunReport
from fresh.domain.reviewing import Pull, Remark, Seen
from fresh.domain.status import RunStatus
from fresh.domain.stopping import StopRequest, WhyStopped
from fresh.domain.transcript import Turn
from fresh.domain.work import Plan, Work

# ---------------------------------------------------------------------------------------------------------- sandbox


@dataclass(frozen=True)
class Mount:
    """Show `source` of the host at `target` inside the sandbox; read-only unless said otherwise."""

    source: Path
    target: str
    writable: bool = False


@dataclass(frozen=True)
class Limits:
    """What one command may use. Sizes in bytes, times in seconds; `cores` processors at once, all processes together."""

    wall: float = 600.0
    cpu: int = 1200
    cores: float = 2.0
    memory: int = 2 << 30
    processes: int = 256
    file_size: int = 256 << 20
    open_files: int = 1024
    tmp: int = 512 << 20
    output: int = 256 << 10
    disk_growth: int = 1 << 30


@dataclass(frozen=True)
class Command:
    """One untrusted command. The environment is exactly `environment` plus the sandbox's own small set."""

    argv: tuple[str, ...]
    workdir: str
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    stdin: bytes = b""


@dataclass(frozen=True)
class Finished:
    """How a command ended. `exit_code` is None when it was killed; `output` is stdout and stderr, interleaved."""

    exit_code: int | None
    ended: RunEnd
    output: bytes
    truncated: bool
    seconds: float

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 are replaced."""
        return self.output.decode("utf-8", "replace")


class Sandbox(Protocol):
    """Run untrusted commands so that nothing of the host can be read, changed or reached, and nothing stays behind."""

    def probe(self) -> str:
        """Run a real command inside; return one sentence on what contains it. Raises SandboxUnavailable with the fix."""
        ...

    def run(self, command: Command) -> Finished:
        """Run one command to its end or its limits. Raises SandboxUnavailable; never runs anything uncontained."""
        ...

    def sweep(self) -> int:
        """End and remove what earlier, killed hosts left; return how many things were removed."""
        ...

    def kill_all(self) -> None:
        """Kill every command that this process has running in the sandbox, at once."""
        ...


# -------------------------------------------------------------------------------------------------------- workspace


@dataclass(frozen=True)
class Tree:
    """A private checkout on the host. `path` is what untrusted commands see at `home`; the host never follows links in it.

    `environment` is what git inside the sandbox needs to accept the mounted repository.
    """

    name: str
    base: str
    path: Path
    home: str
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Workspace(Protocol):
    """One target repository: its commits through a trusted mirror, and private trees for agents.

    The operator's checkout, index, stash, branches and untracked files are never touched; `publish` adds one ref.
    Every method raises GitFailed when git itself fails.
    """

    @property
    def home(self) -> str:
        """Absolute path of the operator's repository; trees appear at this path inside the sandbox."""
        ...

    def take_base(self, revision: str = "HEAD") -> str:
        """Bring a revision of the operator's repository into the mirror; return its sha.

        Raises OperatorMistake for no repository, no commits, an unknown revision.
        """
        ...

    def entries(self, commit: str) -> tuple[TreeEntry, ...]:
        """List every file of a commit."""
        ...

    def read(self, commit: str, path: str) -> bytes:
        """Read one file of a commit. Raises KeyError when the commit has no such file."""
        ...

    def read_blobs(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """Read many blobs by hash in one git process."""
        ...

    def churn(self, commit: str, days: int) -> dict[str, int]:
        """Count the commits that touched each path in the `days` before the newest commit."""
        ...

    def last_change(self, commit: str, path: str) -> str | None:
        """Find the newest commit, in the history of `commit`, that changed a path; None where none did."""
        ...

    def plant(self, name: str, commit: str) -> Tree:
        """Lay a fresh private tree of `commit`; whatever stood under that name before is gone."""
        ...

    def standing(self, name: str) -> Tree | None:
        """Find a tree planted earlier under this name, also by a process that died."""
        ...

    def write(self, tree: Tree, path: str, content: bytes) -> None:
        """Write one file of a tree without following links. Raises TreeRefused for a path that leaves it."""
        ...

    def read_file(self, tree: Tree, path: str, longest: int = 1 << 20) -> bytes:
        """Read one file of a tree without following links. Raises KeyError or TreeRefused."""
        ...

    def fell(self, name: str) -> None:
        """Remove a tree; no error when there is none."""
        ...

    def commit(self, tree: Tree, message: str, parent: str) -> str | None:
        """Record the state of the tree's files as a commit on `parent`; None when nothing differs from it.

        The same tree, message and parent give the same sha. Raises TreeRefused with every reason.
        """
        ...

    def keep(self, name: str, commit: str) -> None:
        """Point the mirror's own ref for `name` at a commit, so that it survives."""
        ...

    def kept(self, name: str) -> str | None:
        """Read the mirror's own ref for `name`."""
        ...

    def change(self, base: str, commit: str) -> Change:
        """Compare two commits by raw diff."""
        ...

    def diff(self, base: str, commit: str) -> str:
        """Show the difference as a patch, for people."""
        ...

    def publish(self, commit: str, branch: str, *, replaces: str | None = None) -> None:
        """Make the commit appear in the operator's repository as `refs/heads/<branch>`, and nothing else.

        Doing it again is fine. Raises Refusal when that branch exists there and points at neither the commit nor
        `replaces`, and when it is checked out there and would move.
        """
        ...

    def contains(self, commit: str, earlier: str) -> bool:
        """Say whether `earlier` is an ancestor of `commit`, or the same."""
        ...

    def published(self, branch: str) -> str | None:
        """Read that branch in the operator's repository."""
        ...

    def branches_like(self, prefix: str) -> Mapping[str, str]:
        """Read every branch of the operator's repository whose name begins so, with its sha; they are in the mirror then."""
        ...

    def head_branch(self) -> str | None:
        """Name the branch that HEAD of the operator's repository is on; None when it is detached."""
        ...

    def fork_point(self, one: str, other: str) -> str | None:
        """Find the newest commit that both have in their history; None for histories without one."""
        ...

    def merge(self, ours: str, theirs: str, message: str) -> Merged:
        """Merge two commits in the mirror, where nothing is checked out; the same merge gives the same sha."""
        ...

    def rebase(self, commit: str, base: str) -> Merged:
        """Put what a commit changes on another base, in the mirror, as one commit with the same message."""
        ...


# ------------------------------------------------------------------------------------------------------ environment


@dataclass(frozen=True)
class Environment:
    """A Python that has the target's dependencies, as commands in the sandbox see it.

    `mounts` are read-only and come after a tree's own. `import_roots` are put before everything that is installed, so
    that the tree's code wins over an installed copy of it. `digest` changes when what is installed changes; `how` says
    in one sentence where it comes from and what it lacks.
    """

    python: str
    mounts: tuple[Mount, ...]
    how: str
    digest: str
    has_pytest: bool
    import_roots: tuple[str, ...] = ()


class Environments(Protocol):
    """Where the target's Python comes from."""

    def prepare(self, commit: str, python: str | None = None) -> Environment:
        """Find or build the environment of a commit; `python` names an interpreter that has everything already.

        Raises OperatorMistake for a `python` that can't be used, Mishap when nothing can be installed.
        """
        ...


# ---------------------------------------------------------------------------------------------------------- engines


class Bench(Protocol):
    """What an engine may do while it works: look at the base commit, edit its tree, run things in the sandbox."""

    @property
    def ticket(self) -> Ticket:
        """The agent's ticket."""
        ...

    @property
    def inventory(self) -> Inventory:
        """The inventory of the base commit."""
        ...

    def paths(self) -> tuple[str, ...]:
        """List the files of the base commit."""
        ...

    def covered_on_base(self, path: str) -> frozenset[int] | None:
        """Say which lines of a file the base commit's tests run; None when that was not measured."""
        ...

    def read(self, path: str) -> str:
        """Read a file as the tree has it now. Raises KeyError; UnicodeDecodeError when it is no UTF-8."""
        ...

    def write(self, path: str, text: str) -> None:
        """Write a file of the tree."""
        ...

    def reset(self) -> None:
        """Put the tree back to the base commit."""
        ...

    def python(self, argv: Sequence[str], *, wall: float = 60.0, stdin: bytes = b"") -> Finished:
        """Run the repository's Python with these arguments in the tree, in the sandbox."""
        ...

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        """Run the repository's tests on the tree as it is now; `selection` holds paths or test ids, empty means all."""
        ...


@dataclass(frozen=True)
class TidyRules:
    """Which rules to apply, for which oldest Python (e.g. py310) and line length; `first_party` sorts imports."""

    select: tuple[str, ...]
    target: str = "py39"
    line_length: int = 88
    first_party: tuple[str, ...] = ()


class Tidier(Protocol):
    """Find and fix lint in one text, which is read and never run. Every method raises Mishap."""

    def find(self, path: str, text: str, rules: TidyRules) -> tuple[Finding, ...]:
        """List the findings, in the order of their lines."""
        ...

    def fix(self, path: str, text: str, rules: TidyRules) -> str:
        """Apply the fixes that are called safe, and no other."""
        ...


class Engine(Protocol):
    """How a change gets made."""

    def screen(self, feature: Feature, kind: Kind, inventory: Inventory) -> str | None:
        """Say in one sentence why this can't be done, from the inventory alone; None means: worth trying."""
        ...

    def plan(self, bench: Bench) -> Plan:
        """Look closely and say what will be done. Raises Declined with the reason."""
        ...

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        """Make the change in the bench's tree. `feedback` holds failed checks of the last attempt, `asked` a person's
        words after "request changes". Raises Declined."""
        ...


# ------------------------------------------------------------------------------------------------- models and money


class Model(Protocol):
    """A language model behind a wire."""

    def send(self, request: Request, request_id: str) -> Reply:
        """Make exactly one HTTP attempt; nothing is retried here.

        Raises ModelRefused for a definite no, ModelUnclear when a reply may have been made and billed.
        """
        ...


class Prices(Protocol):
    """What a model costs. Both raise OperatorMistake for a model without a price."""

    def worst(self, model: str, tier: Tier, input_tokens: int, output_tokens: int) -> Usd:
        """Give the most that a request of at most so many tokens can be billed, at the dearest tier of its reply."""
        ...

    def cost(self, model: str, tier: str, usage: Usage) -> Usd | None:
        """Give the price of a reply by the tier it names; None for a tier that is not known."""
        ...


class Ledger(Protocol):
    """Every account and every reservation. Each method is one transaction, safe to repeat; all raise StorageFailed."""

    def open_account(self, account: str, cap: Usd, aside: Usd = ZERO) -> Account:
        """Open an account once; one that is open gets the new limits, but never less than was already taken."""
        ...

    def account(self, account: str) -> Account | None:
        """Read an account."""
        ...

    def agent_accounts(self, run_id: str) -> Mapping[str, Account]:
        """Read the accounts of a run's agents that ever reserved something, by agent id."""
        ...

    def reserve(self, hold: Hold) -> None:
        """Set the amount aside in all of the hold's accounts, or in none.

        Raises BudgetExhausted with the account that can't cover it.
        """
        ...

    def mark_sent(self, hold: str) -> bool:
        """Write down that the request leaves now; False when the hold was closed meanwhile. Said twice it counts once."""
        ...

    def settle(self, hold: str, bill: Bill) -> bool:
        """Charge the bill of a sent request; False when it was closed before."""
        ...

    def release(self, hold: str, why: str, *, refused: bool = False) -> bool:
        """Give everything back: nothing was sent or, if `refused`, the provider made nothing of it."""
        ...

    def forfeit(self, hold: str, why: str) -> bool:
        """Charge a sent request in full, because nobody knows what it cost."""
        ...

    def reap(self, now: datetime) -> tuple[Hold, ...]:
        """Close what dead owners left open, and return it as it stood before: what was sent is charged in full."""
        ...

    def holds(self, account: str) -> tuple[Hold, ...]:
        """List the reservations that an account was part of, oldest first."""
        ...


# ---------------------------------------------------------------------------------------------------------- proving


class Prover(Protocol):
    """Run the target's own tests and judge commits; one for each repository."""

    def ready(self, order: RunOrder, base: str) -> tuple[str, ...]:
        """Build the environment and run the base commit's tests once; return sentences that people should know.

        Raises Refusal when the tests of the base commit can't be run, with the way out.
        """
        ...

    def measured(self, order: RunOrder, base: str) -> Inventory:
        """Take the inventory of the base commit, with what its tests really run."""
        ...

    def bench(self, ticket: Ticket) -> Bench:
        """Give an agent its workbench; its tree stands or is planted."""
        ...

    def tree(self, ticket: Ticket) -> Tree:
        """Give the tree of an agent's bench."""
        ...

    def verify(self, ticket: Ticket, commit: str, work: Work) -> Evidence:
        """Judge a commit on a fresh checkout in a fresh sandbox."""
        ...

    def newly_failing(self, order: RunOrder, base: str, commit: str) -> tuple[str, ...]:
        """Run a commit's whole suite on a fresh checkout; list what fails there and not on `base`, flaky tests left out.

        A suite that does not come to its end gives one sentence that says so.
        """
        ...

    def rule(self, ticket: Ticket, commit: str) -> PolicyVerdict:
        """Say what policy says of a commit as things are now, without running anything."""
        ...

    def clear(self, ticket: Ticket) -> None:
        """Remove the trees of an agent that has ended."""
        ...


class ReportFiles(Protocol):
    """Where a run's report and log lie."""

    def write(self, report: RunReport, markdown: str, chart: str = "") -> Path:
        """Write the report as JSON and Markdown, and its chart as SVG where there is one; return the path of the JSON.

        The same run has one report.
        """
        ...

    def logging(self, record: RunRecord) -> AbstractContextManager[Path]:
        """Send the log lines of a run to its file while the context is open."""
        ...


# ---------------------------------------------------------------------------------------------------------- journal


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


class Cards(Protocol):
    """Messages that show questions and runs; every method is one transaction and raises StorageFailed."""

    def claim_card(self, card: Card, *, stale_after: float) -> Claimed:
        """Claim a message before it is posted; a claim that led to none is taken over after so many seconds."""
        ...

    def card(self, kind: CardKind, subject: str) -> Card | None:
        """Read a message."""
        ...

    def cards(self, run_id: str | None = None, kind: CardKind | None = None) -> tuple[Card, ...]:
        """List messages, oldest first."""
        ...

    def note_posted(
        self, kind: CardKind, subject: str, *, team: str, channel: str, ts: str, permalink: str | None
    ) -> bool:
        """Write down where a claimed message is; False when it has an address already."""
        ...

    def note_shown(self, kind: CardKind, subject: str, *, version: int, shown: str) -> bool:
        """Write down what a message shows now; False when it shows something as new or newer already."""
        ...

    def note_gone(self, kind: CardKind, subject: str, ts: str, at: datetime, *, repost: bool) -> bool:
        """Write down that a message was deleted; with `repost` it may be claimed again."""
        ...

    def take_lease(self, name: str, owner: Host, release: str, at: datetime) -> Lease | None:
        """Take or renew what only one process may own; the lease of another one that lives is returned instead."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Read who owns something, whether they live or not."""
        ...

    def yield_lease(self, name: str, owner: Host) -> None:
        """Give a lease back, if this owner holds it."""
        ...

    def first_delivery(self, key: str, at: datetime) -> bool:
        """Say whether this is seen for the first time within two hours."""
        ...


class Transcripts(Protocol):
    """The conversations of agents with models. Every method is one transaction and raises StorageFailed."""

    def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
        """Write the turn of this number down, counted from 0; the first one stays and is returned."""
        ...

    def turns(self, agent_id: str) -> tuple[Turn, ...]:
        """Read a conversation from its beginning."""
        ...

    def newest_round(self, agent_id: str) -> int:
        """Say which round of work the agent has begun last; 0 before any."""
        ...


class Lessons(Protocol):
    """What reviewers taught. Raises StorageFailed."""

    def lessons(self, repository: str) -> tuple[Lesson, ...]:
        """List what agents of a repository are to be told, newest first."""
        ...


class Feedback(Lessons, Protocol):
    """What became of the pull requests of a repository, and what was said of them. Raises StorageFailed."""

    def marks(self, repository: str) -> Mapping[str, str]:
        """Read the marks that say from where `Reviews.read` goes on."""
        ...

    def take_in(self, repository: str, seen: Seen, lessons: Sequence[Lesson]) -> int:
        """Write a page down with its lessons and marks, all or nothing; return how many lessons are new.

        What is written down already stays as it is, but for pull requests and remarks that changed meanwhile.
        """
        ...

    def pulls(self, repository: str) -> tuple[Pull, ...]:
        """List every pull request of agents that was ever seen, by number."""
        ...

    def remarks(self, repository: str, number: int | None = None) -> tuple[Remark, ...]:
        """List what was said, of one pull request or of all, oldest first."""
        ...

    def take_up(self, repository: str, remarks: Sequence[str], agent_id: str, at: datetime) -> None:
        """Write down which agent answers remarks; the first one stays."""
        ...

    def taken_up(self, repository: str) -> Mapping[str, str]:
        """Map the remarks that an agent answers to that agent."""
        ...

    def keep_lesson(self, repository: str, lesson: Lesson) -> None:
        """Write a lesson down, in place of the one with its id."""
        ...

    def drop_lesson(self, repository: str, lesson_id: str) -> bool:
        """Forget a lesson for good: what taught it does not teach it again. False when there is none."""
        ...


# ------------------------------------------------------------------------------------------------------------ forge


class Reviews(Protocol):
    """What people do with autonomous pull requests. Raises ForgeRefused and ForgeUnclear as `Forge` does."""

    def read(self, marks: Mapping[str, str]) -> Iterator[Seen]:
        """Read what is new since the marks, page by page; each page carries the marks that are right after it.

        An unchanged page costs a conditional request. It ends after a bounded number of requests; the marks say where
        the next reading goes on.
        """
        ...

    def counted(self) -> tuple[int, int]:
        """Say how many requests the last reading made, and how many of them found nothing changed."""
        ...

    @property
    def finished(self) -> bool:
        """Say whether the last reading read everything that there is."""
        ...

    def fetch(self, number: int) -> tuple[str, str] | None:
        """Bring the newest commit of an open pull request into the mirror; give its branch and sha, None when it is over."""
        ...


class Issues(Protocol):
    """What people want done, in their own words."""

    def labelled(self, label: str) -> tuple[Assignment, ...]:
        """List the open issues with a label, the oldest first. Raises ForgeRefused, ForgeUnclear."""
        ...

    def open(self) -> tuple[Assignment, ...]:
        """List the newest open issues as they were within the last minutes; asks once and waits for nothing.

        Raises ForgeRefused, ForgeUnclear.
        """
        ...


class Checks(Protocol):
    """The project's own checks of published commits."""

    def of(self, commit: str) -> CiState:
        """Read every check of a commit. Raises ForgeRefused, ForgeUnclear."""
        ...


class Forge(Protocol):
    """Where pull requests live."""

    def ready(self, base: str) -> tuple[str, ...]:
        """Say where the pull requests of a base commit will be; sentences that people should know.

        Raises Refusal, ForgeRefused, ForgeUnclear or OperatorMistake when there can be none.
        """
        ...

    def waiting(self) -> int | None:
        """Count the open pull requests of agents; None where nobody counts them. Raises ForgeRefused, ForgeUnclear."""
        ...

    def newest(self, base: str) -> str | None:
        """Bring in the newest commit of the branch that a base's pull requests are against; None where that is local.

        Raises Refusal, ForgeRefused, ForgeUnclear.
        """
        ...

    def standing(self) -> Mapping[str, str]:
        """Bring in the branches of the open pull requests of agents, by name with their commits; none where all is local.

        Raises ForgeRefused, ForgeUnclear.
        """
        ...

    def publish(self, ticket: Ticket, report: AgentReport, title: str, page: str) -> Publication:
        """Publish the page of an agent's branch once; say where it is. Found again, never made twice.

        Raises Refusal when the branch or its pull request is somebody else's by now, ForgeRefused, ForgeUnclear.
        """
        ...

    def amend(self, ticket: Ticket, section: str) -> str | None:
        """Put a section below an agent's published page, in place of the one there; return the page as it lies here now.

        Doing it again changes nothing. A pull request that is over or not ours stays as it is. None where nothing was
        published. Raises ForgeRefused, ForgeUnclear, StorageFailed.
        """
        ...


# ------------------------------------------------------------------------------------------------------------ clock


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Say the time, with a zone."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


# ----------------------------------------------------------------------------------------------------- control room


class ControlRoom(Protocol):
    """What Fresh needs of Prefect from outside a flow. Every method raises ServerUnreachable in an outage."""

    def make_limits(self) -> None:
        """Create the global concurrency limits, so that none of them is silently unlimited."""
        ...

    def state(self, flow_run_id: str) -> str | None:
        """Read the type of a run's state, e.g. PAUSED; None for an unknown run."""
        ...

    def retire(self, flow_run_id: str, why: str) -> None:
        """Mark a run whose process is gone as crashed."""
        ...

    def conclude(self, flow_run_id: str) -> None:
        """Mark a run as cancelled that was being cancelled and has stopped; any other one is left alone."""
        ...

    def show(self, flow_run_id: str, marks: Mapping[str, str], labels: Mapping[str, float]) -> None:
        """Keep the `name:value` tags and the numeric labels of a run current."""
        ...

    def permit(self, limit: str) -> AbstractContextManager[None]:
        """Hold one slot of a global concurrency limit; missing limits are an error, never silently unlimited."""
        ...
