"""After any row of edits, an inventory that takes over what is known equals one from nothing, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fresh.domain.feature import Inventory
from fresh.inventory import linked, staleness
from fresh.inventory.edges import load_edges
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace

pytestmark = pytest.mark.slow

PATHS = (
    "app/__init__.py",
    "app/a.py",
    "app/b.py",
    "app/cli.py",
    "app/sub/__init__.py",
    "app/sub/c.py",
    "app/sub/d.py",
    "lib/e.py",
    "lib/f.py",
    "scripts/run.py",
    "scripts/side.py",
    "tools/__init__.py",
    "tools/g.py",
    "tests/test_a.py",
    "tests/test_b.py",
    "docs/guide.md",
)
MODULES = (
    "app",
    "app.a",
    "app.b",
    "app.sub",
    "app.sub.c",
    "app.sub.d",
    "lib.e",
    "lib.f",
    "side",
    "tools.g",
    "os",
)
BESIDE = (".", ".a", ".b", ".sub", ".c", "..a", ".sub.d", "..")
NAMES = (
    "f",
    "g",
    "load",
    "save",
    "run",
    "old",
    "new",
    "K",
    "L",
    "Base",
    "Meta",
    "a",
    "c",
    "walk_tree",
    "BigThing",
)
LINES = (
    "import {module}",
    "import {module} as {x}",
    "from {module} import {x}",
    "from {module} import {x} as {y}",
    "from {beside} import {x}",
    "from {beside} import {x} as {y}",
    "from {module} import *",
    "from {beside} import *",
    "__all__ = ['{x}', '{y}']",
    "def {x}():\n    return {y}({z})",
    "def {x}(p: {y}):\n    p.{z}()\n    return '{module}:{z}'",
    "def {x}():\n    {y} = {z}()\n    {y}.{x}\n    return {module}.{z}",
    "def {x}():\n    from {module} import {y} as {z}\n    def {y}():\n        return {z}.{x}\n    return {y}",
    "class {x}({y}):\n    def {z}(self):\n        return self.{y}().{x}",
    "class {x}({y}, {z}):\n    pass",
    "class {x}({module}.{y}, {z}):\n    def {y}(self):\n        return 1",
    "class {x}({module}.{y}):\n    def {y}(self):\n        return super().{z}()",
    "class {x}({y}):\n    class Meta({y}.Meta):\n        pass\n    def __init__(self):\n        self.{z} = {z}()\n"
    "    def {x}(self):\n        return self.{z}.{y}()",
    "class {x}:\n    {y} = {z}\n    def __init_subclass__(cls):\n        return cls.__subclasses__()",
    "{x} = {y}",
    "{x} = {y}()",
    "{x} = {x}.{y}",
    "{x}.{y}({z})",
    "getattr({x}, 'walk_%s' % {y})",
    "import click\n@click.command()\ndef {x}():\n    {y}()\n    {z}.__subclasses__()",
    "if __name__ == '__main__':\n    {x}()",
    "def test_{x}():\n    assert {y}() == {z}.{x}",
    "print {x}",
)
Files = dict[str, str]


@st.composite
def lines(draw: st.DrawFn) -> str:
    """Draw one statement."""
    words = {key: draw(st.sampled_from(NAMES)) for key in "xyz"}
    module, beside = draw(st.sampled_from(MODULES)), draw(st.sampled_from(BESIDE))
    return draw(st.sampled_from(LINES)).format(module=module, beside=beside, **words)


sources = st.lists(lines(), max_size=6).map("\n".join)
trees = st.fixed_dictionaries(
    {"app/__init__.py": sources, "app/a.py": sources, "app/cli.py": sources}
).flatmap(
    lambda first: st.dictionaries(st.sampled_from(PATHS), sources, min_size=6).map(
        lambda more: {**first, **more}
    )
)
edits = st.dictionaries(st.sampled_from(PATHS), st.none() | sources, min_size=1, max_size=2)
renames = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True, scope="module")
def carrying_over_as_much_as_possible() -> Iterator[None]:
    """Take everything over that is true; it would not pay in trees as small as these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(staleness, "MOST_STALE", 1.0)
        patch.setattr(linked, "FEW_STALE", 3)
        yield


def assert_equal_to_one_from_nothing(history: list[Files]) -> None:
    """Scan one commit after another with one cache, and each with a cache of its own."""
    workspace = FakeWorkspace()
    before: Files = {}
    with tempfile.TemporaryDirectory() as cache:
        for files in history:
            commit = workspace.record(files, deleted=sorted(before.keys() - files.keys()))
            found = take_inventory(workspace, commit, Path(cache), workers=1)
            with tempfile.TemporaryDirectory() as empty:
                expected = take_inventory(workspace, commit, Path(empty), workers=1)
            assert found.model_dump_json() == expected.model_dump_json()
            before = files


def edited(files: Files, edit: dict[str, str | None]) -> Files:
    """Replace and delete files."""
    both = {**files, **edit}
    return {path: text for path, text in both.items() if text is not None}


