"""The question that proves the sandbox: what the kernel says about a command, and whether it gets out."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fresh.errors import SandboxUnavailable
from fresh.ports import Command, Finished, Limits

# Everybody may read the one and write to the other; only Landlock keeps a command from it.
READABLE = Path("/etc/passwd")
WRITABLE = Path("/dev/shm")
CONTAINED = {
    **dict.fromkeys(("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"), "0" * 16),
    "NoNewPrivs": "1",
    "Seccomp": "2",
}
# The shell reads its own status: it is the only process whose place in /proc it is shown.
_SCRIPT = """while read -r line; do printf '%s\\n' "$line"; done < /proc/self/status
if (: < "$1") 2>/dev/null; then echo "escaped:	reads $1"; fi
if (: > "$2") 2>/dev/null; then echo "escaped:	writes $2"; fi
echo "asked:	all"
"""


@contextmanager
def inquiry() -> Iterator[Command]:
    """Make the command; what it could leave on the host, should nothing hold it, is removed."""
    canary = WRITABLE / f"fresh-canary-{uuid.uuid4().hex}"
    try:
        yield Command(
            ("/bin/sh", "-c", _SCRIPT, "sh", str(READABLE), str(canary)), "/", limits=Limits(wall=30.0)
        )
    finally:
        canary.unlink(missing_ok=True)


def judge_answer(finished: Finished) -> None:
    """Raise SandboxUnavailable unless everything was answered as it is inside."""
    answers = dict(line.split(":\t", 1) for line in finished.text.splitlines() if ":\t" in line)
    for key, expected in {**CONTAINED, "asked": "all"}.items():
        if answers.get(key) != expected:
            raise SandboxUnavailable(
                f"The sandbox started but does not contain: {key} is {answers.get(key)!r}, not {expected!r}.",
                hint="Use the stronger form: unset FRESH_SANDBOX",
            )
    if "escaped" in answers:
        raise SandboxUnavailable(
            f"The sandbox started but does not contain: a command in it {answers['escaped']}.",
            hint="See whether the kernel was started with Landlock: cat /sys/kernel/security/lsm",
        )
