"""Who may do what: from the roles, the door and what is known, and never from what is not."""

from __future__ import annotations

import pytest

from fresh.domain.people import (
    Act,
    Actor,
    Circle,
    Door,
    Membership,
    People,
    SelfApproval,
    WhyRefused,
    why_refuse,
)
from tests.fakes.story import NOON, later

PEOPLE = People(
    team="T1",
    viewers=Circle(users=frozenset({"UVIEW"})),
    operators=Circle(users=frozenset({"UOPER"})),
    approvers=Circle(users=frozenset({"UAPPR"}), groups=frozenset({"SAPPR"})),
)


def slack(user: str, **more: object) -> Actor:
    return Actor.model_validate({"door": Door.SLACK, "id": user, "name": user, "team": "T1", **more})


@pytest.mark.parametrize(
    ("user", "may"),
    [
        ("UVIEW", {Act.LOOK}),
        ("UOPER", {Act.LOOK, Act.STOP, Act.START}),
        ("UAPPR", {Act.LOOK, Act.STOP, Act.APPROVE}),
        ("UELSE", set()),
    ],
)
def test_each_role_may_do_its_own(user: str, may: set[Act]) -> None:
    known = Membership(members={}, read_at=NOON)
    assert {act for act in Act if why_refuse(PEOPLE, slack(user), act, NOON, known) is None} == may


def test_where_nobody_is_named_nobody_may() -> None:
    assert why_refuse(People(team="T1"), slack("UAPPR"), Act.APPROVE, NOON) is WhyRefused.NOBODY


@pytest.mark.parametrize(
    ("actor", "why"),
    [
        (slack("UAPPR", team="T2"), WhyRefused.OTHER_TEAM),
        (slack("UAPPR", team=""), WhyRefused.OTHER_TEAM),
        (slack("UAPPR", is_guest=True), WhyRefused.GUEST),
        (slack("", name="UAPPR"), WhyRefused.OTHER_TEAM),
    ],
)
def test_guests_other_teams_and_names_are_refused(actor: Actor, why: WhyRefused) -> None:
    assert why_refuse(PEOPLE, actor, Act.APPROVE, NOON) is why


def test_without_a_team_that_counts_nobody_is_let_in() -> None:
    unset = PEOPLE.model_copy(update={"team": ""})
    assert why_refuse(unset, slack("UAPPR", team=""), Act.APPROVE, NOON) is WhyRefused.OTHER_TEAM


@pytest.mark.parametrize(
    ("age", "why"),
    [
        (0, None),
        (300, None),
        (3600, None),
        (3601, WhyRefused.GROUPS_UNKNOWN),
        (-1, WhyRefused.GROUPS_UNKNOWN),
    ],
)
def test_members_of_a_group_count_for_an_hour_after_they_were_read(
    age: float, why: WhyRefused | None
) -> None:
    known = Membership(members={"SAPPR": frozenset({"UMEMB"})}, read_at=NOON)
    assert why_refuse(PEOPLE, slack("UMEMB"), Act.APPROVE, later(age), known) is why
    assert known.is_good(later(age)) is (0 <= age <= 300)


def test_a_group_that_was_never_read_has_no_members_but_named_people_still_count() -> None:
    assert why_refuse(PEOPLE, slack("UMEMB"), Act.APPROVE, NOON) is WhyRefused.GROUPS_UNKNOWN
    assert why_refuse(PEOPLE, slack("UAPPR"), Act.APPROVE, NOON) is None


def test_who_started_a_run_may_be_kept_from_approving_it() -> None:
    block = PEOPLE.model_copy(update={"self_approval": SelfApproval.BLOCK})
    me, other = slack("UAPPR"), slack("UELSE")
    assert why_refuse(block, me, Act.APPROVE, NOON, starter=me) is WhyRefused.OWN_RUN
    assert why_refuse(block, me, Act.APPROVE, NOON, starter=other) is None
    assert why_refuse(block, me, Act.STOP, NOON, starter=me) is None
    assert why_refuse(PEOPLE, me, Act.APPROVE, NOON, starter=me) is None
    nameless = Actor(door=Door.PREFECT, name="somebody else, honestly")
    assert why_refuse(block, nameless, Act.APPROVE, NOON, starter=me) is WhyRefused.OWN_RUN
    assert why_refuse(block, Actor(door=Door.CLOCK, name="clock"), Act.APPROVE, NOON, starter=me) is None


def test_the_prefect_form_can_be_switched_off_for_decisions() -> None:
    form = Actor(door=Door.PREFECT, name="bob")
    assert why_refuse(PEOPLE, form, Act.APPROVE, NOON) is None
    off = PEOPLE.model_copy(update={"prefect": False})
    assert why_refuse(off, form, Act.APPROVE, NOON) is WhyRefused.DOOR_CLOSED
    assert why_refuse(off, form, Act.STOP, NOON) is None
