"""The system call filter of the sandbox: classic BPF, assembled here, loaded by bwrap.

Namespaces alone leave holes: a network namespace does not stop AF_VSOCK, and every system call that only
administrators or debuggers need is kernel surface. Refused calls get an error, never a signal, so that programs
which merely try them (libc, pytest, CPython) fall back and go on.
"""

from __future__ import annotations

import platform
import struct
from errno import EAFNOSUPPORT, ENOSYS, EPERM
from socket import AF_INET, AF_INET6, AF_UNIX

from fresh.errors import SandboxUnavailable

MACHINE = "x86_64"
FAMILIES = (AF_UNIX, AF_INET, AF_INET6)

# Numbers of arch/x86/entry/syscalls/syscall_64.tbl
REFUSED = {
    "acct": 163,
    "add_key": 248,
    "adjtimex": 159,
    "bpf": 321,
    "chroot": 161,
    "clock_adjtime": 305,
    "clock_settime": 227,
    "delete_module": 176,
    "fanotify_init": 300,
    "finit_module": 313,
    "fsconfig": 431,
    "fsmount": 432,
    "fsopen": 430,
    "fspick": 433,
    "init_module": 175,
    "ioperm": 173,
    "iopl": 172,
    "kcmp": 312,
    "kexec_file_load": 320,
    "kexec_load": 246,
    "keyctl": 250,
    "lookup_dcookie": 212,
    "modify_ldt": 154,
    "mount": 165,
    "mount_setattr": 442,
    "move_mount": 429,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "open_tree": 428,
    "open_tree_attr": 467,
    "perf_event_open": 298,
    "personality": 135,
    "pidfd_getfd": 438,
    "pivot_root": 155,
    "process_madvise": 440,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "ptrace": 101,
    "quotactl": 179,
    "quotactl_fd": 443,
    "reboot": 169,
    "request_key": 249,
    "setdomainname": 171,
    "sethostname": 170,
    "setns": 308,
    "settimeofday": 164,
    "swapoff": 168,
    "swapon": 167,
    "syslog": 103,
    "umount2": 166,
    "unshare": 272,
    "userfaultfd": 323,
    "vhangup": 153,
}

# libc and runtimes fall back only on ENOSYS. clone3 keeps its flags in memory, where no filter can read them.
ABSENT = {"clone3": 435, "io_uring_enter": 426, "io_uring_register": 427, "io_uring_setup": 425}

CLONE, IOCTL, SOCKET, SOCKETPAIR = 56, 16, 41, 53
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# Both put characters into a terminal's input, as if its owner had typed them.
TERMINAL_INPUT = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}

AUDIT_ARCH_X86_64 = 0xC000003E
X32_BIT = 0x40000000

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Offsets in struct seccomp_data. Of the arguments only the low halves are read: all the kernel looks at here.
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24

Instruction = tuple[int, int, int, int]


def program() -> bytes:
    """Assemble the filter as an array of `struct sock_filter`.

    Raises SandboxUnavailable on machines whose system call numbers are not in the table.
    """
    if platform.machine() != MACHINE:
        raise SandboxUnavailable(
            f"The sandbox has a system call table for {MACHINE} only, and this machine is {platform.machine()}.",
            hint=f"Run Fresh on a {MACHINE} machine.",
        )
    return b"".join(struct.pack("HBBI", *instruction) for instruction in _instructions())


def _instructions() -> list[Instruction]:
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        *_unless(AUDIT_ARCH_X86_64, [_give(KILL_PROCESS)]),
        (LOAD, 0, 0, NUMBER),
        (JUMP_GREATER_EQUAL, 0, 1, X32_BIT),
        _give(ERRNO | ENOSYS),
        *(step for number in REFUSED.values() for step in _when((number,), [_give(ERRNO | EPERM)])),
        *(step for number in ABSENT.values() for step in _when((number,), [_give(ERRNO | ENOSYS)])),
        *_when((CLONE,), _clone()),
        *_when((IOCTL,), _ioctl()),
        *_when((SOCKET, SOCKETPAIR), _socket()),
        _give(ALLOW),
    ]


def _clone() -> list[Instruction]:
    return [
        (LOAD, 0, 0, FIRST),
        (JUMP_SET, 0, 1, NAMESPACES),
        _give(ERRNO | EPERM),
        _give(ALLOW),
    ]


def _ioctl() -> list[Instruction]:
    return [
        (LOAD, 0, 0, SECOND),
        *_when(tuple(TERMINAL_INPUT.values()), [_give(ERRNO | EPERM)]),
        _give(ALLOW),
    ]


def _socket() -> list[Instruction]:
    return [
        (LOAD, 0, 0, FIRST),
        *_when(tuple(int(family) for family in FAMILIES), [_give(ALLOW)]),
        _give(ERRNO | EAFNOSUPPORT),
    ]


def _give(action: int) -> Instruction:
    return (RETURN, 0, 0, action)


def _when(values: tuple[int, ...], body: list[Instruction]) -> list[Instruction]:
    """Enter `body` when the accumulator is one of `values`, else skip it."""
    last = len(values) - 1
    tests = [
        (JUMP_EQUAL, last - place, len(body) if place == last else 0, value)
        for place, value in enumerate(values)
    ]
    return [*tests, *body]


def _unless(value: int, body: list[Instruction]) -> list[Instruction]:
    return [(JUMP_EQUAL, len(body), 0, value), *body]
