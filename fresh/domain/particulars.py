"""What a person must see before they decide, as fields that every door renders in its own way."""

from __future__ import annotations

import hashlib

from fresh.domain.agent import AgentReport, Ticket
from fresh.domain.approval import Particulars, Risk, ShownCheck, ShownFile, Why, on_deadline
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.evidence import CheckState, Evidence, Figure
from fresh.domain.landing import obstacles
from fresh.domain.quoting import line

MOST_FILES = 100
MOST_FACT = 300
"""Letters of a check's fact and of a reason; the whole of it stands in the evidence."""
MANY_LINES = 300


def particulars_of(ticket: Ticket, why: Why, report: AgentReport) -> Particulars:
    """Put together what is known of a change that somebody must decide on."""
    evidence, change = report.evidence, report.change
    ruling = evidence.policy if evidence is not None else PolicyVerdict()
    risk, risks = _risks(why, report)
    return Particulars(
        feature=ticket.feature.key,
        kind=ticket.kind,
        branch=ticket.branch,
        base=ticket.base,
        summary=line(report.summary),
        reasons=tuple(line(reason) for reason in ticket.reasons),
        ruling=ruling.ruling,
        policy_reasons=tuple(_short(reason) for reason in ruling.reasons),
        checks=tuple(
            ShownCheck(name=check.name, state=check.state, fact=_short(check.fact))
            for check in (evidence.checks if evidence is not None else ())
        ),
        figures=tuple(
            Figure(name=line(figure.name), base=_short(figure.base), head=_short(figure.head))
            for figure in (evidence.figures if evidence is not None else ())
        ),
        verdict=evidence.verdict if evidence is not None else None,
        evidence=digest_of(evidence),
        files=tuple(
            ShownFile(path=line(file.path), status=file.status, added=file.added, removed=file.removed)
            for file in (change.files[:MOST_FILES] if change is not None else ())
        ),
        file_count=len(change.files) if change is not None else 0,
        added=change.added if change is not None else 0,
        removed=change.removed if change is not None else 0,
        cost=report.cost,
        cap=ticket.order.cap,
        risk=risk,
        risks=risks,
        on_deadline=on_deadline(why),
    )


def digest_of(evidence: Evidence | None) -> str:
    """Name a body of evidence by its SHA-256; empty where there is none."""
    return "" if evidence is None else hashlib.sha256(evidence.model_dump_json().encode()).hexdigest()


def _risks(why: Why, report: AgentReport) -> tuple[Risk, tuple[str, ...]]:
    """Say how much can go wrong, and what: from the evidence alone, never from the agent's own words."""
    evidence, change = report.evidence, report.change
    high, medium = [], []
    if evidence is not None:
        high += [_short(f"{check.name}: {check.fact}") for check in evidence.failures]
        high += [_short(reason) for reason in evidence.policy.reasons]
        if evidence.policy.ruling is not Ruling.ALLOW and not evidence.policy.reasons:
            high.append(f"policy says {evidence.policy.ruling}")
        unknown = [check.name for check in evidence.checks if check.state is CheckState.NOT_RUN]
        medium += [f"{name} was not run" for name in unknown]
    if report.landing is not None:
        medium += [_short(obstacle) for obstacle in obstacles(report.landing)]
    if change is not None and change.added + change.removed > MANY_LINES:
        medium.append(f"{change.added + change.removed} lines change")
    if why is Why.ARCHITECTURE:
        medium.append("a decision of architecture")
    risk = Risk.HIGH if high else Risk.MEDIUM if medium else Risk.LOW
    return risk, tuple(high + medium)


def _short(text: str) -> str:
    return line(text)[:MOST_FACT]
