"""Committed coverage reports: what they prove, when they are too old, and what hostile ones can't do."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from fresh.adapters.sqlite_coverage import read_coverage_database
from fresh.domain.feature import Feature, Inventory
from fresh.inventory.coverage_files import LONGEST, read_report
from fresh.inventory.covered import NONE_READ
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace
from tests.inventory.example import feature_of

CODE = """\
def work(n):
    if n > 3:
        return 1
    return 2


def other(n):
    return n
"""
TEST = "from app.code import work\n\n\ndef test_work():\n    assert work(1) == 2\n"
FILES = {"src/app/__init__.py": "", "src/app/code.py": CODE, "tests/test_code.py": TEST, "pyproject.toml": ""}
FORMATS = ("coverage.xml", "coverage.json", "lcov.info", ".coverage")
Made = dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Let coverage.py itself measure a run and write its reports."""
    root = tmp_path_factory.mktemp("measured")
    for path, text in {**FILES, "run.py": "from app.code import work\nwork(1)\n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    asked = (
        ("run", "--source", "src", "run.py"),
        ("xml", "-q"),
        ("json", "-q"),
        ("lcov", "-q", "-o", "lcov.info"),
    )
    for words in asked:
        command = [sys.executable, "-m", "coverage", *words]
        subprocess.run(command, cwd=root, check=True, env={"PYTHONPATH": "src", "PATH": ""})
    return {name: (root / name).read_bytes() for name in FORMATS}


def taken(workspace: FakeWorkspace, commit: str, cache: Path) -> Inventory:
    return take_inventory(workspace, commit, cache, read_database=read_coverage_database)


def inventory(files: Mapping[str, str | bytes], cache: Path) -> Inventory:
    workspace = FakeWorkspace()
    return taken(workspace, workspace.record({**FILES, **files}), cache)


def why_tested(feature: Feature) -> str:
    return next(signal.why for signal in feature.signals if signal.name == "tested")


def of_json(**files: tuple[list[int], list[int]]) -> str:
    """A report in coverage.py's JSON; a name with `__` for every slash and without its suffix is a path."""
    found = {
        name.replace("__", "/") + ".py": {"executed_lines": ran, "missing_lines": missed}
        for name, (ran, missed) in files.items()
    }
    return json.dumps({"files": found})


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_that_coverage_py_writes_is_read(made: Made, name: str, tmp_path: Path) -> None:
    found = inventory({name: made[name]}, tmp_path)
    work = feature_of(found, "app.code:work")
    assert (work.tested, work.tested_by) == (0.667, ("tests/test_code.py::test_work",))
    assert why_tested(work) == f"1 asserting test, found to use it; 2 of 3 lines ran by {name}"
    assert feature_of(found, "app.code:other").tested == 0.0
    assert NONE_READ not in found.limits
    assert any(limit.startswith(f"{name} of {found.commit[:10]} says") for limit in found.limits)


def test_a_strong_path_and_all_lines_make_one_and_safety_follows(tmp_path: Path) -> None:
    found = inventory({"coverage.json": of_json(src__app__code=([1, 2, 3, 4], [8]))}, tmp_path)
    work = feature_of(found, "app.code:work")
    assert (work.tested, work.safety) == (1.0, 1.0)


def test_lines_that_ran_without_an_asserting_test_prove_little(tmp_path: Path) -> None:
    found = inventory({"coverage.json": of_json(src__app__code=([1, 7, 8], [2, 3, 4]))}, tmp_path)
    assert feature_of(found, "app.code:other").tested == 0.25
    assert feature_of(found, "app.code:work").tested == 0.0
    assert why_tested(feature_of(found, "app.code:work")).endswith("0 of 3 lines ran by coverage.json")


def test_without_a_report_the_limit_is_stated(tmp_path: Path) -> None:
    found = inventory({}, tmp_path)
    assert NONE_READ in found.limits
    assert feature_of(found, "app.code:work").tested == 0.5
    assert why_tested(feature_of(found, "app.code:work")).endswith("; no coverage data")


