"""The checks of a commit at GitHub: those of Apps, GitHub Actions among them, and the older commit statuses."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import Field

from fresh.adapters.githubbing.hub import quoted
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import Places
from fresh.adapters.githubbing.pulls import Shown
from fresh.domain.ci import CiCheck, CiResult, CiState
from fresh.ports import Clock

GOOD = frozenset({"success", "neutral", "skipped"})
LONGEST_WAIT = 60.0
MOST_PAGES = 3


class Output(Shown):
    """What a check says."""

    title: str | None = None
    summary: str | None = None


class CheckRun(Shown):
    """One check by an App."""

    name: str
    status: str = ""
    conclusion: str | None = None
    html_url: str | None = None
    output: Output = Output()


class CheckRuns(Shown):
    """A page of checks."""

    check_runs: tuple[CheckRun, ...] = ()


class OneStatus(Shown):
    """One commit status."""

    context: str = "default"
    state: str = ""
    description: str | None = None
    target_url: str | None = None


class Combined(Shown):
    """The newest status of each context."""

    statuses: tuple[OneStatus, ...] = Field(default=())


class GitHubChecks:
    """Implement `ports.Checks` on the repository's `origin`."""

    def __init__(self, places: Places, clock: Clock, halted: Callable[[], bool] | None = None) -> None:
        self._places = places
        self._patience = Patience(clock, longest=LONGEST_WAIT, halted=halted)

    def of(self, commit: str) -> CiState:
        """Read every check of a commit; the newest of each name counts. Raises ForgeRefused, ForgeUnclear."""
        return self._patience.persist(lambda: self._read(commit))

    def _read(self, commit: str) -> CiState:
        if self._places.address is None:
            return CiState(commit=commit)
        hub, what, path = self._places.place().hub, "read the checks", f"commits/{quoted(commit)}"
        checks: dict[str, CiCheck] = {}
        for answer in hub.pages(what, f"{path}/check-runs", most=MOST_PAGES):
            checks |= {run.name: _check(run) for run in answer.read(CheckRuns).check_runs}
        for status in hub.ask(what, "GET", f"{path}/status").read(Combined).statuses:
            checks[status.context] = _of_status(status)
        return CiState(commit=commit, checks=tuple(checks.values()))


def _check(run: CheckRun) -> CiCheck:
    done = run.status == "completed"
    result = CiResult.PENDING if not done else CiResult.PASSED if run.conclusion in GOOD else CiResult.FAILED
    said = "\n".join(filter(None, (run.output.title, run.output.summary)))
    return CiCheck(name=run.name, result=result, summary=said[:4000], address=run.html_url or "")


def _of_status(status: OneStatus) -> CiCheck:
    results = {"success": CiResult.PASSED, "pending": CiResult.PENDING}
    return CiCheck(
        name=status.context,
        result=results.get(status.state, CiResult.FAILED),
        summary=(status.description or "")[:4000],
        address=status.target_url or "",
    )
