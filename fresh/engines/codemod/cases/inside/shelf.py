"""Serve modules from memory, so that a script read from standard input can be made of several."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType


class Shelf(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Find and load modules whose sources it holds."""

    def __init__(self, package: str, sources: dict[str, str]) -> None:
        self.package = package
        self.sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module that is on the shelf."""
        if fullname not in self.sources:
            return None
        return importlib.util.spec_from_loader(fullname, self, is_package=fullname == self.package)

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's source in its own names."""
        name = module.__name__
        exec(compile(self.sources[name], f"<{name}>", "exec", dont_inherit=True), module.__dict__)


def put_up(package: str, sources: dict[str, str]) -> None:
    """Make the sources importable under their names."""
    sys.meta_path.insert(0, Shelf(package, sources))
