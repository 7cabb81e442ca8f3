"""Read what people did with pull requests, and make of it what later agents are chosen by and told."""

from __future__ import annotations

from collections.abc import Iterator

from fresh.domain.acceptance import Acceptance, Ending, area_of, learned_from
from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.feature import Kind
from fresh.domain.quoting import line
from fresh.domain.reviewing import (
    Learned,
    Pull,
    PullState,
    Remark,
    Seen,
    distil,
    lesson_of,
    wishes,
)
from fresh.errors import FreshError
from fresh.wiring import Toolbox

LONGEST_WHY = 160
NO_FORGE = "There is no GitHub to read from: what was approved or merged is read from the journal and the repository."


def read_reviews(tools: Toolbox) -> Learned:
    """Read what is new at the forge into the journal, page by page; interrupted and repeated, it loses and doubles nothing.

    Raises ForgeRefused, ForgeUnclear.
    """
    reviews, repository = tools.reviews, str(tools.repository)
    if reviews is None:
        return Learned()
    pulls = remarks = lessons = 0
    for seen in reviews.read(tools.feedback.marks(repository)):
        kinds = {pull.number: pull.kind for pull in (*tools.feedback.pulls(repository), *seen.pulls)}
        taught = [
            lesson
            for remark in seen.remarks
            if (lesson := lesson_of(remark, repository, kinds.get(remark.number))) is not None
        ]
        lessons += tools.feedback.take_in(repository, _redacted(tools, seen), taught)
        pulls += len(seen.pulls)
        remarks += len(seen.remarks)
    requests, unchanged = reviews.counted()
    return Learned(
        requests=requests,
        unchanged=unchanged,
        pulls=pulls,
        remarks=remarks,
        lessons=lessons,
        revisions=len(open_wishes(tools)),
        finished=reviews.finished,
    )


def _redacted(tools: Toolbox, seen: Seen) -> Seen:
    """Hide our own secrets, should somebody have pasted one."""
    return tools.redact.model(seen)


def read_quietly(tools: Toolbox) -> str | None:
    """Read what is new before a run chooses; a forge that can't be read is a note, and no reason not to work."""
    if tools.reviews is None:
        return None
    try:
        return f"Reviews: {read_reviews(tools).told()}"
    except FreshError as trouble:
        return f"What reviewers said could not be read, so what was learned before counts: {trouble.message}"


def open_wishes(tools: Toolbox) -> dict[int, tuple[Remark, ...]]:
    """Find what people want changed on open pull requests and no agent answers yet, by number."""
    repository = str(tools.repository)
    standing = {pull.number for pull in tools.feedback.pulls(repository) if pull.state is PullState.OPEN}
    taken = tools.feedback.taken_up(repository)
    found: dict[int, list[Remark]] = {}
    for remark in wishes(tools.feedback.remarks(repository)):
        if remark.number in standing and remark.id not in taken:
            found.setdefault(remark.number, []).append(remark)
    return {number: tuple(wanted) for number, wanted in sorted(found.items())}


def acceptance_of(tools: Toolbox, base: str) -> Acceptance:
    """Sum up what people made of the work of all earlier runs, and of what others' journals opened."""
    return learned_from(_endings(tools, base))


def worked(tools: Toolbox) -> Iterator[tuple[Ticket, AgentReport]]:
    """List every agent that ever ended, the oldest first."""
    for record in reversed(tools.journal.runs(str(tools.repository))):
        tickets = {ticket.agent_id: ticket for ticket in tools.journal.tickets(record.id)}
        for report in tools.journal.reports(record.id):
            yield tickets[report.agent_id], report


def _endings(tools: Toolbox, base: str) -> Iterator[Ending]:
    pulls = {pull.address: pull for pull in tools.feedback.pulls(str(tools.repository))}
    ours: set[str] = set()
    for ticket, report in worked(tools):
        address = report.pull_request or ""
        if address in ours:
            continue
        ended = _ended(tools, report, pulls.get(address), base)
        ours |= {address} if address else set()
        if ended is not None:
            merged, why = ended
            yield Ending(
                feature=report.feature,
                kind=report.kind,
                area=area_of(ticket.feature),
                merged=merged,
                code=ticket.feature.code,
                where=address,
                why=why,
            )
    for address, pull in pulls.items():
        if address not in ours and pull.kind is not None and pull.state is not PullState.OPEN:
            yield _foreign(pull, pull.kind)


def _foreign(pull: Pull, kind: Kind) -> Ending:
    """Count a pull request of another journal: its labels tell its kind, and nothing tells its feature."""
    return Ending(feature="", kind=kind, area="", merged=pull.state is PullState.MERGED, where=pull.address)


def _ended(tools: Toolbox, report: AgentReport, pull: Pull | None, base: str) -> tuple[bool, str] | None:
    """Say whether the work of an agent was merged or turned down, and why; None while nobody can know."""
    if report.outcome is Outcome.REJECTED:
        return False, line(report.failure or "")[:LONGEST_WHY]
    if report.outcome is not Outcome.COMPLETED or report.commit is None:
        return None
    if pull is not None:
        if pull.state is PullState.OPEN:
            return None
        merged = pull.state is PullState.MERGED
        return merged, "" if merged else _why(tools, pull)
    if _is_approved_here(report):
        return True, ""
    try:
        return (True, "") if tools.workspace.contains(base, report.commit) else None
    except FreshError:
        return None


def _is_approved_here(report: AgentReport) -> bool:
    """Say whether a person approved work that no forge knows of, so that nobody will ever be seen to merge it."""
    return report.reviewed_by is not None and "://" not in (report.pull_request or "")


def _why(tools: Toolbox, pull: Pull) -> str:
    """Find the last thing that somebody said who may write to the repository."""
    said = [remark for remark in tools.feedback.remarks(str(tools.repository), pull.number) if remark.counts]
    words = next(
        (distil(remark) or line(remark.text) for remark in reversed(said) if remark.text.strip()), ""
    )
    return words[:LONGEST_WHY]


def closed_branches(tools: Toolbox) -> frozenset[str]:
    """List the branches whose pull requests are merged or closed: they may stand, and hold nothing any more."""
    over = is_over(tools)
    if not over:
        return frozenset()
    return frozenset(
        report.branch for _, report in worked(tools) if report.branch and report.pull_request in over
    )


def is_over(tools: Toolbox) -> frozenset[str]:
    """List the addresses of pull requests that are merged or closed."""
    pulls = tools.feedback.pulls(str(tools.repository))
    return frozenset(pull.address for pull in pulls if pull.state is not PullState.OPEN)
