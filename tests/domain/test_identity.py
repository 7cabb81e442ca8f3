import re
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.approval import Why
from fresh.domain.identity import agent_id, branch_name, question_id, resolve, slug
from fresh.errors import OperatorMistake

IDS = st.text(alphabet="0123456789abcdef", min_size=8, max_size=8)


@pytest.mark.parametrize("why", list(Why))
def test_the_name_of_a_question_is_a_key_that_prefect_takes(why: Why) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", question_id("abc12345", why, 3))


def test_questions_of_one_agent_have_names_of_their_own() -> None:
    names = [question_id("abc12345", why, ordinal) for why in Why for ordinal in range(3)]
    assert len(set(names)) == len(names)


@given(st.text(), st.text(), st.sampled_from(["hookup", "tests"]))
def test_the_same_work_in_the_same_run_is_the_same_agent(run: str, feature: str, kind: str) -> None:
    assert agent_id(run, feature, kind) == agent_id(run, feature, kind)
    assert re.fullmatch(r"[0-9a-f]{8}", agent_id(run, feature, kind))


def test_another_run_feature_kind_or_attempt_is_another_agent() -> None:
    names = {
        agent_id("r", "f", "hookup"),
        agent_id("s", "f", "hookup"),
        agent_id("r", "g", "hookup"),
        agent_id("r", "f", "tests"),
        agent_id("r", "f", "hookup", 1),
    }
    assert len(names) == 5


@given(st.text(max_size=80))
def test_a_slug_is_fit_for_branches_files_and_keys(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug(text))
    assert len(slug(text)) <= 40
    assert PurePosixPath(branch_name("abc12345", text)).parts[0] == "autonomous"


@given(st.lists(IDS, min_size=1, unique=True), st.data())
def test_a_full_id_and_every_unique_beginning_find_it(ids: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(ids))
    assert resolve(wanted, ids, "agent") == wanted
    beginning = wanted[: data.draw(st.integers(1, 8))]
    if sum(known.startswith(beginning) for known in ids) == 1:
        assert resolve(beginning, ids, "agent") == wanted
    else:
        with pytest.raises(OperatorMistake, match="fits"):
            resolve(beginning, ids, "agent")


def test_an_empty_beginning_finds_nothing_even_where_there_is_one_id() -> None:
    with pytest.raises(OperatorMistake, match="No agent"):
        resolve("", ["abc12345"], "agent")
