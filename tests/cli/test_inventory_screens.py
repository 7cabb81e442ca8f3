"""`fresh inventory` on a real repository: numbers, and what changed since another commit."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys

from tests.cli.conftest import Terminal, git

MORE = "\n\ndef left_alone(text: str) -> int:\n    return len(text)\n"


def test_since_says_what_is_reached_otherwise(terminal: Terminal) -> None:
    file = terminal.repository / "pocket.py"
    file.write_text(file.read_text() + MORE)
    git(terminal.repository, "commit", "-qam", "more")
    shown = terminal.type("inventory", "--since", "HEAD~1").out
    assert "- -> unhooked: pocket:left_alone (pocket.py:" in shown
    assert "1 x - -> unhooked" in shown
    changed = json.loads(terminal.type("inventory", "--since", "HEAD~1", "--format", "json").out)
    assert [(each["feature"], each["before"], each["after"]) for each in changed["changes"]] == [
        ("pocket:left_alone", None, "unhooked")
    ]
    assert "no feature is reached otherwise" in terminal.type("inventory", "--since", "HEAD").out


def test_the_summary_is_a_table_and_part_of_the_json(terminal: Terminal) -> None:
    shown = terminal.type("inventory", "--summary").out
    assert "documented" in shown
    whole = json.loads(terminal.type("inventory", "--format", "json").out)
    numbers = json.loads(terminal.type("inventory", "--summary", "--format", "json").out)
    assert whole["summary"] == numbers
    assert numbers["total"]["features"] == len(whole["features"])


def test_two_views_at_once_and_an_unknown_revision_can_not_be_done(terminal: Terminal) -> None:
    both = terminal.type("inventory", "--since", "HEAD", "--summary")
    assert (both.code, both.out) == (2, "")
    assert terminal.type("inventory", "--since", "nonsense").code == 2


def test_a_terminal_shows_what_a_scan_is_at_and_a_pipe_does_not(terminal: Terminal) -> None:
    command = [sys.executable, "-m", "cli.main", "inventory", "--repo", str(terminal.repository)]
    piped = subprocess.run(command, capture_output=True, check=True)
    assert piped.stderr == b""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "FRESH_HOME": str(terminal.repository / "another")}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=follower, env=environment)
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # a terminal that nobody writes to any more
        while more := os.read(leader, 4096):
            shown += more
    table, _ = running.communicate()
    os.close(leader)
    assert b"taking the inventory" in shown or b"reading the files" in shown or b"judging" in shown
    assert b"Limit: " in table
