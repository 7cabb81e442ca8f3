"""Where an import leads: below one of the folders above its importer, as the interpreter's path would hold them.

Which of them it holds is known only when the program is started, so the nearest that has what is asked for counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from fresh.inventory.layout import Source, basename, dirname, is_python, join, parents

Holds = Callable[[str, str], bool]


class Places:
    """The importable files of a codebase by their places: paths without suffix, or the folders of packages."""

    def __init__(self, sources: Iterable[Source], holds: Holds) -> None:
        """`holds` tells whether a module, by its name, binds a name."""
        self._files: dict[str, str] = {}
        self._folders: dict[str, str] = {}
        self._packages: set[str] = set()
        self._holds = holds
        self._above: dict[str, tuple[str, ...]] = {}
        self._named: dict[str, list[str]] = {}
        for source in sources:
            if is_python(source.path):
                self._add(source)

    def _add(self, source: Source) -> None:
        folder = dirname(source.path)
        name = source.module if source.is_package else source.module.rpartition(".")[0]
        self._files[folder if source.is_package else source.path.rpartition(".")[0]] = source.module
        if source.is_package:
            self._packages.add(folder)
        while folder and name and name.rpartition(".")[2] == basename(folder):
            self._folders.setdefault(folder, name)
            folder, name = dirname(folder), name.rpartition(".")[0]

    def absolute(self, importer: Source, target: str) -> str:
        """Name what an absolute import means in a file; unchanged where no folder above the file has it."""
        head, *rest = target.split(".")
        folder, likely = dirname(importer.path), None
        for root in self._roots(folder):
            if root != folder and head in sys.stdlib_module_names:
                break
            place = join(root, head)
            if place in self._files:
                module = self._files[place]
                found = module != importer.module
                sure = found and (not rest or self._has(place, module, rest[0]))
            else:
                module = self._folders.get(place, "")
                found = sure = bool(module) and self._reaches_file(place, rest)
            if sure:
                return ".".join((module, *rest))
            likely = likely or (".".join((module, *rest)) if found else None)
        return likely or target

    def anywhere(self, target: str) -> str | None:
        """Name what an import means in a file that puts folders of its own on the interpreter's path; None unless one
        place alone has it."""
        head, _, rest = target.partition(".")
        if not self._named:
            for place, module in self._files.items():
                self._named.setdefault(basename(place), []).append(module)
        found = self._named.get(head, ())
        if len(found) != 1 or head in sys.stdlib_module_names:
            return None
        return f"{found[0]}.{rest}" if rest else found[0]

    def _has(self, place: str, module: str, name: str) -> bool:
        inside = f"{place}/{name}"
        return inside in self._files or inside in self._folders or self._holds(module, name)

    def _reaches_file(self, place: str, rest: list[str]) -> bool:
        for part in rest:
            place = f"{place}/{part}"
            if place in self._files:
                return True
        return False

    def _roots(self, folder: str) -> tuple[str, ...]:
        """List the folders above a file that are no packages themselves, the nearest first."""
        if folder not in self._above:
            above = (folder, *parents(folder)) if folder else ("",)
            self._above[folder] = tuple(each for each in above if not each or each not in self._packages)
        return self._above[folder]
