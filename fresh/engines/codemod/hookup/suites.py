"""The project's own tests: where they lie, what they are written with, how they are named."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from dataclasses import dataclass, field

from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.inventory.layout import Role

PYTEST = re.compile(r"^(import pytest|from pytest |def test_|async def test_)", re.MULTILINE)


@dataclass(frozen=True)
class Suite:
    """The habits of a suite; `folder` is where a test of the command line belongs."""

    folder: str
    unittest: bool = False
    annotated: bool = False
    suffixed: bool = False
    layout: Layout = field(default_factory=Layout)

    def path(self, name: str, taken: frozenset[str]) -> str:
        """Name a test file that is not there yet."""
        stem = f"{name}_test" if self.suffixed else f"test_{name}"
        number, path = 1, posixpath.join(self.folder, f"{stem}.py")
        while path in taken:
            number += 1
            middle = f"{name}_{number}"
            path = posixpath.join(self.folder, f"{middle}_test.py" if self.suffixed else f"test_{middle}.py")
        return path


def read_suite(sources: Sources, cli: Module, layout: Layout) -> Suite:
    """Read the habits; tests that import the command line's module decide, then all others."""
    paths = [path for path in sources.paths(Role.TEST) if _is_test(path)]
    if not paths:
        return Suite("tests", layout=layout)
    near = [
        path
        for path in paths
        if (module := sources.at(path)) is not None and cli.name in sources.imports(module)
    ]
    voters = near or paths
    folders = Counter(posixpath.dirname(path) for path in voters)
    folder = min(folders, key=lambda name: (-folders[name], name.count("/"), name))
    texts = [sources.text(path) for path in paths]
    plain = sum(1 for text in texts if PYTEST.search(text))
    classes = sum(1 for text in texts if re.search(r"^class \w+\(.*TestCase\)", text, re.MULTILINE))
    signatures = [line for text in texts for line in re.findall(r"def test_\w+\(.*\)( -> None)?:", text)]
    return Suite(
        folder=folder,
        unittest=classes > plain,
        annotated=sum(1 for line in signatures if line) * 2 > len(signatures),
        suffixed=all(path.endswith("_test.py") for path in paths),
        layout=Layout.of("\n".join(texts), sources.text("pyproject.toml"), sources.text("setup.cfg")),
    )


def _is_test(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith("test_") or name.endswith("_test.py")
