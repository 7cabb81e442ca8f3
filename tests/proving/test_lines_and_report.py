"""The lines of a feature that count, and what is believed of a report."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.evidence import TestOutcome
from fresh.inventory.lines import body_lines
from fresh.proving.heard import Heard

SOURCE = '''\
@decorate(1)
def outer(a, b=2):
    """Say something
    over two lines."""
    if a:
        return [
            b,
        ]
    def inner():
        return 1
    return inner

class Box:
    size = 3

    def open(self):
        return self.size

key = lambda x: x
'''


def test_lines_that_run_at_import_do_not_count() -> None:
    assert body_lines(SOURCE, 1, 11) == {5, 6, 9, 10, 11}
    assert body_lines(SOURCE, 13, 17) == {17}
    assert body_lines(SOURCE, 1, 100) == {5, 6, 9, 10, 11, 17, 19}


def test_source_that_does_not_parse_is_said() -> None:
    with pytest.raises(SyntaxError):
        body_lines("def (", 1, 1)


def heard(place: Path, *records: object) -> Heard:
    report = place / "report"
    report.write_bytes(
        b"".join(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n" for one in records)
    )
    return Heard.read(report)


def test_the_worst_phase_of_a_test_counts(tmp_path: Path) -> None:
    said = [
        {"kind": "test", "id": "a", "outcome": "passed"},
        {"kind": "test", "id": "a", "outcome": "error"},
        {"kind": "test", "id": "b", "outcome": "failed"},
        {"kind": "test", "id": "b", "outcome": "passed"},
        {"kind": "test", "id": "c", "outcome": "skipped"},
        {"kind": "test", "id": "c", "outcome": "passed"},
    ]
    assert heard(tmp_path, *said).outcomes == {
        "a": TestOutcome.ERROR,
        "b": TestOutcome.FAILED,
        "c": TestOutcome.PASSED,
    }


def test_lines_of_several_processes_are_one(tmp_path: Path) -> None:
    said = [
        {"kind": "lines", "path": "a.py", "lines": [1, 2]},
        {"kind": "lines", "path": "a.py", "lines": [2, 7]},
    ]
    assert heard(tmp_path, *said).covered == {"a.py": {1, 2, 7}}


def test_a_test_without_an_end_is_named(tmp_path: Path) -> None:
    said = [{"kind": "start", "id": "a"}, {"kind": "stop", "id": "a"}, {"kind": "start", "id": "b"}]
    assert heard(tmp_path, *said).running == "b"
    assert not heard(tmp_path, *said).finished
    assert heard(tmp_path, *said, {"kind": "stop", "id": "b"}, {"kind": "end", "exit": 0}).finished


@pytest.mark.parametrize(
    "record",
    [
        b"no json\n",
        b"\xff\xfe\n",
        {"kind": "test", "id": "x" * 5000, "outcome": "passed"},
        {"kind": "test", "id": "", "outcome": "passed"},
        {"kind": "test", "id": "a", "outcome": "splendid"},
        {"kind": "test", "id": "a", "outcome": "passed", "more": 1},
        {"kind": "lines", "path": "a.py", "lines": [0]},
        {"kind": "lines", "path": "a.py", "lines": [10**9]},
        {"kind": "lines", "path": "a.py", "lines": "1"},
        {"kind": "nothing"},
        [1],
        None,
    ],
)
def test_what_is_no_record_is_left_out(tmp_path: Path, record: object) -> None:
    found = heard(tmp_path, record, {"kind": "test", "id": "good", "outcome": "passed"})
    assert found.outcomes == {"good": TestOutcome.PASSED}
    assert found.covered == {}


@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    assert heard(tmp_path_factory.mktemp("report"), content).outcomes == {}


def test_a_report_that_became_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(json.dumps({"kind": "test", "id": "a", "outcome": "passed"}) + "\n")
    (tmp_path / "report").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        Heard.read(tmp_path / "report")


def test_a_report_that_became_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "report")
    assert Heard.read(tmp_path / "report").outcomes == {}
