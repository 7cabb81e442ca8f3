"""The target's own environment: the interpreter that was named, its `.venv`, or one built from its metadata.

No code of the target, nor of what it depends on, ever runs on the host or with a network. The host makes an empty
virtual environment and installs wheels into it, once and in one go; whatever has to run (the build backend, the
editable installation) runs in the sandbox, and from then on the environment is only shown there, read-only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fresh.adapters.environments.building import Building
from fresh.adapters.environments.interpreters import choose_base
from fresh.adapters.environments.layout import Layout, NoPython, lay_out
from fresh.adapters.environments.project import PYTHON, TARGET
from fresh.adapters.environments.shelf import Built, Shelf
from fresh.adapters.environments.survey import survey
from fresh.errors import OperatorMistake, Refusal, SandboxUnavailable
from fresh.ports import Environment, Mount, Sandbox, Workspace
from fresh.proving.requirements import declared, import_roots, metadata_paths

# Counts up when the same metadata is turned into another environment.
BUILDER = 2
OWN = (".venv", "venv")
HINT = "Give --python the interpreter of an environment that has the repository's dependencies."


@dataclass(frozen=True)
class PipEnvironments:
    """Implement `ports.Environments` with pip and venv; what is built stands in `state`/environments."""

    workspace: Workspace
    sandbox: Sandbox
    state: Path

    def prepare(self, commit: str, python: str | None = None) -> Environment:
        """Take the interpreter that was named, else the repository's own environment, else build one."""
        paths = tuple(entry.path for entry in self.workspace.entries(commit))
        if python is not None:
            return self._named(python, paths)
        own, why_not = self._own(paths)
        return own or self._built(commit, paths, why_not)

    def _named(self, python: str, paths: Sequence[str]) -> Environment:
        found = shutil.which(os.path.expanduser(python))
        if found is None:
            raise OperatorMistake(f"--python {python} is no program that could be run.", hint=HINT)
        place = Path(os.path.abspath(found))
        home = Path(self.workspace.home)
        if home in place.parents and self._is_tracked(place, paths):
            raise OperatorMistake(
                f"--python {python} is part of the repository, where agents write.",
                hint="Give an interpreter outside of what the repository tracks.",
            )
        try:
            return self._as_found(lay_out(place), f"--python {python}", paths)
        except NoPython as no:
            raise OperatorMistake(f"--python {python} {no}.", hint=HINT) from no
        except Refusal as no:
            raise OperatorMistake(no.message, hint=no.hint) from no

    def _own(self, paths: Sequence[str]) -> tuple[Environment | None, str]:
        """Find the repository's own environment, or say why the one that is there is not used."""
        for name in OWN:
            python = Path(self.workspace.home) / name / "bin/python"
            if not python.exists():
                continue
            if self._is_tracked(python, paths):
                return None, f"the repository's {name} is part of its commits"
            try:
                found = self._as_found(lay_out(python), f"the repository's own {name}", paths)
            except NoPython as no:
                return None, f"the repository's {name} {no}"
            except SandboxUnavailable:
                raise
            except Refusal as no:
                return None, no.message.rstrip(".")
            if found.has_pytest:
                return found, ""
            return None, f"the repository's {name} has no pytest"
        return None, ""

    def _is_tracked(self, python: Path, paths: Sequence[str]) -> bool:
        top = os.path.relpath(python.parent.parent, self.workspace.home)
        return any(path == top or path.startswith(f"{top}/") for path in paths)

    def _as_found(self, layout: Layout, how: str, paths: Sequence[str]) -> Environment:
        asked = survey(self.sandbox, str(layout.python), layout.mounts)
        lacks = [
            name
            for name, there in (("pytest", asked.has_pytest), ("coverage", asked.has_coverage))
            if not there
        ]
        without = f", without {' and '.join(lacks)}" if lacks else ""
        home = Path(self.workspace.home)
        return Environment(
            python=str(layout.python),
            mounts=layout.mounts,
            how=f"{how}: Python {asked.version} with {len(asked.packages)} packages{without}",
            digest=hashlib.sha256(f"{layout.python}\n{asked.digest}".encode()).hexdigest()[:16],
            has_pytest=asked.has_pytest,
            import_roots=tuple(str(home / root) for root in import_roots(paths)),
        )

    def _built(self, commit: str, paths: Sequence[str], why_not: str) -> Environment:
        wanted = declared(paths, lambda path: self.workspace.read(commit, path).decode())
        base, version = choose_base(wanted.python)
        key = self._key(commit, paths, base.python, version)
        shelf = Shelf(self.state / "environments" / key)
        built = shelf.standing()
        if built is None:
            with shelf.building() as place:
                built = shelf.standing()
                if built is None:
                    building = Building(self.workspace, self.sandbox, commit, place, base)
                    built = building.finish(key, wanted, version, import_roots(paths))
                    shelf.finish(built)
        return _environment(built, self.workspace.home, why_not)

    def _key(self, commit: str, paths: Sequence[str], base: Path, version: str) -> str:
        parts = [f"{BUILDER} {base} {version} {self.workspace.home}".encode()]
        for path in metadata_paths(paths):
            parts += [path.encode(), self.workspace.read(commit, path)]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()[:16]


def _environment(built: Built, home: str, why_not: str) -> Environment:
    mounts = [Mount(Path(source), target) for source, target in built.python_mounts]
    mounts.append(Mount(Path(built.where) / "venv", TARGET))
    mounts += [Mount(Path(copy), f"{home}/{path}") for path, copy in built.generated]
    return Environment(
        python=PYTHON,
        mounts=tuple(mounts),
        how=f"{built.how}, because {why_not}" if why_not else built.how,
        digest=built.digest,
        has_pytest=built.has_pytest,
        import_roots=tuple(f"{home}/{root}".rstrip("/") for root in built.import_roots),
    )
