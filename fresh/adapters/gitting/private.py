"""The throwaway git directory that an agent sees as `.git`; the host writes it once and never reads it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fresh.adapters.gitting.mirror import Mirror

OBJECTS = "/.objects"
"""Where the mirror's objects are mounted, read-only, inside the sandbox."""

_CONFIG = """[core]
\trepositoryformatversion = {version}
\tbare = false
\tfilemode = true
[gc]
\tauto = 0
"""
_SHA256 = "[extensions]\n\tobjectformat = sha256\n"

# Files are laid as raw bytes, so git inside must not convert them either, or untouched ones would show as changed.
_RAW = "* -text -eol -ident -filter -working-tree-encoding\n"

# The lowest scope of configuration: a test that sets its own user or owner check still has its way.
_SYSTEM = """[safe]
\tdirectory = *
[user]
\tname = Fresh agent
\temail = noreply@localhost
[init]
\tdefaultBranch = main
"""


def lay_git_directory(mirror: Mirror, place: Path, commit: str) -> None:
    """Make a git directory whose HEAD is `commit` and whose objects are the mirror's."""
    sha256 = len(commit) == 64
    files = {
        "HEAD": "ref: refs/heads/main\n",
        "config": _CONFIG.format(version=int(sha256)) + (_SHA256 if sha256 else ""),
        "system": _SYSTEM,
        "refs/heads/main": f"{commit}\n",
        "objects/info/alternates": f"{OBJECTS}\n",
        "info/attributes": _RAW,
    }
    roots = mirror.shallow_roots()
    if roots:
        files["shallow"] = roots
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    shutil.copyfile(mirror.directory / "info" / "exclude", place / "info" / "exclude")
    mirror.git.run("read-tree", commit, environment={"GIT_INDEX_FILE": os.fspath(place / "index")})


def environment(home: str) -> dict[str, str]:
    """Say what git needs inside the sandbox to accept the mounted repository."""
    return {"GIT_CONFIG_SYSTEM": f"{home}/.git/system", "GIT_CONFIG_NOSYSTEM": "0"}
