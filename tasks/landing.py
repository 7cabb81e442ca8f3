"""How an agent's commit lands: on the base as it is now, beside what else waits for review, and with its own run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain.agent import AgentReport, Outcome, Ticket
from fresh.domain.counting import count
from fresh.domain.fitting import Landing, Overlap
from fresh.domain.identity import OURS
from fresh.domain.landing import Integration, obstacles
from fresh.domain.phase import Step
from fresh.domain.record import RunRecord
from fresh.domain.steps import CaughtUp, Fitted
from fresh.errors import FreshError
from fresh.proving.integrating import Integrator
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate, once
from tasks.learning import closed_branches


def base_branch_key(run_id: str) -> str:
    """Under which key the journal remembers the branch that a run's base commit was taken from."""
    return f"base-branch:{run_id}"


def newest_base(tools: Toolbox, run_id: str, base: str) -> str:
    """Read where the branch of a run's base stands now, at GitHub where pull requests go there, else in the operator's
    repository; the base itself where it has not moved on."""
    branch = tools.journal.recall(base_branch_key(run_id))
    try:
        tip = tools.forge.newest(base)
        if tip is None and not branch:
            return base
        tip = tip or tools.workspace.take_base(f"refs/heads/{branch}")
        return base if tools.workspace.contains(base, tip) else tip
    except FreshError as lost:
        tools.log.warning("The branch %s of run %s can't be read: %s", branch, run_id, lost.message)
        return base


@task(task_run_name="catch up {ticket.feature.name} #{ordinal}", cache_policy=NO_CACHE)
def catch_up(ticket: Ticket, commit: str, ordinal: int) -> CaughtUp:
    """Put a commit on the newest base where that moved on; a commit that conflicts with it stays as it is."""
    tools = toolbox(Path(ticket.repository))

    def act() -> CaughtUp:
        base = newest_base(tools, ticket.run_id, ticket.base)
        if base == ticket.base:
            return CaughtUp(base=base, commit=commit)
        rebased = tools.workspace.rebase(commit, base)
        if rebased.commit is None:
            return CaughtUp(base=ticket.base, commit=commit, conflicts=rebased.conflicts)
        tools.workspace.keep(f"{ticket.agent_id}-{ordinal}-rebased", rebased.commit)
        said = f"Agent {ticket.agent_id} goes on at {base[:10]}, where the base is now, and is tested again"
        narrate(tools, ticket.run_id, said, ticket.agent_id)
        return CaughtUp(base=base, commit=rebased.commit)

    return once(tools, ticket, Step.CATCH_UP, ordinal, CaughtUp, act)


@task(task_run_name="fit {ticket.feature.name} #{ordinal}", cache_policy=NO_CACHE)
def fit(ticket: Ticket, commit: str, ordinal: int) -> Landing:
    """Merge a commit, for a try, with the newest base and with every open branch of an agent."""
    tools = toolbox(Path(ticket.repository))

    def act() -> Fitted:
        landing = _landing(tools, ticket, commit)
        for obstacle in obstacles(landing):
            narrate(
                tools,
                ticket.run_id,
                f"Agent {ticket.agent_id} can't just be merged: {obstacle}",
                ticket.agent_id,
            )
        return Fitted(landing=landing)

    return once(tools, ticket, Step.LAND, ordinal, Fitted, act).landing


def _landing(tools: Toolbox, ticket: Ticket, commit: str) -> Landing:
    base = newest_base(tools, ticket.run_id, ticket.base)
    moved = base != ticket.base
    conflicts: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    if moved:
        merged = tools.workspace.merge(base, commit, f"Merge {ticket.branch} for a try")
        conflicts = merged.conflicts
        if merged.commit is not None:
            broken = tools.prover.newly_failing(ticket.order, base, merged.commit)
    overlaps = []
    standing, unread = at_the_forge(tools)
    found = _unmerged(tools, base, {**_local_branches(tools), **standing})
    others = {branch: sha for branch, sha in found.items() if branch != ticket.branch}
    for branch, sha in others.items():
        paths = tools.workspace.merge(commit, sha, f"Merge {branch} for a try").conflicts
        overlaps += [Overlap(branch=branch, paths=paths)] if paths else []
    return Landing(
        base=base,
        moved=moved,
        base_conflicts=conflicts,
        overlaps=tuple(overlaps),
        broken=broken,
        checked=len(others),
        unread=unread,
    )


def open_branches(tools: Toolbox, base: str) -> dict[str, str]:
    """List the branches of agents that are not merged into a base yet, with where they stand: here, and at the forge."""
    return _unmerged(tools, base, {**_local_branches(tools), **at_the_forge(tools)[0]})


def at_the_forge(tools: Toolbox) -> tuple[Mapping[str, str], str]:
    """List the branches of open pull requests, which may be known to the forge alone; or say why they can't be read."""
    try:
        return tools.forge.standing(), ""
    except FreshError as lost:
        tools.log.warning("The open branches at the forge can't be read: %s", lost.message)
        return {}, lost.message


def _local_branches(tools: Toolbox) -> dict[str, str]:
    over = closed_branches(tools)
    return {name: sha for name, sha in tools.workspace.branches_like(OURS).items() if name not in over}


def _unmerged(tools: Toolbox, base: str, branches: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for branch, sha in branches.items():
        try:
            if not tools.workspace.contains(base, sha) and tools.workspace.fork_point(base, sha) is not None:
                found[branch] = sha
        except FreshError as lost:
            tools.log.warning("The branch %s can't be looked at: %s", branch, lost.message)
    return found


@task(name="integrate", cache_policy=NO_CACHE)
def integrate(record: RunRecord, may_test: bool) -> Integration | None:
    """Merge every change that this run published, in the order in which people should, and test the merge."""
    tools = toolbox(Path(record.repository))
    landed = [
        report
        for report in tools.journal.reports(record.id)
        if report.outcome is Outcome.COMPLETED and report.commit and report.branch
    ]
    if not landed:
        return None
    base = newest_base(tools, record.id, record.base)
    key = f"integration:{record.id}:{_digest(base, landed)}"
    standing = tools.journal.recall(key)
    if standing is not None:
        return Integration.model_validate_json(standing)
    integration = _integrated(tools, record, base, landed, may_test)
    narrate(tools, record.id, f"Integration of {count(len(landed), 'branch')}: {integration.fact}")
    if not may_test:
        return integration
    return Integration.model_validate_json(tools.journal.remember(key, integration.model_dump_json()))


def _integrated(
    tools: Toolbox, record: RunRecord, base: str, landed: list[AgentReport], may_test: bool
) -> Integration:
    def test(commit: str) -> tuple[str, ...]:
        return tools.prover.newly_failing(record.order, base, commit)

    try:
        if tools.work_pool is not None:
            # What agents made on other machines is in the operator's repository, and not in this machine's mirror.
            for report in landed:
                tools.workspace.take_base(report.commit or "")
        return Integrator(tools.workspace, base, test if may_test else None).integrate(landed)
    except FreshError as trouble:
        # A run whose branches can't be merged for a try has its report all the same.
        return Integration(base=base, order=(), fact=f"The branches could not be merged: {trouble.message}")


def _digest(base: str, landed: list[AgentReport]) -> str:
    parts = (base, *sorted(f"{report.agent_id} {report.commit}" for report in landed))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
