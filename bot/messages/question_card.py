"""The card of one question: everything that a person needs before they decide, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.messages.blocks import (
    Block,
    Message,
    actions,
    button,
    confirm,
    context,
    divider,
    fields,
    header,
    link_button,
    message,
    said,
    section,
)
from bot.messages.faces import CHECKS, DECIDED, RISKS, SILENCE, TITLES
from bot.messages.pen import Pen, address, clamp, moment, person
from fresh.domain.answering import Standing
from fresh.domain.approval import Answer, Decision, Particulars, Question, Why, on_deadline

SHOWN_CHECKS = 12
SHOWN_FIGURES = 8
SHOWN_FILES = 12
SHOWN_REASONS = 6


@dataclass(frozen=True)
class Beside:
    """What belongs on the card and is not in the question. `value` is what its buttons give back."""

    value: str
    repository: str
    mention: str = ""
    flow_run_url: str | None = None
    pull_request: str | None = None
    superseded: str = ""
    trouble: str = ""


def question_card(pen: Pen, standing: Standing, beside: Beside) -> Message:
    """Show a question; its buttons are there exactly as long as an answer counts."""
    question = standing.question
    is_open = standing.is_open and not beside.superseded
    blocks: list[Block] = [header(f"{TITLES[question.why]}: agent {question.agent_id}")]
    if is_open and beside.mention:
        blocks.append(section(beside.mention))
    blocks += _what(pen, question, beside)
    blocks += [divider(), *_fate(pen, standing, beside)]
    links = _links(beside)
    if is_open:
        blocks.append(_buttons(question, beside))
    if links:
        blocks.append(actions(f"links-{question.id}", *links))
    return message(_notice(pen, standing, beside), blocks, _metadata(question))


def _metadata(question: Question) -> dict[str, str]:
    return {"kind": "question", "question_id": question.id, "run_id": question.run_id}


def _what(pen: Pen, question: Question, beside: Beside) -> Iterator[Block]:
    its = question.particulars
    if its is None:
        yield said(pen.label(question.text, 2900))
        return
    commit = pen.code(question.commit[:10]) if question.commit else "no commit yet"
    yield fields(
        f"*What*\n{pen.words(its.kind, 40)} of {pen.code(its.feature)}",
        f"*Where*\n{pen.code(its.branch)} at {commit}",
        f"*Size*\n+{its.added} −{its.removed} in {its.file_count} {'file' if its.file_count == 1 else 'files'}",
        f"*Cost*\n{its.cost} of {its.cap}",
        f"*Risk*\n{RISKS[its.risk]}",
        f"*Repository*\n{pen.code(beside.repository)}",
    )
    words = _question_words(question, its)
    if words:
        yield said(pen.label(words, 2000))
    yield from _evidence(pen, its)
    yield from _files(pen, its)


def _question_words(question: Question, its: Particulars) -> str:
    """An open decision is put in the question's own text; of a change its summary says enough."""
    return question.text if question.why is Why.ARCHITECTURE else its.summary


def _evidence(pen: Pen, its: Particulars) -> Iterator[Block]:
    if its.figures:
        rows = [
            f"• {pen.words(figure.name, 60)}: {pen.words(figure.base, 100)} → {pen.bold(figure.head, 100)}"
            for figure in its.figures[:SHOWN_FIGURES]
        ]
        yield section("*Base → head*\n" + "\n".join(rows))
    if its.checks:
        rows = [
            f"{CHECKS[check.state]} {pen.words(check.name, 60)}: {pen.words(check.fact, 160)}"
            for check in its.checks[:SHOWN_CHECKS]
        ]
        more = len(its.checks) - SHOWN_CHECKS
        yield section(
            "*Evidence*\n" + "\n".join([*rows, *([f"… and {more} more checks"] if more > 0 else [])])
        )
    noted = [f"⚠️ {pen.words(risk, 200)}" for risk in (*its.policy_reasons, *its.risks)]
    noted = list(dict.fromkeys(noted))
    if noted:
        yield section("*Look at*\n" + "\n".join(noted[:SHOWN_REASONS]))


def _files(pen: Pen, its: Particulars) -> Iterator[Block]:
    if its.files:
        rows = [
            f"{file.status} {pen.code(file.path, 120)} +{file.added} −{file.removed}"
            for file in its.files[:SHOWN_FILES]
        ]
        more = its.file_count - len(rows)
        yield context("\n".join([*rows, *([f"… and {more} more files"] if more > 0 else [])]))


