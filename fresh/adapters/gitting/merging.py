"""Merges and rebases in the mirror: trees are merged as objects, nothing is checked out, no program of anybody runs.

The mirror is bare and its configuration is ours, so no attribute can name a merge driver or a filter.
"""

from __future__ import annotations

from fresh.adapters.gitting.git import LONG, Git
from fresh.adapters.gitting.names import show
from fresh.adapters.gitting.objects import commit_time
from fresh.adapters.gitting.pristine import WHO
from fresh.domain.fitting import Merged
from fresh.errors import GitFailed

CONFLICTED = 1


def merge(git: Git, ours: str, theirs: str, message: str) -> Merged:
    """Merge two commits as a commit with both as its parents. Raises GitFailed, also for histories without a common one."""
    tree, conflicts = _merge_trees(git, ours, theirs)
    if conflicts:
        return Merged(conflicts=conflicts)
    return Merged(commit=_record(git, tree, (ours, theirs), message))


def rebase(git: Git, commit: str, base: str) -> Merged:
    """Put what a commit changes since its common history with `base` on `base`, as one commit with the same message."""
    tree, conflicts = _merge_trees(git, base, commit)
    if conflicts:
        return Merged(conflicts=conflicts)
    raw = git.run("cat-file", "commit", commit)
    return Merged(
        commit=_record(git, tree, (base,), raw.partition(b"\n\n")[2].decode("utf-8", "surrogateescape"))
    )


def _merge_trees(git: Git, ours: str, theirs: str) -> tuple[str, tuple[str, ...]]:
    asked = git.ask(
        *("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs), seconds=LONG
    )
    if asked.code not in (0, CONFLICTED):
        raise GitFailed(
            f"{theirs[:12]} can't be merged with {ours[:12]}: {' '.join(asked.complaint.split())[-300:]}",
            hint="Was the history rewritten? Fresh needs git 2.38 or newer for this.",
        )
    tree, *paths = asked.output.split(b"\0")
    found = tuple(dict.fromkeys(show(path) for path in paths if path))
    if asked.code == CONFLICTED and not found:
        raise GitFailed(f"git merge-tree names no path in which {theirs[:12]} and {ours[:12]} conflict.")
    return tree.decode().strip(), found


def _record(git: Git, tree: str, parents: tuple[str, ...], message: str) -> str:
    # The newest parent's date makes the same merge the same commit, whenever it is done.
    date = f"@{max(0, *(commit_time(git, parent) for parent in parents))} +0000"
    environment = {**WHO, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    words = [word for parent in parents for word in ("-p", parent)]
    text = message.replace("\0", "").rstrip("\n") + "\n"
    sha = git.run(
        "commit-tree", tree, *words, stdin=text.encode("utf-8", "surrogateescape"), environment=environment
    )
    return sha.decode().strip()
