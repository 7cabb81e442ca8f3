"""The system call filter of the sandbox: classic BPF, assembled here, loaded by whatever starts a command.

Namespaces alone leave holes: a network namespace does not stop AF_VSOCK, and every system call that only
administrators or debuggers need is kernel surface. Refused calls get an error, never a signal, so that programs
which merely try them (libc, pytest, CPython) fall back and go on.
"""

from __future__ import annotations

import platform
import struct
from errno import EAFNOSUPPORT, ENOSYS, EPERM
from socket import AF_INET, AF_INET6, AF_UNIX, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM

from fresh.adapters.bwrap.system_calls import ABSENT, MACHINES, Machine
from fresh.errors import SandboxUnavailable

FAMILIES = (AF_UNIX, AF_INET, AF_INET6)
# Pairs that can't be turned to anybody else: one of datagrams could still send to every address.
PAIRS = tuple(
    kind | close | block
    for kind in (int(SOCK_STREAM), int(SOCK_SEQPACKET))
    for close in (0, int(SOCK_CLOEXEC))
    for block in (0, int(SOCK_NONBLOCK))
)
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# Both put characters into a terminal's input, as if its owner had typed them.
TERMINAL_INPUT = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C}

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# Offsets in struct seccomp_data. Of the arguments only the low halves are read: all the kernel looks at here.
NUMBER, ARCHITECTURE, FIRST, SECOND = 0, 4, 16, 24

Instruction = tuple[int, int, int, int]


def program(machine: str | None = None, *, sharing: bool = False) -> bytes:
    """Assemble the filter for this machine, or the named one, as an array of `struct sock_filter`.

    `sharing` says that the command is in the host's own namespaces, where it may reach neither sockets nor memory,
    queues, limits and priorities that are not its own. Raises SandboxUnavailable for machines whose system call numbers are in no table.
    """
    name = platform.machine() if machine is None else machine
    if name not in MACHINES:
        known = " and ".join(MACHINES)
        raise SandboxUnavailable(
            f"The sandbox has system call tables for {known}, and this machine is {name or 'unnamed'}.",
            hint=f"Run Fresh on one of these: {known}.",
        )
    return b"".join(
        struct.pack("HBBI", *instruction) for instruction in _instructions(MACHINES[name], sharing)
    )


def _instructions(machine: Machine, sharing: bool) -> list[Instruction]:
    foreign = []
    if machine.first_foreign is not None:
        foreign = [(JUMP_GREATER_EQUAL, 0, 1, machine.first_foreign), _give(ERRNO | ENOSYS)]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        *_unless(machine.audit, [_give(KILL_PROCESS)]),
        (LOAD, 0, 0, NUMBER),
        *foreign,
        *(step for number in machine.refused.values() for step in _when((number,), [_give(ERRNO | EPERM)])),
        *(step for number in ABSENT.values() for step in _when((number,), [_give(ERRNO | ENOSYS)])),
        *_when((machine.clone,), _clone()),
        *_when((machine.ioctl,), _ioctl()),
        *(_apart(machine) if sharing else _when((machine.socket, machine.socketpair), _socket())),
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


def _apart(machine: Machine) -> list[Instruction]:
    """Keep a command away from what namespaces would have hidden from it."""
    here = [(LOAD, 0, 0, FIRST), *_when((0,), [_give(ALLOW)]), _give(ERRNO | EPERM)]
    itself = [(LOAD, 0, 0, FIRST), *_unless(0, [_give(ERRNO | EPERM)]), (LOAD, 0, 0, SECOND), *here[1:]]
    pair = [
        (LOAD, 0, 0, FIRST),
        *_unless(int(AF_UNIX), [_give(ERRNO | EAFNOSUPPORT)]),
        (LOAD, 0, 0, SECOND),
        *_when(PAIRS, [_give(ALLOW)]),
        _give(ERRNO | EAFNOSUPPORT),
    ]
    return [
        *(step for number in machine.sharing.values() for step in _when((number,), [_give(ERRNO | EPERM)])),
        *(step for number in machine.own.values() for step in _when((number,), here)),
        *_when((machine.setpriority,), itself),
        *_when((machine.socket,), [_give(ERRNO | EAFNOSUPPORT)]),
        *_when((machine.socketpair,), pair),
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
