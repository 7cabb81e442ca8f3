"""Attacks, run inside. Whatever they find here they would find on a real host."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.adapters.bwrap.system_calls import MACHINES
from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Limits, Mount

SECRET = "sk-SECRET-of-the-host"


def test_the_hosts_environment_can_not_be_read(either_lab, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    finished = either_lab.shell("env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; echo done")
    assert "done" in finished.text
    assert SECRET not in finished.text


def test_the_environment_is_what_was_given_and_a_small_set(lab):
    finished = lab.run("/usr/bin/env", environment={"TZ": "UTC", "HOME": "/repo"})
    names = {line.partition("=")[0] for line in finished.text.splitlines()}
    assert "TZ=UTC" in finished.text
    assert "HOME=/repo" in finished.text
    assert names - {"TZ"} == {
        "GIT_CONFIG_NOSYSTEM", "GIT_TERMINAL_PROMPT", "HOME", "LANG", "PATH", "PWD", "PYTHONDONTWRITEBYTECODE",
        "PYTHONNOUSERSITE", "TMPDIR", "USER",
    }  # fmt: skip


def test_values_of_the_environment_stand_in_no_command_line(either_lab):
    finished = either_lab.run(
        "/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo done", environment={"TOKEN": SECRET}
    )
    assert "done" in finished.text
    assert SECRET not in finished.text


def test_files_beside_the_tree_do_not_exist(lab, tmp_path):
    (tmp_path / "id_rsa").write_text(SECRET)
    finished = lab.shell(
        f"cat {tmp_path}/id_rsa /etc/shadow /root/.bashrc; ls {tmp_path} /root /home /var /run /sys /opt; echo done"
    )
    assert "done" in finished.text
    assert SECRET not in finished.text
    assert finished.text.count("No such file") == 10


def test_a_link_out_of_the_tree_leads_nowhere(either_lab, tmp_path):
    (tmp_path / "id_rsa").write_text(SECRET)
    finished = either_lab.shell(f"ln -s {tmp_path}/id_rsa key; cat key")
    assert finished.exit_code == 1
    assert SECRET not in finished.text


def test_a_server_on_the_hosts_loopback_is_out_of_reach(lab):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        finished = lab.python(f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)")
    assert "ConnectionRefusedError" in finished.text


def test_the_internet_is_out_of_reach(lab):
    finished = lab.python("import socket; socket.create_connection(('1.1.1.1', 53), 3)")
    assert "Network is unreachable" in finished.text


def test_an_abstract_socket_of_the_host_is_out_of_reach(lab):
    name = f"fresh-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0{name}")
        server.listen()
        finished = lab.python(f"import socket; socket.socket(socket.AF_UNIX).connect('\\0{name}')")
    assert "ConnectionRefusedError" in finished.text


def test_sockets_that_a_network_namespace_does_not_stop_are_refused(lab):
    finished = lab.python(
        "import socket, errno\n"
        "for family, kind in ((40, 1), (16, 3), (17, 3), (38, 5), (31, 3)):\n"
        "    try: socket.socket(family, kind); print('OPEN', family)\n"
        "    except OSError as refused: print(errno.errorcode[refused.errno])"
    )
    assert finished.text.split() == ["EAFNOSUPPORT"] * 5


def test_nothing_can_be_written_outside_of_the_tree_and_the_temporary_directories(lab):
    finished = lab.shell(
        "for p in / /usr /bin /lib /etc /dev /proc /proc/sys /usr/local/bin; do (: > $p/x) 2>/dev/null && echo WROTE $p; done; "
        "for p in /tmp /dev/shm /tmp/home /repo; do (: > $p/x) && echo may $p; done"
    )
    assert finished.text.splitlines() == ["may /tmp", "may /dev/shm", "may /tmp/home", "may /repo"]


def test_no_kernel_setting_can_be_opened_for_writing(either_lab):
    # Opened and closed only: a hit would be a setting of the host.
    finished = either_lab.python(
        "import os\n"
        "seen, hit = 0, []\n"
        "for top in ('/proc/sys', '/proc/irq', '/proc/bus', '/proc/fs', '/proc/acpi', '/proc/driver', '/proc/scsi'):\n"
        "    for directory, _, names in os.walk(top):\n"
        "        for name in names:\n"
        "            seen += 1\n"
        "            path = os.path.join(directory, name)\n"
        "            try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK)); hit.append(path)\n"
        "            except OSError: pass\n"
        "for name in ('sysrq-trigger', 'kcore', 'kmsg', 'kallsyms', 'mtrr', 'latency_stats', 'timer_list'):\n"
        "    try: os.close(os.open('/proc/' + name, os.O_WRONLY | os.O_NONBLOCK)); hit.append(name)\n"
        "    except OSError: pass\n"
        "print(seen > 100, hit)"
    )
    assert finished.text == "True []\n"


def test_administration_is_refused(either_lab):
    finished = either_lab.shell(
        "mount -o remount,rw /usr && echo GOT; mount -t tmpfs x /tmp && echo GOT; umount /proc/sys && echo GOT; "
        "mknod /tmp/n b 8 0 && echo GOT; chroot / true && echo GOT; unshare -Ur true && echo GOT; unshare -n true && echo GOT; "
        "nsenter -t 1 -m true && echo GOT; hostname x && echo GOT; date -s 2020-01-01 && echo GOT; "
        "su -c true && echo GOT; chown 0 . && echo GOT; echo done"
    )
    assert "done" in finished.text
    assert "GOT" not in finished.text


def test_every_refused_system_call_gets_an_error(either_lab):
    finished = either_lab.python(
        "import ctypes, errno\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"for name, number in {dict(MACHINES[platform.machine()].refused)!r}.items():\n"
        "    result = libc.syscall(number, 0, 0, 0, 0, 0)\n"
        "    if result != -1 or ctypes.get_errno() != errno.EPERM: print(name, result, ctypes.get_errno())\n"
        "for number in (435, 425, 426, 427):\n"
        "    if libc.syscall(number, 0, 0) != -1 or ctypes.get_errno() != errno.ENOSYS: print(number)\n"
        "print('done')"
    )
    assert finished.text == "done\n"


def test_input_can_not_be_pushed_into_a_terminal(lab):
    finished = lab.python(
        "import fcntl, os, errno\n"
        "master, slave = os.openpty()\n"
        "for request in (0x5412, 0x541C):\n"
        "    try: fcntl.ioctl(slave, request, b'x'); print('PUSHED')\n"
        "    except OSError as refused: print(errno.errorcode[refused.errno])"
    )
    assert finished.text.split() == ["EPERM", "EPERM"]


def test_a_command_has_no_powers_and_can_not_get_any(either_lab):
    finished = either_lab.run("/bin/cat", "/proc/self/status")
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in finished.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a uid to hide")
def test_roots_uid_is_never_lent(either_lab, host, marker):
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(either_lab.shell, f"touch made; sleep {marker}")
        owners = host.wait_for_sleepers(marker)
        either_lab.sandbox.kill_all()
        running.result()
    assert owners == {65533}
    assert (either_lab.tree / "made").stat().st_uid == 65533


def test_only_own_processes_are_seen_and_killed(lab):
    finished = lab.shell("ls -d /proc/[0-9]* | wc -l; kill -9 -1; echo survived")
    assert int(finished.text.split()[0]) < 8


def test_no_open_file_of_the_host_is_inherited(either_lab):
    finished = either_lab.shell("for n in /proc/self/fd/*; do echo ${n##*/}; done", mounts=())
    # 3 is the directory that the shell lists.
    assert set(finished.text.split()) <= {"0", "1", "2", "3"}


def test_a_later_mount_carves_out_of_an_earlier_one(lab, tmp_path):
    (lab.tree / ".git").mkdir()
    other = tmp_path / "private"
    other.mkdir()
    (other / "config").write_text("ours")
    finished = lab.shell(
        "cat .git/config; echo evil > .git/config; echo fine > file; rm -rf .git; mv .git x; cat .git/config",
        mounts=(Mount(other, "/repo/.git"),),
    )
    assert finished.text.startswith("ours")
    assert finished.text.endswith("ours")
    assert (other / "config").read_text() == "ours"
    assert (lab.tree / "file").read_text() == "fine\n"


def test_a_read_only_mount_can_not_be_written(either_lab, open_place):
    shown = open_place / "shown"
    shown.mkdir()
    shown.chmod(0o777)
    (shown / "file").write_text("host")
    (shown / "file").chmod(0o666)
    finished = either_lab.shell(
        "echo x > /shown/file; rm -f /shown/file; touch /shown/more", mounts=(Mount(shown, "/shown"),)
    )
    assert finished.exit_code != 0
    assert [entry.name for entry in shown.iterdir()] == ["file"]
    assert (shown / "file").read_text() == "host"


def test_a_single_file_can_be_shown(either_lab, open_place):
    single = open_place / "single"
    single.write_text("one file")
    assert either_lab.shell("cat /etc/single", mounts=(Mount(single, "/etc/single"),)).text == "one file"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root stages what is shown")
def test_a_link_is_never_followed_to_something_writable(either_lab, tmp_path):
    victim = tmp_path / "victim"
    victim.mkdir()
    before = victim.stat()
    (either_lab.tree / "sub").symlink_to(victim)
    with pytest.raises(SandboxUnavailable, match="symbolic link"):
        either_lab.shell("touch /sub/evil", mounts=(Mount(either_lab.tree / "sub", "/sub", writable=True),))
    assert victim.stat().st_uid == before.st_uid
    assert not list(victim.iterdir())


def test_a_source_that_is_missing_is_named(either_lab, tmp_path):
    with pytest.raises(SandboxUnavailable, match="nowhere") as refused:
        either_lab.shell("true", mounts=(Mount(tmp_path / "nowhere", "/x"),))
    assert refused.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user shows what is its own")
def test_a_source_that_the_uid_may_not_read_is_named_with_its_mode(either_lab, open_place):
    closed = open_place / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(SandboxUnavailable, match=r"may not read .*closed, whose mode is 0700") as refused:
        either_lab.shell("true", mounts=(Mount(closed, "/x"),))
    assert "chmod" in refused.value.hint


def test_a_workdir_that_is_missing_is_no_failure_of_the_command(either_lab):
    with pytest.raises(SandboxUnavailable, match="chdir"):
        either_lab.sandbox.run(Command(("/bin/true",), "/not/there"))


@pytest.fixture
def pretend(monkeypatch):
    """Put a program in the place of bwrap, where an unprivileged uid can start it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        Path(directory).chmod(0o755)

        def place(program: str) -> None:
            path = Path(directory, "bwrap")
            path.write_text(program)
            path.chmod(0o755)
            monkeypatch.setenv("PATH", f"{directory}:/usr/bin")

        yield place


