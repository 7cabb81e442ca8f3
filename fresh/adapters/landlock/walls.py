"""The walls around one command, put up by the process that becomes it, in the order in which the kernel takes them."""

from __future__ import annotations

import os
import resource
import signal
import stat
from collections.abc import Mapping, Sequence

from fresh.adapters.bwrap.launch import Failed, become, die_with, join
from fresh.adapters.landlock import kernel

Words = Sequence[tuple[str, str]]


def contain(words: Words, guard: int, keep: int) -> Mapping[str, str]:
    """Put this process behind every wall; return the environment of the command. Only `keep` stays open until it runs."""
    told = dict(words)
    uid = int(told["uid"])
    os.setsid()
    die_with(guard)
    for group in values(words, "group"):
        join(group)
    environment = read_environment(int(told["environment"]))
    filter_program = _whole(int(told["filter"]))
    ruleset = write_rules(words)
    for limit in values(words, "limit"):
        kind, soft, hard = map(int, limit.split(":"))
        resource.setrlimit(kind, (soft, hard))
    kernel.drop_bounds()
    become(uid)
    die_with(guard)  # the kernel forgot it with the change of uid
    kernel.drop_capabilities()
    os.umask(0o022)
    check_reach([path for key, path in words if key in ("show", "lend")])
    try:
        os.chdir(told["workdir"])
    except OSError as failed:
        raise Failed(f"could not chdir to {told['workdir']}: {failed.strerror}") from failed
    kernel.forgo()
    kernel.restrict(ruleset)
    for kind in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(kind, signal.SIG_DFL)  # this interpreter ignores them, and programs inherit that
    os.closerange(3, keep)
    os.closerange(keep + 1, max(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1 << 16))
    kernel.load_filter(filter_program)
    return environment


def write_rules(words: Words) -> int:
    """Say what may be read, used and written; everything else is refused."""
    version = kernel.abi()
    ruleset = kernel.make_ruleset(version)
    rights = {
        "show": kernel.READ,
        "try": kernel.READ,
        "own": kernel.READ,
        "use": kernel.USE,
        "lend": kernel.written(version),
    }
    for key, path in words:
        if key not in rights:
            continue
        place = f"/proc/self/{path}" if key == "own" else path
        # What a command may write to is never reached through a link: a command that ran before could have planted it.
        unfollowed = os.O_NOFOLLOW if key == "lend" else 0
        try:
            opened = os.open(place, os.O_PATH | os.O_CLOEXEC | unfollowed)
        except FileNotFoundError:
            if key in ("try", "own", "use"):
                continue
            raise
        mode = os.fstat(opened).st_mode
        if stat.S_ISLNK(mode):
            raise Failed(f"{path} is a symbolic link and was to be writable")
        kernel.allow(ruleset, opened, rights[key], is_directory=stat.S_ISDIR(mode))
        os.close(opened)
    return ruleset


def check_reach(paths: Sequence[str]) -> None:
    """Name what keeps this uid from a source: Landlock gives no right that the files' modes don't."""
    for path in paths:
        parts = os.path.realpath(path).split("/")
        for end in range(2, len(parts) + 1):
            step = "/".join(parts[:end])
            last = end == len(parts)
            passing = os.X_OK if not last or os.path.isdir(step) else 0
            if not os.access(step, passing | (os.R_OK if last else 0)):
                mode = f"whose mode is {stat.S_IMODE(os.stat(step).st_mode):04o}"
                raise Failed(
                    f"uid {os.getuid()} may not read {path}, {'' if last else f'below {step}, '}{mode}"
                )


def read_environment(number: int) -> Mapping[str, str]:
    """Read the variables that the command gets: these and no others."""
    pairs = (pair.partition(b"=") for pair in _whole(number).split(b"\0") if pair)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def values(words: Words, wanted: str) -> list[str]:
    """Pick every value of one key."""
    return [value for key, value in words if key == wanted]


def _whole(number: int) -> bytes:
    with open(number, "rb") as file:
        return file.read()
