"""Issues as work: tickets for the features that labelled issues are about, beside what the inventory offers."""

from __future__ import annotations

from fresh.domain.agent import Outcome
from fresh.domain.assigning import feature_of, kind_of
from fresh.domain.assignment import Assignment
from fresh.domain.feature import Inventory, Kind
from fresh.domain.order import EngineName
from fresh.domain.record import RunRecord
from fresh.domain.report import PassedOver
from fresh.domain.selection import Pick, select
from fresh.errors import FreshError, Refusal
from fresh.wiring import Toolbox
from tasks.learning import acceptance_of, worked

UNNAMED = "it names no single feature of the inventory that evidence could be about; its title may say which it means"
UNREAD = "its words need an engine that reads; codemod works issues whose label is a kind"


def demand_issues(tools: Toolbox, record: RunRecord) -> None:
    """Refuse an order for issues where there are none to read."""
    if record.order.from_issues and tools.issues is None:
        raise Refusal(
            "--from-issues needs GitHub, and this repository has no GitHub remote or no token is set.",
            hint="Set GITHUB_TOKEN, and see: fresh doctor",
        )


def issue_picks(
    tools: Toolbox,
    record: RunRecord,
    inventory: Inventory,
    engine: EngineName,
    taken: frozenset[tuple[str, Kind]],
    leased: frozenset[str],
) -> tuple[list[tuple[Pick, Assignment]], list[PassedOver]]:
    """Choose a feature and a kind for each issue, under the same rules as any other pick; say why for those left."""
    picks: list[tuple[Pick, Assignment]] = []
    issues, passed = _open(tools, record)
    for issue in issues:
        feature, kind = feature_of(issue, inventory), kind_of(issue)
        if feature is None:
            passed.append(_passed(issue, UNNAMED))
            continue
        if engine is EngineName.CODEMOD and not _labelled(issue):
            passed.append(_passed(issue, UNREAD))
            continue
        order = record.order.model_copy(
            update={"features": (feature.key,), "kinds": () if kind is None else (kind,)}
        )
        held = leased | {path for pick, _ in picks for path in pick.footprint}
        selection = select(
            inventory,
            order,
            seed=record.seed,
            leased=frozenset(held),
            taken=taken | {(pick.feature.key, pick.kind) for pick, _ in picks},
            acceptance=acceptance_of(tools, record.base),
            screen=lambda each, its: tools.engine(engine).screen(each, its, inventory),
            most=1,
        )
        if selection.picks:
            reason = f"issue #{issue.number} asks for it"
            pick = selection.picks[0]
            picks.append((pick.model_copy(update={"reasons": (reason, *pick.reasons)}), issue))
        else:
            why = (
                selection.passed_over[0].reason if selection.passed_over else "nothing of it can be improved"
            )
            passed.append(_passed(issue, f"{feature.key}: {why}"))
    return picks, passed


def _open(tools: Toolbox, record: RunRecord) -> tuple[list[Assignment], list[PassedOver]]:
    """List the issues that no agent has worked yet, the oldest first; and the labels that can't be read now."""
    if not record.order.from_issues or tools.issues is None:
        return [], []
    done = {
        ticket.issue.number
        for ticket, report in worked(tools)
        if ticket.issue is not None and report.outcome is Outcome.COMPLETED
    }
    done |= {each.issue.number for each in tools.journal.tickets(record.id) if each.issue is not None}
    found: dict[int, Assignment] = {}
    lost: list[PassedOver] = []
    for label in record.order.from_issues:
        try:
            found |= {issue.number: issue for issue in tools.issues.labelled(label)}
        except FreshError as trouble:
            tools.log.warning("The issues labelled %s can't be read now: %s", label, trouble.message)
            said = f"they can't be read now: {trouble.message.rstrip('.')}"
            lost.append(PassedOver(feature=f"issues labelled {label}", kind="issue", reason=said))
    return [issue for number, issue in sorted(found.items()) if number not in done], lost


def _labelled(issue: Assignment) -> bool:
    return any(kind.value in {label.lower() for label in issue.labels} for kind in Kind)


def _passed(issue: Assignment, reason: str) -> PassedOver:
    return PassedOver(feature=f"issue #{issue.number}", kind="issue", reason=reason)
