"""Lay the sample project out as a git repository, for a first run without a repository of one's own.

python -m deployments.sample TARGET
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fresh.errors import FreshError, GitFailed, OperatorMistake

SOURCE = Path(__file__).resolve().parent / "sample"

_AUTHOR = {"NAME": "Pocket", "EMAIL": "pocket@example.invalid", "DATE": "2024-05-31T12:00:00+00:00"}


def lay_out(target: Path) -> bool:
    """Make the repository at `target` in one step; False when it stands there already and is left as it is.

    Whoever dies half-way leaves nothing at `target`, and of two at once one makes it.
    Raises OperatorMistake when something else stands there, GitFailed when git can't make a repository.
    """
    target = target.absolute()
    if is_laid_out(target):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        draft = Path(folder) / target.name
        shutil.copytree(SOURCE, draft, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", "*.egg-info"))
        _git(draft, "init", "--quiet", "--template=", "--initial-branch=main")
        _git(draft, "add", "--all")
        _git(
            draft, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message=Keep track of pocket money"
        )
        try:
            draft.rename(target)
        except OSError:
            if is_laid_out(target):
                return False
            raise OperatorMistake(
                f"{target} is there already and is not the sample project.",
                hint="Choose another place, or move it away.",
            ) from None
    return True


def is_laid_out(target: Path) -> bool:
    """Say whether a repository with at least one commit has its root at `target`."""
    if not (target / ".git").is_dir():
        return False
    return _run(target, "rev-parse", "--verify", "--quiet", "HEAD^{commit}").returncode == 0


def _git(where: Path, *arguments: str) -> None:
    ended = _run(where, *arguments)
    if ended.returncode != 0:
        words = ended.stderr.strip().splitlines() or ["it did not say why"]
        raise GitFailed(f"git {arguments[0]} of the sample project failed: {words[-1]}.")


def _run(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git on this very directory, whatever the user's own configuration or a calling hook has set."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    kept |= {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _AUTHOR.items()}
    kept |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(where.parent),
    }
    return subprocess.run(
        ["git", "-c", f"safe.directory={where}", *arguments],
        cwd=where,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Lay the sample project out, or say that it is there."""
    options = argparse.ArgumentParser(
        prog="python -m deployments.sample", description=__doc__.partition("\n")[0]
    )
    options.add_argument("target", type=Path)
    target: Path = options.parse_args(arguments).target
    try:
        made = lay_out(target)
    except FreshError as trouble:
        print(trouble.message, trouble.hint, sep="\n", file=sys.stderr)
        return trouble.exit_code
    print(
        f"The sample project is in {target}."
        if made
        else f"The sample project is in {target}, as you left it."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