@few
@given(trees, st.lists(edits, min_size=1, max_size=4))
def test_new_contents_new_files_and_deleted_files_change_what_they_change_from_nothing(
    files: Files, changes: list[dict[str, str | None]]
) -> None:
    history = [files]
    for change in changes:
        history.append(edited(history[-1], change))
    assert_equal_to_one_from_nothing(history)


@few
@given(trees, st.sampled_from(PATHS), st.lists(renames, min_size=1, max_size=3))
def test_a_name_that_one_file_alone_calls_otherwise_changes_what_it_changes_from_nothing(
    files: Files, path: str, pairs: list[tuple[str, str]]
) -> None:
    history = [files]
    for old, new in pairs:
        text = history[-1].get(path, f"def {old}():\n    return 1\n")
        history.append({**history[-1], path: text.replace(old, new)})
    assert_equal_to_one_from_nothing(history)


@few
@given(trees, st.sampled_from(PATHS), lines(), st.integers(0, 6))
def test_a_line_that_comes_and_goes_changes_what_it_changes_from_nothing(
    files: Files, path: str, line: str, place: int
) -> None:
    text = files.get(path, "").split("\n")
    more = {**files, path: "\n".join((*text[:place], line, *text[place:]))}
    assert_equal_to_one_from_nothing([files, more, files, more])


# ------------------------------------------------------------------------------------------ what is linked anew

BASE = {
    "app/__init__.py": "from app.a import load as read\n",
    "app/a.py": "def load():\n    return 1\n\n\ndef save():\n    return 2\n",
    "app/b.py": "import app\n\n\ndef use():\n    return app.read()\n",
    "app/c.py": "from app import a\n\n\ndef other():\n    return a.save()\n",
    "app/d.py": "def alone():\n    return 3\n",
}


def stale_after(change: Files, monkeypatch: pytest.MonkeyPatch, cache: Path) -> set[str] | None:
    """Change a small project and tell which files were linked anew; nothing when it was all of them."""
    seen: list[set[str] | None] = []
    keep = staleness.Staleness.keep

    def noted(self: staleness.Staleness) -> staleness.Kept | None:
        kept = keep(self)
        seen.append(kept.stale if kept else None)
        return kept

    monkeypatch.setattr(staleness.Staleness, "keep", noted)
    workspace = FakeWorkspace()
    take_inventory(workspace, workspace.record(BASE), cache)
    take_inventory(workspace, workspace.record(change), cache)
    return seen[-1]


def test_a_new_body_makes_its_own_file_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    change = {"app/a.py": "def load():\n    return save()\n\n\ndef save():\n    return 2\n"}
    assert stale_after(change, monkeypatch, tmp_path) == {"app/a.py"}


def test_a_new_name_that_nobody_asks_for_makes_its_own_file_stale(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change = {"app/d.py": BASE["app/d.py"] + "\n\ndef fresh():\n    return alone()\n"}
    assert stale_after(change, monkeypatch, tmp_path) == {"app/d.py"}


def test_a_name_that_is_gone_makes_those_stale_that_mention_it_under_another_name_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change = {"app/a.py": "def save():\n    return 2\n"}
    assert stale_after(change, monkeypatch, tmp_path) == {"app/__init__.py", "app/a.py", "app/b.py"}


@pytest.mark.parametrize("how", ["empty", "cut", "flipped"])
def test_damaged_edges_are_not_believed(how: str, tmp_path: Path) -> None:
    def scan(cache: Path, files: Files) -> Inventory:
        workspace = FakeWorkspace()
        workspace.record(BASE)
        return take_inventory(workspace, workspace.record(files), cache)

    scan(tmp_path / "cache", {})
    path = next((tmp_path / "cache").glob("edges-*/edges"))
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "cut": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }
    assert load_edges(path) is not None
    path.write_bytes(damaged[how])
    assert load_edges(path) is None
    change = {"app/d.py": "from app.a import save\n"}
    assert scan(tmp_path / "cache", change) == scan(tmp_path / "empty", change)


def test_a_folder_that_becomes_a_package_hides_what_lies_beside_a_script() -> None:
    many = {f"app/m{number}.py": f"def only{number}():\n    return {number}\n" for number in range(8)}
    before = {
        **many,
        "scripts/run.py": "import side\n\n\ndef go():\n    side.act()\n\n\ngo()\n",
        "scripts/side.py": "def act():\n    return 1\n",
    }
    assert_equal_to_one_from_nothing([before, {**before, "scripts/__init__.py": ""}, before])


def test_a_class_that_mixes_two_others_makes_their_methods_override_each_other() -> None:
    many = {f"app/m{number}.py": f"def only{number}():\n    return {number}\n" for number in range(8)}
    before = {
        **many,
        "app/__init__.py": "",
        "app/root.py": "class Root:\n    def act(self):\n        return helper()\n\n\ndef helper():\n    return 1\n",
        "app/one.py": "from app.root import Root\n\n\nclass One(Root):\n    pass\n",
        "app/two.py": "class Two:\n    def act(self):\n        return 2\n",
        "app/cli.py": "from app.one import One\n\n\nif __name__ == '__main__':\n    One()\n",
    }
    mixed = "from app import one, two\n\n\nclass Both(two.Two, one.One):\n    pass\n"
    assert_equal_to_one_from_nothing([before, {**before, "app/m0.py": mixed}, before])
