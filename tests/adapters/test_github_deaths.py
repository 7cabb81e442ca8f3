"""kill -9 at every step from a commit to a labelled pull request: the next process does the rest, once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.github import Fate, Fault, GitHubServer, github
from tests.fakes.github.bench import GitHubBench

ROOT = Path(__file__).resolve().parents[2]

STEPS = {
    "before the repository is read": ("GET", r"repos/acme/shop$", Fate.DROPPED),
    "before the branch is pushed": ("GET", r"service=git-receive-pack", Fate.ANSWERED),
    "after the branch is pushed": ("POST", r"git-receive-pack$", Fate.LOST),
    "before the pull request is opened": ("POST", r"/pulls$", Fate.DROPPED),
    "after the pull request is opened": ("POST", r"/pulls$", Fate.LOST),
    "before the label is made": ("POST", r"shop/labels$", Fate.DROPPED),
    "after the label is made": ("POST", r"shop/labels$", Fate.LOST),
    "before the labels are set": ("POST", r"issues/1/labels$", Fate.DROPPED),
    "after the labels are set": ("POST", r"issues/1/labels$", Fate.LOST),
    "before the page is amended": ("PATCH", r"pulls/1$", Fate.DROPPED),
    "after the page is amended": ("PATCH", r"pulls/1$", Fate.LOST),
}
REFUSED = "while the label is refused"
"""Nothing is killed here: GitHub says no, the process ends with that sentence, and later it may."""

EVERY = (*STEPS, REFUSED)
COSTLIEST = (
    "after the branch is pushed",
    "after the pull request is opened",
    REFUSED,
    "before the labels are set",
    "after the page is amended",
)
SECTION = "## Landing together\n\nMerge this as number 1 of 2."


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def bench(server: GitHubServer, tmp_path: Path) -> GitHubBench:
    made = GitHubBench.set_up(server, tmp_path)
    ticket, report = made.work()
    (tmp_path / "ticket.json").write_text(ticket.model_dump_json())
    (tmp_path / "report.json").write_text(report.model_dump_json())
    return made


def begin(bench: GitHubBench) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.fakes.github.publish_once",
            str(bench.folder),
            bench.server.api,
            SECTION,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(bench.token)
    process.stdin.close()
    process.stdin = None
    return process


def assert_refused(bench: GitHubBench) -> None:
    """Let GitHub refuse the label for as long as one process tries."""
    refused = Fault("POST", r"issues/1/labels$", Fate.ANSWERED, status=403, times=9)
    refused.body = {"message": "Resource not accessible by personal access token"}
    bench.server.world.faults.append(refused)
    process = begin(bench)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "is open without it" in told
    bench.server.world.faults.clear()


# In the order in which they come: a step that is done already strikes nobody.
@pytest.mark.parametrize(
    "steps", [pytest.param((*EVERY[:7], REFUSED, *EVERY[7:-1]), marks=pytest.mark.night), COSTLIEST]
)
def test_killed_at_every_step_in_turn_there_is_one_branch_one_pull_request_and_its_labels(
    bench: GitHubBench, steps: tuple[str, ...]
) -> None:
    for step in steps:
        if step == REFUSED:
            assert_refused(bench)
            continue
        method, path, fate = STEPS[step]
        started = threading.Event()
        victims: list[subprocess.Popen[str]] = []

        def strike(
            victims: list[subprocess.Popen[str]] = victims, started: threading.Event = started
        ) -> None:
            started.wait(10)
            victims[0].kill()
            victims[0].wait()

        bench.server.world.faults.append(Fault(method, path, fate, then=strike))
        victims.append(begin(bench))
        started.set()
        assert victims[0].wait(60) == -9, f"it was not killed {step}: {victims[0].stdout}"
        bench.server.world.faults.clear()

    last = begin(bench)
    told, _ = last.communicate(timeout=60)
    assert last.returncode == 0, told
    (pull,) = bench.hub.pulls
    assert told.strip().endswith(f"/acme/shop/pull/{pull.number}")
    assert pull.labels == ["autonomous", "tests"]
    assert pull.pull is not None
    assert [name for name in bench.hub.git.heads() if name != "main"] == [pull.pull.head]
    opened = [seen for seen in bench.server.world.requests if seen.method == "POST" and seen.status == 201]
    assert [seen.path.rpartition("/")[2] for seen in opened].count("pulls") == 1
    assert (pull.body or "").count("Merge this as number 1 of 2.") == 1
    amended = [seen for seen in bench.server.world.requests if seen.method == "PATCH" and seen.status < 300]
    assert len(amended) == 1


def test_two_processes_at_once_open_one_pull_request(bench: GitHubBench) -> None:
    both = [begin(bench), begin(bench)]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0] == told[1]
    (pull,) = bench.hub.pulls
    assert pull.labels == ["autonomous", "tests"]


def test_the_token_is_in_no_argument_no_variable_and_no_file(bench: GitHubBench) -> None:
    """Look at every process of this machine whenever git asks the server for something."""
    seen: list[str] = []
    looked: list[str] = []

    def look(method: str, path: str) -> None:
        looked.append(path)
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or folder.name == str(os.getpid()):
                continue
            for name in ("cmdline", "environ"):
                try:
                    text = (folder / name).read_bytes()
                except OSError:
                    continue
                if bench.token.encode() in text or b"eC1hY2Nlc3MtdG9rZW4" in text:
                    seen.append(f"{folder.name}/{name}")

    bench.server.world.watchers.append(look)
    process = begin(bench)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert looked
    assert seen == []
    kept = [path for path in bench.folder.rglob("*") if path.is_file() and "hub" not in path.parts]
    assert [path for path in kept if bench.token.encode() in path.read_bytes()] == []
