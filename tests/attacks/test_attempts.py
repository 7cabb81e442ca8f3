"""Attempts to get out, each tried from inside and judged from outside, by witnesses on the host.

Every attempt is a piece of Python that prints GOT when it believes that it succeeded. It is not believed alone: the
witnesses must have noticed nothing either. Each knows `w`, what an attacker could know of the host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from fresh.domain.evidence import RunEnd
from fresh.ports import Limits, Mount
from tests.attacks.conftest import SECRET, Witnesses
from tests.fakes.laboratory import Host, Lab

PRELUDE = """
import ctypes, errno, fcntl, mmap, os, signal, socket, struct, subprocess, sys, time
w = {knowledge}
libc = ctypes.CDLL(None, use_errno=True)
def got(*what): print("GOT", *what)
def succeeds(act, *rest):
    try: return act(*rest) is not False
    except (OSError, ValueError, LookupError): return False
def sh(command): return subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True).stdout
"""

READING = {
    "the canary by its path": "if succeeds(open, w['file']): got()",
    "the canary through every root in proc": (
        "for pid in (os.listdir('/proc') if succeeds(os.listdir, '/proc') else map(str, range(1, w['process'] + 50))):\n"
        "    if pid.isdigit():\n"
        "        for door in ('root', 'cwd'):\n"
        "            if succeeds(open, f'/proc/{pid}/{door}' + w['file']): got(pid)"
    ),
    "the canary over dots": "if succeeds(open, '../' * 40 + w['file'].lstrip('/')): got()",
    "the canary through a link in the tree": "os.symlink(w['file'], 'link')\nif succeeds(open, 'link'): got()",
    "the canary through a link to its directory": (
        "os.symlink(os.path.dirname(w['file']), 'way')\nif succeeds(open, 'way/canary'): got()"
    ),
    "the canary by a file handle": (
        "handle = ctypes.create_string_buffer(struct.pack('II', 128, 0) + bytes(128))\n"
        "mount = ctypes.c_int()\n"
        "if libc.name_to_handle_at(-100, b'/repo', handle, ctypes.byref(mount), 0) == 0: got('handle')\n"
        "fd = os.open('/repo', os.O_RDONLY)\n"
        "if libc.open_by_handle_at(fd, handle, os.O_RDONLY) >= 0: got('opened')"
    ),
    "descriptors of the host that were left open": (
        "for number in range(3, 1024):\n"
        "    if succeeds(os.fstat, number) and not os.readlink(f'/proc/self/fd/{number}').startswith(('/repo', '/proc')):\n"
        "        got(os.readlink(f'/proc/self/fd/{number}'))"
    ),
    "descriptors of the init": (
        "for name in (os.listdir('/proc/1/fd') if succeeds(os.listdir, '/proc/1/fd') else ()):\n"
        "    there = os.readlink('/proc/1/fd/' + name)\n"
        "    if there.startswith('/') and not there.startswith(('/dev/null', '/repo')): got(there)"
    ),
    "memory of the host's process": "if succeeds(open, f\"/proc/{w['process']}/mem\", 'rb'): got()",
    "passwords and keys at their usual places": (
        "for path in ('/etc/shadow', '/etc/gshadow', '/root', '/home', '/var', '/run', '/srv', '/opt', '/mnt', '/boot',\n"
        "             '/etc/ssh', '/etc/ssl/private', '/etc/sudoers', '/etc/machine-id', '/etc/resolv.conf', '/sys'):\n"
        "    if os.path.exists(path): got(path)"
    ),
    "keys of the kernel": (
        "if succeeds(lambda: open('/proc/keys').read().strip() or False) and libc.syscall(250, 11, -4, 0, 0, 0) >= 0: got()"
    ),
    "the kernel's log": (
        "buffer = ctypes.create_string_buffer(4096)\n"
        "if libc.klogctl(3, buffer, 4096) > 0: got('syslog')\n"
        "if succeeds(open, '/dev/kmsg'): got('kmsg')"
    ),
    "raw devices": (
        "for name in ('mem', 'port', 'sda', 'vda', 'nvme0n1', 'fuse', 'kvm', 'net/tun', 'loop-control', 'uinput', 'vsock'):\n"
        "    if os.path.exists('/dev/' + name): got(name)"
    ),
    "shared memory of the host": "if libc.shmget(w['shared'], 0, 0) >= 0: got()",
    "the docker socket": "if os.path.exists('/run/docker.sock') or os.path.exists('/var/run/docker.sock'): got()",
}  # fmt: skip

WRITING = {
    "over the canary": "if succeeds(open, w['file'], 'w'): got()",
    "over the canary through a link": "os.symlink(w['file'], 'out')\nif succeeds(open, 'out', 'a'): got()",
    "a file beside the canary": "if succeeds(open, w['file'] + '.more', 'w'): got()",
    "through a read-only mount": "if succeeds(open, '/shown/canary', 'w'): got()",
    "through a read-only mount, opened anew by its descriptor": (
        "fd = os.open('/shown/canary', os.O_RDONLY)\n"
        "if succeeds(os.open, f'/proc/self/fd/{fd}', os.O_RDWR): got()"
    ),
    "the mode and the times of what is shown": (
        "if succeeds(os.chmod, '/shown/canary', 0o4777): got('chmod')\nif succeeds(os.utime, '/shown/canary'): got('utime')"
    ),
    "a hard link to what is shown": (
        "if succeeds(os.link, '/shown/canary', '/repo/hard'): got('shown')\nif succeeds(os.link, '/usr/bin/env', '/repo/env'): got('usr')"
    ),
    "what is shown away": "if succeeds(os.unlink, '/shown/canary'): got()\nif succeeds(os.rename, '/shown/canary', '/shown/x'): got()",
    "a program of the system": (
        "for path in ('/bin/sh', '/usr/bin/env', '/usr/bin/python3', '/etc/passwd', '/etc/ld.so.cache', '/lib'):\n"
        "    if succeeds(os.open, path, os.O_WRONLY): got(path)"
    ),
    "the core pattern": "if succeeds(os.open, '/proc/sys/kernel/core_pattern', os.O_WRONLY): got()",
    "sysrq and other triggers": (
        "for path in ('sysrq-trigger', 'sys/kernel/modprobe', 'sys/vm/drop_caches', 'sys/fs/binfmt_misc/register', 'acpi/wakeup', 'mtrr'):\n"
        "    if succeeds(os.open, '/proc/' + path, os.O_WRONLY): got(path)"
    ),
    "its own limits in a control group": "if os.path.exists('/sys/fs/cgroup') or libc.mount(b'c', b'/tmp', b'cgroup', 0, b'memory') == 0: got()",
    "its identity map": (
        "for name in ('uid_map', 'gid_map', 'setgroups'):\n"
        "    def write(name=name):\n"
        "        with open('/proc/self/' + name, 'w') as file: file.write('0 0 1')\n"
        "    if succeeds(write): got(name)"
    ),
    "the score of the out-of-memory killer below its own": (
        "def write():\n"
        "    with open('/proc/self/oom_score_adj', 'w') as file: file.write('-1000')\n"
        "if succeeds(write): got()"
    ),
}  # fmt: skip

REACHING = {
    "a TCP server on the host's loopback": "if succeeds(socket.create_connection, ('127.0.0.1', w['tcp']), 2): got()",
    "a UDP server on the host's loopback": "succeeds(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', w['udp'])))",
    "a server on all of the host's addresses": (
        "for host in ('0.0.0.0', 'localhost', '10.0.2.2', '172.17.0.1', '192.168.0.1', '169.254.169.254'):\n"
        "    if succeeds(socket.create_connection, (host, w['any']), 0.3): got(host)"
    ),
    "a Unix socket by its path": "if succeeds(lambda: socket.socket(socket.AF_UNIX).connect(w['unix'])): got()",
    "a Unix socket through a read-only mount": "if succeeds(lambda: socket.socket(socket.AF_UNIX).connect('/shown/none')): got()",
    "an abstract Unix socket": "if succeeds(lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + w['abstract'])): got()",
    "any name of the internet": "if succeeds(socket.getaddrinfo, 'example.org', 443): got()",
    "any network interface but loopback": "seen = []\nsucceeds(lambda: seen.extend(open('/proc/net/dev').read().splitlines()[2:]))\n"
    "for line in seen:\n    if line.split(':')[0].strip() != 'lo': got(line)",
    "the hypervisor over vsock": "if succeeds(socket.socket, 40, socket.SOCK_STREAM): got()",
    "the kernel over netlink, packets and crypto": (
        "for family in (16, 17, 38, 29, 31, 44):\n    if succeeds(socket.socket, family, socket.SOCK_RAW): got(family)"
    ),
    "raw internet packets": "if succeeds(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1): got()",
    "a packet server over SCTP and friends": (
        "for protocol in (132, 33, 262):\n"
        "    made = []\n"
        "    if succeeds(lambda: made.append(socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol))):\n"
        "        if succeeds(made[0].connect, ('127.0.0.1', w['tcp'])): got(protocol)"
    ),
}  # fmt: skip

RULING = {
    "the host's process": "if succeeds(os.kill, w['process'], 9): got()",
    "everybody's processes": "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nsucceeds(os.kill, -1, signal.SIGTERM)",
    "its init": "succeeds(os.kill, 1, 9); succeeds(os.kill, 1, signal.SIGSTOP); time.sleep(0.1)",
    "its init's memory by ptrace": "if libc.ptrace(16, 1, 0, 0) == 0: got()",
    "other processes' priority": "if succeeds(os.setpriority, os.PRIO_PROCESS, w['process'], 5): got()",
    "its own priority": "if succeeds(os.setpriority, os.PRIO_PROCESS, 0, -5): got()",
    "real-time scheduling": "if succeeds(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1)): got()",
    "root by setuid": "for uid in {0, 1, 65533} - {os.getuid()}:\n    if succeeds(os.setuid, uid): got(uid)",
    "root by a setuid program": "if 'uid=0' in sh('su -c id; sudo -n id; pkexec id; /usr/bin/newgrp root'): got()",
    "root by a new user namespace": "if libc.unshare(0x10000000) == 0: got()",
    "root by clone with a new user namespace": "if libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0) > 0: got()",
    "another namespace": (
        "for kind in ('mnt', 'net', 'pid', 'user', 'ipc', 'uts', 'cgroup'):\n"
        "    def enter():\n"
        "        fd = os.open(f'/proc/1/ns/{kind}', os.O_RDONLY)\n"
        "        return libc.setns(fd, 0) == 0\n"
        "    if succeeds(enter): got(kind)"
    ),
    "mounts": (
        "for source, kind, flags in ((b'/shown', None, 4096), (b't', b'tmpfs', 0), (b'p', b'proc', 0), (b'o', b'overlay', 0)):\n"
        "    if libc.mount(source, b'/tmp', kind, flags, None) == 0: got(kind)\n"
        "if libc.mount(None, b'/shown', None, 32, None) == 0: got('remount')\n"
        "if libc.umount2(b'/proc/sys', 2) == 0: got('umount')\n"
        "if libc.syscall(155, b'/tmp', b'/tmp') == 0: got('pivot')"
    ),
    "devices": "for mode in (0o20666, 0o60666):\n    if succeeds(os.mknod, 'device', mode, os.makedev(1, 1)): got()",
    "capabilities of a file": "if succeeds(os.setxattr, '/repo', 'security.capability', b'x' * 20): got()",
    "the host's name and clock": (
        "if libc.sethostname(b'owned', 5) == 0: got('name')\nif succeeds(time.clock_settime, time.CLOCK_REALTIME, 1): got('clock')"
    ),
    "typing into a terminal": (
        "for fd in (0, 1, 2):\n    if succeeds(fcntl.ioctl, fd, 0x5412, b'x'): got()\nif succeeds(open, '/dev/tty', 'r+b', 0): got('tty')"
    ),
    "kernel modules, kexec, bpf, io_uring": (
        "for number in (175, 313, 246, 320, 321, 298, 323, 425, 304, 310, 311, 438, 440):\n"
        "    if libc.syscall(number, 0, 0, 0, 0, 0) >= 0: got(number)"
    ),
    "calls of the x32 kind": "if libc.syscall(0x40000000 | 39) > 0: got()",
}  # fmt: skip

# Without namespaces, what exists can be seen to exist; these say how far that goes, in place of the rows above.
SEEN = {
    "read passwords and keys at their usual places": (
        "for path in ('/etc/shadow', '/etc/gshadow', '/etc/passwd', '/etc/hosts', '/etc/machine-id', '/etc/resolv.conf'):\n"
        "    if succeeds(open, path): got(path)\n"
        "for path in ('/', '/root', '/home', '/var', '/run', '/opt', '/etc', '/etc/ssh', '/etc/ssl/private', '/sys', '/proc', '/dev', '/tmp/..'):\n"
        "    if succeeds(os.listdir, path): got(path)"
    ),
    "read raw devices": (
        "for name in ('mem', 'port', 'sda', 'vda', 'nvme0n1', 'fuse', 'kvm', 'net/tun', 'loop-control', 'uinput', 'vsock', 'ptmx', 'tty'):\n"
        "    if succeeds(os.open, '/dev/' + name, os.O_RDONLY | os.O_NONBLOCK): got(name)"
    ),
    "write the mode and the times of what is shown": "if succeeds(os.chmod, '/shown/canary', 0o4777): got()",
    "write its own limits in a control group": (
        "for top in ('/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'):\n"
        "    for name in ('cgroup.procs', 'tasks', 'memory.max', 'memory.limit_in_bytes', 'notify_on_release'):\n"
        "        if succeeds(os.open, f'{top}/{name}', os.O_WRONLY): got(name)\n"
        "    if succeeds(os.mkdir, top + '/fresh-got'): got(top)"
    ),
}  # fmt: skip

# What the namespaces of bubblewrap hide, and Landlock itself does not cover.
BESIDE = {
    "read the host's processes in proc": (
        "for name in ('environ', 'cmdline', 'status', 'maps', 'mem', 'comm', 'stat', 'net/tcp', 'fd/0', 'mountinfo'):\n"
        "    for pid in (1, w['process']):\n"
        "        if succeeds(open, f'/proc/{pid}/{name}', 'rb'): got(pid, name)"
    ),
    "read the host's network and mounts in its own place in proc": (
        "for name in ('net/tcp', 'net/unix', 'mountinfo', 'mounts', 'environ', 'root/etc/passwd', 'cwd/../../etc/passwd'):\n"
        "    if succeeds(open, '/proc/self/' + name, 'rb'): got(name)"
    ),
    "reach a Unix socket through a pair of datagrams": (
        "def send():\n"
        "    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "    one.sendto(b'x', w['post'])\n"
        "if succeeds(send): got('sent')\n"
        "one, other = socket.socketpair()\n"
        "other.close()\n"
        "if succeeds(one.connect, w['unix']): got('connected')\n"
        "if succeeds(one.sendto, b'x', 0, w['unix']): got('sent to')\n"
        "if succeeds(one.listen): got('listens')"
    ),
    "reach memory, semaphores and queues that others could name": (
        "if libc.shmget(0, 4096, 0o1600) >= 0: got('memory')\n"
        "if libc.semget(0, 1, 0o1600) >= 0: got('semaphores')\n"
        "if libc.msgget(0, 0o1600) >= 0: got('queue')\n"
        "if libc.syscall(240, b'fresh-got', os.O_CREAT | os.O_RDWR, 0o600, None) >= 0: got('mq')\n"
        "if succeeds(os.open, '/dev/shm/fresh-got', os.O_CREAT | os.O_RDWR): got('shm')"
    ),
    "rule limits and scheduling of others": (
        "import resource\n"
        "for pid in (1, w['process'], os.getppid()):\n"
        "    if succeeds(resource.prlimit, pid, resource.RLIMIT_CORE): got('limits', pid)\n"
        "    if succeeds(os.sched_setaffinity, pid, {0}): got('affinity', pid)\n"
        "    if succeeds(os.sched_setscheduler, pid, os.SCHED_BATCH, os.sched_param(0)): got('scheduler', pid)\n"
        "if succeeds(os.setpriority, os.PRIO_USER, 0, 5): got('priority')\n"
        "if not succeeds(os.setpriority, os.PRIO_PROCESS, 0, 5): got('not even its own')"
    ),
}  # fmt: skip

TABLE = [
    pytest.param(code, id=f"{verb} {name}")
    for verb, attempts in (("read", READING), ("write", WRITING), ("reach", REACHING), ("rule", RULING))
    for name, code in attempts.items()
]
# Attempts that leave each other in peace share one command, in a process each.
TOGETHER = """
import json
for name, code in json.loads({attempts!r}):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        print("--", name)
        exec(code)
        sys.exit(0)
    if os.waitpid(child, 0)[1] == 0: print("tried", name)
