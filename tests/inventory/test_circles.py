"""Names that lead to one another: whatever a tree says of them, its scan ends, and no answer depends on the questions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fresh.inventory.extract import extract_all
from fresh.inventory.layout import lay_out
from fresh.inventory.meanings import Found, Questions
from fresh.inventory.modules import Modules
from fresh.inventory.record import decode
from fresh.inventory.symbols import Symbols
from tests.inventory.example import inventory_of, states_of

PATHS = ("app/__init__.py", "app/a.py", "app/b.py", "app/sub/__init__.py", "app/sub/d.py")
MODULES = ("app", "app.a", "app.b", "app.sub", "app.sub.d", "app.sub.d.f", "app.a.sub", "app.sub.sub")
NAMES = ("a", "d", "f", "sub", "x", "K")
LINES = (
    "from {module} import {x}",
    "from {module} import {x} as {y}",
    "from {module} import *",
    "import {module} as {x}",
    "def {x}(): pass",
    "class {x}({y}):\n    def {z}(self): return self",
    "{x} = {y}.{z}",
    "{x} = {x}.{y}",
    "{x} = {y}()",
)


@st.composite
def statements(draw: st.DrawFn) -> str:
    words = {key: draw(st.sampled_from(NAMES)) for key in "xyz"}
    return draw(st.sampled_from(LINES)).format(module=draw(st.sampled_from(MODULES)), **words)


texts = st.lists(statements(), max_size=7).map("\n".join)
trees = st.fixed_dictionaries(dict.fromkeys(PATHS, texts))


def modules_of(files: dict[str, str]) -> Modules:
    records = extract_all({path: text.encode() for path, text in files.items()})
    return Modules(lay_out(sorted(files)), {path: decode(record) for path, record in records.items()})


def asked() -> Iterator[str]:
    """List names that somebody may ask for."""
    for path in PATHS:
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in NAMES:
            yield f"{module}.{name}"
            yield f"{module}.{name}.f"


@settings(max_examples=150, deadline=None)
@given(trees, st.randoms(use_true_random=False))
def test_what_a_name_means_does_not_depend_on_what_was_asked_before(
    files: dict[str, str], chance: Random
) -> None:
    modules = modules_of(files)
    one = Symbols(modules)
    names = list(asked())
    chance.shuffle(names)
    answers = {name: one.resolve(name) for name in names}
    for name in names[:12]:
        assert Symbols(modules).resolve(name) == answers[name], name


GROWING = """\
from app.sub.d import sub
from app.sub.sub import d
from app.sub.d.d import sub
from app.sub.sub.d import d
"""
DOUBLED = "import app\n" + "".join(f"a{n} = a{n + 1}.x\na{n} = a{n + 1}.y\n" for n in range(70))
CIRCLES = {
    "imports whose names grow": {
        "app/sub/__init__.py": GROWING,
        "app/use.py": "from app.sub import d, sub\n",
    },
    "stars of stars": {"app/sub/__init__.py": "from app.sub.d import *\nfrom app.sub.e import *\n"},
    "variables of two sources each": {"app/use.py": DOUBLED},
    "parts of one another": {
        "app/a.py": "from app import b as x\nx = x.y\n",
        "app/b.py": "from app import a as y\ny = y.x\n",
        "app/use.py": "from app.a import x\n",
    },
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", CIRCLES)
def test_a_circle_of_names_ends(name: str, tmp_path: Path) -> None:
    used = "\n\ndef f():\n    return d.x(), sub.y(), a0.z(), x.z()\n"
    files = {"app/__init__.py": "", "app/use.py": "", **CIRCLES[name]}
    files["app/use.py"] += used
    assert states_of(inventory_of(files, tmp_path)) == {"app.use:f": "unhooked"}


def test_what_else_a_re_exported_name_may_mean_is_followed_too(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/fast.py": "def f():\n    return 1\n",
        "app/slow.py": "def f():\n    return 2\n",
        "app/compat.py": "try:\n    from app import fast as x\nexcept ImportError:\n    from app import slow as x\n",
        "app/__main__.py": "from app.compat import x\n\nx.f()\n",
    }
    assert states_of(inventory_of(files, tmp_path)) == {"app.fast:f": "hooked", "app.slow:f": "hooked"}


def test_an_answer_from_inside_of_a_circle_is_not_kept() -> None:
    questions = Questions()

    def ask(key: str, other: str, own: int) -> Found | None:
        return questions.ask(key, lambda: (ask(other, key, 3 - own) if other else None) or Found(own))

    # Each leads to the other first: whichever is asked gets what the other says of itself.
    assert ask("a", "b", 1) == Found(2)
    assert ask("b", "a", 2) == Found(1)
    assert ask("a", "b", 1) == Found(2)


BRANCHES = {
    "of a module": "if name:\n    impl = A()\nelse:\n    impl = B()\n\n\ndef main():\n    impl.run()\n",
    "of classes": "if name:\n    K = A\nelse:\n    K = B\n\n\ndef main():\n    K().run()\n",
    "of an object": "class Shop:\n    def __init__(self):\n        if name:\n            self.x = A()\n        else:\n"
    "            self.x = B()\n\n    def sell(self):\n        self.x.run()\n\n\ndef main():\n    Shop().sell()\n",
}


@pytest.mark.parametrize("case", BRANCHES)
def test_a_variable_that_two_branches_bind_may_mean_either(case: str, tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project.scripts]\napp = "app.cli:main"\n',
        "app/__init__.py": "",
        "app/a.py": "class A:\n    def run(self):\n        win()\n\n\nclass B:\n    def run(self):\n        nix()\n\n\n"
        "def win():\n    return 1\n\n\ndef nix():\n    return 2\n",
        "app/cli.py": f"from os import name\n\nfrom app.a import A, B\n\n{BRANCHES[case]}",
    }
    states = states_of(inventory_of(files, tmp_path))
    assert {states["app.a:win"], states["app.a:nix"]} == {"hooked"}
