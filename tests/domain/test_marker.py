from __future__ import annotations

from fresh.domain.marker import LONGEST_BODY, author_of, clamped, marked, with_page

PAGE = marked("What and why.", "abc12345", "run00001")


def test_a_page_names_its_agent_where_nobody_sees_it() -> None:
    assert PAGE.splitlines()[0].startswith("<!--")
    assert author_of(PAGE) == "abc12345"
    assert author_of("Just text.") is None
    assert author_of(None) is None


def test_a_newer_page_replaces_the_older_and_keeps_what_stands_around_it() -> None:
    newer = marked("Better.", "abc12345", "run00001")
    assert with_page(f"Before.\r\n{PAGE}After.", newer) == f"Before.\n{newer.strip()}\nAfter."
    assert with_page(PAGE, newer).strip() == newer.strip()


def test_a_text_without_our_marks_is_left_as_it_is() -> None:
    assert with_page("By hand.", PAGE) == "By hand."
    assert with_page("<!-- fresh:end -->", PAGE) == "<!-- fresh:end -->"


def test_marks_inside_of_a_page_do_not_end_it() -> None:
    tricky = marked("```\n<!-- fresh:end -->\n```", "abc12345", "run00001")
    assert with_page(tricky, PAGE).strip() == PAGE.strip()


def test_a_long_page_is_cut_at_a_line_and_nothing_stays_open() -> None:
    text = "<details>\n<summary>x</summary>\n\n````text\n" + "a line\n" * 30_000 + "````\n\n</details>"
    whole = marked(text, "abc12345", "run00001")
    assert len(whole) <= LONGEST_BODY
    assert whole.count("````") == 2
    assert whole.count("<details>") == whole.count("</details>")
    assert "The rest was left out" in whole
    assert author_of(whole) == "abc12345"
    assert with_page(whole, PAGE).strip() == PAGE.strip()


def test_letters_beyond_the_first_plane_count_twice() -> None:
    cut = clamped("😀\n" * 500, 600)
    assert 500 < len(cut.encode("utf-16-le")) // 2 <= 600
    assert clamped("short", 100) == "short"
