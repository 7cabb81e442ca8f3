"""What a project says it needs, read from its files without running any of them."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from fresh.proving.poetry import poetry_requirements
from fresh.proving.requirement_files import is_requirement_file, requirement_lines

Read = Callable[[str], str]

WANTED_GROUPS = frozenset({"test", "tests", "testing", "dev", "develop", "development"})
LEGACY_BUILD = ("setuptools>=64",)
# What a backend asks for only once it runs, which an installation without build isolation never hears.
ASKED_LATER = {"setuptools": "wheel", "hatchling": "editables", "pdm-backend": "editables"}
METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", ".pytest.ini")
# A pytest option or setting, and the plugin without which pytest ends with "unrecognized arguments".
PLUGINS = {
    r"--cov\b": "pytest-cov",
    r"(?<![\w-])-n\s*(\d+|auto|logical)\b|--dist\b": "pytest-xdist",
    r"--timeout\b|^\s*timeout\s*=": "pytest-timeout",
    r"\basyncio_mode\b|\basyncio_default": "pytest-asyncio",
    r"--benchmark-": "pytest-benchmark",
    r"\bDJANGO_SETTINGS_MODULE\b": "pytest-django",
    r"--reruns\b": "pytest-rerunfailures",
    r"--randomly-": "pytest-randomly",
    r"--doctest-plus\b": "pytest-doctestplus",
    r"\brequired_plugins\b.*pytest-mock": "pytest-mock",
}


@dataclass
class Declared:
    """Requirements, the most important first, and what could not be taken over.

    `dynamic` means that only the build backend knows the rest; `installable` that there is a project to install.
    """

    name: str = ""
    python: str = ""
    build: list[str] = field(default_factory=list)
    requirements: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    dynamic: bool = False
    installable: bool = False

    def add(self, texts: Iterable[str]) -> None:
        """Take over requirements that name a package; anything that points elsewhere is left out, and said."""
        for text in texts:
            plain = plain_requirement(text)
            if plain is None:
                self.left_out.append(text[:100])
            elif canonicalize_name(Requirement(plain).name) != self.name and plain not in self.requirements:
                self.requirements.append(plain)


def metadata_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """List the files that decide what an environment holds."""
    return tuple(sorted(path for path in paths if path in METADATA_FILES or is_requirement_file(path)))


def declared(paths: Sequence[str], read: Read) -> Declared:
    """Read the requirements of a project and of its tests."""
    texts = {path: _text(path, read) for path in metadata_paths(paths)}
    project = _toml(texts.get("pyproject.toml", ""))
    setup = _ini(texts.get("setup.cfg", ""))
    found = Declared(name=_name(project, setup))
    _read_pyproject(found, project)
    _read_setup(found, setup)
    found.installable = bool(
        {"project", "build-system"} & project.keys() or {"setup.py", "setup.cfg"} & texts.keys()
    )
    found.dynamic = found.dynamic or "setup.py" in texts
    if found.installable and not found.build:
        found.build.extend(LEGACY_BUILD)
    backends = {canonicalize_name(Requirement(text).name) for text in found.build}
    found.build.extend(later for backend, later in ASKED_LATER.items() if backend in backends - {later})
    for path in (path for path in texts if is_requirement_file(path)):
        found.add(_of_others(requirement_lines(path, texts), found))
    configured = "\n".join(texts.get(name, "") for name in METADATA_FILES if name != "setup.py")
    found.add(plugin for sign, plugin in PLUGINS.items() if re.search(sign, configured, re.MULTILINE))
    return found


def requirements_of_metadata(requires: Sequence[str], version: str) -> Iterator[str]:
    """Choose from a distribution's Requires-Dist what its code and its tests need on a Python version like 3.11."""
    for text in requires:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield text
            continue
        marker, requirement.marker = requirement.marker, None
        surroundings = {"python_version": version, "python_full_version": f"{version}.0"}
        extras = ("", *sorted(WANTED_GROUPS))
        if marker is None or any(marker.evaluate({**surroundings, "extra": extra}) for extra in extras):
            yield str(requirement)


