"""What is reached by names computed at run time is unknown, and so is all that only such code uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import feature_of, files_of, inventory_of, states_of

CORE = "=== app/__init__.py\n=== app/core.py\ndef load(): return 1\ndef lost(): return 1\n"
MAIN = "=== main.py\nimport sys\nfrom app.ways import start\nstart(sys.argv[1])\n=== app/ways.py\n"
LOADED: dict[str, str] = {
    "a method of an object": """import sys
from app.core import load
class Api:
    def buy(self): return load()
api = Api()
def start(name): getattr(api, name)()
""",
    "a method of its own object": """from app.core import load
class Api:
    def run(self, name): return getattr(self, name)()
    def buy(self): return load()
def start(name): Api().run(name)
""",
    "a method of an heir": """from app.core import load
class Base:
    def run(self, name): return getattr(self, name)()
class Api(Base):
    def buy(self): return load()
def start(name): Api().run(name)
""",
    "a method whose name has two open parts": """from app.core import load
class Api:
    def run(self, verb): return getattr(self, f"{verb}_{verb}")()
    def buy_it(self): return load()
def start(name): Api().run(name)
""",
    "a method whose name begins with a word": """from app.core import load
class Api:
    def run(self, verb): return getattr(self, "do" + verb)()
    def doBuy(self): return load()
def start(name): Api().run(name)
""",
    "a function of all that a module holds": """from app.core import load
def start(name): return globals()[name]()
def build(): return load()
""",
    "a function of all that a module may hold": """from app.core import load
def start(name):
    found = globals().get(name)
    return found()
def build(): return load()
""",
    "a table of all that a module holds": """from app.core import load
def build(): return load()
TABLE = {key: value for key, value in globals().items() if callable(value)}
def start(name): return TABLE[name]()
""",
    "what a listed module uses": """import inspect
from app import filters
def start(name): return dict(inspect.getmembers(filters, inspect.isfunction))[name]()
=== app/filters.py
from app.core import load
def money(): return load()
""",
    "what a loaded module uses": """def start(name): return __import__("app.plugs." + name)
=== app/plugs/__init__.py
=== app/plugs/one.py
from app.core import load
def one(): return load()
""",
    "what is taken from a loaded module": """import importlib
def start(name):
    mod = importlib.import_module("app.plugs." + name)
    mod.begin()
    return getattr(mod, name.title())()
=== app/plugs/__init__.py
=== app/plugs/pg.py
from app.core import load
def begin(): return 1
class Pg:
    def __init__(self): load()
""",
}


@pytest.mark.parametrize("case", LOADED)
def test_what_only_computed_names_reach_is_unknown(case: str, tmp_path: Path) -> None:
    inventory = inventory_of(files_of(CORE + MAIN + LOADED[case]), tmp_path)
    load = feature_of(inventory, "app.core:load")
    assert load.reachability.value == "unknown", load.evidence
    assert "by a computed name" in load.evidence[0]
    assert load.evidence[-1].endswith("app.core:load (app/core.py:1)")
    assert states_of(inventory)["app.core:lost"] == "unhooked"


def test_a_name_that_is_put_into_the_namespace_takes_nothing_from_it(tmp_path: Path) -> None:
    code = "def start(name):\n    globals()[name] = 1\n    globals()['start']\ndef lost(): return 1\n"
    states = states_of(inventory_of(files_of(CORE + MAIN + code), tmp_path))
    assert states["app.ways:lost"] == "unhooked"


GUARDS = {
    '__name__ == "__main__"': True,
    '"__main__" == __name__': True,
    '__name__ in {"__main__", "__mp_main__"}': True,
    '__name__ == "__main__" and len(sys.argv) > 1': True,
    '__name__ == "app.report"': False,
    '__name__ != "__main__"': False,
}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_file_runs_as_main_by_any_question_for_it(guard: str, tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/work.py": f"import sys\n\n\ndef go(): return 1\n\n\nif {guard}:\n    go()\n",
    }
    assert states_of(inventory_of(files, tmp_path)) == {
        "app.work:go": "hooked" if GUARDS[guard] else "unhooked"
    }


def test_a_file_runs_as_main_without_an_if(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/work.py": "def go(): return 1\n\n\n__name__ == '__main__' and go()\n",
    }
    assert states_of(inventory_of(files, tmp_path)) == {"app.work:go": "hooked"}
