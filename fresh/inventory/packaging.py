"""Where a project's metadata says that its packages lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from posixpath import dirname

from fresh.inventory.layout import join


def declared_source_roots(metadata: Mapping[str, dict[str, object] | None]) -> list[str]:
    """List the folders that the metadata of setuptools, poetry, hatch or pdm names as source roots, by its path."""
    found: list[str] = []
    for path, content in metadata.items():
        found += [join(dirname(path), root.strip("./")) for root in _roots(_get(content, "tool"))]
    return sorted(set(found))


def _roots(tool: object) -> Iterable[str]:
    setuptools, poetry = _get(tool, "setuptools"), _get(tool, "poetry")
    folders = _get(setuptools, "package-dir")
    yield from _texts(list(folders.values()) if isinstance(folders, dict) else ())
    yield from _texts(_get(setuptools, "packages", "find", "where"))
    packages = _get(poetry, "packages")
    yield from _texts([_get(each, "from") for each in packages] if isinstance(packages, list) else ())
    yield from _texts(_get(tool, "hatch", "build", "targets", "wheel", "sources"))
    yield from _texts([_get(tool, "pdm", "build", "package-dir")])


def _get(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []
