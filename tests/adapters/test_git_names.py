"""Names and links that may not be committed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fresh.adapters.gitting.names import demand_plain, flaw, leaves, reads_as_git, show
from fresh.errors import Refusal


@pytest.mark.parametrize(
    "name",
    [
        ".git",
        ".GIT",
        ".Git",
        ".git.",
        ".git ",
        ".git. .",
        "GIT~1",
        "git~2",
        ".git::$INDEX_ALLOCATION",
        ".g\u200cit",
        ".gi\ufefft",
    ],
)
def test_what_some_file_system_takes_for_a_git_directory_is_found(name: str) -> None:
    assert reads_as_git(name.encode())


@pytest.mark.parametrize("name", [".github", ".gitignore", "git", "a.git", ".gitattributes", "git~", ".gi"])
def test_honest_names_do_not_read_as_git(name: str) -> None:
    assert not reads_as_git(name.encode())


@pytest.mark.parametrize(
    "name", [b"new\nline", b"esc\x1b[31m", b"del\x7f", b"tab\t", b"bad\xff", b"c1\xc2\x9b"]
)
def test_names_that_no_screen_should_show_are_flawed(name: bytes) -> None:
    assert flaw(name)


@pytest.mark.parametrize("name", ["plain.py", "mit Leerzeichen", "Ünïcode", "日本", "-dash", "'quote'"])
def test_unusual_names_are_not_flawed(name: str) -> None:
    assert flaw(name.encode()) is None


@pytest.mark.parametrize("name", ["a..b", "x.lock", "a.", "@{", "a~1", "a b", "~"])
def test_names_that_are_no_refs_are_refused(name: str) -> None:
    with pytest.raises(Refusal):
        demand_plain(name)


@given(st.text(alphabet="abAB09._-", min_size=1, max_size=20))
def test_a_plain_name_is_one_path_component(name: str) -> None:
    try:
        demand_plain(name)
    except Refusal:
        return
    assert "/" not in name
    assert name not in (".", "..")
    assert not name.startswith((".", "-"))


def test_bytes_that_are_no_text_can_be_shown() -> None:
    assert show(b"caf\xe9/\xff").encode("utf-8") == b"caf\\xe9/\\xff"


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({b"a": b"/etc/passwd"}, b"a"),
        ({b"a": b"../x"}, b"a"),
        ({b"d/a": b"../../x"}, b"d/a"),
        ({b"a": b"sub/../../x"}, b"a"),
        ({b"a": b".git/config"}, b"a"),
        ({b"d/a": b"../.GIT/hooks"}, b"d/a"),
        ({b"a": b"a"}, b"a"),
        ({b"a": b"b", b"b": b"a"}, b"a"),
        # `here` is the root itself, so `here/..` is outside although the words stay inside.
        ({b"here": b".", b"d/a": b"../here/../x"}, b"d/a"),
        ({b"b": b"../out", b"a": b"b/x"}, b"a"),
    ],
)
def test_links_that_leave_are_found(links: dict[bytes, bytes], path: bytes) -> None:
    assert leaves(path, links)


@pytest.mark.parametrize(
    ("links", "path"),
    [
        ({b"a": b"b"}, b"a"),
        ({b"a": b"d/../b"}, b"a"),
        ({b"d/a": b"../b"}, b"d/a"),
        ({b"d/a": b".."}, b"d/a"),
        ({b"a": b"nothing/at/all"}, b"a"),
        ({b"a": b"d/.github/x"}, b"a"),
        ({b"l": b"d/e", b"a": b"l/../f"}, b"a"),
    ],
)
def test_links_that_stay_are_left_alone(links: dict[bytes, bytes], path: bytes) -> None:
    assert not leaves(path, links)


STEPS = st.lists(st.sampled_from(["a", "b", "c", "d", "..", "."]), min_size=1, max_size=6).map("/".join)
PLACES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "d/e/c"])


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(PLACES, STEPS, min_size=1, max_size=5))
def test_no_link_that_is_let_through_leads_out_when_the_system_follows_it(links: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "x", "y", "root").resolve()
        (root / "d" / "e").mkdir(parents=True)
        for path, target in links.items():
            os.symlink(target, root / path)
        as_bytes = {path.encode(): target.encode() for path, target in links.items()}
        for path in links:
            if not leaves(path.encode(), as_bytes):
                assert Path(os.path.realpath(root / path)).is_relative_to(root)
