"""The smaller parts: owners, ownership, disk, memory, and what is said when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.adapters.bwrap import diagnosis
from fresh.adapters.bwrap.arguments import encode
from fresh.adapters.bwrap.disk import DiskWatch
from fresh.adapters.bwrap.memory import used_below
from fresh.adapters.bwrap.owners import Owner
from fresh.adapters.bwrap.ownership import hand_over
from fresh.errors import Refusal, SandboxUnavailable

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@given(st.integers(1, 1 << 22), st.integers(0, 1 << 40), st.sampled_from(["", "-0", "-17", ".tmp"]))
def test_an_owner_is_read_back_from_the_names_that_it_gave(pid, started, rest):
    owner = Owner(pid, started)
    assert Owner.read(f"{owner}{rest}") == owner


@pytest.mark.parametrize("name", ["", "x", "12", "12-", "journal.db"])
def test_other_names_have_no_owner(name):
    assert Owner.read(name) is None


def test_an_owner_lives_until_its_process_has_ended():
    assert Owner.current().alive
    assert not Owner(os.getpid(), Owner.current().started + 1).alive
    child = subprocess.Popen(["/bin/sleep", "1000"])
    child.kill()
    child.wait()
    assert not Owner(child.pid, 0).alive


@root_only
def test_a_tree_is_handed_over_once_and_links_are_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_text("x")
    (tree / "link").symlink_to(outside)
    (tree / "a" / "file link").symlink_to(outside / "file")
    os.mkfifo(tree / "pipe")
    assert hand_over(tree, 65533) == 7
    assert hand_over(tree, 65533) == 0
    assert {path.lstat().st_uid for path in (tree, *tree.rglob("*"))} == {65533}
    assert outside.stat().st_uid == (outside / "file").stat().st_uid == 0


@root_only
def test_what_the_host_adds_to_a_tree_is_handed_over_the_next_time(tmp_path):
    hand_over(tmp_path, 65533)
    (tmp_path / "late").write_text("x")
    assert hand_over(tmp_path, 65533) == 1


@root_only
def test_a_single_file_and_a_link_are_handed_over_as_they_are(tmp_path):
    file = tmp_path / "file"
    file.write_text("x")
    link = tmp_path / "link"
    link.symlink_to(file)
    assert hand_over(link, 65533) == 1
    assert file.stat().st_uid == 0
    assert hand_over(file, 65533) == 1
    assert file.stat().st_uid == 65533


def test_growth_of_the_disk_is_noticed(tmp_path):
    watch = DiskWatch([tmp_path], 8 << 20)
    assert not watch.exceeded()
    (tmp_path / "big").write_bytes(os.urandom(12 << 20))
    os.sync()
    assert watch.exceeded()


def test_what_others_write_to_the_same_disk_does_not_count(tmp_path):
    (tmp_path / "tree").mkdir()
    watch = DiskWatch([tmp_path / "tree"], 8 << 20)
    (tmp_path / "others").write_bytes(os.urandom(12 << 20))
    os.sync()
    assert not watch.exceeded()


def test_a_flood_of_empty_files_counts_as_growth(tmp_path):
    watch = DiskWatch([tmp_path], 4 << 20)
    for number in range(1500):
        (tmp_path / str(number)).touch()
    assert watch.exceeded()


def test_memory_of_descendants_is_added_up():
    code = "import os, time; os.fork(); kept = os.urandom(1) * (50 << 20); os.write(1, b'ready\\n'); time.sleep(60)"
    child = subprocess.Popen(["/usr/bin/env", sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert [child.stdout.readline() for _ in range(2)] == [b"ready\n"] * 2
        assert 100 << 20 <= used_below(child.pid) < 200 << 20
    finally:
        # Its own child is its only one, and ends with the pipe's reader; both are ours.
        for task in Path(f"/proc/{child.pid}/task").iterdir():
            for pid in (task / "children").read_text().split():
                os.kill(int(pid), 9)
        child.kill()
        child.communicate()


def test_a_process_that_is_gone_uses_no_memory():
    child = subprocess.Popen(["/bin/true"])
    child.wait()
    assert used_below(child.pid) == 0


@pytest.mark.parametrize("bad", ["a\0b", "\0", "\ud800"])
def test_text_that_no_program_can_be_given_is_refused(bad):
    with pytest.raises(Refusal):
        encode(bad)


def test_bytes_that_are_no_text_come_back_as_they_were():
    assert encode(os.fsdecode(b"caf\xe9")) == b"caf\xe9"


@pytest.mark.parametrize(
    ("complaint", "fix"),
    [
        ("bwrap: No permissions to create a new namespace, likely because ...", "user namespaces"),
        ("bwrap: setting up uid map: Permission denied", "user namespaces"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "user namespaces"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "AppArmor"),
        ("bwrap: Failed to make / slave: Permission denied", "mount propagation"),
        ("bwrap: Unknown option --disable-userns", "0.8"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "systempaths"),
        ("could not enter a private mount namespace: Operation not permitted", "ordinary user"),
        ("uid 65533 may not read /opt/venv, whose mode is 0700", "chmod"),
        ("something that nobody has seen", "fresh doctor"),
    ],
)
def test_every_known_complaint_has_its_fix(complaint, fix):
    refused = diagnosis.explain(complaint)
    assert isinstance(refused, SandboxUnavailable)
    assert fix in refused.hint
    assert complaint in refused.message


@root_only
def test_root_without_the_right_to_mount_is_told_what_to_do(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from fresh.adapters.bwrap_sandbox import BwrapSandbox\n"
        "from fresh.errors import SandboxUnavailable\n"
        "try: print(BwrapSandbox(Path(sys.argv[1])).probe())\n"
        "except SandboxUnavailable as refused: print(refused, '|', refused.hint)\n"
    )
    powerless = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    said = subprocess.run(
        [*powerless, sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    ).stdout
    assert "could not enter a private mount namespace" in said
    assert "ordinary user" in said


@root_only
def test_root_can_not_be_what_commands_run_as(tmp_path):
    from fresh.adapters.bwrap_sandbox import BwrapSandbox

    with pytest.raises(SandboxUnavailable, match="uid 0"):
        BwrapSandbox(tmp_path, uid=0).probe()
