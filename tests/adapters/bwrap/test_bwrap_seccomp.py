"""The filter of each machine, asked instruction by instruction what it would say."""

from __future__ import annotations

import errno
import struct
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.adapters.bwrap import seccomp
from fresh.adapters.bwrap.system_calls import AARCH64, X86_64, Machine
from fresh.errors import SandboxUnavailable

I386, ARM = 0x40000003, 0x40000028
ALLOW, KILL = 0x7FFF0000, 0x80000000
ABSENT = {"clone3": 435, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427}
# ausyscall(8) --dump of both machines: clone, ioctl, socket, socketpair
SPECIAL = {"x86_64": (56, 16, 41, 53), "aarch64": (220, 29, 198, 199)}
# The same source, for the calls that would hurt most.
WANTED = {
    "x86_64": {
        "ptrace": 101, "bpf": 321, "keyctl": 250, "unshare": 272, "setns": 308, "mount": 165, "userfaultfd": 323,
        "perf_event_open": 298, "process_vm_writev": 311, "open_by_handle_at": 304, "chroot": 161, "pidfd_getfd": 438,
        "kexec_load": 246, "init_module": 175, "finit_module": 313, "move_mount": 429, "open_tree": 428,
    },
    "aarch64": {
        "ptrace": 117, "bpf": 280, "keyctl": 219, "unshare": 97, "setns": 268, "mount": 40, "userfaultfd": 282,
        "perf_event_open": 241, "process_vm_writev": 271, "open_by_handle_at": 265, "chroot": 51, "pidfd_getfd": 438,
        "kexec_load": 104, "init_module": 105, "finit_module": 273, "move_mount": 429, "open_tree": 428,
    },
}  # fmt: skip

both = pytest.mark.parametrize("machine", [X86_64, AARCH64], ids=lambda machine: machine.name)


def refuse(number: int) -> int:
    return 0x00050000 | number


@cache
def steps_for(name: str) -> list[tuple[int, int, int, int]]:
    program = seccomp.program(name)
    return [struct.unpack("HBBI", program[at : at + 8]) for at in range(0, len(program), 8)]


def judge(machine: Machine, number: int, first: int = 0, second: int = 0, audit: int | None = None) -> int:
    """Run the program as the kernel's classic BPF would, on one `struct seccomp_data`."""
    spoken = machine.audit if audit is None else audit
    return judge_steps(steps_for(machine.name), spoken, number, first, second)


def judge_steps(
    steps: list[tuple[int, int, int, int]], spoken: int, number: int, first: int, second: int
) -> int:
    """Run any program like that."""
    call = struct.pack("<IIQQQ", number & 0xFFFFFFFF, spoken, 0, first, second)
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


@both
def test_what_only_administrators_and_debuggers_need_is_refused(machine):
    for name, number in machine.refused.items():
        assert judge(machine, number) == refuse(errno.EPERM), name


@both
def test_the_most_wanted_are_refused_under_their_own_numbers(machine):
    for name, number in WANTED[machine.name].items():
        assert machine.refused[name] == number
        assert judge(machine, number) == refuse(errno.EPERM)


def test_both_machines_refuse_the_same_calls_but_for_those_that_only_one_has():
    assert set(X86_64.refused) - set(AARCH64.refused) == {"ioperm", "iopl", "modify_ldt"}
    assert not set(AARCH64.refused) - set(X86_64.refused)


@both
@pytest.mark.parametrize("number", ABSENT.values())
def test_what_libraries_can_do_without_does_not_exist(machine, number):
    assert judge(machine, number) == refuse(errno.ENOSYS)


@both
def test_every_other_call_is_allowed(machine):
    listed = {*machine.refused.values(), *ABSENT.values(), *SPECIAL[machine.name]}
    assert {judge(machine, number) for number in range(470) if number not in listed} == {ALLOW}


@both
@given(family=st.integers(0, 2**32 - 1))
def test_only_local_and_internet_sockets_can_be_made(machine, family):
    _, _, socket, pair = SPECIAL[machine.name]
    expected = ALLOW if family in (1, 2, 10) else refuse(errno.EAFNOSUPPORT)
    assert judge(machine, socket, family) == judge(machine, pair, family) == expected


@both
@given(flags=st.integers(0, 2**64 - 1))
def test_clone_makes_processes_and_threads_but_no_namespaces(machine, flags):
    namespaces = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
    expected = refuse(errno.EPERM) if any(flags & one for one in namespaces) else ALLOW
    assert judge(machine, SPECIAL[machine.name][0], flags) == expected


@both
def test_the_flags_of_fork_and_of_threads_are_allowed(machine):
    clone = SPECIAL[machine.name][0]
    assert judge(machine, clone, 0x01200011) == ALLOW
    assert judge(machine, clone, 0x003D0F00) == ALLOW


@both
@given(request_number=st.integers(0, 2**32 - 1))
def test_ioctl_works_but_for_typing_into_a_terminal(machine, request_number):
    expected = refuse(errno.EPERM) if request_number in (0x5412, 0x541C) else ALLOW
    assert judge(machine, SPECIAL[machine.name][1], 0, request_number) == expected


@both
@pytest.mark.parametrize("high", [0, 1 << 32, 0xFFFFFFFF << 32])
@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_bits_that_the_kernel_ignores_do_not_hide_an_ioctl(machine, request_number, high):
    assert judge(machine, SPECIAL[machine.name][1], 0, request_number | high) == refuse(errno.EPERM)


@both
@given(number=st.integers(0, 2**32 - 1))
def test_calls_in_another_machines_numbers_end_the_process(machine, number):
    for audit in {I386, ARM, X86_64.audit, AARCH64.audit} - {machine.audit}:
        assert judge(machine, number, audit=audit) == KILL


@given(st.integers(0x40000000, 2**32 - 1))
def test_calls_in_x32_numbers_do_not_exist(number):
    assert judge(X86_64, number) == refuse(errno.ENOSYS)


@both
def test_a_filter_is_as_short_as_the_kernel_takes_and_every_jump_stays_inside(machine):
    steps = steps_for(machine.name)
    assert len(steps) <= 4096
    for place, (code, yes, no, _) in enumerate(steps):
        if code in (0x15, 0x35, 0x45):
            assert place + 1 + max(yes, no) < len(steps)
    assert steps[-1][0] == 0x06


@pytest.mark.parametrize("name", ["riscv64", "aarch64_be", "armv7l", "i686", ""])
def test_other_machines_are_refused_by_name(name):
    with pytest.raises(SandboxUnavailable, match=name or "unnamed"):
        seccomp.program(name)
