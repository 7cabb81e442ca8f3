"""One environment being built, in a directory that nobody else uses."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fresh.adapters.environments.layout import Layout
from fresh.adapters.environments.pip import Installed, install, make_venv
from fresh.adapters.environments.project import PYTHON, TARGET, Project
from fresh.adapters.environments.shelf import Built
from fresh.adapters.environments.survey import survey
from fresh.ports import Mount, Sandbox, Workspace
from fresh.proving.requirements import Declared, requirements_of_metadata

TOOLS = ("pytest", "coverage")


@dataclass(frozen=True)
class Building:
    """Build the environment of a commit in `place`, from the base interpreter that `base` lays out."""

    workspace: Workspace
    sandbox: Sandbox
    commit: str
    place: Path
    base: Layout

    def finish(self, key: str, wanted: Declared, version: str, roots: Sequence[str]) -> Built:
        """Install what is wanted, and the project itself; `roots` are imported from when that fails."""
        notes: list[str] = []
        try:
            if wanted.dynamic:
                notes += self._ask_backend(wanted, version)
            venv = self.place / "venv"
            installed = self._fill(venv, (*TOOLS, *wanted.build, *wanted.requirements))
            notes += _told(installed, wanted)
            generated: tuple[tuple[str, str], ...] = ()
            if wanted.installable:
                project = self._project(venv)
                failed = project.install_editable()
                if failed is None:
                    roots = ()
                    copies = project.take(project.generated(), self.place / "generated")
                    generated = tuple((path, str(copy)) for path, copy in copies)
                else:
                    notes.append(failed)
        finally:
            self.workspace.fell(self._tree_name)
        asked = survey(self.sandbox, PYTHON, (*self.base.mounts, Mount(venv, TARGET)))
        return Built(
            where=str(self.place),
            python_mounts=tuple((str(mount.source), mount.target) for mount in self.base.mounts),
            how="; ".join((f"built with Python {asked.version} and {len(asked.packages)} packages", *notes)),
            digest=f"{key}-{asked.digest}",
            has_pytest=asked.has_pytest,
            import_roots=tuple(roots),
            generated=generated,
        )

    def _ask_backend(self, wanted: Declared, version: str) -> list[str]:
        """Add what only the build backend knows.

        It runs in an environment that is thrown away: the host never starts an interpreter from a directory that
        the target's code, or a package of its choice, has written to.
        """
        venv = self.place / "backend"
        self._fill(venv, wanted.build)
        requires = self._project(venv).requires()
        shutil.rmtree(venv, ignore_errors=True)
        if isinstance(requires, str):
            return [requires]
        wanted.add(requirements_of_metadata(requires, version))
        return []

    def _fill(self, venv: Path, requirements: Sequence[str]) -> Installed:
        make_venv(self.base.python, venv)
        installed = install(venv, requirements)
        _move(venv, TARGET)
        return installed

    def _project(self, venv: Path) -> Project:
        tree = self.workspace.plant(self._tree_name, self.commit)
        return Project(self.workspace, self.sandbox, tree, venv, self.base.mounts)

    @property
    def _tree_name(self) -> str:
        return f"environment-{self.place.name}"


def _move(venv: Path, target: str) -> None:
    """Make the scripts of a venv start the interpreter where the sandbox shows it."""
    for script in (venv / "bin").iterdir():
        if script.is_file() and not script.is_symlink() and script.stat().st_size < 1 << 20:
            content = script.read_bytes()
            moved = content.replace(os.fsencode(venv), target.encode())
            if moved != content:
                script.write_bytes(moved)


def _told(installed: Installed, wanted: Declared) -> list[str]:
    parts = (
        ("missing, because there is no wheel that fits", installed.missing),
        ("in another version than asked for", installed.loosened),
        ("left out, because they name no package of an index", wanted.left_out),
    )
    return [f"{what}: {', '.join(sorted(set(which)))}" for what, which in parts if which]
