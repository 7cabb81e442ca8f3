"""Ruff reads hostile sources as text, with our rules and never the project's."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.adapters.ruff_lint import RuffLint
from fresh.domain.feature import Finding
from fresh.errors import Mishap

ruff = RuffLint()


def lint(files: dict[str, bytes]) -> dict[str, tuple[Finding, ...]]:
    found = ruff(files)
    assert None not in found.values()
    return {path: each for path, each in found.items() if each is not None}


def test_findings_name_rule_line_and_whether_the_fix_is_safe() -> None:
    found = lint({"a.py": b"import os\n\n\ndef f(x):\n    return x == None\n", "b.py": b"VALUE = 1\n"})
    assert list(found) == ["a.py"]
    assert [(each.code, each.line, each.fixable) for each in found["a.py"]] == [
        ("F401", 1, True),
        ("E711", 5, False),
    ]


def test_an_unused_import_of_a_package_is_no_certain_fix() -> None:
    found = lint({"p/__init__.py": b"from os import path\n", "p/x.py": b"from os import path\n"})
    assert not any(each.fixable for each in found.get("p/__init__.py", ()))
    assert [each.fixable for each in found["p/x.py"]] == [True]


def test_the_projects_own_configuration_has_no_say() -> None:
    files = {"a.py": b"import os\n", "pyproject.toml": b"[tool.ruff.lint]\nignore = ['F401']\n"}
    assert [each.code for each in lint(files)["a.py"]] == ["F401"]


def test_noqa_is_respected() -> None:
    assert lint({"a.py": b"import os  # noqa: F401\n"}) == {}


def test_sources_that_do_not_parse_have_no_findings_and_break_nothing() -> None:
    found = lint(
        {"bad.py": b"def (:\n", "null.py": b"x = 1\0", "latin.py": b"x = '\xff'\n", "good.py": b"import os\n"}
    )
    assert [each.code for each in found["good.py"]] == ["F401"]
    assert "bad.py" not in found


def test_a_file_that_ends_ruff_itself_costs_the_others_nothing() -> None:
    deep = b'def f(x: "' + b".".join([b"a"] * 8_000) + b'"): x.y()\n'
    found = ruff({"a.py": b"import os\n", "b.py": deep, "c.py": b"import sys\n"})
    assert found["b.py"] is None
    assert [[each.code for each in found[path] or ()] for path in ("a.py", "c.py")] == [["F401"], ["F401"]]


def test_hostile_paths_are_only_names(tmp_path: Path) -> None:
    marker = tmp_path / "written.py"
    names = [f"../../../../../../..{marker}", str(marker), "a\nb.py", "-o.py", "x" * 5000 + ".py"]
    found = lint(dict.fromkeys(names, b"import os\n"))
    assert sorted(found) == sorted(names)
    assert not marker.exists()


def test_the_version_names_the_release_and_the_rules() -> None:
    assert ruff.version.startswith("ruff ")
    assert "F,E7" in ruff.version


def test_a_missing_ruff_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: "/nowhere")
    with pytest.raises(Mishap, match="ruff could not be run"):
        RuffLint()({"a.py": b"import os\n"})