@pytest.mark.parametrize(
    "told",
    [
        "src/app/code.py",
        "app/code.py",
        "./app/code.py",
        "/home/ci/builds/shop/src/app/code.py",
        "C:\\ci\\shop\\src\\app\\code.py",
        "/home/ci/.tox/py/lib/python3.11/site-packages/app/code.py",
        "code.py",
    ],
)
def test_paths_of_other_machines_are_found_by_how_they_end(told: str, tmp_path: Path) -> None:
    report = json.dumps({"files": {told: {"executed_lines": [2, 3, 4], "missing_lines": []}}})
    assert feature_of(inventory({"coverage.json": report}, tmp_path), "app.code:work").tested == 1.0


@pytest.mark.parametrize(
    "told", ["/usr/lib/python3/code.py", "../../etc/passwd", "other/code.py", "", "/", "\0"]
)
def test_paths_that_are_of_no_file_or_of_several_count_for_none(told: str, tmp_path: Path) -> None:
    report = json.dumps({"files": {told: {"executed_lines": [2, 3, 4]}}})
    found = inventory({"coverage.json": report}, tmp_path)
    assert feature_of(found, "app.code:work").tested == 0.5
    assert "coverage.json names no Python file of this repository" in found.limits
    assert NONE_READ in found.limits


def test_a_name_that_fits_two_files_is_nobodys(tmp_path: Path) -> None:
    twice = {"other/app/code.py": CODE, "coverage.json": of_json(app__code=([2, 3, 4], []))}
    assert feature_of(inventory(twice, tmp_path), "app.code:work").tested == 0.5


def test_a_source_root_of_cobertura_tells_equal_names_apart(tmp_path: Path) -> None:
    lines = "".join(f'<line number="{n}" hits="1"/>' for n in (2, 3, 4))
    report = (
        "<coverage><sources><source>/ci/shop/src/app</source></sources><packages><package><classes>"
        f'<class filename="code.py"><lines>{lines}</lines></class></classes></package></packages></coverage>'
    )
    files = {"coverage.xml": report, "src/more/__init__.py": "", "src/more/code.py": CODE}
    found = inventory(files, tmp_path)
    assert feature_of(found, "app.code:work").tested == 1.0
    assert feature_of(found, "more.code:work").tested == 0.0


# --------------------------------------------------------------------------------------------------------- its age


