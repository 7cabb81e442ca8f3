"""Whether a change may become a pull request by itself, needs a person, or must not leave this machine."""

from __future__ import annotations

import posixpath
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from fresh.domain.change import STRICTNESS, Change, FileChange, PolicyVerdict, Ruling
from fresh.domain.leaks import find_leaks
from fresh.domain.policy_rules import Rules
from fresh.domain.weakening import weakenings

# Raises KeyError for a path that the commit does not have.
Read = Callable[[str], bytes]
# Names the kinds of secrets that the lines added to the file at a path seem to hold.
Scan = Callable[[str, Sequence[str]], tuple[str, ...]]
Reason = tuple[Ruling, str]

LINK, SUBMODULE, ABSENT = "120000", "160000", "000000"
# Of pyproject.toml, what says how the project is presented and entered. All else decides what runs.
_HARMLESS = frozenset(
    {
        "scripts",
        "gui-scripts",
        "description",
        "keywords",
        "classifiers",
        "urls",
        "readme",
        "authors",
        "maintainers",
    }
)


def judge(
    change: Change,
    read_old: Read,
    read_new: Read,
    *,
    rules: Rules | None = None,
    collected: tuple[int, int] | None = None,
    secrets: tuple[str, ...] = (),
    scan: Scan | None = None,
) -> PolicyVerdict:
    """Apply every rule to a change and give the strictest ruling with every reason.

    `collected` counts the tests of base and commit; `secrets` are our own values, which must appear nowhere;
    `scan` looks for more kinds of secrets than we know, and errs so often that it only asks for a person.
    """
    rules = rules or Rules()
    reasons = [*_size(change, rules)]
    for file in change.files:
        reasons += _name(file.path)
        reasons += _mode(file, read_new)
        reasons += _protection(file, rules, read_old, read_new)
        reasons += _content(file, rules, read_old, read_new)
        reasons += _secrets(file, read_old, read_new, secrets, scan)
    if collected is not None and collected[1] < collected[0]:
        reasons.append(
            (Ruling.NEEDS_HUMAN, f"{collected[0] - collected[1]} fewer tests are collected than on base")
        )
    ruling = max((ruling for ruling, _ in reasons), key=STRICTNESS.index, default=Ruling.ALLOW)
    return PolicyVerdict(ruling=ruling, reasons=tuple(dict.fromkeys(text for _, text in reasons)))


def _size(change: Change, rules: Rules) -> Iterator[Reason]:
    lines = change.added + change.removed
    if len(change.files) > rules.max_files:
        yield Ruling.BLOCK, f"{len(change.files)} files are changed, more than {rules.max_files}"
    if lines > rules.max_lines:
        yield Ruling.BLOCK, f"{lines} lines are changed, more than {rules.max_lines}"


def _name(path: str) -> Iterator[Reason]:
    try:
        path.encode()
    except UnicodeEncodeError:
        yield Ruling.BLOCK, f"{path!r}: its name is no UTF-8"
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") for letter in path):
        yield Ruling.BLOCK, f"{path!r}: its name holds control characters"
    if any(is_git_like(part) for part in path.split("/")):
        yield Ruling.BLOCK, f"{path!r}: its name can be taken for .git"
    if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
        yield Ruling.BLOCK, f"{path!r}: its name leaves the repository"


def is_git_like(part: str) -> bool:
    """Say whether some file system takes a name for `.git`: letter case, ignored letters, short names, streams."""
    visible = "".join(letter for letter in part if unicodedata.category(letter) not in ("Cf", "Cc"))
    plain = unicodedata.normalize("NFKC", visible).casefold().partition(":")[0].rstrip(" .")
    return plain == ".git" or re.fullmatch(r"git~\d+", plain) is not None


