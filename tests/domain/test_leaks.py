"""Our own secrets are found however they are lightly wrapped, and are never repeated."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.change import Change, FileChange, Ruling
from fresh.domain.leaks import find_leaks
from fresh.domain.policy import judge
from fresh.domain.redaction import Redactor

OWN = "sk-proj-Ab1+/x_9%Q tail"
FOUND = ("one of our own secrets",)
WRAPPINGS = {
    "plain": str,
    "reversed": lambda text: text[::-1],
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "bytes literal": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "base64 of reversed": lambda text: base64.b64encode(text.encode()[::-1]).decode(),
    "URL": quote,
    "URL, all of it": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "JSON": json.dumps,
}
VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)


@pytest.mark.parametrize("around", ["{}", "prefix{}suffix", "a{}", "ab{}c"])
@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS)
def test_our_own_secret_is_found_in_every_wrapping_at_every_offset(wrap, around):
    assert find_leaks([f"x = '{wrap(around.format(OWN))}'"], (OWN,)) == FOUND


@pytest.mark.parametrize(
    "pieces",
    [
        'x = "sk-proj-Ab1" "+/x_9%Q tail"',
        "x = 'sk-proj-' + \\\n    'Ab1+/x_9%Q tail'",
        'x = (\n  "sk-proj"\n  "-Ab1+/x"\n  "_9%Q tail"\n)',
        "# sk-proj\n# -Ab1+/\n# x_9%Q tail",
        "/* sk-pr\n * oj-Ab1\n * +/x_9%Q tail */",
        "sk-pr\u200boj-Ab1+/x\u2060_9%Q tail",
        OWN.encode("utf-16").decode("utf-8", "replace"),
        "".join(f"<b>{letter}</b>".replace("b>", ">") for letter in OWN),
        "['s','k','-','p','r','o','j','-','A','b','1','+','/','x','_','9','%','Q',' ','t','a','i','l']",
        base64.b64encode(b"the key is: " + OWN.encode() * 4).decode()[:76]
        + "\n"
        + base64.b64encode(b"the key is: " + OWN.encode() * 4).decode()[76:],
    ],
)
def test_a_secret_in_pieces_is_put_together(pieces):
    assert find_leaks(pieces.split("\n"), (OWN,)) == FOUND


@given(VISIBLE, st.sampled_from(sorted(WRAPPINGS)))
def test_whatever_the_secret_is_it_is_found_and_hidden(secret, name):
    text = f"before {WRAPPINGS[name](secret)} after"
    assert "one of our own secrets" in find_leaks([text], (secret,))
    assert secret not in Redactor((secret,))(text)


@given(st.text(max_size=200))
def test_text_without_a_secret_is_left_as_it_is(text):
    assert Redactor((OWN,))(text) == text


def test_a_short_value_is_no_secret_that_could_be_told_apart():
    assert find_leaks(["yes or no"], ("yes",)) == ()


@pytest.mark.parametrize("name", ["plain", "base64", "hex", "reversed", "URL"])
def test_a_change_that_holds_our_secret_is_blocked_without_repeating_it(name):
    wrapped = WRAPPINGS[name](OWN)
    file = FileChange(
        path="a.py", status="M", old_mode="100644", new_mode="100644", old_blob="a" * 40, new_blob="b" * 40
    )
    change = Change(base="a" * 40, commit="b" * 40, files=(file,))
    verdict = judge(change, lambda _: b"", lambda _: f"k = '{wrapped}'\n".encode(), secrets=(OWN,))
    assert verdict.ruling is Ruling.BLOCK
    assert OWN not in str(verdict)
    assert wrapped not in str(verdict)
