"""What is kept of output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fresh.adapters.bwrap.output import Output


def collected(limit: int, pieces: list[bytes]) -> Output:
    output = Output(limit)
    for piece in pieces:
        output.add(piece)
    return output


@given(st.integers(0, 60), st.lists(st.binary(max_size=40)))
def test_output_within_the_limit_is_kept_as_it_is(surplus, pieces):
    whole = b"".join(pieces)
    output = collected(len(whole) + surplus, pieces)
    assert output.kept == whole
    assert not output.truncated


@given(st.integers(0, 50), st.lists(st.binary(max_size=40)))
def test_of_more_output_both_ends_are_kept_and_the_gap_is_counted(limit, pieces):
    whole = b"".join(pieces)
    output = collected(limit, pieces)
    if len(whole) <= limit:
        return
    head, tail = limit // 2, limit - limit // 2
    gap = f"\n[... {len(whole) - limit} bytes left out ...]\n".encode()
    assert output.kept == whole[:head] + gap + whole[len(whole) - tail :]
    assert output.truncated


def test_how_output_is_cut_into_pieces_makes_no_difference():
    whole = bytes(range(256)) * 10
    by_byte = collected(100, [whole[at : at + 1] for at in range(len(whole))])
    assert by_byte.kept == collected(100, [whole]).kept
