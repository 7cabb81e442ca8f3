"""Which names and links may be committed: pure rules over bytes, as git and other file systems read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fresh.errors import Refusal

MOST_HOPS = 40

# What HFS+ ignores when it compares names; git's utf8.c, next_hfs_char().
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_SHORT_NAME = re.compile(r"git~\d+")
_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")


def demand_plain(name: str) -> str:
    """Return a name that is safe as a directory and as a ref. Raises Refusal."""
    if not _PLAIN.fullmatch(name) or ".." in name or name.endswith(".lock"):
        raise Refusal(
            f"{name!r} can't name a tree.",
            hint="Use up to 100 letters, digits, dots, dashes and underscores.",
        )
    return name


def reads_as_git(name: bytes) -> bool:
    """Say whether some file system takes this name for `.git`: by case, trailing dots and blanks, streams, short names."""
    text = _IGNORED_BY_HFS.sub("", name.decode("utf-8", "replace")).casefold()
    text = text.partition(":")[0].rstrip(" .")
    return text == ".git" or _SHORT_NAME.fullmatch(text) is not None


def flaw(name: bytes) -> str | None:
    """Say what is wrong with a file's name, or None."""
    try:
        text = name.decode("utf-8")
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    if any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text):
        return "its name holds control characters"
    return None


def leaves(path: bytes, links: Mapping[bytes, bytes]) -> bool:
    """Say whether following a symbolic link leaves the tree, enters `.git`, or never ends.

    `links` maps every link of the tree to its target, because a harmless link may lead through another one.
    """
    standing = path.split(b"/")[:-1]
    ahead = links[path].split(b"/")
    if links[path].startswith(b"/"):
        return True
    hops = 0
    while ahead:
        step = ahead.pop(0)
        if step in (b"", b"."):
            continue
        if step == b"..":
            if not standing:
                return True
            standing.pop()
            continue
        standing.append(step)
        target = links.get(b"/".join(standing))
        if target is not None:
            hops += 1
            if hops > MOST_HOPS or target.startswith(b"/"):
                return True
            standing.pop()
            ahead = target.split(b"/") + ahead
        elif len(standing) == 1 and reads_as_git(step):
            return True
    return False


def show(path: bytes) -> str:
    """Write a path so that it fits into JSON and on a screen; bytes that are no UTF-8 are escaped."""
    return path.decode("utf-8", "backslashreplace")
