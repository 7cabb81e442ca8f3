"""The visible steps of one agent; each is done once, whatever dies."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import Evidence
from fresh.domain.phase import Step
from fresh.domain.pull_request_page import page
from fresh.domain.quoting import plain
from fresh.domain.steps import Analysis, Made, Offered, Proven, Published
from fresh.domain.work import Plan, Work
from fresh.errors import Declined, Refusal, TreeRefused
from fresh.wiring import Toolbox, toolbox
from tasks.durable import narrate, once
from tasks.showing import show_page


def _tools(ticket: Ticket) -> Toolbox:
    return toolbox(Path(ticket.repository))


@task(task_run_name="analyse {ticket.feature.name}", cache_policy=NO_CACHE)
def analyse(ticket: Ticket) -> Analysis:
    """Let the engine look closely and plan, or decline with its reason."""
    tools = _tools(ticket)

    def act() -> Analysis:
        try:
            return Analysis(plan=tools.engine(ticket.engine).plan(tools.prover.bench(ticket)))
        except Declined as no:
            return Analysis(declined=no.message)

    return once(tools, ticket, Step.ANALYSE, 0, Analysis, act)


@task(task_run_name="implement {ticket.feature.name} #{ordinal}", cache_policy=NO_CACHE)
def implement(ticket: Ticket, plan: Plan, ordinal: int, feedback: Evidence | None, asked: str) -> Made:
    """Let the engine change a private tree, and record the state of its files as a commit."""
    tools = _tools(ticket)

    def act() -> Made:
        bench = tools.prover.bench(ticket)
        bench.reset()
        try:
            work = tools.engine(ticket.engine).work(bench, plan, feedback, asked)
        except Declined as no:
            return Made(declined=no.message)
        try:
            commit = tools.workspace.commit(
                tools.prover.tree(ticket), tools.redact(_message(ticket, plan, work)), ticket.base
            )
        except TreeRefused as refused:
            return Made(refused=refused.in_full)
        if commit is None and work.unfinished is not None:
            return Made(refused=work.unfinished)
        if commit is None and work.question is not None:
            return Made(work=work)
        if commit is None:
            return Made(declined="The engine finished without changing any file.")
        tools.workspace.keep(f"{ticket.agent_id}-{ordinal}", commit)
        return Made(commit=commit, work=work)

    return once(tools, ticket, Step.IMPLEMENT, ordinal, Made, act)


def _message(ticket: Ticket, plan: Plan, work: Work) -> str:
    details = "".join(f"\n- {plain(detail)}" for detail in work.details)
    summary = "" if work.summary == plan.summary else f"{plain(work.summary)}\n"
    return f"{plain(plan.summary)}\n\n{summary}{details}\n\nFresh-Agent: {ticket.agent_id}\nFresh-Run: {ticket.run_id}\n"


@task(task_run_name="test {ticket.feature.name} #{ordinal}", cache_policy=NO_CACHE)
def verify(ticket: Ticket, commit: str, work: Work, ordinal: int) -> Evidence:
    """Judge the commit on a fresh checkout in a fresh sandbox."""
    tools = _tools(ticket)
    proven = once(
        tools,
        ticket,
        Step.VERIFY,
        ordinal,
        Proven,
        lambda: Proven(evidence=tools.prover.verify(ticket, commit, _claims(ticket, work))),
    )
    return proven.evidence


def _claims(ticket: Ticket, work: Work) -> Work:
    """Leave out which tests are new where a revision is judged as a whole: its last round made only some of them."""
    return work if ticket.revision is None else work.model_copy(update={"new_tests": ()})


@task(task_run_name="test {ticket.feature.name} on the moved base #{ordinal}", cache_policy=NO_CACHE)
def verify_again(ticket: Ticket, commit: str, work: Work, ordinal: int) -> Evidence:
    """Judge a commit that was put on a newer base, against that base."""
    tools = _tools(ticket)
    proven = once(
        tools,
        ticket,
        Step.VERIFY_AGAIN,
        ordinal,
        Proven,
        lambda: Proven(evidence=tools.prover.verify(ticket, commit, _claims(ticket, work))),
    )
    return proven.evidence


@task(task_run_name="show branch of {ticket.feature.name}", cache_policy=NO_CACHE)
def offer_branch(ticket: Ticket, commit: str, ordinal: int, replaces: str | None) -> Offered:
    """Make the commit appear in the operator's repository, so that it can be tried before anybody decides.

    What policy blocks never gets there. Done once for each round: entered again, an agent must not move its branch
    back to what it offered first.
    """
    tools = _tools(ticket)

    def act() -> Offered:
        verdict = tools.prover.rule(ticket.judged, commit)
        if verdict.ruling is Ruling.BLOCK:
            return Offered(commit=None, withheld=f"Policy blocks the change: {'; '.join(verdict.reasons)}")
        tools.workspace.publish(commit, ticket.branch, replaces=replaces)
        return Offered(commit=commit)

    return once(tools, ticket, Step.OFFER, ordinal, Offered, act)


class _Voided(Exception):
    """Policy says more of a commit than when it was judged."""

    def __init__(self, verdict: PolicyVerdict) -> None:
        super().__init__("policy says more than when the commit was judged")
        self.verdict = verdict


@task(task_run_name="publish {ticket.feature.name}", cache_policy=NO_CACHE)
def publish(
    ticket: Ticket, report: AgentReport, plan: Plan, work: Work, ordinal: int = 0
) -> Published | PolicyVerdict:
    """Publish the branch and its page exactly once; or nothing, and give what policy says of the commit by now.

    Raises Refusal when policy blocks the commit, or the branch no longer points at the one that was judged.
    """
    tools = _tools(ticket)

    def act() -> Published:
        if report.commit is None or report.evidence is None:
            raise Refusal(f"Agent {ticket.agent_id} has no judged commit to publish.")
        if report.evidence.policy.ruling is Ruling.BLOCK:
            raise Refusal(f"Agent {ticket.agent_id} may not publish {report.commit[:10]}: policy blocks it.")
        if report.evidence.commit != report.commit:
            raise Refusal(
                f"Agent {ticket.agent_id} may not publish {report.commit[:10]}:"
                f" what was judged is {report.evidence.commit[:10]}."
            )
        now = report.evidence.policy.and_also(tools.prover.rule(ticket.judged, report.commit))
        if now != report.evidence.policy:
            raise _Voided(now)
        tools.workspace.publish(report.commit, ticket.branch)
        title, body = page(ticket, report, plan, work)
        title, body = tools.redact(title), tools.redact(body)
        show_page(
            f"page-{ticket.agent_id}", f"# {title}\n\n{body}", f"Pull request of agent {ticket.agent_id}"
        )
        made = tools.forge.publish(ticket, report, title, body)
        if made.note:
            narrate(tools, ticket.run_id, f"Agent {ticket.agent_id}: {made.note}", ticket.agent_id)
        return Published(branch=ticket.branch, pull_request=made.address, note=made.note)

    try:
        return once(tools, ticket, Step.PUBLISH, ordinal, Published, act)
    except _Voided as voided:
        said = f"Agent {ticket.agent_id} publishes nothing yet, because policy says more of its commit by now"
        narrate(tools, ticket.run_id, f"{said}: {'; '.join(voided.verdict.reasons)}", ticket.agent_id)
        return voided.verdict
