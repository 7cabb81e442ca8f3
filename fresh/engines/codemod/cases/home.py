"""Where a project keeps its tests, and how it writes them."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from fresh.domain.feature import Feature
from fresh.engines.codemod.cases.screening import is_test
from fresh.engines.texts import text_of
from fresh.ports import Bench

CONFIGURATIONS = ("pyproject.toml", "setup.cfg", "tox.ini", ".flake8", "ruff.toml", ".ruff.toml", "setup.py")
MOST_READ = 60
ORDINARY_WIDTH = 88
NARROW_WIDTH = 79


@dataclass(frozen=True)
class Home:
    """The file that a new test goes into, and the style of its neighbours."""

    path: str
    unit: bool
    hypothesis: bool
    width: int
    related: tuple[str, ...] = ()


def home_of(bench: Bench, feature: Feature) -> Home:
    """Find the folder, file name and style for a test of a feature, and the tests that run its module already."""
    paths = bench.paths()
    tests = [path for path in paths if is_test(path)]
    texts = {path: text_of(bench, path) for path in _nearest(tests, feature)[:MOST_READ]}
    settings = "\n".join(text_of(bench, path) for path in paths if _settles(path))
    module = feature.module.rpartition(".")[2]
    mentioning = tuple(
        path
        for path, text in texts.items()
        if re.search(rf"\b{re.escape(module)}\b", text) or re.search(rf"\b{re.escape(feature.name)}\b", text)
    )
    return Home(
        path=_free_path(paths, tests, feature),
        unit=_is_unit(list(texts.values())),
        hypothesis="hypothesis" in settings
        or any("from hypothesis import" in text for text in texts.values()),
        width=_width(bench, paths, [text_of(bench, feature.path), *texts.values()]),
        related=mentioning,
    )


def _settles(path: str) -> bool:
    return path in CONFIGURATIONS or (
        path.startswith(("requirements", "Pipfile")) and "/" not in path.rstrip("/")
    )


def _nearest(tests: list[str], feature: Feature) -> list[str]:
    words = [part for part in (feature.name.lower(), *feature.module.lower().split(".")[::-1]) if part]

    def distance(path: str) -> tuple[int, str]:
        stem = PurePosixPath(path).stem.lower()
        return next((rank for rank, word in enumerate(words) if word in stem), len(words)), path

    return sorted(tests, key=distance)


def _is_unit(texts: list[str]) -> bool:
    """Say whether most test files are made of unittest classes."""
    classes = sum(bool(re.search(r"^class \w+\(.*TestCase\)", text, re.MULTILINE)) for text in texts)
    functions = sum(
        bool(re.search(r"^(async )?def test_|^import pytest", text, re.MULTILINE)) for text in texts
    )
    return classes > functions


def _free_path(paths: tuple[str, ...], tests: list[str], feature: Feature) -> str:
    module = feature.module.rpartition(".")[2].strip("_")
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", feature.qualname.replace(".", "_")).lower()
    stem = name if name == module else f"{module}_{name}"
    last = sum(PurePosixPath(path).stem.endswith("_test") for path in tests) > len(tests) / 2
    folder = _folder(paths, tests, feature)
    taken = {PurePosixPath(path).name for path in paths}
    for suffix in ("", "_results", "_known_results", *(f"_{number}" for number in range(2, 50))):
        file = f"{stem}{suffix}_test.py" if last else f"test_{stem}{suffix}.py"
        if file not in taken:
            return f"{folder}/{file}" if folder else file
    raise ValueError(f"every name for a test of {feature.key} is taken")


def _folder(paths: tuple[str, ...], tests: list[str], feature: Feature) -> str:
    """Choose the folder of the module's own tests, else the one with most tests, else `tests`."""
    module = feature.module.rpartition(".")[2]
    for path in tests:
        if PurePosixPath(path).stem in (f"test_{module}", f"{module}_test"):
            return _parent(path)
    if not tests:
        return "test" if any(path.startswith("test/") for path in paths) else "tests"
    count = Counter(_parent(path) for path in tests)
    return min(count, key=lambda folder: (-count[folder], folder.count("/"), folder))


def _parent(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "" if parent == "." else parent


def _width(bench: Bench, paths: tuple[str, ...], near: Iterable[str]) -> int:
    """Read the line length that the project's formatter or linter keeps; without one, see what its code keeps to."""
    if "pyproject.toml" in paths:
        try:
            tool = tomllib.loads(text_of(bench, "pyproject.toml")).get("tool", {})
        except (ValueError, RecursionError):
            tool = {}
        for name in ("ruff", "black"):
            found = tool.get(name, {}).get("line-length") if isinstance(tool.get(name), dict) else None
            if isinstance(found, int):
                return found
    for path in ("ruff.toml", ".ruff.toml", ".flake8", "setup.cfg", "tox.ini"):
        match = re.search(r"^\s*(?:max-)?line[-_]length\s*=\s*(\d+)", text_of(bench, path), re.MULTILINE)
        if path in paths and match and int(match[1]) <= 140:
            return max(60, int(match[1]))
    longest = max((len(line) for text in near for line in text.splitlines()), default=ORDINARY_WIDTH)
    return NARROW_WIDTH if longest <= NARROW_WIDTH else ORDINARY_WIDTH
