"""What the project's own checks come to, and whom they blame."""

from __future__ import annotations

from fresh.domain.ci import CiCheck, CiResult, CiState, Colour, blame, feedback
from fresh.domain.evidence import Check, CheckState, Evidence, Verdict


def a_state(**results: CiResult) -> CiState:
    checks = tuple(
        CiCheck(name=name, result=result, summary=f"{name} says more") for name, result in results.items()
    )
    return CiState(commit="c" * 40, checks=checks)


def test_one_failed_check_makes_all_red_and_one_pending_keeps_them_from_green() -> None:
    assert a_state().colour is Colour.NONE
    assert a_state(lint=CiResult.PASSED, test=CiResult.PENDING).colour is Colour.PENDING
    assert a_state(lint=CiResult.FAILED, test=CiResult.PENDING).colour is Colour.RED
    assert a_state(lint=CiResult.PASSED, test=CiResult.PASSED).colour is Colour.GREEN
    assert not a_state(lint=CiResult.FAILED, test=CiResult.PENDING).is_settled


def test_the_change_is_blamed_for_what_is_green_or_absent_on_its_base() -> None:
    head = a_state(lint=CiResult.FAILED, test=CiResult.FAILED, docs=CiResult.FAILED, build=CiResult.PASSED)
    base = a_state(lint=CiResult.PASSED, test=CiResult.FAILED)
    assert blame(head, base) == ("lint", "docs")


def test_blamed_checks_fail_the_evidence_with_their_own_words() -> None:
    passed = Check(name="tests", state=CheckState.PASSED, fact="3 pass")
    evidence = Evidence(base="b" * 40, commit="c" * 40, checks=(passed,))
    state = a_state(lint=CiResult.FAILED, test=CiResult.FAILED).model_copy(update={"blamed": ("lint",)})
    told = feedback(evidence, state)
    assert told.verdict is Verdict.FAILED
    assert [(check.name, check.detail) for check in told.failures] == [("CI: lint", "lint says more")]