def plain_requirement(text: str) -> str | None:
    """Normalize a requirement that names a package; None for a URL, a path, an option or nonsense."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    return None if requirement.url else str(requirement)


def _read_pyproject(found: Declared, document: Mapping[str, object]) -> None:
    project = _table(document, "project")
    tools = _table(document, "tool")
    found.build = [
        text for text in _texts(_table(document, "build-system").get("requires")) if plain_requirement(text)
    ]
    found.python = str(project.get("requires-python", ""))
    found.dynamic = bool({"dependencies", "optional-dependencies"} & set(_texts(project.get("dynamic"))))
    found.add(_texts(project.get("dependencies")))
    extras = {name: _texts(value) for name, value in _table(project, "optional-dependencies").items()}
    for name in sorted(_wanted(extras)):
        found.add(_of_others(extras[name], found, extras))
    groups = _table(document, "dependency-groups")
    for name in sorted(_wanted(groups)):
        found.add(_of_others(_group(groups, name, frozenset()), found, extras))
    found.add(poetry_requirements(_table(tools, "poetry"), WANTED_GROUPS))
    uv = _table(tools, "uv")
    found.add(_texts(uv.get("dev-dependencies")))


def _read_setup(found: Declared, setup: configparser.RawConfigParser) -> None:
    if setup.has_section("options"):
        found.python = found.python or setup.get("options", "python_requires", fallback="")
        for option in ("install_requires", "tests_require"):
            found.add(_lines(setup.get("options", option, fallback="")))
    if setup.has_section("options.extras_require"):
        for name in sorted(_wanted(dict(setup.items("options.extras_require")))):
            found.add(_of_others(_lines(setup.get("options.extras_require", name)), found))


def _group(groups: Mapping[str, object], name: str, above: frozenset[str]) -> Iterator[str]:
    """Unfold one dependency group of PEP 735."""
    members = groups.get(name)
    for member in members if isinstance(members, list) else []:
        if isinstance(member, str):
            yield member
        elif isinstance(member, dict) and (inner := str(member.get("include-group", ""))) not in above:
            yield from _group(groups, inner, above | {name, inner})


def _of_others(
    texts: Iterable[str], found: Declared, extras: Mapping[str, Sequence[str]] | None = None, depth: int = 0
) -> Iterator[str]:
    """Unfold requirements on the project itself, like `pocket[test]`, into what those extras hold."""
    for text in texts:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            yield text
            continue
        if canonicalize_name(requirement.name) != found.name or not found.name:
            yield text
        elif extras is not None and depth < 8:
            for extra in sorted(requirement.extras & extras.keys()):
                yield from _of_others(extras[extra], found, extras, depth + 1)


def _wanted(groups: Mapping[str, object]) -> set[str]:
    return {name for name in groups if canonicalize_name(name) in WANTED_GROUPS}


def _name(project: Mapping[str, object], setup: configparser.RawConfigParser) -> str:
    poetry = _table(_table(project, "tool"), "poetry")
    named = (
        _table(project, "project").get("name")
        or poetry.get("name")
        or setup.get("metadata", "name", fallback="")
    )
    return canonicalize_name(str(named)) if named else ""


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _texts(found: object) -> list[str]:
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []


def _lines(text: str) -> list[str]:
    stripped = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in stripped if line]


def _toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _ini(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _text(path: str, read: Read) -> str:
    try:
        return read(path)
    except (KeyError, UnicodeDecodeError):
        return ""


def import_roots(paths: Iterable[str]) -> tuple[str, ...]:
    """Say which folders of the repository hold what is imported: `src` where packages lie there, else its root."""
    parts = [PurePosixPath(path).parts for path in paths if path.endswith(".py")]
    in_src = any(part[0] == "src" and (len(part) == 2 or part[2:] == ("__init__.py",)) for part in parts)
    return ("src",) if in_src else ("",)
