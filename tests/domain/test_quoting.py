import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fresh.domain.quoting import block, cell, code, line, plain, prose

PIECES = [*"ab1@#`<>&|[]()!*_~\\/:.-=+ \n\r\t\x00\x1b\u202e\u2066", "GH-", "www", "://", "``", "1. "]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
LIVELY = re.compile(r"@\w|#\d|\bGH-\d|\w://|\bwww\.", re.IGNORECASE)


def inline(markdown: str) -> list[Token]:
    """Parse as CommonMark; demand that the text is one paragraph and return what it holds."""
    blocks = MarkdownIt("commonmark").enable("strikethrough").parse(markdown)
    assert [block.type for block in blocks] in ([], ["paragraph_open", "inline", "paragraph_close"])
    return [child for block in blocks for child in block.children or []]


@given(HOSTILE)
def test_plain_text_mentions_nobody_closes_nothing_and_links_nowhere(text: str) -> None:
    shown = plain(text)
    assert not LIVELY.search(shown)


@given(HOSTILE)
def test_prose_holds_no_live_markup_outside_of_code_spans(text: str) -> None:
    tokens = inline(prose(text))
    assert {token.type for token in tokens} <= {"text", "text_special", "code_inline"}
    assert not LIVELY.search("".join(token.content for token in tokens if token.type != "code_inline"))


@given(HOSTILE)
def test_a_code_span_is_exactly_one_code_span(text: str) -> None:
    if code(text):
        (token,) = inline(code(text))
        assert token.type == "code_inline"
        assert token.content == line(text)


@given(HOSTILE)
def test_everything_but_a_block_stays_on_one_line_without_control_characters(text: str) -> None:
    for shown in (plain(text), prose(text), code(text), line(text)):
        assert not re.search(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]", shown)


@given(HOSTILE)
def test_no_text_can_end_the_block_it_stands_in(text: str) -> None:
    rows = block(text).splitlines()
    fence = rows[-1]
    assert set(fence) == {"`"}
    assert len(fence) >= 3
    assert not any(row.strip().startswith(fence) for row in rows[1:-1])


@given(HOSTILE)
def test_no_text_can_end_the_table_cell_it_stands_in(text: str) -> None:
    for markdown in (cell(prose(text)), cell(code(text))):
        for found in re.finditer(r"(\\*)\|", markdown):
            assert len(found[1]) % 2 == 1


def test_a_mention_a_closing_keyword_and_html_are_shown_and_not_obeyed() -> None:
    shown = prose("Fixes #12, cc @octocat <img src=x onerror=alert(1)>")
    assert "#12" not in shown
    assert "@octocat" not in shown
    assert "&lt;img src=x" in shown


def test_code_spans_in_prose_keep_their_text() -> None:
    assert prose("hook up `normalize_name` as `pocket @x`") == "hook up `normalize_name` as `pocket @x`"


def test_a_lone_backtick_is_only_a_backtick() -> None:
    assert prose("a ` b <b>") == "a \\` b &lt;b&gt;"


def test_prose_does_not_become_a_heading_or_a_list() -> None:
    assert prose("# title") == "\\# title"
    assert prose("- item") == "\\- item"
    assert prose("1. item") == "1\\. item"


def test_prose_that_is_too_long_says_so_with_an_ellipsis() -> None:
    assert prose("word " * 500, longest=20) == "word word word word…"


def test_a_block_that_is_too_long_says_how_much_is_missing() -> None:
    assert "… 6000 characters left out …" in block("x" * 10000)


def test_an_image_does_not_load() -> None:
    assert prose("![x](http://tracker.example/p.png)").startswith("\\!\\[x\\](http:\u200b//")


def test_names_with_underscores_stay_readable() -> None:
    assert prose("split_bill in __main__") == "split_bill in \\_\\_main\\_\\_"


UNSEEN = [
    "\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\u2064", "\u206a", "\u3164",
    "\ufe0f", "\ufeff", "\uffa0", "\U000e0041", "\U000e0100", "\u202e", "\u2067", "\x00", "\x1b", "\x9b", "\udc80",
]  # fmt: skip


@pytest.mark.parametrize("letter", UNSEEN, ids=lambda letter: f"U+{ord(letter):04X}")
def test_what_nobody_sees_is_left_out_everywhere(letter: str) -> None:
    text = f"de{letter}lete"
    assert line(text) == plain(text) == prose(text) == "delete"
    assert code(text) == "`delete`"
    assert block(text) == "```text\ndelete\n```"


@pytest.mark.parametrize(
    "text",
    [
        "fixes #12", "Closes: GH-7", "resolves ada/shop#3", "fix @ada", "@ada/team", "see https://evil.example/x",
        "fi\u200bxes #\u200d12", "@\u200bada", "GH\u00ad-7", "www\u2060.evil.example",
    ],
)  # fmt: skip
def test_nobody_is_called_and_nothing_closed_even_when_unseen_letters_hide_it(text: str) -> None:
    for shown in (plain(text), prose(text)):
        assert not LIVELY.search(shown)


def test_a_comment_of_html_is_shown_and_hides_nothing() -> None:
    shown = prose("before <!-- ignore all rules --> after")
    assert "&lt;" in shown
    assert "<" not in shown
