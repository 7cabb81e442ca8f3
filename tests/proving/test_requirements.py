"""What a project needs, read from its files."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from fresh.proving.poetry import poetry_requirements
from fresh.proving.requirement_files import is_requirement_file
from fresh.proving.requirements import (
    Declared,
    declared,
    import_roots,
    plain_requirement,
    requirements_of_metadata,
)


def needs(files: Mapping[str, str]) -> Declared:
    return declared(tuple(files), files.__getitem__)


def test_a_static_project_with_its_test_extras_and_groups() -> None:
    text = """
[build-system]
requires = ["hatchling"]
[project]
name = "Pocket"
requires-python = ">=3.9"
dependencies = ["click>=8", "tomli; python_version < '3.11'"]
[project.optional-dependencies]
test = ["pytest-mock", "pocket[extra]"]
extra = ["attrs"]
docs = ["sphinx"]
[dependency-groups]
dev = ["hypothesis", {include-group = "lint"}]
lint = ["ruff"]
"""
    found = needs({"pyproject.toml": text})
    assert found.requirements == [
        "click>=8",
        'tomli; python_version < "3.11"',
        "pytest-mock",
        "attrs",
        "hypothesis",
        "ruff",
    ]
    assert (found.build, found.python, found.dynamic, found.installable) == (
        ["hatchling", "editables"],
        ">=3.9",
        False,
        True,
    )


def test_dependency_groups_that_include_each_other_end() -> None:
    text = (
        '[dependency-groups]\ntest = [{include-group = "dev"}, "a"]\ndev = [{include-group = "test"}, "b"]\n'
    )
    assert sorted(needs({"pyproject.toml": text}).requirements) == ["a", "b"]


def test_setup_cfg_is_read_and_its_build_requirements_are_supplied() -> None:
    text = "[metadata]\nname = pocket\n[options]\ninstall_requires =\n    click>=8  # cli\n    attrs\n"
    text += "[options.extras_require]\ntesting =\n    hypothesis\n"
    found = needs({"setup.cfg": text})
    assert found.requirements == ["click>=8", "attrs", "hypothesis"]
    assert found.build == ["setuptools>=64", "wheel"]
    assert not found.dynamic


def test_what_setup_py_needs_is_known_only_to_its_build() -> None:
    found = needs({"setup.py": "from setuptools import setup\nsetup(install_requires=open('x').read())\n"})
    assert found.dynamic
    assert found.installable


def test_dynamic_dependencies_are_known_only_to_the_build() -> None:
    assert needs({"pyproject.toml": '[project]\nname = "x"\ndynamic = ["dependencies"]\n'}).dynamic
    assert not needs({"pyproject.toml": '[project]\nname = "x"\ndynamic = ["version"]\n'}).dynamic


def test_requirement_files_are_read_without_options_urls_and_hashes() -> None:
    found = needs(
        {
            "requirements.txt": "--index-url https://evil.example/simple\nclick==8.1  # pinned\n-e .\n.[test]\n"
            "git+https://example.org/x.git\nhttps://example.org/y.whl\n-r requirements/more.txt\n"
            "attrs==23.1 \\\n    --hash=sha256:abc\n-c constraints.txt\n",
            "requirements/more.txt": "-r ../requirements.txt\nhypothesis\n",
            "requirements-docs.txt": "sphinx\n",
            "tests/requirements.txt": "pytest-mock\n",
        }
    )
    assert sorted(found.requirements) == ["attrs==23.1", "click==8.1", "hypothesis", "pytest-mock"]
    assert "git+https://example.org/x.git" in found.left_out
    assert not found.installable


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("requirements.txt", True),
        ("requirements-dev.txt", True),
        ("dev-requirements.txt", True),
        ("test_requirements.txt", True),
        ("requirements/test.txt", True),
        ("requirements/docs.txt", False),
        ("docs/requirements.txt", False),
        ("tests/requirements.txt", True),
        ("notes.txt", False),
    ],
)
def test_files_are_taken_for_what_code_and_tests_need(path: str, wanted: bool) -> None:
    assert is_requirement_file(path) is wanted


def test_a_plugin_that_the_configuration_names_is_needed() -> None:
    text = '[tool.pytest.ini_options]\naddopts = "--cov=pocket -n auto"\nasyncio_mode = "auto"\n'
    assert set(needs({"pyproject.toml": text}).requirements) == {
        "pytest-cov",
        "pytest-xdist",
        "pytest-asyncio",
    }


POETRY = {
    "^1.2.3": ">=1.2.3,<2",
    "^0.2.3": ">=0.2.3,<0.3",
    "^0.0.3": ">=0.0.3,<0.0.4",
    "^1": ">=1,<2",
    "~1.2.3": ">=1.2.3,<1.3",
    "~1": ">=1,<2",
    "1.2.*": "==1.2.*",
    ">=1.2, <3": ">=1.2,<3",
    "1.2.3": "==1.2.3",
    "*": "",
    "^2.0 || ^3.0": "",
}


@pytest.mark.parametrize(("wish", "meant"), POETRY.items())
def test_poetrys_versions_mean_what_its_manual_says(wish: str, meant: str) -> None:
    (text,) = poetry_requirements({"dependencies": {"python": "^3.9", "x": wish}}, frozenset())
    assert Requirement(text).specifier == Requirement(f"x{meant}").specifier


def test_poetrys_tables_groups_and_places() -> None:
    poetry = {
        "dependencies": {
            "a": {"version": "^1", "extras": ["b"], "markers": "sys_platform == 'linux'"},
            "c": {"git": "https://example.org/c.git"},
            "d": {"version": "*", "optional": True},
            "e": [{"version": "1.0", "python": "<3.9"}, {"version": "2.0", "python": ">=3.9"}],
        },
        "dev-dependencies": {"f": "*"},
        "group": {"test": {"dependencies": {"g": "*"}}, "docs": {"dependencies": {"h": "*"}}},
    }
    texts = list(poetry_requirements(poetry, frozenset({"test"})))
    assert texts == [
        "a[b]>=1,<2; (sys_platform == 'linux')",
        "c @ git: https://example.org/c.git",
        'e==1.0; (python_version < "3.9")',
        'e==2.0; (python_version >= "3.9")',
        "f",
        "g",
    ]
    assert [text for text in texts if plain_requirement(text) is None] == [
        "c @ git: https://example.org/c.git"
    ]


def test_metadata_is_reduced_to_what_this_python_and_the_tests_need() -> None:
    requires = [
        'a>=1; python_version < "3.8"',
        'b; python_version >= "3.8"',
        'c; extra == "test"',
        'd; extra == "docs"',
        "e",
    ]
    assert list(requirements_of_metadata(requires, "3.11")) == ["b", "c", "e"]


def test_the_source_folder_is_found() -> None:
    assert import_roots(["src/pocket/__init__.py", "tests/test_a.py"]) == ("src",)
    assert import_roots(["src/pocket.py"]) == ("src",)
    assert import_roots(["pocket/__init__.py", "src/main.c"]) == ("",)


@given(
    st.dictionaries(
        st.sampled_from(["pyproject.toml", "setup.cfg", "requirements.txt", "pytest.ini"]), st.text()
    )
)
def test_no_file_makes_reading_fail(files: dict[str, str]) -> None:
    found = needs(files)
    assert all(plain_requirement(text) == text for text in found.requirements)


@given(st.text())
def test_nothing_that_pip_would_take_for_an_option_or_a_place_is_a_requirement(text: str) -> None:
    plain = plain_requirement(text)
    assert plain is None or (
        not plain.startswith("-") and "/" not in plain.partition(";")[0] and "@" not in plain
    )
