"""Numbers of system calls that matter to the filter, for each machine that it knows.

x86_64: the kernel's arch/x86/entry/syscalls/syscall_64.tbl; aarch64: include/uapi/asm-generic/unistd.h, which arm64
uses as it is. From 424 on all machines share their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Only administrators and debuggers need them.
_REFUSED_EVERYWHERE = {
    "fsconfig": 431,
    "fsmount": 432,
    "fsopen": 430,
    "fspick": 433,
    "mount_setattr": 442,
    "move_mount": 429,
    "open_tree": 428,
    "open_tree_attr": 467,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "quotactl_fd": 443,
}
# libc and runtimes fall back only on ENOSYS. clone3 keeps its flags in memory, where no filter can read them.
ABSENT = {"clone3": 435, "io_uring_enter": 426, "io_uring_register": 427, "io_uring_setup": 425}


@dataclass(frozen=True)
class Machine:
    """One kind of processor, by the name that the kernel gives it; `audit` is its AUDIT_ARCH_*.

    `sharing` is refused besides, and `own` on other processes than the caller, where a command shares the host's
    namespaces: Landlock covers neither System V's and POSIX's queues, semaphores and memory, nor limits and scheduling.
    `first_foreign` is the lowest number that belongs to another ABI under the same `audit`, where there is one.
    """

    name: str
    audit: int
    refused: Mapping[str, int]
    clone: int
    ioctl: int
    socket: int
    socketpair: int
    setpriority: int
    sharing: Mapping[str, int]
    own: Mapping[str, int]
    first_foreign: int | None = None


X86_64 = Machine(
    name="x86_64",
    audit=0xC000003E,
    clone=56,
    ioctl=16,
    socket=41,
    socketpair=53,
    setpriority=141,
    sharing={
        "ioprio_set": 251,
        "mq_open": 240,
        "mq_unlink": 241,
        "msgctl": 71,
        "msgget": 68,
        "msgrcv": 70,
        "msgsnd": 69,
        "semctl": 66,
        "semget": 64,
        "semop": 65,
        "semtimedop": 220,
        "shmat": 30,
        "shmctl": 31,
        "shmget": 29,
    },
    own={
        "prlimit64": 302,
        "sched_setaffinity": 203,
        "sched_setattr": 314,
        "sched_setparam": 142,
        "sched_setscheduler": 144,
    },
    first_foreign=0x40000000,  # x32
    refused={
        **_REFUSED_EVERYWHERE,
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
        "name_to_handle_at": 303,
        "open_by_handle_at": 304,
        "perf_event_open": 298,
        "personality": 135,
        "pivot_root": 155,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "ptrace": 101,
        "quotactl": 179,
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
    },
)

AARCH64 = Machine(
    name="aarch64",
    audit=0xC00000B7,
    clone=220,
    ioctl=29,
    socket=198,
    socketpair=199,
    setpriority=140,
    sharing={
        "ioprio_set": 30,
        "mq_open": 180,
        "mq_unlink": 181,
        "msgctl": 187,
        "msgget": 186,
        "msgrcv": 188,
        "msgsnd": 189,
        "semctl": 191,
        "semget": 190,
        "semop": 193,
        "semtimedop": 192,
        "shmat": 196,
        "shmctl": 195,
        "shmget": 194,
    },
    own={
        "prlimit64": 261,
        "sched_setaffinity": 122,
        "sched_setattr": 274,
        "sched_setparam": 118,
        "sched_setscheduler": 119,
    },
    refused={
        **_REFUSED_EVERYWHERE,
        "acct": 89,
        "add_key": 217,
        "adjtimex": 171,
        "bpf": 280,
        "chroot": 51,
        "clock_adjtime": 266,
        "clock_settime": 112,
        "delete_module": 106,
        "fanotify_init": 262,
        "finit_module": 273,
        "init_module": 105,
        "kcmp": 272,
        "kexec_file_load": 294,
        "kexec_load": 104,
        "keyctl": 219,
        "lookup_dcookie": 18,
        "mount": 40,
        "name_to_handle_at": 264,
        "open_by_handle_at": 265,
        "perf_event_open": 241,
        "personality": 92,
        "pivot_root": 41,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "ptrace": 117,
        "quotactl": 60,
        "reboot": 142,
        "request_key": 218,
        "setdomainname": 162,
        "sethostname": 161,
        "setns": 268,
        "settimeofday": 170,
        "swapoff": 225,
        "swapon": 224,
        "syslog": 116,
        "umount2": 39,
        "unshare": 97,
        "userfaultfd": 282,
        "vhangup": 58,
    },
)

MACHINES = {machine.name: machine for machine in (X86_64, AARCH64)}
