"""What a run says of how its branches land: in its report, and on the page of each of them."""

from __future__ import annotations

from fresh.domain.landing import Integration, Place, Placed
from fresh.domain.together import together_lines, together_section


def placed(agent_id: str, place: Place = Place.MERGES, why: str = "") -> Placed:
    return Placed(agent_id=agent_id, branch=f"autonomous/{agent_id}-x", commit="c" * 40, place=place, why=why)


THREE = Integration(
    base="b" * 40,
    order=(
        placed("aaaa0001"),
        placed("bbbb0002"),
        placed("cccc0003", Place.CONFLICTS, "conflicts with autonomous/aaaa0001-x in shop.py"),
    ),
    fact="The tests pass on the merge of 2 branches.",
)


def test_a_page_says_its_number_and_the_whole_order() -> None:
    section = together_section(THREE, "bbbb0002", "run00001")
    assert "**Merge this as number 2 of 2** of run `run00001`." in section
    assert "1. `autonomous/aaaa0001-x`\n2. `autonomous/bbbb0002-x`" in section
    assert "The tests pass on the merge of 2 branches." in section


def test_a_page_of_what_conflicts_says_with_what() -> None:
    section = together_section(THREE, "cccc0003", "run00001")
    assert "⚠️ **Don't just merge this beside the others** of run `run00001`: it conflicts." in section
    assert "- ⚠️ `autonomous/cccc0003-x`: conflicts with autonomous/aaaa0001-x in shop.py" in section
    broken = THREE.model_copy(update={"order": (placed("aaaa0001", Place.BREAKS, "it breaks"),)})
    assert "it breaks tests." in together_section(broken, "aaaa0001", "run00001")


def test_a_branch_that_lands_alone_and_one_of_another_run_need_no_section() -> None:
    alone = THREE.model_copy(update={"order": THREE.order[:1]})
    assert together_section(alone, "aaaa0001", "run00001") == ""
    assert together_section(THREE, "dddd0004", "run00001") == ""


def test_what_stems_from_the_repository_mentions_nobody_and_is_no_html() -> None:
    evil = "conflicts with @everyone <script> in #1"
    lines = "\n".join(
        together_lines(THREE.model_copy(update={"order": (placed("a", Place.CONFLICTS, evil),)}))
    )
    assert "@everyone" not in lines
    assert "<script>" not in lines
    assert "#1" not in lines
