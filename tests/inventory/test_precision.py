"""How often `unhooked` is right on published projects, judged by hand, and how much of what is dead it finds."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.domain.feature import Inventory, Reachability
from fresh.domain.test_code import is_test_path
from tests.inventory.example import inventory_of
from tests.inventory.seeding import plant

ROOT = Path(__file__).parents[2]
JUDGED = {path.stem: path for path in sorted((Path(__file__).parent / "judged").glob("*.txt"))}
FRAMEWORKS = ("rich", "scrapy", "celery")
ON_APPLICATIONS, ON_FRAMEWORKS, RECALL = 0.9, 0.8, 0.7
SEEDS = 40


def unhooked(inventory: Inventory) -> set[str]:
    """Name what nothing reaches."""
    return {each.key for each in inventory.features if each.reachability is Reachability.UNHOOKED}


def files_below(root: Path) -> Iterator[tuple[str, bytes]]:
    """Read a tree."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(root).as_posix(), path.read_bytes()


def verdicts(project: str) -> dict[str, str]:
    """Read what a person judged of each feature that was reported."""
    return dict(line.split() for line in JUDGED[project].read_text().splitlines())


def precision(judged: dict[str, str], reported: set[str]) -> float:
    """Give the share of what is reported that was judged to be right."""
    known = [judged[key] for key in reported if key in judged]
    return known.count("right") / len(known) if known else 1.0


@pytest.mark.parametrize("project", JUDGED)
def test_the_judged_lists_keep_the_promised_precision(project: str) -> None:
    judged = verdicts(project)
    goal = ON_FRAMEWORKS if project.partition("==")[0] in FRAMEWORKS else ON_APPLICATIONS
    assert set(judged.values()) <= {"right", "wrong"}
    assert precision(judged, set(judged)) >= goal


def test_four_projects_or_more_were_judged() -> None:
    assert len(JUDGED) >= 4


@pytest.mark.real
@pytest.mark.night
@pytest.mark.parametrize("project", JUDGED)
def test_what_is_reported_today_is_what_was_judged(project: str, tmp_path: Path) -> None:
    inventory = inventory_of(dict(files_below(fetch(project, tmp_path))), tmp_path / "cache")
    judged, reported = verdicts(project), unhooked(inventory)
    goal = ON_FRAMEWORKS if project.partition("==")[0] in FRAMEWORKS else ON_APPLICATIONS
    assert precision(judged, reported) >= goal
    missing, more = sorted(judged.keys() - reported), sorted(reported - judged.keys())
    assert (missing, more) == ([], []), "judge what is new, and strike out what went"


def fetch(project: str, tmp_path: Path) -> Path:
    """Find a source distribution below FRESH_CORPUS, or fetch it by pip, and unpack it."""
    name = f"{project.replace('==', '-')}.tar.gz"
    archive = Path(os.environ.get("FRESH_CORPUS", tmp_path), name)
    if not archive.exists():
        words = ("download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(tmp_path), project)
        subprocess.run([sys.executable, "-m", "pip", *words], check=True)
        archive = tmp_path / name
    with tarfile.open(archive) as content:
        content.extractall(tmp_path / "source", filter="data")
    return next((tmp_path / "source").iterdir())


def test_most_of_what_is_planted_dead_is_found(tmp_path: Path) -> None:
    tree = {
        path.relative_to(ROOT).as_posix(): path.read_text()
        for folder in ("fresh/domain", "fresh/inventory", "cli")
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    tree["pyproject.toml"] = (ROOT / "pyproject.toml").read_text()
    homes = sorted(
        path
        for path in tree
        if path.endswith(".py") and not path.endswith("__init__.py") and not is_test_path(path)
    )
    files, planted = plant(tree, homes, SEEDS, seed=1)
    inventory = inventory_of(files, tmp_path)
    dead = unhooked(inventory)
    found = {(each.path, each.name) for each in inventory.features if each.key in dead}
    assert len([each for each in planted if each in found]) >= RECALL * SEEDS