def test_what_changed_since_the_report_does_not_count_and_is_said_to(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    workspace.record({**FILES, "coverage.json": of_json(src__app__code=([1, 2, 3, 4, 7, 8], []))})
    moved = "import os\n\n\n" + CODE.replace("return n\n", "return n + 1\n")
    commit = workspace.record({"src/app/code.py": moved})
    found = taken(workspace, commit, tmp_path)
    work, other = feature_of(found, "app.code:work"), feature_of(found, "app.code:other")
    assert (work.line, work.tested) == (4, 1.0)
    assert other.tested == 0.0
    assert why_tested(other).endswith("; coverage.json is older than its code and does not count")
    assert any("for 1 feature whose code has changed since" in limit for limit in found.limits)


def test_a_report_of_the_newest_commit_counts_for_all_of_it(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    workspace.record({**FILES, "coverage.json": of_json()})
    workspace.record({"src/app/code.py": CODE.replace("return n\n", "return n + 1\n")})
    commit = workspace.record({"coverage.json": of_json(src__app__code=([1, 2, 3, 4, 7, 8], []))})
    assert feature_of(taken(workspace, commit, tmp_path), "app.code:other").tested == 0.25


def test_a_file_that_is_newer_than_the_report_is_not_in_it(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    report = of_json(src__app__code=([2, 3, 4], []), src__app__late=([2], []))
    workspace.record({**FILES, "coverage.json": report})
    late = "def late():\n    return 1\n"
    test = "from app.late import late\n\n\ndef test_late():\n    assert late()\n"
    commit = workspace.record({"src/app/late.py": late, "tests/test_late.py": test})
    assert feature_of(taken(workspace, commit, tmp_path), "app.late:late").tested == 0.5


# ----------------------------------------------------------------------------------------------------- what is hostile

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "'
    + "&a;" * 99
    + '"><!ENTITY c "'
    + "&b;" * 99
    + '">]><coverage>&c;</coverage>'
)
OUTSIDE = '<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><coverage>&x;</coverage>'
HOSTILE: dict[str, tuple[str, str | bytes, str]] = {
    "bomb": ("coverage.xml", BOMB, "it declares entities"),
    "outside": ("coverage.xml", OUTSIDE, "it declares entities"),
    "unclosed": ("coverage.xml", "<coverage><class", "it is no XML"),
    "another": ("coverage.xml", "<html></html>", "its root is html"),
    "encoding": ("coverage.xml", '<?xml version="1.0" encoding="nonsense"?><coverage/>', "it is no XML"),
    "deep": ("coverage.json", '{"files":' * 100_000, "it is no report of coverage.py"),
    "wrong": ("coverage.json", '{"files": [1, 2]}', "it is no report of coverage.py"),
    "huge numbers": ("coverage.json", '{"files": {"a.py": {"executed_lines": [1e400]}}}', "it is no report"),
    "empty": ("lcov.info", "", "in none of the formats"),
    "noise": ("lcov.info", bytes(range(256)) * 9, "in none of the formats"),
    "torn": (".coverage", b"SQLite format 3\0" + b"\xff" * 5000, "no database of coverage.py"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_report_is_said_and_changes_nothing(case: str, tmp_path: Path) -> None:
    name, content, told = HOSTILE[case]
    found = inventory({name: content}, tmp_path)
    assert feature_of(found, "app.code:work").tested == 0.5
    assert NONE_READ in found.limits
    assert [limit for limit in found.limits if limit.startswith(f"{name} was not read: ") and told in limit]


def test_what_is_too_long_is_not_even_read() -> None:
    with pytest.raises(ValueError, match="longer than 32 MB"):
        read_report(b"SF:a\n" + b" " * LONGEST)


def test_lines_that_no_file_has_are_left_out() -> None:
    report = "SF:app.py\nDA:0,1\nDA:-3,1\nDA:99999999999999999999,1\nDA:x,1\nDA:3,x\nDA:4,2\nDA:5,0\nend_of_record\nDA:9,1\n"
    found = read_report(report.encode())["app.py"]
    assert (found.lines, found.missed) == (frozenset({4}), frozenset({5}))


def database(tmp_path: Path, *statements: str) -> bytes:
    path = tmp_path / "made.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


TABLES = (
    "CREATE TABLE file (id INTEGER, path TEXT)",
    "CREATE TABLE line_bits (file_id INTEGER, numbits BLOB)",
    "CREATE TABLE arc (file_id INTEGER, fromno INTEGER, tono INTEGER)",
)
ENDLESS = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS id, 'app.py' AS path FROM n"
)


@pytest.mark.parametrize(
    "statements",
    [
        (f"CREATE VIEW file AS {ENDLESS}", *TABLES[1:]),
        ("CREATE VIRTUAL TABLE file USING fts5(id, path)", *TABLES[1:]),
        TABLES[:1],
        (),
    ],
)
def test_a_database_that_would_run_something_or_is_another_is_refused(
    statements: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"no database of coverage\.py"):
        read_coverage_database(database(tmp_path, *statements, "CREATE TABLE t (x)"))


def test_a_database_that_takes_for_ever_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fresh.adapters.sqlite_coverage.MOST_STEPS", 1)
    many = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 3000)"
    content = database(
        tmp_path,
        *TABLES,
        f"INSERT INTO file {many} SELECT 1, 'app.py' FROM n",
        f"INSERT INTO line_bits {many} SELECT 1, x'ff' FROM n",
    )
    with pytest.raises(ValueError, match=r"no database of coverage\.py: interrupted"):
        read_coverage_database(content)


def test_arcs_count_as_lines_and_odd_types_as_nothing(tmp_path: Path) -> None:
    content = database(
        tmp_path,
        *TABLES,
        "INSERT INTO file VALUES (1, 'app.py'), (2, x'00')",
        "INSERT INTO line_bits VALUES (1, x'0c'), (1, 'text'), (2, x'ff')",
        "INSERT INTO arc VALUES (1, 7, 8), (1, -1, 7), (1, 'nine', 2)",
    )
    assert read_coverage_database(content) == {"app.py": frozenset({2, 3, 7})}


@pytest.mark.parametrize("name", ["coverage.json", "htmlcov/index.html", "htmlcov/code_py.html"])
def test_a_report_documents_nothing(name: str, tmp_path: Path) -> None:
    found = inventory({name: '{"functions": {"app.other": 1}} <p>app.other() <code>`other`</code>'}, tmp_path)
    assert not feature_of(found, "app.code:other").documented
