"""What changes often is shown at a pace: the newest of each thing, everything in the end, and no trouble stops it."""

from __future__ import annotations

import threading
import time

from tasks.board import Board


def test_a_thing_is_written_at_once_while_nothing_else_is() -> None:
    written = threading.Event()
    Board().put("a", written.set)
    assert written.wait(5)


def test_of_what_changes_meanwhile_only_the_newest_is_written() -> None:
    board, first, go_on = Board(), threading.Event(), threading.Event()
    written: list[str] = []

    def slow() -> None:
        first.set()
        go_on.wait(5)
        written.append("slow")

    board.put("a", slow)
    assert first.wait(5)
    for number in range(5):
        board.put("b", lambda number=number: written.append(f"b{number}"))  # type: ignore[misc]
        board.put("c", lambda number=number: written.append(f"c{number}"))  # type: ignore[misc]
    go_on.set()

    assert board.drain(5)
    assert written == ["slow", "b4", "c4"]


def test_it_rests_after_a_write_and_not_while_it_is_drained() -> None:
    board, both = Board(rest=1000.0), threading.Event()
    written: list[float] = []

    def write() -> None:
        time.sleep(0.01)
        written.append(time.monotonic())
        if len(written) == 2:
            both.set()

    board.put("a", write)
    while not written:
        time.sleep(0.001)
    board.put("b", write)
    assert not both.wait(0.5)
    assert board.drain(5)
    assert len(written) == 2


def test_what_can_not_be_written_stops_nothing() -> None:
    board = Board()
    written = threading.Event()

    def fail() -> None:
        raise OSError("nobody is there")

    board.put("a", fail)
    board.put("b", written.set)
    assert board.drain(5)
    assert written.is_set()


def test_draining_gives_up_in_time() -> None:
    board, held = Board(), threading.Event()
    board.put("a", lambda: bool(held.wait(30)) and None)
    try:
        assert not board.drain(0.1)
    finally:
        held.set()
    assert board.drain(5)


def test_draining_what_was_never_used_is_done_at_once() -> None:
    assert Board().drain(0.0)
