"""Names that stand in texts, are put together, or mean one of several things."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

MAIN = '=== pyproject.toml\n[project.scripts]\napp = "app.main:main"\n=== app/__init__.py\n'
BUILT = {
    "an f-string of a short beginning": 'getattr(self, f"do_{what}")()',
    "a sum of a short beginning": 'getattr(self, "do_" + what)()',
    "a short ending": 'getattr(self, what + "_cb")()',
    "an f-string of a short ending": 'getattr(self, f"{what}_cb")()',
    "a format of an ending": 'getattr(self, "{}_cb".format(what))()',
    "a per cent of an ending": 'getattr(self, "%s_cb" % what)()',
    "a format of a beginning": 'getattr(self, "do_{}".format(what))()',
}


@pytest.mark.parametrize("case", BUILT)
def test_names_that_are_put_together_reach_what_fits(case: str, tmp_path: Path) -> None:
    code = f"""=== app/main.py
class Shell:
    def run(self, what):
        {BUILT[case]}
    def do_cb(self):
        live()
def live(): return 1
def main():
    Shell().run("x")
"""
    assert states_of(inventory_of(files_of(MAIN + code), tmp_path))["app.main:live"] == "hooked-weak"


QUOTED = {
    "a parameter": 'def main(x: "live | None" = None): return x',
    "a parameter of a generic": 'def main(x: "list[live]" = ()): return x',
    "what is returned": 'def main() -> "dict[str, live]": return {}',
    "inside a generic": 'def main(x: Optional["live"] = None): return x',
    "a variable": 'rows: "list[live]" = []\ndef main(): return rows',
    "a cast": 'def main(): return cast("list[live]", [])',
    "a bound": 'T = TypeVar("T", bound="live")\ndef main(x: T): return x',
    "what further values are": 'def main(*x: "live", **y: "live"): return x',
}


@pytest.mark.parametrize("case", QUOTED)
def test_quoted_types_are_read(case: str, tmp_path: Path) -> None:
    code = f"""=== app/main.py
from __future__ import annotations
from typing import TYPE_CHECKING, Optional, TypeVar, cast
if TYPE_CHECKING:
    from app.kinds import live
{QUOTED[case]}
=== app/kinds.py
class live:
    def lost(self): return 1
"""
    assert states_of(inventory_of(files_of(MAIN + code), tmp_path))["app.kinds:live"] == "hooked"


def test_the_words_of_a_literal_are_no_types(tmp_path: Path) -> None:
    code = """=== app/main.py
from typing import Literal
def lost(): return 1
def main(x: Literal["lost"] = "lost", y: "Literal['lost']" = "lost"): return x
"""
    assert states_of(inventory_of(files_of(MAIN + code), tmp_path))["app.main:lost"] != "hooked"


def test_bounds_of_the_newer_grammar_are_read(tmp_path: Path) -> None:
    code = """=== app/main.py
from app.kinds import live, also, third
type Rows = list[third]
class Box[T: live]:
    pass
def main[T: (also, int)](x: T): return Box(), Rows
=== app/kinds.py
class live: pass
class also: pass
class third: pass
"""
    states = states_of(inventory_of(files_of(MAIN + code), tmp_path))
    assert [states[f"app.kinds:{name}"] for name in ("live", "also", "third")] == ["hooked"] * 3


@pytest.mark.parametrize(
    "code",
    [
        "def conv(): return 1\ntry:\n    from app.fast import conv\nexcept ImportError:\n    pass\n",
        "from app.fast import conv\nif flag:\n    def conv(): return 1\n",
        "from app.fast import conv as quick\ndef conv(): return 1\nif flag:\n    conv = quick\n",
        "from app.fast import conv as quick\nfrom app.slow import conv\nif flag:\n    conv = quick\n",
    ],
)
def test_a_name_that_is_defined_and_taken_from_elsewhere_may_mean_either(code: str, tmp_path: Path) -> None:
    text = f"""=== app/main.py
from app.ways import conv
def main(): conv()
=== app/ways.py
{code}
=== app/fast.py
def conv(): return 1
=== app/slow.py
def conv(): return 1
"""
    states = states_of(inventory_of(files_of(MAIN + text), tmp_path))
    assert states["app.fast:conv"] == "hooked"
    if "app.slow" in code:
        assert states["app.slow:conv"] == "hooked"
    else:  # a definition in a branch beside an import of its name is no feature of its own
        assert states.get("app.ways:conv", "hooked") == "hooked"
        assert states["app.slow:conv"] == "unhooked"