def _fate(pen: Pen, standing: Standing, beside: Beside) -> Iterator[Block]:
    """Say how it stands: who decided and whether the agent has gone on, or what the clock will do."""
    question = standing.question
    if beside.superseded:
        yield section(f"↪️ Superseded: the agent asks again, see {pen.code(beside.superseded)}.")
    elif standing.decision is not None:
        yield section(decided(pen, standing.decision) + "\n" + _applied(standing))
        if standing.decision.text:
            yield said(pen.label(f"“{standing.decision.text}”", 1000))
    elif standing.is_over:
        ended = standing.agent_ended
        yield section(f"⏹️ Nothing to decide any more: the agent has ended ({pen.words(str(ended), 40)}).")
    else:
        passed = "Parked. " if standing.agent_ended is not None else ""
        yield section(
            f"{passed}⏳ Without an answer by {moment(question.deadline)} {SILENCE[on_deadline(question.why)]}."
        )
        branch = f"git switch {question.particulars.branch}" if question.particulars else ""
        tries = f"Try it: {pen.code(branch)}   " if branch else ""
        yield context(f"{tries}In the terminal: `fresh auto approve {question.agent_id}`")
    if beside.trouble:
        yield context(f"⚠️ {pen.words(beside.trouble, 500)}")


def decided(pen: Pen, decision: Decision) -> str:
    """Say who decided what, when and through what."""
    if decision.answer is Answer.EXPIRED:
        return (
            f"*{DECIDED[decision.answer]}* {moment(decision.at)}: nobody answered in time, so the clock did."
        )
    return (
        f"*{DECIDED[decision.answer]}* by {_who(pen, decision)} through {pen.words(decision.through, 20)}"
        f" {moment(decision.at)}"
    )


def _who(pen: Pen, decision: Decision) -> str:
    """Mention who decided in Slack by their id, which stands in brackets after the name."""
    _, _, rest = decision.by.rpartition(" (")
    slack_id = rest.removesuffix(")") if rest.endswith(")") else decision.by
    if decision.through == "slack" and slack_id.isalnum() and slack_id[:1] in "UW" and len(slack_id) > 3:
        return person(slack_id)
    return pen.bold(decision.by, 80)


def _applied(standing: Standing) -> str:
    if standing.applied_at is not None:
        return f"🏁 The agent has gone on with it {moment(standing.applied_at)}."
    if standing.is_undelivered:
        return "🕓 Recorded; the agent has not gone on with it yet."
    return "🏁 The agent has ended."


def _buttons(question: Question, beside: Beside) -> Block:
    asks = question.why is Why.ARCHITECTURE
    stop = confirm(
        f"Stop agent {question.agent_id}?",
        "It takes no further step. Its branch is kept and nothing is published.",
        "Stop the agent",
    )
    return actions(
        f"decide-{question.id}",
        button("approve", "Go on as you think best" if asks else "Approve", beside.value, style="primary"),
        button("reject", "Reject…", beside.value),
        button("changes", "Answer…" if asks else "Request changes…", beside.value),
        button("stop_agent", "Stop agent", beside.value, style="danger", confirm=stop),
    )


def _links(beside: Beside) -> list[Block]:
    links = [button("diff", "Show diff", beside.value)] if beside.value else []
    if (url := address(beside.pull_request)) is not None:
        links.append(link_button("link_pull_request", "Pull request", url))
    if (url := address(beside.flow_run_url)) is not None:
        links.append(link_button("link_prefect", "Open in Prefect", url))
    return links


def _notice(pen: Pen, standing: Standing, beside: Beside) -> str:
    """What a notification says."""
    question = standing.question
    name = f"Agent {question.agent_id}"
    if standing.decision is not None:
        by = pen.words(standing.decision.by, 80)
        return f"{name}: {standing.decision.answer.value} by {by}."
    if beside.superseded or standing.is_over:
        return f"{name}: nothing to decide any more."
    what = pen.words(question.particulars.feature, 120) if question.particulars else "its work"
    return clamp(f"{name} waits for you: {TITLES[question.why].lower()}, {what}.", 300)
