"""Turn the state of an agent's files into a commit, out of bytes that the host read itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from fresh.adapters.gitting.git import Git
from fresh.adapters.gitting.names import leaves, show
from fresh.adapters.gitting.objects import (
    FILE,
    LINK,
    RUNNABLE,
    Entry,
    commit_time,
    list_files,
    read_blobs,
    refuse_unsafe,
)
from fresh.adapters.gitting.pristine import WHO
from fresh.adapters.gitting.survey import Survey, hash_blob, read_content, survey
from fresh.errors import GitFailed, TreeRefused

MOST_FILES = 1000
MOST_BYTES = 64 << 20
LARGEST_FILE = 10 << 20
MOST_REASONS = 50


@dataclass(frozen=True)
class Recorder:
    """Record trees as commits in the mirror; `scratch` is a directory that only the host can reach."""

    git: Git
    scratch: Path

    def record(self, name: str, root: Path, message: str, parent: str) -> str | None:
        """Commit the files below `root` on `parent`; None when nothing differs. Raises TreeRefused with every reason."""
        entries = list_files(self.git, parent)
        refuse_unsafe(entries, parent)
        known = {entry.path: entry for entry in entries}
        found = survey(root, known)
        self._forgive_ignored(found, known)
        self._blame_redirected(found, known)
        _refuse(name, found)
        if not found.differing and not found.gone:
            return None
        blobs = self._store(root, found, "sha256" if len(parent) == 64 else "sha1")
        tree = self._write_tree(parent, found, blobs)
        # The parent's date makes the same files, message and parent the same commit, whenever that is done.
        date = f"@{max(commit_time(self.git, parent), 0)} +0000"
        environment = {**WHO, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        text = message.replace("\0", "").rstrip("\n") + "\n"
        arguments = ("commit-tree", tree, "-p", parent)
        sha = self.git.run(*arguments, stdin=text.encode("utf-8", "replace"), environment=environment)
        return sha.decode().strip()

    def _forgive_ignored(self, found: Survey, known: Mapping[bytes, Entry]) -> None:
        """Drop untracked paths that the parent commit's own rules, or our list of leftovers, ignore."""
        untracked = [path for path in (*found.differing, *found.problems) if path not in known]
        for path in self._ignored(untracked, known):
            found.differing.pop(path, None)
            found.problems.pop(path, None)

    def _ignored(self, paths: Collection[bytes], known: Mapping[bytes, Entry]) -> frozenset[bytes]:
        if not paths:
            return frozenset()
        rules = [
            e
            for p, e in known.items()
            if p.rpartition(b"/")[2] == b".gitignore" and e.mode in (FILE, RUNNABLE)
        ]
        contents = read_blobs(self.git, (entry.blob for entry in rules))
        with tempfile.TemporaryDirectory(prefix=".rules-", dir=self.scratch) as place:
            # git finds the commit's rules here, and nothing that the agent wrote.
            for entry in rules:
                file = Path(place, os.fsdecode(entry.path))
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(contents[entry.blob])
            asked = self.git.ask(
                *("check-ignore", "-z", "--stdin", "--no-index"),
                # This command wants no literal pathspecs; "./" keeps a leading ":" from meaning something.
                stdin=b"".join(b"./%s\0" % path for path in paths),
                environment={"GIT_WORK_TREE": place, "GIT_LITERAL_PATHSPECS": "0"},
            )
        if asked.code not in (0, 1):
            raise GitFailed(f"git check-ignore ended with {asked.code}: {asked.complaint[-300:]}")
        return frozenset(path.removeprefix(b"./") for path in asked.output.split(b"\0") if path)

    def _blame_redirected(self, found: Survey, known: Mapping[bytes, Entry]) -> None:
        """Refuse an untouched link that leaves the tree only now, because a link on its way was changed."""
        leaving = [path for path in found.links if path not in found.differing and leaves(path, found.links)]
        if not leaving:
            return
        entries = [entry for entry in known.values() if entry.mode == LINK]
        contents = read_blobs(self.git, (entry.blob for entry in entries))
        before = {entry.path: contents[entry.blob] for entry in entries}
        for path in leaving:
            if path in before and not leaves(path, before):
                found.problems[path] = "it is a symbolic link that another link now leads out of the tree"

    def _store(self, root: Path, found: Survey, algorithm: str) -> dict[bytes, str]:
        """Write the contents of what differs as blobs, in one git process, from files that only the host can reach."""
        blobs: dict[bytes, str] = {}
        left = MOST_BYTES
        with tempfile.TemporaryDirectory(prefix=".blobs-", dir=self.scratch) as place:
            for number, (path, seen) in enumerate(found.differing.items()):
                content = read_content(root, path, seen, min(left, LARGEST_FILE))
                left -= len(content)
                blobs[path] = hash_blob(content, algorithm)
                Path(place, str(number)).write_bytes(content)
            names = "".join(f"{number}\n" for number in range(len(blobs))).encode()
            arguments = ("-C", place, "hash-object", "-w", "--no-filters", "--stdin-paths")
            written = self.git.run(*arguments, stdin=names).decode().split() if blobs else []
        if written != list(blobs.values()):
            raise GitFailed(f"git stored {len(written)} blobs that differ from the {len(blobs)} files read.")
        return blobs

    def _write_tree(self, parent: str, found: Survey, blobs: Mapping[bytes, str]) -> str:
        absent = b"0" * len(parent)
        # Removals first: a file may have made way for a directory.
        lines = [b"0 %s\t%s\0" % (absent, path) for path in sorted(found.gone)]
        lines += [
            b"%s %s\t%s\0" % (found.differing[p].mode.encode(), blobs[p].encode(), p) for p in sorted(blobs)
        ]
        with tempfile.TemporaryDirectory(prefix=".index-", dir=self.scratch) as place:
            index = {"GIT_INDEX_FILE": os.fspath(Path(place, "index"))}
            self.git.run("read-tree", parent, environment=index)
            self.git.run("update-index", "-z", "--index-info", stdin=b"".join(lines), environment=index)
            return self.git.run("write-tree", environment=index).decode().strip()


def _refuse(name: str, found: Survey) -> None:
    """Raise TreeRefused with every reason."""
    reasons = [f"{show(path)}: {why}" for path, why in sorted(found.problems.items())]
    weight = sum(seen.size for seen in found.differing.values())
    reasons += [
        f"{show(path)}: it has {seen.size} bytes, more than {LARGEST_FILE}"
        for path, seen in sorted(found.differing.items())
        if seen.size > LARGEST_FILE
    ]
    if len(found.differing) + len(found.gone) > MOST_FILES:
        reasons.append(f"{len(found.differing) + len(found.gone)} files changed, more than {MOST_FILES}")
    if weight > MOST_BYTES:
        reasons.append(f"the changed files have {weight} bytes, more than {MOST_BYTES}")
    if reasons:
        shown = "; ".join(reasons[:MOST_REASONS])
        more = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
        raise TreeRefused(
            f"The tree {name!r} can't be committed for {len(reasons)} reasons: {shown}{more}.",
            hint="Remove or undo these in the tree.",
        )
