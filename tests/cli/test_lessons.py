"""`fresh lessons`: what reviewers taught is listed, added to, said otherwise and forgotten."""

from __future__ import annotations

from contextlib import closing

import pytest

from cli.learning import LONGEST
from fresh.domain.feature import Kind
from fresh.domain.lesson import Lesson
from fresh.domain.reviewing import Seen
from tests.cli.conftest import Terminal
from tests.fakes.story import NOON, later

PRINTING = Lesson(
    id="aaaa0001",
    text="Never print here.",
    kind=Kind.TESTS,
    area="shop",
    source="https://forge.test/pull/1#c1",
    at=NOON,
)
NAMING = Lesson(id="abbb0002", text="Name tests as \x1b[31msentences.", at=later(60))


@pytest.fixture
def taught(terminal: Terminal) -> Terminal:
    with closing(terminal.journal()) as journal:
        journal.take_in(str(terminal.repository), Seen(), [PRINTING, NAMING])
    return terminal


def kept(terminal: Terminal) -> dict[str, str]:
    with closing(terminal.journal()) as journal:
        return {lesson.id: lesson.text for lesson in journal.lessons(str(terminal.repository))}


@pytest.mark.parametrize("words", [(), ("list",)])
def test_lessons_are_listed_newest_first_with_where_they_hold_and_what_taught_them(
    taught: Terminal, words: tuple[str, ...]
) -> None:
    shown = taught.type("lessons", *words)
    assert shown.code == 0
    first, second = shown.out.splitlines()
    assert first.startswith("abbb0002  2026-11-23  everywhere: Name tests as ")
    assert "\x1b" not in first
    assert second == (
        "aaaa0001  2026-11-23  tests below shop/: Never print here. <https://forge.test/pull/1#c1>"
    )


def test_where_nothing_was_taught_it_says_how_to_teach(terminal: Terminal) -> None:
    shown = terminal.type("lessons")
    assert shown.code == 0
    assert not terminal.home.exists()
    assert shown.out == "No lessons yet. Teach one: fresh lessons add TEXT\n"


def test_a_lesson_may_be_taught_before_any_run_has_worked(terminal: Terminal) -> None:
    shown = terminal.type("lessons", "add", "Use  the\nfixture.", "--kind", "hookup", "--area", "shop/")
    assert (shown.code, shown.err) == (0, "")
    ((name, text),) = kept(terminal).items()
    assert text == "Use the fixture."
    assert shown.out.startswith(f"{name}  ")
    assert shown.out.endswith("hookup below shop/: Use the fixture.\n")


@pytest.mark.parametrize("text", ["", "  ", "x" * (LONGEST + 1)])
def test_a_lesson_that_says_nothing_or_too_much_is_not_taken(taught: Terminal, text: str) -> None:
    for words in (("add", text), ("edit", "aaaa", text)):
        shown = taught.type("lessons", *words)
        assert shown.code == 2
        assert f"A lesson has 1 to {LONGEST} characters, and this one has {len(text.strip())}." in shown.err
    assert kept(taught) == {PRINTING.id: PRINTING.text, NAMING.id: NAMING.text}


def test_a_lesson_is_said_in_other_words_and_keeps_the_rest(taught: Terminal) -> None:
    shown = taught.type("lessons", "edit", "aaaa", "Print to stderr alone.")
    assert shown.out == (
        "aaaa0001  2026-11-23  tests below shop/: Print to stderr alone. <https://forge.test/pull/1#c1>\n"
    )
    assert kept(taught)["aaaa0001"] == "Print to stderr alone."


def test_a_forgotten_lesson_stays_forgotten_when_its_remark_is_read_again(taught: Terminal) -> None:
    assert taught.type("lessons", "delete", "aaaa").out == "Forgot aaaa0001: Never print here.\n"
    with closing(taught.journal()) as journal:
        journal.take_in(str(taught.repository), Seen(), [PRINTING])
    assert list(kept(taught)) == ["abbb0002"]
    assert taught.type("lessons", "delete", "aaaa").code == 2


@pytest.mark.parametrize(("typed", "said"), [("a", "aaaa0001"), ("zzz", "zzz"), ("", "lesson")])
def test_an_id_that_fits_none_or_several_changes_nothing(taught: Terminal, typed: str, said: str) -> None:
    for words in (("edit", typed, "Other words."), ("delete", typed)):
        shown = taught.type("lessons", *words)
        assert shown.code == 2
        assert said in shown.err
        assert "fresh lessons list" in shown.err
    assert len(kept(taught)) == 2
