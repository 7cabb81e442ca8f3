"""How phases, answers and reasons look in Slack."""

from __future__ import annotations

from fresh.domain.agent import Outcome
from fresh.domain.approval import Answer, OnDeadline, Risk, Why
from fresh.domain.evidence import CheckState
from fresh.domain.phase import LIVE, Phase

PHASES = {
    Phase.STARTING: "🚀",
    Phase.ANALYZING: "🔍",
    Phase.IMPLEMENTING: "🛠️",
    Phase.TESTING: "🧪",
    Phase.AWAITING_USER: "👤",
    Phase.COMMITTING: "📋",
    Phase.COMPLETED: "✅",
    Phase.DECLINED: "➖",
    Phase.FAILED: "❌",
    Phase.REJECTED: "🚫",
    Phase.PARKED: "⏸️",
    Phase.STOPPED: "⏹️",
    Phase.ABANDONED: "🗃️",
}
CHECKS = {CheckState.PASSED: "✅", CheckState.FAILED: "❌", CheckState.NOT_RUN: "➖"}
CI = {
    "green": "🟢 CI passes",
    "red": "🔴 CI fails",
    "pending": "🟡 CI runs",
    "none": "⚪ no CI",
}
RISKS = {Risk.LOW: "🟢 low", Risk.MEDIUM: "🟡 medium", Risk.HIGH: "🔴 high"}
TITLES = {
    Why.READY: "Ready for your test",
    Why.CHECKS_FAIL: "Checks fail, and the agent is out of ideas",
    Why.ARCHITECTURE: "A decision is needed",
    Why.POLICY: "Policy wants a person to look",
}
SILENCE = {
    OnDeadline.CONTINUE_AS_DRAFT: "it becomes a draft pull request marked unreviewed",
    OnDeadline.ABANDON: "it is abandoned, and its branch is kept",
    OnDeadline.PARK: "it is parked until somebody answers",
}
DECIDED = {
    Answer.APPROVED: "✅ Approved",
    Answer.REJECTED: "🚫 Rejected",
    Answer.CHANGES: "✏️ Changes requested",
    Answer.EXPIRED: "⌛ Deadline passed",
    Answer.STOPPED: "⏹️ Stopped",
}
ENDED = {outcome: PHASES[Phase(outcome.value)] for outcome in Outcome}


def task_status(phase: Phase) -> str:
    """Say a phase in the four words that a Slack plan has."""
    if phase in (Phase.COMPLETED, Phase.DECLINED):
        return "complete"
    if phase in (Phase.STARTING, Phase.PARKED):
        return "pending"
    return "in_progress" if phase in LIVE else "error"
