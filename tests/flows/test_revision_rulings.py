"""A revision stands on a pull request's branch; policy judges the whole pull request, and not its last round alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fresh.domain.agent import Outcome, Ticket
from fresh.domain.change import PolicyVerdict, Ruling
from fresh.domain.reviewing import Revision
from fresh.domain.work import Plan, Work
from fresh.proving.policing import Policy
from fresh.wiring import using
from tasks.working import offer_branch, publish
from tests.fakes.control_room import FakeControlRoom
from tests.fakes.prover import earned
from tests.fakes.story import NOON, a_report, a_run, a_ticket
from tests.fakes.toolbox import Fakes, a_toolbox

OURS = "a-secret-value-of-our-own-4711"
PIPELINE = ".github/workflows/checks.yml"
BRANCH = "autonomous/abc12345-part0"


@dataclass
class Stage:
    """A pull request whose first round is `head`, on `base`; `commit` is what a revision made of it."""

    fakes: Fakes
    base: str
    head: str
    commit: str

    def ticket(self, *, revising: bool) -> Ticket:
        """The ticket of the revision; or one that takes the branch's head for all there was before."""
        revision = Revision(
            number=7, address="https://github.example/ada/shop/pull/7", branch=BRANCH, head=self.head, base=self.base,
            asked="Shorter, please.", by="ada", remarks=("1",),
        )  # fmt: skip
        changes = {
            "repository": str(self.fakes.tools.repository),
            "base": self.head,
            "branch": BRANCH,
            "revision": revision if revising else None,
        }
        return a_ticket("def67890" if revising else "abc12345").model_copy(update=changes)


def stage(fakes: Fakes, first_round: dict[str, str]) -> Stage:
    """Let a first round and its revision be committed, and policy be the real one."""
    workspace = fakes.workspace
    policy = Policy(workspace, secrets=(OURS,))
    fakes.prover.judge = lambda ticket, commit: earned(
        ticket.base, commit, policy=policy.rule(ticket, commit)
    )
    base = fakes.inventory.commit
    head = workspace.record(dict(first_round))
    commit = workspace.record({"shop/part0.py": "def part0():\n    return 0 + 0\n"})
    staged = Stage(fakes, base, head, commit)
    journal = fakes.tools.journal
    journal.open_run(a_run(repository=str(fakes.tools.repository)))
    for revising in (False, True):
        journal.add_agent(staged.ticket(revising=revising), NOON)
    return staged


@pytest.fixture
def fakes(tmp_path: Path) -> Iterator[Fakes]:
    made = a_toolbox(tmp_path.resolve(), FakeControlRoom(), secrets=(OURS,))
    with using(made.tools):
        yield made


def test_a_secret_of_the_first_round_blocks_its_revision(fakes: Fakes) -> None:
    staged = stage(fakes, {"shop/key.py": f"KEY = {OURS!r}\n"})
    offered = offer_branch.fn(staged.ticket(revising=True), staged.commit, 0, None)
    assert offered.commit is None
    assert offered.withheld is not None
    assert offered.withheld.startswith("Policy blocks the change: ")
    assert fakes.workspace.published(BRANCH) is None
    # The last round alone has nothing to hide.
    assert offer_branch.fn(staged.ticket(revising=False), staged.commit, 0, None).commit == staged.commit


def test_a_pipeline_that_the_first_round_changed_is_asked_about_again_before_its_revision_is_published(
    fakes: Fakes,
) -> None:
    staged = stage(fakes, {PIPELINE: "on: push\n"})
    seen_alone = fakes.prover.rule(staged.ticket(revising=False), staged.commit)
    assert seen_alone.ruling is Ruling.ALLOW
    report = a_report(
        "def67890",
        Outcome.COMPLETED,
        commit=staged.commit,
        evidence=earned(staged.base, staged.commit, policy=seen_alone),
    )
    plan = Plan(summary="Shorten it", files=("shop/part0.py",))
    said = publish.fn(staged.ticket(revising=True), report, plan, Work(summary="Shortened."))
    assert isinstance(said, PolicyVerdict)
    assert said.ruling is Ruling.NEEDS_HUMAN
    assert any(PIPELINE in reason for reason in said.reasons)
    assert fakes.workspace.published(BRANCH) is None
