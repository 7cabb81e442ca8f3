"""What a long scan is at is said to whoever watches, and to nobody else."""

from __future__ import annotations

import re
from pathlib import Path

from fresh.inventory.crew import WORTH_A_CREW
from fresh.inventory.progress import tell, watching
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace


def test_a_scan_says_what_it_is_at_and_how_far_it_is(tmp_path: Path) -> None:
    workspace, heard = FakeWorkspace(), list[str]()
    files = WORTH_A_CREW + 20
    commit = workspace.record({f"app/m{n}.py": f"def f{n}():\n    return {n}\n" for n in range(files)})
    with watching(heard.append):
        take_inventory(workspace, commit, tmp_path, workers=2)
    assert heard[0] == f"reading the files of {commit[:10]}"
    counted = [
        match
        for each in heard
        if (match := re.fullmatch(r"read (\d+) of (\d+) files that are not known yet", each))
    ]
    assert [int(match[1]) for match in counted] == sorted(int(match[1]) for match in counted)
    assert {int(match[2]) for match in counted} == {files}
    after = heard.index(f"following the names in {files} files")
    assert heard.index("searching from 0 entry points") > after
    assert heard[-1] == "judging every feature"


def test_what_is_known_already_is_not_waited_for(tmp_path: Path) -> None:
    workspace, heard = FakeWorkspace(), list[str]()
    commit = workspace.record({"app.py": "def f():\n    return 1\n"})
    take_inventory(workspace, commit, tmp_path)
    with watching(heard.append):
        take_inventory(workspace, commit, tmp_path)
        tell("still watched")
    tell("nobody watches")
    assert heard == ["still watched"]
