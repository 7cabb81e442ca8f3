"""What a project says about its own lint: oldest Python, line length, rules it chose, ignored and left out."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from posixpath import basename

from fresh.engines.texts import text_of
from fresh.ports import Bench

OLDEST = (3, 8)
NEWEST = (3, 14)
ORDINARY_WIDTH = 88
FLAKE8_FILES = (".flake8", "setup.cfg", "tox.ini")
RUFF_CHOOSES = ("E4", "E7", "E9", "F")
RUFF_FILES = ("ruff.toml", ".ruff.toml")


@dataclass(frozen=True)
class Habits:
    """How a project lints. `chosen` is empty when it never chose rules; `ignored` holds codes and prefixes of codes."""

    target: str = f"py{OLDEST[0]}{OLDEST[1]}"
    declared: bool = False
    width: int = ORDINARY_WIDTH
    chosen: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    by_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sorts_imports: bool = False

    def leaves_out(self, path: str) -> bool:
        """Say whether the project keeps its linter away from a file."""
        return any(_matches(path, pattern) for pattern in self.left_out)

    def allows(self, rule: str, path: str) -> bool:
        """Say whether the project lets a rule speak about a file."""
        ignored = [*self.ignored]
        for pattern, rules in self.by_file.items():
            if _matches(path, pattern):
                ignored += rules
        return not any(rule.startswith(code) for code in ignored)

    def chose(self, rule: str) -> bool:
        """Say whether the project asked for a rule, by name or by group."""
        return any(code == "ALL" or rule.startswith(code) for code in self.chosen)


def _matches(path: str, pattern: str) -> bool:
    pattern = pattern.strip().removeprefix("./").rstrip("/")
    inside = f"/{path}".find(f"/{pattern}/") >= 0
    return (
        inside or fnmatch(path, pattern) or fnmatch(basename(path), pattern) or fnmatch(path, f"{pattern}/*")
    )


def habits_of(bench: Bench) -> Habits:
    """Read the configuration of ruff, flake8 and the package. What can't be read is as if it were not there."""
    project = _toml(text_of(bench, "pyproject.toml"))
    ruff = _table(project, "tool", "ruff")
    for path in RUFF_FILES:
        ruff = _toml(text_of(bench, path)) or ruff
    flake8: dict[str, str] = {}
    for path in FLAKE8_FILES:
        flake8 = flake8 or _section(text_of(bench, path), "flake8")
    lint = {**ruff, **_table(ruff, "lint")}
    oldest = _oldest(bench, project)
    return Habits(
        target=_target(ruff, oldest),
        declared=oldest is not None or "target-version" in ruff,
        width=_width(project, ruff, flake8),
        chosen=_chosen(lint),
        ignored=(*_words(lint.get("ignore")), *_words(lint.get("extend-ignore")), *_codes(flake8)),
        left_out=(
            *_words(ruff.get("exclude")),
            *_words(ruff.get("extend-exclude")),
            *_words(lint.get("exclude")),
            *re.split(
                r"[,\s]+", f"{flake8.get('exclude', '')},{flake8.get('extend-exclude', '')}".strip(",")
            ),
        ),
        by_file={**_by_file(lint), **_by_file_flake8(flake8)},
        sorts_imports="isort" not in lint
        and any("I001".startswith(code) for code in _words(lint.get("select"))),
    )


def _toml(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _table(source: Mapping[str, object], *names: str) -> dict[str, object]:
    found: object = source
    for name in names:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    return found if isinstance(found, dict) else {}


def _words(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str) and item) if isinstance(value, list) else ()


def _chosen(lint: Mapping[str, object]) -> tuple[str, ...]:
    """List the rules that a project chose; extending means extending what ruff chooses by itself."""
    extra = _words(lint.get("extend-select"))
    return (*(_words(lint.get("select")) or (RUFF_CHOOSES if extra else ())), *extra)


def _section(text: str, name: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return dict(parser[name]) if parser.has_section(name) else {}


def _codes(flake8: Mapping[str, str]) -> Iterable[str]:
    both = f"{flake8.get('ignore', '')},{flake8.get('extend-ignore', '')}"
    return re.findall(r"\b[A-Z]+\d+", re.sub(r"#.*", "", both))


def _by_file(lint: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    tables = {**_table(lint, "per-file-ignores"), **_table(lint, "extend-per-file-ignores")}
    return {pattern: _words(rules) for pattern, rules in tables.items()}


def _by_file_flake8(flake8: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in flake8.get("per-file-ignores", "").splitlines():
        pattern, colon, rules = line.partition(":")
        if colon:
            found[pattern.strip()] = tuple(re.findall(r"[A-Z]+\d*", rules))
    return found


def _oldest(bench: Bench, project: Mapping[str, object]) -> tuple[int, int] | None:
    """Read the oldest Python that the package supports."""
    declared = _table(project, "project").get("requires-python")
    declared = declared or _table(project, "tool", "poetry", "dependencies").get("python")
    text = declared if isinstance(declared, str) else ""
    for path in ("setup.cfg", "setup.py"):
        match = re.search(r"python_requires\s*=\s*[\"']?([^\"'\n]+)", text_of(bench, path))
        text = text or (match[1] if match else "")
    bounds = re.findall(r"(?:>=|~=|\^|==)\s*3\.(\d+)", text)
    return (3, min(int(minor) for minor in bounds)) if bounds else None


def _target(ruff: Mapping[str, object], oldest: tuple[int, int] | None) -> str:
    said = ruff.get("target-version")
    if isinstance(said, str) and re.fullmatch(r"py3\d{1,2}", said):
        oldest = (3, int(said[3:]))
    major, minor = max(min(oldest or OLDEST, NEWEST), (3, 7))
    return f"py{major}{minor}"


def _width(project: Mapping[str, object], ruff: Mapping[str, object], flake8: Mapping[str, str]) -> int:
    told = (ruff.get("line-length"), _table(project, "tool", "black").get("line-length"))
    said = [value for value in told if isinstance(value, int)]
    length = flake8.get("max-line-length", "")
    said += [int(length)] if length.isdigit() else []
    return min(max(said[0], 40), 320) if said else ORDINARY_WIDTH
