"""The program between the host and bwrap: join the control groups, give up root, die with the host.

Run as a script by its path, with a bare interpreter (`-I -S`), because all of this must happen after fork and in a
process with one thread. It imports no more than it must: each import is paid by every command.

    launch.py wait=FD parent=PID
    launch.py parent=PID status=FD [uid=UID stage=DIRECTORY] [group=DIRECTORY]... [show=PATH | lend=PATH]... -- bwrap ...

Without `uid` the sources of mounts are used where they are. With it the caller is root, and the agent must be nobody:
every source is bound into a tmpfs on `stage`, in a mount namespace that ends with this process and is seen by no
other, so that the unprivileged uid reaches exactly these and nothing needs to be cleaned up. The place of a source in
the argument list is its name on the stage. `lend` marks sources that the command may write to.

With `wait` it starts ahead of time, and hears the rest from a socket: eight bytes with the length of what follows, and
with them open files; then words with NUL bytes between them, of which the first, `files=N,N...`, says under which
numbers the files belong.

What goes wrong is written as one sentence to `status`, and the exit code is 125.
"""

from __future__ import annotations

import _ctypes
import os
import stat
import sys

FAILED = 125
COMPLAINT = "launch: "
MOST_FILES = 64

_PR_SET_PDEATHSIG = 1
_SIGKILL = 9  # to import signal costs a third of this program's time
_CLONE_NEWNS = 0x00020000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_MS_BIND, _MS_REC, _MS_PRIVATE = 1 << 12, 1 << 14, 1 << 18


class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class _Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "l"


class _Function(_ctypes.CFuncPtr):
    """A function of the C library. What Python ships around this takes longer to import than all that is done here."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = _Int


# Nothing names the library that this program has loaded already.
_LIBRARY = _ctypes.dlopen(None, os.RTLD_NOW)  # type: ignore[arg-type]


def _function(name: str) -> _Function:
    return _Function(_ctypes.dlsym(_LIBRARY, name))


class Failed(Exception):
    """Something on the way to bwrap did not work."""


def main(arguments: list[str]) -> None:
    """Turn this process into bwrap."""
    if arguments[0].startswith("wait="):
        arguments = hear(*(int(word.partition("=")[2]) for word in arguments))
    end = arguments.index("--")
    words = [word.partition("=")[::2] for word in arguments[:end]]
    single = dict(words)
    try:
        die_with(int(single["parent"]))
        for key, value in words:
            if key == "group":
                join(value)
        if "uid" in single:
            sources = [(key, value) for key, value in words if key in ("show", "lend")]
            stage(single["stage"], sources)
            become(int(single["uid"]))
            die_with(int(single["parent"]))  # the kernel forgot it with the change of uid
            check_reach(single["stage"], sources)
        os.execv(arguments[end + 1], arguments[end + 1 :])
    except (Failed, OSError) as failed:
        os.write(int(single["status"]), f"{COMPLAINT}{failed}\n".encode(errors="backslashreplace"))
        sys.exit(FAILED)


def hear(channel: int, parent: int) -> list[str]:
    """Wait for the words and the open files of a command; end quietly when there will be none."""
    import _socket
    import fcntl

    try:
        die_with(parent)
    except Failed:
        sys.exit(FAILED)
    host = _socket.socket(fileno=channel)
    head, files, _, _ = host.recvmsg(8, _socket.CMSG_SPACE(4 * MOST_FILES))
    told, size = b"", int.from_bytes(head, "big")
    while len(told) < size:
        piece = host.recv(size - len(told))
        if not piece:
            break
        told += piece
    if len(head) < 8 or len(told) < size:
        sys.exit(FAILED)
    first, *words = told.decode("utf-8", "surrogateescape").split("\0")
    numbers = [int(number) for number in first.removeprefix("files=").split(",")]
    given = [
        int.from_bytes(data[at : at + 4], sys.byteorder)
        for _, _, data in files
        for at in range(0, len(data), 4)
    ]
    # Out of the way of the numbers that they are to have.
    held = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, max(numbers) + 1) for number in given]
    host.close()
    for number in given:
        os.close(number)
    for number, wanted in zip(held, numbers, strict=True):
        os.dup2(number, wanted)
        os.close(number)
    return words


def die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends, also when that happened just now."""
    _call("prctl", _function("prctl")(_PR_SET_PDEATHSIG, *map(_Long, (_SIGKILL, 0, 0, 0))))
    if os.getppid() != parent:
        raise Failed("the host process is gone")


def join(group: str) -> None:
    """Move this process into a control group; what it starts is born there.

    Version 1 lets a process with one thread move that thread, for which the kernel does not stop all others: moving
    whole processes waits until every processor has been through it, some 10 ms.
    """
    try:
        members = os.open(f"{group}/tasks", os.O_WRONLY)
    except FileNotFoundError:
        members = os.open(f"{group}/cgroup.procs", os.O_WRONLY)
    os.write(members, b"0")
    os.close(members)


def stage(place: str, sources: list[tuple[str, str]]) -> None:
    """Bind every source under its number into a fresh tmpfs that only this process sees."""
    _call("enter a private mount namespace", _function("unshare")(_CLONE_NEWNS))
    _mount("keep mounts private", None, "/", None, _MS_REC | _MS_PRIVATE)
    opened = [_open(path, follow=key == "show") for key, path in sources]
    _mount(
        f"mount {place}", "tmpfs", place, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "mode=0711,size=1m"
    )
    for name, source in enumerate(opened):
        target = f"{place}/{name}"
        if stat.S_ISDIR(os.fstat(source).st_mode):
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        _mount(f"show {sources[name][1]}", f"/proc/self/fd/{source}", target, None, _MS_BIND | _MS_REC)
        os.close(source)


def become(uid: int) -> None:
    """Give up root for good: groups, ids and with them every capability."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def check_reach(place: str, sources: list[tuple[str, str]]) -> None:
    """Say which source this uid can't read, which bwrap would not."""
    for name, (_, path) in enumerate(sources):
        staged = f"{place}/{name}"
        needed = os.R_OK | os.X_OK if os.path.isdir(staged) else os.R_OK
        if not os.access(staged, needed):
            mode = stat.S_IMODE(os.stat(staged).st_mode)
            raise Failed(f"uid {os.getuid()} may not read {path}, whose mode is {mode:04o}")


def _open(path: str, *, follow: bool) -> int:
    """Pin a source before anything is mounted over it.

    What a command may write to is never reached through a link: a command that ran before could have planted it.
    """
    source = os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    if stat.S_ISLNK(os.fstat(source).st_mode):
        raise Failed(f"{path} is a symbolic link and was to be writable")
    return source


def _mount(
    what: str, source: str | None, target: str, kind: str | None, flags: int, options: str = ""
) -> None:
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _call(what, _function("mount")(*encoded, _Long(flags), os.fsencode(options)))


def _call(what: str, result: int) -> None:
    if result != 0:
        raise Failed(f"could not {what}: {os.strerror(_ctypes.get_errno())}")


if __name__ == "__main__":
    main(sys.argv[1:])
