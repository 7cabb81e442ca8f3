"""What is asked of the kernel without a program that could ask for us: landlock(7), capabilities(7), seccomp(2).

Each restricts the calling thread for good, and what it starts. Loaded by the guard too, so nothing but the standard
library is imported here. Everything raises OSError, which says what was tried.
"""

from __future__ import annotations

import ctypes
import os
import struct

LEAST = 4
"""The ABI of Linux 6.7, the first that refuses TCP."""
SCOPES = 6
"""The ABI of Linux 6.12, the first that keeps signals inside."""

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # on every machine
_VERSION = 1
_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_BLOCK = 1 << 6, 1 << 11
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
USE = READ_FILE | WRITE_FILE
"""For devices like /dev/null."""
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE
_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_CAP_AMBIENT = 24, 38, 22, 47
_FILTER, _CLEAR_ALL = 2, 4
_CAPABILITY_VERSION = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """Say which version of Landlock this kernel has; 0 when it has none, or was started without it."""
    return max(int(_libc.syscall(_CREATE, None, 0, _VERSION)), 0)


def handled(version: int) -> int:
    """Name every right over files that this version knows: what no rule grants is refused."""
    return (1 << (16 if version >= 5 else 15)) - 1


def written(version: int) -> int:
    """Name the rights of a place that is written to: all but making devices and talking to them."""
    return handled(version) & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEV)


def make_ruleset(version: int) -> int:
    """Begin a set of rules that allows nothing; return its open file."""
    attributes = struct.pack("=QQQ", handled(version), _TCP, _ABSTRACT_SOCKETS_AND_SIGNALS)
    known = attributes if version >= SCOPES else attributes[:16]
    buffer = ctypes.create_string_buffer(known, len(known))
    return _checked("make a Landlock ruleset", _libc.syscall(_CREATE, buffer, len(known), 0))


def allow(ruleset: int, place: int, rights: int, *, is_directory: bool) -> None:
    """Grant rights over what the open file `place` is, and over all below it."""
    granted = rights if is_directory else rights & _OF_FILES
    rule = ctypes.create_string_buffer(struct.pack("=Qi", granted, place), 12)
    _checked("add a Landlock rule", _libc.syscall(_ADD, ruleset, _BENEATH, rule, 0))


def restrict(ruleset: int) -> None:
    """Live by the rules from now on; `forgo` must have been called."""
    _checked("live by Landlock rules", _libc.syscall(_RESTRICT, ruleset, 0))


def outlive_parent() -> None:
    """Don't die with the parent any more."""
    _prctl("outlive the host", _PR_SET_PDEATHSIG, 0)


def adopt_orphans() -> None:
    """Become the parent of every process below this one whose own parent ends."""
    _prctl("adopt orphans", _PR_SET_CHILD_SUBREAPER, 1)


def forgo() -> None:
    """Never get new privileges, by no program whatsoever."""
    _prctl("give up new privileges", _PR_SET_NO_NEW_PRIVS, 1)


def drop_bounds() -> None:
    """Take every capability out of the bounding set, as only root can."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, *map(ctypes.c_ulong, (capability, 0, 0, 0))) != 0:
            return  # this kernel has no more


def drop_capabilities() -> None:
    """Empty all other sets."""
    _prctl("clear ambient capabilities", _PR_CAP_AMBIENT, _CLEAR_ALL)
    head = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0), 8)
    _checked("drop capabilities", _libc.capset(head, ctypes.create_string_buffer(24)))


def load_filter(program: bytes) -> None:
    """Load a system call filter."""
    steps = ctypes.create_string_buffer(program, len(program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(steps)))
    _prctl("load a seccomp filter", _PR_SET_SECCOMP, _FILTER, ctypes.addressof(head))


def _prctl(what: str, option: int, first: int, second: int = 0) -> None:
    _checked(what, _libc.prctl(option, *map(ctypes.c_ulong, (first, second, 0, 0))))


def _checked(what: str, result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"could not {what}: {os.strerror(number)}")
    return result
