"""What a repository holds, read through plumbing that interprets no attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fresh.adapters.gitting.git import LONG, Git
from fresh.adapters.gitting.names import reads_as_git, show
from fresh.domain.change import FileChange
from fresh.errors import GitFailed, Refusal

FILE, RUNNABLE, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
BATCH = 64 << 20
"""Bytes of file contents that are held in memory at once."""


@dataclass(frozen=True)
class Entry:
    """One file of a commit. A submodule has no size here, because its commit is elsewhere."""

    path: bytes
    mode: str
    blob: str
    size: int


def list_files(git: Git, commit: str) -> tuple[Entry, ...]:
    """List every file of a commit, in git's order."""
    output = git.run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, seconds=LONG)
    return tuple(_entry(record) for record in output.split(b"\0") if record)


def refuse_unsafe(entries: Sequence[Entry], commit: str) -> None:
    """Refuse a commit whose paths lead elsewhere when they are laid; git itself never makes one. Raises Refusal."""
    for entry in entries:
        for part in entry.path.split(b"/"):
            if part in (b"", b".", b"..") or reads_as_git(part):
                raise Refusal(
                    f"Commit {commit[:12]} holds {show(entry.path)!r}, a path that can't be laid safely."
                )


def find_file(git: Git, commit: str, path: str) -> Entry | None:
    """Find one file of a commit by its path; None for a directory, a link or nothing."""
    if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path:
        return None
    output = git.run("ls-tree", "-z", "-l", "--full-tree", commit, "--", path)
    found = [_entry(record) for record in output.split(b"\0") if record]
    wanted = path.encode("utf-8", "surrogateescape")
    return next((entry for entry in found if entry.path == wanted and entry.mode in (FILE, RUNNABLE)), None)


def read_blobs(git: Git, blobs: Iterable[str]) -> dict[str, bytes]:
    """Read blobs in one git process. Raises GitFailed when one is missing."""
    wanted = tuple(dict.fromkeys(blobs))
    if not wanted:
        return {}
    output = git.run(
        "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode(), seconds=LONG
    )
    contents: dict[str, bytes] = {}
    position = 0
    for blob in wanted:
        end = output.index(b"\n", position)
        header = output[position:end].split()
        if len(header) != 3 or header[1] != b"blob":
            raise GitFailed(
                f"Object {blob} can't be read as a file: {output[position:end].decode('ascii', 'replace')}."
            )
        start, size = end + 1, int(header[2])
        contents[blob] = output[start : start + size]
        position = start + size + 1
    return contents


def read_in_batches(git: Git, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Read the contents of many files, never much more than BATCH bytes at once."""
    batch: list[Entry] = []
    weight = 0
    for entry in entries:
        if batch and weight + entry.size > BATCH:
            yield from _read_batch(git, batch)
            batch, weight = [], 0
        batch.append(entry)
        weight += entry.size
    yield from _read_batch(git, batch)


def present(git: Git, commits: Iterable[str]) -> tuple[str, ...]:
    """Keep the commits that a repository has."""
    asked = "".join(f"{sha}\n" for sha in commits).encode()
    if not asked:
        return ()
    lines = git.run("cat-file", "--batch-check", stdin=asked).decode().splitlines()
    return tuple(line.split()[0] for line in lines if line.split()[1] == "commit")


def is_ancestor(git: Git, earlier: str, commit: str) -> bool:
    """Say whether one commit can be reached from another. Raises GitFailed when `commit` is unknown."""
    asked = git.ask("merge-base", "--is-ancestor", earlier, commit)
    if asked.code in (0, 1):
        return asked.code == 0
    if commit in present(git, (commit,)):
        return False
    raise GitFailed(f"The mirror has no commit {commit}.")


def merge_base(git: Git, one: str, other: str) -> str | None:
    """Find the newest common ancestor. Raises GitFailed when a commit is unknown."""
    asked = git.ask("merge-base", one, other)
    if asked.code == 0:
        return asked.output.decode().split()[0]
    missing = {one, other} - set(present(git, (one, other)))
    if missing:
        raise GitFailed(f"The mirror has no commit {min(missing)}.")
    return None


def count_touches(git: Git, commit: str, days: int) -> dict[str, int]:
    """Count the commits that touched each path in the `days` before `commit`; merges count through their parents."""
    newest = commit_time(git, commit)
    output = git.run(
        *("log", "-z", "--name-only", "--format=", "--no-renames", "--no-merges"),
        *("--no-ext-diff", "--no-textconv", f"--since=@{newest - days * 86400}", commit, "--"),
        seconds=LONG,
    )
    return dict(Counter(show(path) for path in output.split(b"\0") if path))


def last_change(git: Git, commit: str, path: str) -> str | None:
    """Find the newest commit, in the history of `commit`, that changed a path; None where none did."""
    output = git.run("log", "-1", "--format=%H", commit, "--", path, seconds=LONG)
    return output.decode("ascii").strip() or None


def commit_time(git: Git, commit: str) -> int:
    """Read a commit's committer date, in seconds since 1970."""
    return int(git.run("log", "-1", "--format=%ct", commit, "--"))


def compare(git: Git, base: str, commit: str) -> tuple[FileChange, ...]:
    """Compare two commits by their raw trees."""
    output = git.run(
        *("diff-tree", "-r", "-z", "--raw", "--numstat", "--no-renames", "--no-abbrev"),
        *("--no-ext-diff", "--no-textconv", base, commit, "--"),
    )
    records = output.split(b"\0")[:-1]
    raw: list[tuple[list[str], bytes]] = []
    while len(raw) * 2 < len(records) and records[len(raw) * 2].startswith(b":"):
        position = len(raw) * 2
        raw.append((records[position].decode("ascii").lstrip(":").split(), records[position + 1]))
    counts = {
        path: (added, removed)
        for added, removed, path in (r.split(b"\t", 2) for r in records[len(raw) * 2 :])
    }
    return tuple(_file_change(fields, path, *counts.get(path, (b"0", b"0"))) for fields, path in raw)


def show_patch(git: Git, base: str, commit: str) -> str:
    """Show the difference of two commits for people; bytes that are no UTF-8 are replaced."""
    output = git.run(
        "diff-tree", "-r", "-p", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", base, commit
    )
    return output.decode("utf-8", "replace")


def _entry(record: bytes) -> Entry:
    facts, _, path = record.partition(b"\t")
    mode, _, blob, size = facts.decode("ascii").split()
    return Entry(path, mode, blob, 0 if size == "-" else int(size))


def _read_batch(git: Git, batch: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
    contents = read_blobs(git, (entry.blob for entry in batch))
    for entry in batch:
        yield entry, contents[entry.blob]


def _file_change(fields: Sequence[str], path: bytes, added: bytes, removed: bytes) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, status = fields
    return FileChange(
        path=show(path),
        status=status,
        old_mode=old_mode,
        new_mode=new_mode,
        old_blob=old_blob,
        new_blob=new_blob,
        added=0 if added == b"-" else int(added),
        removed=0 if removed == b"-" else int(removed),
        binary=added == b"-",
    )
