"""The cache makes scans cheap, and is never believed when it is damaged."""

from __future__ import annotations

import ast
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fresh.errors import StorageFailed
from fresh.inventory.cache import EXTRACTOR, HERE, MOST_INVENTORIES, Inventories, Shards
from fresh.inventory.crew import WORTH_A_CREW, read_all, read_many
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace
from tests.inventory.example import FOLDER, example, inventory_of

ROOT = Path(__file__).resolve().parents[2]


def test_the_same_commit_is_answered_without_reading_anything(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    commit = workspace.record(example("click_app"))
    first = take_inventory(workspace, commit, tmp_path)
    workspace.calls.clear()
    assert take_inventory(workspace, commit, tmp_path) == first
    assert sum(workspace.calls.values()) == 0


def test_another_commit_reads_only_what_changed(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    before = workspace.record(example("click_app"))
    take_inventory(workspace, before, tmp_path)
    asked: list[set[str]] = []
    read = workspace.read_blobs
    workspace.read_blobs = lambda blobs: asked.append(set(blobs)) or read(asked[-1])  # type: ignore[method-assign]
    after = workspace.record({"notes/formats.py": "def as_text(notes):\n    return notes\n"})
    inventory = take_inventory(workspace, after, tmp_path)
    changed = {entry.blob for entry in workspace.entries(after) if entry.path == "notes/formats.py"}
    metadata = {entry.blob for entry in workspace.entries(after) if entry.path == "pyproject.toml"}
    assert set().union(*asked) == changed | metadata
    assert inventory == take_inventory(workspace, after, tmp_path / "another")


def damage_all(cache: Path, how: str) -> int:
    """Damage every file of a cache; return how many there were."""
    files = [path for path in cache.rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        if how == "empty":
            path.write_bytes(b"")
        elif how == "cut":
            path.write_bytes(content[: len(content) // 2])
        elif how == "flipped":
            middle = len(content) // 2
            path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        else:
            path.write_bytes(os.urandom(300))
    return len(files)


@pytest.mark.parametrize("how", ["empty", "cut", "flipped", "noise"])
def test_a_damaged_cache_is_rebuilt_and_never_believed(how: str, tmp_path: Path) -> None:
    expected = inventory_of(example("click_app"), tmp_path / "other")
    inventory_of(example("click_app"), tmp_path / "cache")
    assert damage_all(tmp_path / "cache", how) > 3
    assert inventory_of(example("click_app"), tmp_path / "cache") == expected


def test_scans_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    names = ["click_app", "library", "web", "broken"] * 3
    expected = {name: inventory_of(example(name), tmp_path / name) for name in set(names)}
    with ThreadPoolExecutor(6) as crowd:
        found = list(crowd.map(lambda name: inventory_of(example(name), tmp_path / "shared"), names))
    assert found == [expected[name] for name in names]
    assert not list((tmp_path / "shared").rglob(".writing-*"))


COMING_AND_GOING = """
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
while True:
    for number in range(8):
        (folder / f"other-{number}").touch()
    for number in range(8):
        (folder / f"other-{number}").unlink(missing_ok=True)
"""


def test_files_that_vanish_while_old_inventories_are_swept_are_no_trouble(tmp_path: Path) -> None:
    inventory, kept = inventory_of(example("click_app"), tmp_path), Inventories(tmp_path)
    other = subprocess.Popen([sys.executable, "-c", COMING_AND_GOING, tmp_path / "inventories"])
    try:
        for number in range(400):
            kept.store(f"{number % 3}", inventory)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_only_the_newest_inventories_are_kept(tmp_path: Path) -> None:
    workspace = FakeWorkspace()
    for number in range(MOST_INVENTORIES + 5):
        take_inventory(workspace, workspace.record({"a.py": f"def f{number}():\n    return 1\n"}), tmp_path)
    assert len(list((tmp_path / "inventories").iterdir())) == MOST_INVENTORIES


def test_a_cache_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="can't be written"):
        inventory_of(example("click_app"), tmp_path / "file")


def test_shards_of_an_older_version_go_when_a_newer_one_is_written(tmp_path: Path) -> None:
    Shards(tmp_path, "records", "old").store({"a1": "{}"}, ["a1"])
    Shards(tmp_path, "records", "new").store({"a2": "{}"}, ["a2"])
    assert [path.name for path in tmp_path.iterdir()] == ["records-new"]


def test_the_inventory_does_not_depend_on_the_order_of_files(tmp_path: Path) -> None:
    files = list(example("library").items())
    expected = inventory_of(dict(files), tmp_path / "first").digest
    for seed in range(5):
        random.Random(seed).shuffle(files)
        assert inventory_of(dict(files), tmp_path / str(seed)).digest == expected


@pytest.mark.slow
def test_the_inventory_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from tests.inventory.example import *\n"
        "print([inventory_of(example(n), pathlib.Path(sys.argv[1]) / n).model_dump_json() for n in sys.argv[2:]])"
    )
    names = sorted(path.stem for path in FOLDER.glob("*.txt"))
    answers = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / seed), *names],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1


def test_a_crew_of_processes_reads_what_one_process_reads() -> None:
    sources = {
        f"file{number}": f"def f{number}():\n    return {number}\n".encode()
        for number in range(WORTH_A_CREW + 10)
    }
    sources["bad"] = b"def (:\n"
    documents = {"guide.md": b"Call `start_up` first.\n", "more.md": b""}
    assert read_many(sources, documents, workers=2) == read_all(sources, documents)


HOSTILE = {
    "deep brackets": b"x = " + b"(" * 5000 + b")" * 5000,
    "deep unary": b"x = " + b"-" * 200_000 + b"1",
    "deep attributes": b"x = a" + b".b" * 50_000,
    "deep calls": b"x = f" + b"()" * 20_000,
    "null bytes": b"x = 1\0",
    "no utf-8": b"x = '\xff\xfe'",
    "unknown coding": b"# coding: nonsense\nx = 1\n",
    "empty": b"",
    "a line break in a name": b"def f():\n    return 'a\\nb'\n",
    "invalid escape": b"x = '\\d'\n",
    "deep nesting": b"".join(b" " * depth + b"if x:\n" for depth in range(90)) + b" " * 90 + b"pass\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_sources_are_read_or_refused_but_never_break_a_scan(name: str, tmp_path: Path) -> None:
    inventory = inventory_of(
        {"app/__init__.py": "", "app/x.py": HOSTILE[name], "app/y.py": "def f():\n    return 1\n"}, tmp_path
    )
    assert [feature.key for feature in inventory.features if feature.module == "app.y"] == ["app.y:f"]
    assert all(each.path == "app/x.py" and each.why for each in inventory.unparsed)


WITHOUT_RULES = {"collector.py"}
"""Modules that what is found in a file does not depend on."""


def test_everything_that_makes_a_record_names_its_version() -> None:
    # A rule that is changed must not meet what it found before.
    waiting, seen = ["extract.py", "documents.py"], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for node in ast.walk(ast.parse((HERE / name).read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fresh.inventory"):
                inside = (
                    [node.module] if node.module != "fresh.inventory" else [each.name for each in node.names]
                )
                waiting += [f"{(each or '').rpartition('.')[2]}.py" for each in inside]
    assert seen - WITHOUT_RULES == set(EXTRACTOR)
