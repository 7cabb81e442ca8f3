"""The gate: a command starts only when the host says so, and gets its own standard input."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fresh.adapters.bwrap.gate import Feed, behind, is_ready
from fresh.adapters.bwrap.owners import Owner

COMMAND = behind(["/bin/cat"], Owner(1, 2))


def test_the_word_opens_the_gate_and_the_rest_is_the_commands_input():
    done = subprocess.run(COMMAND, input=b"go\ngo\nmore", capture_output=True, check=True)
    assert done.stdout == b"go\nmore"


@pytest.mark.parametrize(
    "said", [b"", b"go", b"stop\ngo\n", b"\n"], ids=["nothing", "half", "another", "empty"]
)
def test_without_the_whole_word_nothing_is_started(said):
    done = subprocess.run(COMMAND, input=said, capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stdout == b""


def test_input_is_fed_as_fast_as_it_is_read_and_no_faster():
    content = os.urandom(300_000)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    feed, arrived = Feed(content), b""
    while feed.write(writer):
        arrived += os.read(reader, 5000)
    os.close(writer)
    while piece := os.read(reader, 1 << 16):
        arrived += piece
    os.close(reader)
    assert arrived == b"go\n" + content


def test_a_command_that_reads_nothing_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    assert Feed(b"x").write(writer) is False
    os.close(writer)


@pytest.mark.parametrize(
    ("host", "init", "ready"), [(0, 0, False), (0, 1, True), (1, 1, False), (1, 2, True)]
)
def test_an_init_is_ready_when_it_has_one_filter_more_than_the_host(tmp_path: Path, host, init, ready):
    for name, filters in (("self", host), ("77", init)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status").write_text(
            f"Seccomp:\t2\nSeccomp_filters:\t{filters}\nSpeculation:\tx\n"
        )
    assert is_ready(77, tmp_path) is ready


def test_an_init_that_is_gone_is_not_ready():
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    assert not is_ready(child.pid)