"""


def together(verb: str) -> str:
    attempts = [
        (row.id, SEEN.get(str(row.id), row.values[0])) for row in TABLE if str(row.id).startswith(verb)
    ]
    return TOGETHER.format(attempts=json.dumps(attempts))


WEAKER = [
    *(pytest.param(together(verb), id=verb) for verb in ("read", "write", "reach")),
    *(row for row in TABLE if str(row.id).startswith("rule")),
    *(pytest.param(code, id=name) for name, code in BESIDE.items()),
]


def knowing(witnesses: Witnesses) -> str:
    knowledge = {
        "file": str(witnesses.file),
        "unix": str(witnesses.path),
        "post": str(witnesses.post),
        "abstract": witnesses.abstract,
        "process": witnesses.process.pid,
        "shared": witnesses.shared_key,
        **{name: witnesses.port(name) for name in ("tcp", "udp", "any")},
    }
    return PRELUDE.format(knowledge=json.dumps(knowledge))


def attempt(lab: Lab, witnesses: Witnesses, code: str) -> str:
    """Try something inside, with a writable directory of the host shown read-only; return what was printed."""
    shown = witnesses.directory / "shown"
    shown.mkdir(mode=0o777, exist_ok=True)
    shown.chmod(0o777)
    canary = shown / "canary"
    if not canary.exists():
        canary.write_text(SECRET)
        canary.chmod(0o666)
        witnesses.begin_again()
    before = (canary.read_text(), canary.stat().st_mode, canary.stat().st_nlink, canary.stat().st_mtime_ns)
    finished = lab.python(
        f"{knowing(witnesses)}\n{code}\nprint('tried')", Limits(wall=30), (Mount(shown, "/shown"),)
    )
    after = (canary.read_text(), canary.stat().st_mode, canary.stat().st_nlink, canary.stat().st_mtime_ns)
    assert after == before
    return finished.text


def test_there_are_at_least_forty_attempts() -> None:
    assert len(TABLE) >= 40
    assert set(SEEN) <= {row.id for row in TABLE}


@pytest.mark.parametrize("code", TABLE)
def test_an_attempt_fails_by_its_own_account_and_by_the_witnesses(
    lab: Lab, witnesses: Witnesses, code: str
) -> None:
    try_in_vain(lab, witnesses, code)


@pytest.mark.skipif(os.geteuid() != 0, reason="this form is root's alone")
@pytest.mark.parametrize("code", WEAKER)
def test_an_attempt_fails_without_namespaces_too(weaker_lab: Lab, witnesses: Witnesses, code: str) -> None:
    said = try_in_vain(weaker_lab, witnesses, code)
    assert said.count("\n-- ") + said.startswith("-- ") == said.count("tried ")


def try_in_vain(lab: Lab, witnesses: Witnesses, code: str) -> str:
    said = attempt(lab, witnesses, code)
    assert "tried" in said or said == "", said
    assert "Traceback" not in said, said
    assert "GOT" not in said
    assert SECRET not in said
    time.sleep(0.02)
    assert witnesses.touched == []
    return said


@pytest.mark.parametrize(
    ("code", "who"),
    [
        ("open(w['file'], 'a').write('x')", "file"),
        ("open(w['file'] + '.more', 'w')", "directory"),
        ("socket.create_connection(('127.0.0.1', w['tcp']))", "tcp"),
        ("socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', w['udp']))", "udp"),
        ("socket.socket(socket.AF_UNIX).connect(w['unix'])", "unix"),
        ("socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', w['post'])", "post"),
        ("socket.socket(socket.AF_UNIX).connect(chr(0) + w['abstract'])", "abstract"),
        ("os.kill(w['process'], 9)", "process"),
    ],
)
def test_the_witnesses_notice_what_is_done_outside_of_the_sandbox(
    witnesses: Witnesses, code: str, who: str
) -> None:
    subprocess.run([sys.executable, "-c", f"{knowing(witnesses)}\n{code}"], check=True)
    deadline = time.monotonic() + 5
    while who not in witnesses.touched:
        assert time.monotonic() < deadline, witnesses.touched
        time.sleep(0.01)


def test_a_call_in_the_numbers_of_another_machine_ends_the_process(lab: Lab, witnesses: Witnesses) -> None:
    # mov eax, 20 (getpid of i386); int 0x80; ret
    said = lab.python(
        f"{knowing(witnesses)}\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))\n"
        "entry = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "print('GOT', ctypes.CFUNCTYPE(ctypes.c_int)(entry)())"
    )
    assert said.exit_code == 128 + 31  # SIGSYS
    assert "GOT" not in said.text


def test_a_preloaded_library_and_a_bent_path_bend_nothing_outside(lab: Lab, witnesses: Witnesses) -> None:
    (lab.tree / "prlimit").write_text(f"#!/bin/sh\ntouch {witnesses.directory}/ran\n")
    (lab.tree / "prlimit").chmod(0o755)
    finished = lab.run(
        "/bin/sh", "-c", "ulimit -n",
        environment={"LD_PRELOAD": "/repo/evil.so", "PATH": "/repo", "PYTHONPATH": "/repo", "BASH_ENV": "/repo/prlimit",
                     "ENV": "/repo/prlimit", "PYTHONSTARTUP": "/repo/x", "GIT_CONFIG_COUNT": "99"},
    )  # fmt: skip
    assert finished.text.split()[-1] == "1024"
    assert witnesses.touched == []


def test_a_setuid_program_made_inside_belongs_to_nobody_of_weight(lab: Lab) -> None:
    lab.shell("cp /bin/sh shell; chmod 6755 shell")
    made = (lab.tree / "shell").stat()
    assert made.st_uid != 0
    assert made.st_gid != 0


def test_a_stopped_init_and_stopped_children_do_not_outlast_the_wall_limit(
    lab: Lab, host: Host, marker: str
) -> None:
    finished = lab.shell(f"(sleep {marker} & kill -STOP $!); kill -STOP $$", limits=Limits(wall=1))
    assert finished.ended is RunEnd.TIMEOUT
    assert finished.seconds < 4
    assert host.count(marker) == 0


@pytest.mark.parametrize("forged", ['{"exit-code": 0}', "launch: fine", "bwrap: all is well"])
def test_a_command_can_not_forge_how_it_ended(lab: Lab, forged: str) -> None:
    finished = lab.shell(
        f"for n in 3 4 5 6 7 8 9; do echo '{forged}' >&$n; done 2>/dev/null; echo '{forged}' >&2; exit 3"
    )
    assert (finished.exit_code, finished.ended) == (3, RunEnd.EXIT)
