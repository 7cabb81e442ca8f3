"""Fix lint by ruff, which reads text from standard input and never runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from pathlib import Path
from posixpath import basename

from pydantic import BaseModel, TypeAdapter, ValidationError

from fresh.domain.feature import Finding
from fresh.errors import Mishap
from fresh.ports import TidyRules

LONGEST_WAIT = 60


class _Edit(BaseModel):
    """How sure ruff is of a fix."""

    applicability: str


class _Place(BaseModel):
    """A place in a file, 1-based."""

    row: int


class _Diagnostic(BaseModel):
    """One line of ruff's JSON; the fields that we read. `code` is empty for syntax errors."""

    code: str | None
    location: _Place
    message: str
    fix: _Edit | None = None


DIAGNOSTICS = TypeAdapter(list[_Diagnostic])


class RuffTidier:
    """Find and fix lint with given rules, whatever configuration lies on the disk."""

    def find(self, path: str, text: str, rules: TidyRules) -> tuple[Finding, ...]:
        """List the findings, in the order of their lines. Raises Mishap."""
        output = self._check(path, text, rules, "--output-format=json")
        try:
            diagnostics = DIAGNOSTICS.validate_json(output or b"[]")
        except ValidationError as error:
            raise Mishap(
                f"ruff's answer could not be read: {error.error_count()} unexpected fields."
            ) from error
        found = [
            Finding(
                code=each.code,
                line=each.location.row,
                text=each.message,
                fixable=each.fix is not None and each.fix.applicability == "safe",
            )
            for each in diagnostics
            if each.code and each.code.isalnum()
        ]
        return tuple(sorted(found, key=lambda finding: (finding.line, finding.code, finding.text)))

    def fix(self, path: str, text: str, rules: TidyRules) -> str:
        """Apply the fixes that ruff calls safe. Raises Mishap."""
        return self._check(path, text, rules, "--fix").decode()

    def _check(self, path: str, text: str, rules: TidyRules, wanted: str) -> bytes:
        # Only the name reaches ruff: it would look for packages along a longer path of the disk.
        name = "__init__.py" if basename(path) == "__init__.py" else "module.py"
        argv = [
            str(Path(sysconfig.get_path("scripts")) / "ruff"),
            *("check", "--isolated", "--no-cache", "--exit-zero", "--quiet", "--no-unsafe-fixes", wanted),
            f"--select={','.join(_plain(rule) for rule in rules.select)}",
            f"--target-version={_plain(rules.target)}",
            f"--config=line-length={rules.line_length}",
            f"--config=lint.isort.known-first-party={json.dumps(list(rules.first_party))}",
            *("--stdin-filename", name, "-"),
        ]
        return _run(argv, text.encode())


def _plain(word: str) -> str:
    """Refuse what is no rule and no version; it comes from the target's configuration. Raises Mishap."""
    if not re.fullmatch(r"[A-Za-z0-9]+", word):
        raise Mishap(f"{word[:40]!r} is no rule and no version that ruff knows.")
    return word


def _run(argv: list[str], text: bytes) -> bytes:
    try:
        done = subprocess.run(
            argv,
            cwd="/",
            env={"PATH": os.defpath, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"},
            input=text,
            capture_output=True,
            timeout=LONGEST_WAIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Mishap(f"ruff could not be run: {error}.", hint="Install it again: pip install ruff") from error
    if done.returncode:
        first = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
        raise Mishap(f"ruff ended with {done.returncode}: {' '.join(first) or 'no message'}.")
    return done.stdout
