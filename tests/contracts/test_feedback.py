"""The contract of ports.Feedback, on SQLite and on a real Postgres: what was seen at the forge, and what it taught."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.feature import Kind
from fresh.domain.lesson import Lesson
from fresh.domain.reviewing import Pull, PullState, Remark, Seen, Source
from fresh.ports import Feedback
from tests.fakes.story import later

HERE, ELSEWHERE = "/srv/shop", "/srv/other"


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def feedback(url: str) -> Iterator[SqlJournal]:
    opened = SqlJournal(url, lambda host: None)
    yield opened
    opened.close()


def a_pull(number: int = 1, state: PullState = PullState.OPEN, at: float = 0) -> Pull:
    return Pull(
        number=number,
        address=f"https://forge.test/pull/{number}",
        state=state,
        updated_at=later(at),
        title="Test «total» 😀",
        kind=Kind.TESTS,
    )


def a_remark(name: str = "comment-1", number: int = 1, text: str = "Never print.", at: float = 0) -> Remark:
    return Remark(id=name, number=number, source=Source.COMMENT, author="ben", text=text, at=later(at))


def a_lesson(name: str = "aaaa0001", text: str = "Never print.", at: float = 0) -> Lesson:
    return Lesson(id=name, text=text, kind=Kind.TESTS, area="shop", at=later(at))


def test_a_page_is_read_as_it_was_written_with_its_marks(feedback: Feedback) -> None:
    seen = Seen(pulls=(a_pull(2), a_pull(1)), remarks=(a_remark(),), marks={"pulls/since": "1", "x": ""})
    assert feedback.take_in(HERE, seen, [a_lesson()]) == 1
    assert feedback.pulls(HERE) == (a_pull(1), a_pull(2))
    assert feedback.remarks(HERE) == (a_remark(),)
    assert feedback.lessons(HERE) == (a_lesson(),)
    assert feedback.marks(HERE) == {"pulls/since": "1", "x": ""}


def test_a_page_taken_in_again_doubles_nothing_and_teaches_nothing_anew(feedback: Feedback) -> None:
    seen = Seen(pulls=(a_pull(),), remarks=(a_remark(),), marks={"pulls/since": "1"})
    assert [feedback.take_in(HERE, seen, [a_lesson()]) for _ in range(3)] == [1, 0, 0]
    assert (len(feedback.pulls(HERE)), len(feedback.remarks(HERE)), len(feedback.lessons(HERE))) == (1, 1, 1)


def test_what_changed_is_replaced_and_a_slower_readers_older_view_is_not_believed(feedback: Feedback) -> None:
    merged = a_pull(state=PullState.MERGED, at=60)
    feedback.take_in(HERE, Seen(pulls=(a_pull(),), remarks=(a_remark(),)), ())
    feedback.take_in(HERE, Seen(pulls=(merged,), remarks=(a_remark(text="Use tabs."),)), ())
    feedback.take_in(HERE, Seen(pulls=(a_pull(at=30),), marks={"pulls/since": "2"}), ())
    assert feedback.pulls(HERE) == (merged,)
    assert [remark.text for remark in feedback.remarks(HERE)] == ["Use tabs."]
    feedback.take_in(HERE, Seen(marks={"pulls/since": "3"}), ())
    assert feedback.marks(HERE) == {"pulls/since": "3"}


def test_remarks_are_listed_oldest_first_of_one_pull_request_or_of_all(feedback: Feedback) -> None:
    said = (a_remark("c", 2, at=9), a_remark("a", 1, at=5), a_remark("b", 1, at=1))
    feedback.take_in(HERE, Seen(remarks=said), ())
    assert [remark.id for remark in feedback.remarks(HERE)] == ["b", "a", "c"]
    assert [remark.id for remark in feedback.remarks(HERE, 1)] == ["b", "a"]
    assert feedback.remarks(HERE, 7) == ()


def test_repositories_know_nothing_of_one_another(feedback: Feedback) -> None:
    seen = Seen(pulls=(a_pull(),), remarks=(a_remark(),), marks={"m": "1"})
    feedback.take_in(HERE, seen, [a_lesson()])
    feedback.take_up(HERE, ["comment-1"], "abc12345", later(1))
    assert feedback.pulls(ELSEWHERE) == feedback.remarks(ELSEWHERE) == feedback.lessons(ELSEWHERE) == ()
    assert feedback.marks(ELSEWHERE) == feedback.taken_up(ELSEWHERE) == {}
    assert not feedback.drop_lesson(ELSEWHERE, "aaaa0001")
    assert len(feedback.lessons(HERE)) == 1


def test_a_remark_is_answered_by_the_first_agent_that_took_it_up(feedback: Feedback) -> None:
    feedback.take_up(HERE, ["one", "two"], "abc12345", later(1))
    feedback.take_up(HERE, ["two", "three"], "def67890", later(2))
    assert feedback.taken_up(HERE) == {"one": "abc12345", "two": "abc12345", "three": "def67890"}


def test_lessons_are_listed_newest_first_and_one_is_said_in_other_words(feedback: Feedback) -> None:
    for name, at in (("aaaa0001", 1), ("bbbb0002", 2), ("cccc0003", 3)):
        feedback.keep_lesson(HERE, a_lesson(name, at=at))
    feedback.keep_lesson(HERE, a_lesson("bbbb0002", "Use the fixture.", at=2))
    assert [(each.id, each.text) for each in feedback.lessons(HERE)] == [
        ("cccc0003", "Never print."),
        ("bbbb0002", "Use the fixture."),
        ("aaaa0001", "Never print."),
    ]


def test_a_deleted_lesson_is_not_learned_again_from_what_taught_it_and_may_be_taught_by_hand(
    feedback: Feedback,
) -> None:
    feedback.take_in(HERE, Seen(), [a_lesson()])
    assert feedback.drop_lesson(HERE, "aaaa0001")
    assert not feedback.drop_lesson(HERE, "aaaa0001")
    assert feedback.take_in(HERE, Seen(), [a_lesson()]) == 0
    assert feedback.lessons(HERE) == ()
    feedback.keep_lesson(HERE, a_lesson(text="By hand."))
    assert [each.text for each in feedback.lessons(HERE)] == ["By hand."]


def test_a_lesson_that_a_person_changed_is_not_changed_back_by_reading_on(feedback: Feedback) -> None:
    feedback.take_in(HERE, Seen(), [a_lesson()])
    feedback.keep_lesson(HERE, a_lesson(text="Print to stderr alone."))
    feedback.take_in(HERE, Seen(), [a_lesson()])
    assert [each.text for each in feedback.lessons(HERE)] == ["Print to stderr alone."]


def test_readers_at_once_write_everything_down_once(url: str, feedback: Feedback) -> None:
    seen = Seen(
        pulls=tuple(a_pull(number) for number in range(20)),
        remarks=tuple(a_remark(f"comment-{number}", number) for number in range(20)),
        marks={"pulls/since": "9"},
    )
    taught = [a_lesson(f"aaaa{number:04}") for number in range(20)]
    learned: list[int] = []

    def read() -> None:
        journal = SqlJournal(url, lambda host: None)
        learned.append(journal.take_in(HERE, seen, taught))
        journal.close()

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sorted(learned) == [0, 0, 0, 0, 0, 20]
    assert (len(feedback.pulls(HERE)), len(feedback.remarks(HERE)), len(feedback.lessons(HERE))) == (20,) * 3


def test_a_page_that_breaks_off_leaves_nothing_of_itself(
    feedback: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The marks are written last: without them the page would be read again, and with them alone never."""
    seen = Seen(pulls=(a_pull(),), remarks=(a_remark(),), marks={"pulls/since": "1"})

    def dies(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("fresh.adapters.journal.feedback.Feedback._move_mark", dies)
        with pytest.raises(KeyboardInterrupt):
            feedback.take_in(HERE, seen, [a_lesson()])
    assert feedback.pulls(HERE) == feedback.remarks(HERE) == feedback.lessons(HERE) == ()
    assert feedback.take_in(HERE, seen, [a_lesson()]) == 1
