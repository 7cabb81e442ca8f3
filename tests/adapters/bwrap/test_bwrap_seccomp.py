"""The filter, asked instruction by instruction what it would say."""

from __future__ import annotations

import errno
import platform
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.adapters.bwrap import seccomp
from fresh.errors import SandboxUnavailable

X86_64, I386, AARCH64 = 0xC000003E, 0x40000003, 0xC00000B7
ALLOW, KILL = 0x7FFF0000, 0x80000000
CLONE, IOCTL, SOCKET, SOCKETPAIR = 56, 16, 41, 53
SPECIAL = {CLONE, IOCTL, SOCKET, SOCKETPAIR}

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="there is no filter for this machine")


def refuse(number: int) -> int:
    return 0x00050000 | number


def judge(number: int, first: int = 0, second: int = 0, machine: int = X86_64) -> int:
    """Run the program as the kernel's classic BPF would, on one `struct seccomp_data`."""
    call = struct.pack("<IIQQQ", number & 0xFFFFFFFF, machine, 0, first, second)
    program = seccomp.program()
    steps = [struct.unpack("HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]
    place = accumulator = 0
    while True:
        code, yes, no, operand = steps[place]
        place += 1
        if code == 0x20:
            accumulator = struct.unpack_from("<I", call, operand)[0]
        elif code == 0x06:
            return operand
        else:
            taken = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: accumulator & operand}[
                code
            ]
            place += yes if taken else no


@pytest.mark.parametrize("name", sorted(seccomp.REFUSED))
def test_what_only_administrators_and_debuggers_need_is_refused(name):
    assert judge(seccomp.REFUSED[name]) == refuse(errno.EPERM)


@pytest.mark.parametrize(
    "name", ["ptrace", "bpf", "keyctl", "unshare", "setns", "mount", "userfaultfd", "perf_event_open"]
)
def test_the_most_wanted_are_on_the_list(name):
    assert name in seccomp.REFUSED


@pytest.mark.parametrize("number", [435, 425, 426, 427])
def test_what_libraries_can_do_without_does_not_exist(number):
    assert judge(number) == refuse(errno.ENOSYS)


def test_every_other_call_is_allowed():
    listed = {*seccomp.REFUSED.values(), *seccomp.ABSENT.values(), *SPECIAL}
    assert {judge(number) for number in range(470) if number not in listed} == {ALLOW}


@given(st.integers(0, 2**32 - 1))
def test_only_local_and_internet_sockets_can_be_made(family):
    expected = ALLOW if family in (1, 2, 10) else refuse(errno.EAFNOSUPPORT)
    assert judge(SOCKET, family) == judge(SOCKETPAIR, family) == expected


@given(st.integers(0, 2**64 - 1))
def test_clone_makes_processes_and_threads_but_no_namespaces(flags):
    namespaces = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
    expected = refuse(errno.EPERM) if any(flags & one for one in namespaces) else ALLOW
    assert judge(CLONE, flags) == expected


def test_the_flags_of_fork_and_of_threads_are_allowed():
    assert judge(CLONE, 0x01200011) == ALLOW
    assert judge(CLONE, 0x003D0F00) == ALLOW


@given(st.integers(0, 2**32 - 1))
def test_ioctl_works_but_for_typing_into_a_terminal(request_number):
    expected = refuse(errno.EPERM) if request_number in (0x5412, 0x541C) else ALLOW
    assert judge(IOCTL, 0, request_number) == expected


@pytest.mark.parametrize("high", [0, 1 << 32, 0xFFFFFFFF << 32])
@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_bits_that_the_kernel_ignores_do_not_hide_an_ioctl(request_number, high):
    assert judge(IOCTL, 0, request_number | high) == refuse(errno.EPERM)


@given(st.integers(0, 2**32 - 1), st.sampled_from([I386, AARCH64]))
def test_calls_in_another_machines_numbers_end_the_process(number, machine):
    assert judge(number, machine=machine) == KILL


@given(st.integers(0x40000000, 2**32 - 1))
def test_calls_in_x32_numbers_do_not_exist(number):
    assert judge(number) == refuse(errno.ENOSYS)


def test_other_machines_are_refused_by_name(monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(SandboxUnavailable, match="aarch64"):
        seccomp.program()
