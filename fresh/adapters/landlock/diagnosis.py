"""What the kernel and the guard complain about in this form, and what people can do about it."""

from __future__ import annotations

from fresh.adapters.bwrap.hierarchies import WANTED, Hierarchy
from fresh.adapters.landlock import kernel
from fresh.errors import SandboxUnavailable

BWRAP = "use the stronger form: unset FRESH_SANDBOX and apt-get install bubblewrap"
SLOW = "See whether the machine is overloaded."
REACH = (
    "Put the repository's state (FRESH_HOME) and its Python where every user may enter, "
    "and make them readable: chmod -R o+rX"
)
FIXES = (
    ("may not read", REACH),
    ("cgroup.procs", "Let Fresh write to its control groups (systemd: Delegate=memory pids cpu)."),
    ("/tasks", "Let Fresh write to its control groups (systemd: Delegate=memory pids cpu)."),
    ("Landlock", f"Start the kernel with Landlock (lsm=landlock,...), or {BWRAP}"),
)


def explain(complaint: str) -> SandboxUnavailable:
    """Turn what was said before the command could start into a refusal with its fix."""
    said = " ".join(complaint.split())[-300:] or "it ended without a word"
    hint = next((fix for part, fix in FIXES if part in complaint), "See: fresh doctor")
    return SandboxUnavailable(f"The sandbox could not start: {said}.", hint=hint)


def demand_kernel(version: int) -> None:
    """Raise SandboxUnavailable where Landlock is missing or too old."""
    if version >= kernel.LEAST:
        return
    found = f"this kernel has ABI {version}" if version else "this kernel has none, or was started without it"
    raise SandboxUnavailable(
        f"FRESH_SANDBOX=landlock needs Landlock ABI {kernel.LEAST} or newer, and {found}.",
        hint=f"Use Linux 6.7 or newer with landlock in lsm=, or {BWRAP}",
    )


def demand_groups(hierarchy: Hierarchy) -> None:
    """Raise SandboxUnavailable where no group could end and limit a command as a whole."""
    absent = [controller for controller in WANTED if controller not in hierarchy.homes]
    if absent:
        raise SandboxUnavailable(
            f"FRESH_SANDBOX=landlock needs control groups for {' and '.join(absent)}: "
            f"nothing else could end all that a command starts.",
            hint="Delegate them (systemd: Delegate=memory pids cpu; docker: mount /sys/fs/cgroup writable), "
            f"or {BWRAP}",
        )


def demand_root(uid: int, euid: int) -> None:
    """Raise SandboxUnavailable where commands would own what the host owns."""
    if euid != 0:
        raise SandboxUnavailable(
            f"FRESH_SANDBOX=landlock gives commands a uid of their own, which only root can, and this is uid {euid}: "
            "Landlock does not keep a command from changing the modes of its own uid's files.",
            hint=f"Start Fresh as root, or {BWRAP}",
        )
    if uid <= 0:
        raise SandboxUnavailable(
            f"Untrusted commands must not run as uid {uid}.", hint="Use another one, for example 65533."
        )
