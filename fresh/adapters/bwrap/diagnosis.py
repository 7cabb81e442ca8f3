"""What bwrap and the launcher complain about, and what people can do about it."""

from __future__ import annotations

from fresh.errors import SandboxUnavailable

INSTALL = "Install it: apt-get install bubblewrap"
ORDINARY_USER = (
    "Start Fresh as an ordinary user (USER in the container image, User= in the service unit, "
    "or setpriv --reuid UID --regid GID --clear-groups), or give the container CAP_SYS_ADMIN."
)
NAMESPACES = (
    "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0; "
    "in a container use a seccomp profile that permits them."
)
DELEGATE = "Delegate the control group (systemd: Delegate=memory pids cpu), or mount it read-only."
# (part of the complaint, what to do); the first that fits counts
FIXES = (
    (
        "RTM_NEWADDR",
        "AppArmor restricts user namespaces: install an AppArmor profile for bwrap, "
        "or set sysctl kernel.apparmor_restrict_unprivileged_userns=0.",
    ),
    ("No permissions to create", NAMESPACES),
    ("Creating new namespace failed", NAMESPACES),
    ("setting up uid map", NAMESPACES),
    (
        "Failed to make / slave",
        "The container forbids changes of mount propagation: allow them, or run outside it.",
    ),
    (
        "Can't mount proc",
        "The container covers parts of /proc: start it with --security-opt systempaths=unconfined, or run outside it.",
    ),
    ("Unknown option", "bubblewrap is too old: 0.8 or newer is needed."),
    ("setuid", "Remove the setuid bit of bwrap; the sandbox uses user namespaces: chmod u-s /usr/bin/bwrap"),
    ("private mount namespace", ORDINARY_USER),
    ("keep mounts private", ORDINARY_USER),
    (
        "may not read",
        "Make it readable for everyone (chmod -R o+rX), or start Fresh as the user who owns it.",
    ),
    ("cgroup.procs", DELEGATE),
    ("/tasks", DELEGATE),
    ("prlimit", "Install util-linux, which has prlimit."),
)


def explain(complaint: str) -> SandboxUnavailable:
    """Turn what was printed before the command could start into a refusal with its fix."""
    said = " ".join(complaint.split())[-300:] or "it ended without a word"
    hint = next((fix for part, fix in FIXES if part in complaint), "See: fresh doctor")
    return SandboxUnavailable(f"The sandbox could not start: {said}.", hint=hint)
