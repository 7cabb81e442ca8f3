from __future__ import annotations

from fresh.domain.marker import LONGEST_BODY, author_of, clamped, marked, with_page, with_section

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


SECTION = "## Landing together\n\nMerge this as number 1 of 2."


def test_a_section_is_put_below_a_page_once_and_replaced_by_a_newer_one() -> None:
    body = f"Before.\n{PAGE}After."
    once = with_section(body, SECTION)
    assert with_section(once, SECTION) == once
    assert once.count("## Landing together") == 1
    assert once.index("What and why.") < once.index("## Landing together") < once.index("After.")
    newer = with_section(once, "## Landing together\n\nNumber 2.")
    assert "number 1 of 2" not in newer
    assert newer.startswith("Before.\n")
    assert newer.rstrip().endswith("After.")
    assert with_section(newer, "").split() == body.split()


def test_a_newer_page_leaves_the_section_below_it() -> None:
    newer = marked("Better.", "abc12345", "run00001")
    both = with_page(with_section(PAGE, SECTION), newer)
    assert "Better." in both
    assert "number 1 of 2" in both
    assert author_of(both) == "abc12345"


def test_a_page_without_marks_gets_its_section_at_the_end_and_one_that_quotes_them_loses_nothing() -> None:
    quoting = "# Title\n\n```\n<!-- fresh:together -->\nx\n<!-- fresh:together end -->\n```\n"
    for page in ("# Title\n\nText.\n", quoting, marked(quoting, "abc12345", "run00001")):
        once = with_section(page, SECTION)
        assert page.strip() in once
        assert with_section(once, SECTION) == once
        assert with_section(once, "").strip() == page.strip()


def test_a_section_below_a_page_of_the_longest_size_is_whole() -> None:
    page = marked("a line of text\n" * 30_000, "abc12345", "run00001")
    body = with_section(page, SECTION)
    assert len(body) <= LONGEST_BODY
    assert SECTION in body
    assert "The rest was left out" in body
    assert with_section(body, SECTION) == body