def test_without_bubblewrap_the_sandbox_says_how_to_get_it(lab, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("bwrap") is None
    with pytest.raises(SandboxUnavailable) as refused:
        lab.sandbox.probe()
    assert "apt-get install bubblewrap" in refused.value.hint


def test_a_broken_bubblewrap_contains_nothing_and_runs_nothing(lab, pretend):
    pretend("#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1\n")
    with pytest.raises(SandboxUnavailable, match="No permissions") as refused:
        lab.sandbox.probe()
    assert "user namespaces" in refused.value.hint


LAX = """#!/usr/bin/python3
import ctypes, os, sys
options = os.read(int(sys.argv[2]), 1 << 20).split(b"\\0")
status = int(options[options.index(b"--json-status-fd") + 1])
child = os.fork()
if child == 0:
    {filter}
    os.execv(sys.argv[4], sys.argv[4:])
os.write(status, b'{{ "child-pid": %d }}\\n' % child)
_, ended = os.waitpid(child, 0)
os.write(status, b'{{ "exit-code": %d }}\\n' % os.waitstatus_to_exitcode(ended))
"""
ALLOW_ALL = """
    class Program(ctypes.Structure): _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_char_p)]
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)
    steps = (6).to_bytes(4, "little") + (0x7FFF0000).to_bytes(4, "little")
    libc.prctl(22, 2, ctypes.byref(Program(1, steps)))
"""


def test_a_bubblewrap_that_does_not_contain_is_found_out(lab, pretend):
    pretend(LAX.format(filter=ALLOW_ALL))
    with pytest.raises(SandboxUnavailable, match="does not contain"):
        lab.sandbox.probe()


def test_a_bubblewrap_that_loads_no_filter_gets_no_command_to_run(lab, pretend):
    pretend(LAX.format(filter="pass"))
    with pytest.raises(SandboxUnavailable, match="not ready"):
        lab.shell("echo started > made", limits=Limits(wall=1.0))
    assert not (lab.tree / "made").exists()


def test_the_stage_stays_empty(lab):
    lab.shell("true")
    stage = Path("/run/fresh-sandbox")
    assert not stage.exists() or not list(stage.iterdir())
