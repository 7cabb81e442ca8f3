"""Lint by ruff, which reads text and never runs it."""

from __future__ import annotations

import logging
import os
import subprocess
import sysconfig
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from posixpath import basename

from pydantic import BaseModel, TypeAdapter, ValidationError

from fresh.domain.feature import Finding, Linted
from fresh.errors import Mishap

log = logging.getLogger("fresh")
RULES = "F,E7,W,B,C4,PIE,RET,SIM,UP"
IGNORED = "E741,SIM117,B904,F403,F405"
# The oldest Python that projects still support: a newer one would ask them for syntax that they can't use.
TARGET = "py39"
OPTIONS = (
    "--isolated --no-cache --exit-zero --quiet --no-respect-gitignore --output-format=json "
    f"--target-version={TARGET}"
).split()
LONGEST_WAIT = 300


class Edit(BaseModel):
    """How sure ruff is of a fix."""

    applicability: str


class Place(BaseModel):
    """A place in a file, 1-based."""

    row: int


class Diagnostic(BaseModel):
    """One line of ruff's JSON; the fields that we read. `code` is empty for syntax errors."""

    code: str | None
    filename: str
    location: Place
    message: str
    fix: Edit | None = None


DIAGNOSTICS = TypeAdapter(list[Diagnostic])


class Crashed(Mishap):
    """Ruff was ended by a signal."""


class RuffLint:
    """Find lint with a fixed set of rules, whatever the project's own configuration says."""

    @cached_property
    def version(self) -> str:
        """Name ruff's release and our rules."""
        return f"{self._run(['--version'], Path('/')).decode().strip()} {RULES} -{IGNORED} {TARGET}"

    def __call__(self, files: Mapping[str, bytes]) -> Linted:
        """Map each path that has findings to them, in the order of their lines. Raises Mishap.

        A file that ends ruff itself is found by halves; its answer is None.
        """
        try:
            return self._lint(files)
        except Crashed as crash:
            if len(files) == 1:
                log.warning("%s has no lint findings: %s", *files, crash.message)
                return dict.fromkeys(files)
            paths = sorted(files)
            halves = paths[: len(paths) // 2], paths[len(paths) // 2 :]
            return {
                path: found
                for half in halves
                for path, found in self({each: files[each] for each in half}).items()
            }

    def _lint(self, files: Mapping[str, bytes]) -> dict[str, tuple[Finding, ...]]:
        with tempfile.TemporaryDirectory(prefix="fresh-lint-") as folder:
            names = _lay_out(Path(folder), files)
            output = self._run(["check", *OPTIONS, "--select", RULES, "--ignore", IGNORED, "."], Path(folder))
            home = os.path.realpath(folder)
        return _by_path(output, names, home)

    def _run(self, arguments: list[str], folder: Path) -> bytes:
        environment = {"PATH": os.defpath, "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                [_ruff(), *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=LONGEST_WAIT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Mishap(
                f"ruff could not be run: {error}.", hint="Install it again: pip install ruff"
            ) from error
        if done.returncode:
            first = done.stderr.decode("utf-8", "replace").strip().splitlines()[:1]
            # A signal is of its own making, like a stack that overflows.
            kind = Crashed if done.returncode < 0 else Mishap
            raise kind(f"ruff ended with {done.returncode}: {' '.join(first) or 'no message'}.")
        return done.stdout


lint_sources = RuffLint()


def _ruff() -> str:
    """Find the ruff of our own environment; PATH belongs to whoever started us."""
    return str(Path(sysconfig.get_path("scripts")) / "ruff")


def _lay_out(folder: Path, files: Mapping[str, bytes]) -> dict[str, str]:
    """Write the files under names of our own, because theirs may be hostile; `__init__` keeps its meaning."""
    names: dict[str, str] = {}
    for number, (path, content) in enumerate(sorted(files.items())):
        name = "__init__.py" if basename(path) == "__init__.py" else "module.py"
        place = folder / f"f{number}"
        place.mkdir()
        (place / name).write_bytes(content)
        names[f"f{number}/{name}"] = path
    return names


def _by_path(output: bytes, names: Mapping[str, str], home: str) -> dict[str, tuple[Finding, ...]]:
    try:
        diagnostics = DIAGNOSTICS.validate_json(output or b"[]")
    except ValidationError as error:
        raise Mishap(f"ruff's answer could not be read: {error.error_count()} unexpected fields.") from error
    found: dict[str, list[Finding]] = {}
    # One answer a file: resolving a name asks the file system, and a file may have hundreds of findings.
    paths = {
        name: names.get(os.path.relpath(os.path.realpath(name), home))
        for name in {each.filename for each in diagnostics}
    }
    for each in diagnostics:
        path = paths[each.filename]
        if path is not None and each.code and each.code.isalnum():
            fixable = each.fix is not None and each.fix.applicability == "safe"
            finding = Finding(code=each.code, line=each.location.row, text=each.message, fixable=fixable)
            found.setdefault(path, []).append(finding)
    return {path: tuple(sorted(each, key=lambda f: (f.line, f.code, f.text))) for path, each in found.items()}
