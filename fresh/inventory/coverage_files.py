"""Coverage reports that a project commits: where they lie, and which lines each says ran. Their content is hostile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from xml.parsers import expat

from pydantic import BaseModel, Field, ValidationError

LONGEST = 32 << 20
MOST_LINES = 5_000_000
LAST_LINE = 1_000_000
NAMES = ("coverage.json", "coverage.xml", "lcov.info", "coverage.lcov", ".coverage")
"""In the order in which they are believed: the first two also say what did not run."""
PLACES = (
    "",
    "coverage/",
    "reports/",
    "report/",
    "test-results/",
    "test-reports/",
    "build/",
    "build/reports/",
    "htmlcov/",
)
DATABASE = b"SQLite format 3\0"
NUMBER = re.compile(r"\d{1,7}")


class Ran(NamedTuple):
    """The lines of one file that ran, and those that could have and did not; None where the report doesn't say."""

    lines: frozenset[int]
    missed: frozenset[int] | None = None


ReadDatabase = Callable[[bytes], Mapping[str, frozenset[int]]]
"""Reads coverage.py's own database: the lines that ran by path. Raises ValueError."""


def reports_among(paths: Iterable[str]) -> list[str]:
    """List the coverage reports among the paths of a commit, the one to believe first."""
    there = set(paths)
    return [path for place in PLACES for name in NAMES if (path := f"{place}{name}") in there]


def read_report(content: bytes, read_database: ReadDatabase | None = None) -> dict[str, Ran]:
    """Read any of the formats, told apart by how they begin. Raises ValueError for what is none, or too large."""
    if len(content) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST >> 20} MB")
    if content.startswith(DATABASE):
        if read_database is None:
            raise ValueError("nothing here reads coverage.py's database")
        return {path: Ran(lines) for path, lines in read_database(content).items()}
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        return _Cobertura().read(content)
    return _of_json(content) if start.startswith(b"{") else _of_lcov(content)


class _File(BaseModel):
    executed_lines: tuple[int, ...] = ()
    missing_lines: tuple[int, ...] = ()


class _Report(BaseModel):
    files: dict[str, _File] = Field(default_factory=dict)


def _of_json(content: bytes) -> dict[str, Ran]:
    try:
        report = _Report.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"it is no report of coverage.py: {error.errors()[0]['msg']}") from None
    return {
        path: Ran(frozenset(file.executed_lines), frozenset(file.missing_lines))
        for path, file in report.files.items()
    }


def _of_lcov(content: bytes) -> dict[str, Ran]:
    tallies: dict[str, _Tally] = {}
    tally: _Tally | None = None
    for line in content.decode("utf-8", "replace").splitlines():
        name, _, rest = line.partition(":")
        if name == "SF":
            tally = tallies.setdefault(rest.strip(), _Tally())
        elif name == "DA" and tally is not None:
            number, _, hits = rest.partition(",")
            tally.add(number, hits.partition(",")[0])
        elif name == "end_of_record":
            tally = None
    if not tallies:
        raise ValueError("it is in none of the formats that are known")
    return {path: tally.ran() for path, tally in tallies.items()}


class _Tally:
    """Lines of one file as they are counted; a line that two parts of a report list ran if it ran in one."""

    def __init__(self) -> None:
        self._hit: set[int] = set()
        self._missed: set[int] = set()

    def add(self, number: str, hits: str) -> None:
        """Count one line; what is no number, or no line that a file has, is left out."""
        if not (NUMBER.fullmatch(number) and NUMBER.match(hits)) or not 0 < int(number) <= LAST_LINE:
            return
        ran = hits.strip("0.") != ""
        (self._hit if ran else self._missed).add(int(number))

    def ran(self) -> Ran:
        """Give what was counted."""
        return Ran(frozenset(self._hit), frozenset(self._missed - self._hit))


class _Cobertura:
    """Cobertura's XML, read as a stream: entities are refused, nothing is loaded, and the lines are counted."""

    def __init__(self) -> None:
        self._tallies: dict[str, _Tally] = {}
        self._tally: _Tally | None = None
        self._root: str | None = None
        self._lines = 0
        self._source: list[str] = []
        self._sources: list[str] = []

    def read(self, content: bytes) -> dict[str, Ran]:
        """Read a whole report. Raises ValueError."""
        parser = expat.ParserCreate()
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._source.append
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, UnicodeError, LookupError) as error:
            raise ValueError(f"it is no XML: {error}") from None
        if self._root != "coverage":
            raise ValueError(f"it is no report of coverage: its root is {self._root}")
        # Names are relative to where the sources lay; of several places nobody can tell which.
        place = f"{self._sources[0]}/" if len(self._sources) == 1 else ""
        return {
            path if path.startswith("/") else place + path: tally.ran()
            for path, tally in self._tallies.items()
        }

    def _refuse(self, *declared: object) -> None:
        raise ValueError("it declares entities")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._root = self._root or name
        self._source.clear()
        if name == "class":
            self._tally = self._tallies.setdefault(attributes.get("filename", ""), _Tally())
        elif name == "line" and self._tally is not None:
            self._lines += 1
            if self._lines > MOST_LINES:
                raise ValueError(f"it lists more than {MOST_LINES} lines")
            self._tally.add(attributes.get("number", ""), attributes.get("hits", ""))

    def _end(self, name: str) -> None:
        if name == "source" and (place := "".join(self._source).strip()):
            self._sources.append(place)
        self._source.clear()