def _mode(file: FileChange, read_new: Read) -> Iterator[Reason]:
    if SUBMODULE in (file.new_mode, file.old_mode):
        yield Ruling.BLOCK, f"{file.path}: a submodule is added, moved or removed"
    elif file.new_mode == LINK:
        target = _read(read_new, file.path).decode("utf-8", "surrogateescape")
        if leaves(file.path, target):
            yield Ruling.BLOCK, f"{file.path}: a symbolic link leaves the repository"
        else:
            yield Ruling.NEEDS_HUMAN, f"{file.path}: a symbolic link is added or changed"
    elif file.old_mode == LINK and file.new_mode != ABSENT:
        yield Ruling.NEEDS_HUMAN, f"{file.path}: a symbolic link becomes a file"
    elif ABSENT not in (file.old_mode, file.new_mode) and file.old_mode != file.new_mode:
        yield Ruling.NEEDS_HUMAN, f"{file.path}: its mode changes from {file.old_mode} to {file.new_mode}"
    elif file.new_mode not in (ABSENT, "100644", "100755"):
        yield Ruling.BLOCK, f"{file.path}: its mode {file.new_mode} is not one of git's"


def leaves(path: str, target: str) -> bool:
    """Say whether a symbolic link at `path` points out of the repository, or into its .git."""
    if target.startswith("/"):
        return True
    parts = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).split("/")
    return parts[0] == ".." or is_git_like(parts[0])


def _protection(file: FileChange, rules: Rules, read_old: Read, read_new: Read) -> Iterator[Reason]:
    pattern = rules.protection(file.path)
    if pattern is not None:
        yield Ruling.NEEDS_HUMAN, f"{file.path}: a protected path ({pattern})"
    elif posixpath.basename(file.path) == "pyproject.toml":
        old, new = (_document(_read(read, file.path)) for read in (read_old, read_new))
        if old is None or new is None:
            yield Ruling.NEEDS_HUMAN, f"{file.path}: it can't be compared"
            return
        sections = sorted(set(_changed(old, new)))
        if sections:
            yield Ruling.NEEDS_HUMAN, f"{file.path}: {', '.join(sections)} changed"


def _content(file: FileChange, rules: Rules, read_old: Read, read_new: Read) -> Iterator[Reason]:
    if SUBMODULE in (file.old_mode, file.new_mode):
        return
    old, new = _read(read_old, file.path), _read(read_new, file.path)
    if file.binary or b"\0" in new[:8000]:
        if len(new) > rules.max_binary:
            yield (
                Ruling.BLOCK,
                f"{file.path}: a binary file of {len(new)} bytes, more than {rules.max_binary}",
            )
        elif file.status != "D":
            yield Ruling.NEEDS_HUMAN, f"{file.path}: a binary file is added or changed"
    for sentence in weakenings(file, old, new):
        yield Ruling.NEEDS_HUMAN, sentence


def _secrets(
    file: FileChange, read_old: Read, read_new: Read, own: tuple[str, ...], scan: Scan | None
) -> Iterator[Reason]:
    if SUBMODULE in (file.old_mode, file.new_mode):
        return
    added = list(_added_lines(_read(read_old, file.path), _read(read_new, file.path)))
    for kind in find_leaks([*added, file.path], own):
        yield Ruling.BLOCK, f"{file.path}: what is added looks like {kind}"
    for kind in scan(file.path, added) if scan is not None else ():
        yield Ruling.NEEDS_HUMAN, f"{file.path}: what is added may hold a secret ({kind})"


def _added_lines(old: bytes, new: bytes) -> Iterator[str]:
    left = Counter(old.split(b"\n"))
    for line in new.split(b"\n"):
        if left[line] > 0:
            left[line] -= 1
        else:
            yield line.decode("utf-8", "replace")


def _read(read: Read, path: str) -> bytes:
    try:
        return read(path)
    except KeyError:
        return b""


def _document(content: bytes) -> dict[str, object] | None:
    try:
        return tomllib.loads(content.decode())
    except (ValueError, RecursionError):
        return None


def _changed(old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    """Name the sections of pyproject.toml that differ, but for the harmless ones."""
    for key in old.keys() | new.keys():
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key in ("project", "tool") and isinstance(before or {}, dict) and isinstance(after or {}, dict):
            inner_old, inner_new = (side if isinstance(side, dict) else {} for side in (before, after))
            for name in inner_old.keys() | inner_new.keys():
                harmless = key == "project" and name in _HARMLESS
                if inner_old.get(name) != inner_new.get(name) and not harmless:
                    yield f"{key}.{name}"
        else:
            yield key
