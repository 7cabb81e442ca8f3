"""requirements.lock pins everything, names no place, and is what these tests run on."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def read_pins() -> dict[str, str]:
    pins = (line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines())
    return {canonicalize_name(name): number for name, number in pins}


def read_wishes() -> list[Requirement]:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = asked["project"]
    lines = [
        *asked["build-system"]["requires"],
        *project["dependencies"],
        *chain.from_iterable(project["optional-dependencies"].values()),
    ]
    return [Requirement(line) for line in lines]


def test_every_line_is_a_plain_pin() -> None:
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", line), line


def test_every_wish_of_the_project_is_pinned_to_a_version_it_accepts() -> None:
    pins = read_pins()
    for wish in read_wishes():
        pinned = pins.get(canonicalize_name(wish.name))
        assert pinned is not None, f"{wish.name} is not in requirements.lock: make lock"
        assert wish.specifier.contains(pinned), f"{wish} is pinned to {pinned}: make lock"


def test_fastapi_is_older_than_the_release_that_breaks_the_prefect_server() -> None:
    major, minor = read_pins()["fastapi"].split(".")[:2]
    assert (int(major), int(minor)) < (0, 155)


def test_these_tests_run_on_the_pinned_versions() -> None:
    installed = {name: version(name) for name in read_pins()}
    assert installed == read_pins()
