"""What a repository's policy says: limits, and paths that a person must see; `[tool.fresh]` may change it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated

from pydantic import Field, ValidationError

from fresh.domain.value import Value
from fresh.errors import OperatorMistake

# A pattern without a slash fits a name in any folder; `**` fits any number of folders. Case does not count.
PROTECTED = (
    ".github/**",
    ".gitlab/**",
    ".gitlab-ci.yml",
    ".circleci/**",
    ".travis.yml",
    ".drone.yml",
    ".buildkite/**",
    ".ci/**",
    "appveyor.yml",
    "azure-pipelines*.y*ml",
    "bitbucket-pipelines.yml",
    "Jenkinsfile*",
    "Procfile",
    ".pre-commit-config.yaml",
    ".pre-commit-hooks.yaml",
    ".husky/**",
    ".githooks/**",
    ".gitattributes",
    ".gitmodules",
    ".gitconfig",
    "CODEOWNERS",
    "Dockerfile*",
    "*.dockerfile",
    "docker-compose*",
    "compose*.y*ml",
    ".devcontainer/**",
    "*.lock",
    "*-lock.json",
    "*-lock.yaml",
    "requirements*.txt",
    "*requirements.txt",
    "**/requirements/**",
    "constraints*.txt",
    "Pipfile",
    "environment*.y*ml",
    "setup.py",
    "setup.cfg",
    "MANIFEST.in",
    "package.json",
    "conftest.py",
    "pytest.ini",
    ".pytest.ini",
    "pytest.toml",
    ".coveragerc",
    "tox.ini",
    "noxfile.py",
    "GNUmakefile",
    "Makefile",
    "justfile",
    "Taskfile.y*ml",
    "sitecustomize.py",
    "usercustomize.py",
    "*.pth",
    ".env*",
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    ".cursorrules",
    ".cursor/**",
    ".claude/**",
    ".vscode/**",
    ".idea/**",
    ".venv/**",
    "venv/**",
    ".fresh/**",
    "LICENSE*",
)


# An empty pattern would fit nothing, and in `allowed` forbid everything; a leading slash fits no path of a commit.
Pattern = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^/\n]")]


class Rules(Value):
    """Limits of one change; sizes in bytes. `allowed` narrows what may be touched at all without a person."""

    max_files: int = Field(default=40, ge=1, le=10_000)
    max_lines: int = Field(default=1500, ge=1, le=1_000_000)
    max_binary: int = Field(default=256 << 10, ge=0)
    protected: tuple[Pattern, ...] = ()
    unprotected: tuple[Pattern, ...] = ()
    allowed: tuple[Pattern, ...] = ()

    def protection(self, path: str) -> str | None:
        """Name the pattern for which a person must see a change of this path; None when there is none."""
        if self.allowed and not any(fits(path, pattern) for pattern in self.allowed):
            return "not in `allowed`"
        if any(fits(path, pattern) for pattern in self.protected):
            return next(pattern for pattern in self.protected if fits(path, pattern))
        if any(fits(path, pattern) for pattern in self.unprotected):
            return None
        return next((pattern for pattern in PROTECTED if fits(path, pattern)), None)


def read_rules(pyproject: str) -> Rules:
    """Read `[tool.fresh.policy]` of the base commit's pyproject.toml; an agent can't change it for itself.

    Raises OperatorMistake for what is no TOML and for a key or a value that is no rule: a typo never lifts a limit.
    """
    try:
        document = tomllib.loads(pyproject)
    except (ValueError, RecursionError) as bad:
        raise OperatorMistake(
            f"pyproject.toml of the base commit can't be read: {bad}.",
            hint="It may hold rules for agents, so nothing starts until it is TOML again: correct and commit it.",
        ) from bad
    ours = _table(_table(document, "tool", "tool"), "fresh", "tool.fresh")
    unknown = sorted(ours.keys() - {"policy"})
    if unknown:
        raise OperatorMistake(
            f"pyproject.toml: [tool.fresh] has no key {unknown[0]!r}.",
            hint=f"Rules stand in [tool.fresh.policy]: {', '.join(Rules.model_fields)}.",
        )
    try:
        return Rules.model_validate(_table(ours, "policy", "tool.fresh.policy"))
    except ValidationError as bad:
        first = bad.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise OperatorMistake(
            f"pyproject.toml: [tool.fresh.policy] {key}: {first['msg']}.",
            hint=f"Its keys are {', '.join(Rules.model_fields)}.",
        ) from bad


def fits(path: str, pattern: str) -> bool:
    """Say whether a path fits a pattern."""
    return _compiled(pattern).fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (
        {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token, re.escape(token))
        for token in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    )
    anywhere = "" if "/" in pattern else "(?:.*/)?"
    return re.compile(anywhere + "".join(parts), re.IGNORECASE | re.DOTALL)


def _table(document: Mapping[str, object], key: str, name: str) -> Mapping[str, object]:
    found = document.get(key, {})
    if not isinstance(found, dict):
        raise OperatorMistake(
            f"pyproject.toml: {name} is {type(found).__name__}, not a table.", hint=f"Write it as [{name}]."
        )
    return found
