"""The fixture projects as files in memory, and benches on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.fakes.bench import FakeBench, feature_of

PROJECTS = Path(__file__).with_name("projects")


def project(name: str) -> dict[str, str]:
    """Read one project."""
    root = PROJECTS / name
    paths = [path for path in sorted(root.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths}


def bench_on(where: Path, files: Mapping[str, str], path: str, function: str) -> FakeBench:
    """Lay a bench for the hookup of one function."""
    return FakeBench(where, files, feature_of(files, path, function))
