"""Small files whose reading, done simply, takes minutes or gigabytes: each is read, or refused by name, at once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fresh.adapters.ruff_lint import RuffLint
from tests.inventory.example import inventory_of, states_of

WORK = "def work():\n    return 1\n"


def scanned(tmp_path: Path, code: str = "", **others: str) -> dict[str, str]:
    files = {"app/__init__.py": "", "app/b.py": code, "app/core.py": WORK}
    return states_of(inventory_of({**files, **others}, tmp_path))


def circle(size: int) -> dict[str, str]:
    """Give modules whose names are imported from two others each, at random."""
    chance = Random(1)
    lines: dict[str, list[str]] = {}
    for n in range(size):
        for _ in range(2):
            other = chance.randrange(size)
            lines.setdefault(f"app/m{n % 20}.py", []).append(
                f"from app.m{other % 20} import n{other} as n{n}\n"
            )
    uses = {path: "".join(each) + f"\n\ndef f{n}():\n    return n{n}, {', '.join(f'n{k}' for k in range(n, size, 20))}\n" for n, (path, each) in enumerate(lines.items())}  # fmt: skip
    return {**uses, "app/__init__.py": ""}


TREES = {
    "a chain of classes": "class A0: pass\n" + "".join(f"class A{n}(A{n - 1}): pass\n" for n in range(1, 6000)),
    "a chain of mixed classes": "class A0: pass\n"
    + "".join(f"class B{n}: pass\nclass A{n}(A{n - 1}, B{n}): pass\n" for n in range(1, 3000)),
    "one class of many bases": "".join(f"class B{n}: pass\n" for n in range(3000))
    + f"class A({', '.join(f'B{n}' for n in range(3000))}): pass\n",
    "decorators of decorators": "".join(
        f"def d{n}(f): return f\n" if not n else "".join(f"@d{k}\n" for k in range(max(0, n - 12), n)) + f"def d{n}(f): return f\n"
        for n in range(40)
    ),
    "functions that name one that names all": f"def f0():\n {';'.join(f'f{n}' for n in range(1, 9000))}\n"
    + "".join(f"def f{n}(): f0\n" for n in range(1, 9000)),
    "computed names everywhere": "import importlib\n"
    + "".join(
        f"class C{n}:\n def f(self, x):\n  getattr(self, x); getattr(x, x)\n  importlib.import_module('app.b.' + x)\n"
        for n in range(8000)
    ),
    "an attribute of 1,000 parts": "x = a" + ".b" * 1_000 + "\n@x" + ".y" * 1_000 + "\ndef f(): pass\n",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(25)
@pytest.mark.parametrize("name", TREES)
def test_code_that_grows_with_its_square(name: str, tmp_path: Path) -> None:
    assert scanned(tmp_path, TREES[name])["app.core:work"] == "unhooked"


@pytest.mark.slow
@pytest.mark.timeout(25)
def test_a_dense_circle_of_imports(tmp_path: Path) -> None:
    assert len(inventory_of(circle(3000), tmp_path).features) == 20


METADATA = {
    "a row of options": ("Makefile", "a:\n\tpython" + " -py" * 40_000 + "\n"),
    "a row of blanks": ("setup.cfg", "[options.entry_points]\na" + " " * 60_000 + "b\n"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_takes_the_square_of_a_line(name: str, tmp_path: Path) -> None:
    path, text = METADATA[name]
    assert scanned(tmp_path, **{path: text})["app.core:work"] == "unhooked"


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text", ["a." * 20_000 + "a = 1\n", "x = {" + "'a b' . " * 20_000 + "a = 1}\n", "[x\n"]
)
def test_metadata_that_is_not_read_is_named(text: str, tmp_path: Path) -> None:
    inventory = inventory_of({"pyproject.toml": text, "app.py": WORK}, tmp_path)
    assert "metadata that could not be read declares nothing: pyproject.toml" in inventory.limits


def test_metadata_of_many_dots_is_read(tmp_path: Path) -> None:
    files = ", ".join(f'"a{n}.py"' for n in range(400))
    text = f'[project.scripts]\nx = "app:work"\n[tool.x]\nfiles = [{files}]\nwords = "{"a.b " * 200}"\n'
    assert states_of(inventory_of({"pyproject.toml": text, "app.py": WORK}, tmp_path)) == {
        "app:work": "hooked"
    }


LONG = {
    "names of classes": (
        "class " + "A" * 90_000 + ":\n" + " def f(): pass\n" * 6_000,
        "names of more than 4 MB",
    ),
    "an import": ("import a" + ".a" * 80_000 + "\n", "an import of more parts"),
    "an import over lines": ("import a" + ".\\\n a" * 80_000 + "\n", "an import of more parts"),
    "an import from": ("from a" + ".a" * 80_000 + " import b\n", "an import of more parts"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", LONG)
def test_names_that_fill_the_memory_are_refused(name: str, tmp_path: Path) -> None:
    code, why = LONG[name]
    inventory = inventory_of({"app/b.py": code, "app/core.py": WORK}, tmp_path)
    assert [each.path for each in inventory.unparsed] == ["app/b.py"]
    assert why in inventory.unparsed[0].why


def test_a_long_line_of_imports_is_read(tmp_path: Path) -> None:
    code = "import " + ", ".join(f"a{n}" for n in range(400)) + "; x = 1" + " .real" * 150 + "\n"
    inventory = inventory_of({"app/b.py": code, "app/core.py": WORK}, tmp_path)
    assert not inventory.unparsed


def test_a_file_that_ends_the_linter_is_named(tmp_path: Path) -> None:
    deep = 'def f(x: "' + ".".join(["a"] * 8_000) + '"): x.y()\n'
    inventory = inventory_of(
        {"app/b.py": deep, "app/core.py": "import os\n" + WORK}, tmp_path, lint=RuffLint()
    )
    assert "the linter can't stand, and has no findings of: app/b.py" in inventory.limits
    again = inventory_of({"app/b.py": deep, "app/core.py": "import sys\n" + WORK}, tmp_path, lint=RuffLint())
    assert "the linter can't stand, and has no findings of: app/b.py" in again.limits
