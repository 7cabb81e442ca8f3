"""Run the target's own build, inside the sandbox and without network: its metadata, and its editable installation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fresh.errors import FreshError
from fresh.ports import Command, Finished, Limits, Mount, Sandbox, Tree, Workspace

TARGET = "/.fresh/environment"
PYTHON = f"{TARGET}/bin/python"
WALL = 600.0
MOST_GENERATED = 100
LARGEST_GENERATED = 64 << 20
# A checkout without tags has no version to tell; the backends then take ours. Asked for only when they fail.
_ANY_VERSION = {
    "SETUPTOOLS_SCM_PRETEND_VERSION": "0.0.1",
    "PDM_BUILD_SCM_VERSION": "0.0.1",
    "POETRY_DYNAMIC_VERSIONING_BYPASS": "0.0.1",
}
_PIP = (
    PYTHON,
    "-m",
    "pip",
    "--disable-pip-version-check",
    "install",
    "--no-build-isolation",
    "--no-deps",
    "--no-index",
)
_NO_PRODUCT = ("build", "dist", "__pycache__", ".eggs", ".git", ".fresh", ".venv", "venv")


class _Metadata(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    requires_dist: tuple[str, ...] = ()


class _Item(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    metadata: _Metadata


class _Report(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    install: tuple[_Item, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Project:
    """A commit, laid in a throwaway tree, beside a virtual environment that may be written to."""

    workspace: Workspace
    sandbox: Sandbox
    tree: Tree
    venv: Path
    base_mounts: tuple[Mount, ...]

    def requires(self) -> tuple[str, ...] | str:
        """Ask the build backend for the project's Requires-Dist; a sentence when it can't say."""
        report = "/tmp/report.json"
        script = (
            f'"$@" --quiet --dry-run --ignore-installed --report {report} "$PWD" 1>&2 && echo && cat {report}'
        )
        finished = self._attempt(("/bin/sh", "-c", script, "sh", *_PIP))
        try:
            found = _Report.model_validate_json(finished.text[finished.text.find("\n{") + 1 :])
        except ValidationError:
            return f"its metadata could not be built ({_last_line(finished)})"
        return found.install[0].metadata.requires_dist

    def install_editable(self) -> str | None:
        """Install the project so that its tree is what is imported; a sentence when that fails."""
        finished = self._attempt((*_PIP, "--use-pep517", "-e", self.tree.home))
        return None if finished.exit_code == 0 else f"it could not be installed ({_last_line(finished)})"

    def generated(self) -> tuple[str, ...]:
        """List what the build put into the tree that git ignores and Python imports: version files, extensions."""
        finished = self._run(("/usr/bin/git", "ls-files", "-z", "-o", "-i", "--exclude-standard"), {})
        if finished.exit_code != 0:
            return ()
        found = [path for path in finished.text.split("\0") if path.endswith((".py", ".so", ".pyi"))]
        return tuple(path for path in found if not _is_by_product(path))[:MOST_GENERATED]

    def take(self, paths: Sequence[str], place: Path) -> Iterator[tuple[str, Path]]:
        """Copy files of the tree out of it."""
        place.mkdir(mode=0o755)
        for number, path in enumerate(paths):
            try:
                content = self.workspace.read_file(self.tree, path, LARGEST_GENERATED)
            except (KeyError, FreshError):
                continue
            copy = place / f"{number}-{PurePosixPath(path).name}"
            copy.write_bytes(content)
            yield path, copy

    def _attempt(self, argv: tuple[str, ...]) -> Finished:
        finished = self._run(argv, {})
        return finished if finished.exit_code == 0 else self._run(argv, _ANY_VERSION)

    def _run(self, argv: tuple[str, ...], variables: dict[str, str]) -> Finished:
        mounts = (*self.tree.mounts, *self.base_mounts, Mount(self.venv, TARGET, writable=True))
        environment = {
            **self.tree.environment,
            "PATH": f"{TARGET}/bin:/usr/local/bin:/usr/bin:/bin",
            "PIP_CONFIG_FILE": "/dev/null",
            **variables,
        }
        return self.sandbox.run(
            Command(
                argv,
                self.tree.home,
                mounts,
                environment,
                Limits(wall=WALL, cpu=int(2 * WALL), output=4 << 20),
            )
        )


def _is_by_product(path: str) -> bool:
    return any(part in _NO_PRODUCT or part.endswith((".egg-info", ".dist-info")) for part in path.split("/"))


def _last_line(finished: Finished) -> str:
    lines = [line.strip() for line in finished.text.splitlines() if line.strip()]
    errors = [
        line for line in lines if "rror" in line and not line.startswith(("note:", "hint:", "×", "╰─>"))
    ]
    return json.dumps((errors or lines or [f"ended by {finished.ended}"])[-1][:200], ensure_ascii=False)
