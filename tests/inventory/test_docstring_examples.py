"""What the examples in docstrings show counts as documented; it makes nothing reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.feature import Inventory, Reachability
from tests.inventory.example import feature_of, inventory_of

SHOWN = '''
def mean(values):
    """Give the mean.

    >>> mean([1, 2])
    1.5
    """
    return total(values) / len(values)


def total(values):
    return sum(values)


def spread(values):
    return max(values) - min(values)


class Table:
    def rows(self):
        """List rows.

        >>> from stats.core import spread
        >>> spread([1, 2])
        """
        return []


def left(values):
    """Not an example: left(values), and "left" in

    >>> print("left")
    >>> box.left
    """
    return values[0]
'''
LIBRARY = {"pyproject.toml": "", "stats/__init__.py": "", "stats/core.py": SHOWN}
PROGRAM = {
    **LIBRARY,
    "pyproject.toml": '[project.scripts]\nstats = "stats.main:main"\n',
    "stats/main.py": "def main():\n    return 0\n",
}


def states(found: Inventory) -> dict[str, Reachability]:
    return {each.qualname: each.reachability for each in found.features}


def test_an_example_documents_what_it_shows_in_a_library(tmp_path: Path) -> None:
    found = inventory_of(LIBRARY, tmp_path)
    assert states(found) == {
        "mean": Reachability.API_ONLY,
        "total": Reachability.API_ONLY,
        "spread": Reachability.API_ONLY,
        "Table": Reachability.UNHOOKED,
        "left": Reachability.UNHOOKED,
    }
    mean, spread = feature_of(found, "stats.core:mean"), feature_of(found, "stats.core:spread")
    assert mean.evidence[0] == "shown in an example of stats.core:mean (stats/core.py:2)"
    assert spread.evidence[0] == "shown in an example of stats.core:Table (stats/core.py:19)"
    assert (mean.documented, mean.exported) == (True, False)
    told = {each.name: each.why for each in mean.signals}
    assert told["necessity: documented"] == "named in an example of stats.core:mean (stats/core.py:2)"


def test_a_class_is_shown_by_calling_what_it_inherits(tmp_path: Path) -> None:
    code = 'class Box:\n    def ask(self):\n        return 1\n\n\nclass Big(Box):\n    """Big.\n\n    >>> Big.ask()\n    """\n'
    found = inventory_of({"pyproject.toml": "", "boxes/__init__.py": "", "boxes/core.py": code}, tmp_path)
    assert states(found) == {"Big": Reachability.API_ONLY, "Box": Reachability.API_ONLY}


def test_a_programs_own_examples_speak_to_those_who_write_it(tmp_path: Path) -> None:
    found = inventory_of(PROGRAM, tmp_path)
    assert states(found)["mean"] is Reachability.UNHOOKED
    assert states(found)["spread"] is Reachability.API_ONLY


@pytest.mark.parametrize(
    "example",
    [
        ">>> import stats.core\n    >>> stats.core.spread([1])",
        ">>> from stats import core\n    ... x",
        ">>> ((",
    ],
)
def test_whole_names_count_and_what_is_no_code_does_no_harm(example: str, tmp_path: Path) -> None:
    text = f'def first():\n    """Show.\n\n    {example}\n    """\n'
    found = inventory_of({**PROGRAM, "stats/more.py": text}, tmp_path)
    assert states(found)["first"] is Reachability.UNHOOKED
    assert states(found)["total"] is Reachability.UNHOOKED


BLOCKS = {
    "a block that colons announce": (
        "Do so::\n\n        from stats import core\n        core.spread([1])\n\n    And so on.",
        True,
    ),
    "a block of a directive": (
        ".. code-block:: python\n\n        from stats.core import spread\n\n    Done.",
        True,
    ),
    "a fence": ("```python\n    from stats.core import spread as s\n    s([1])\n    ```", True),
    "a call in a block": ("Do so::\n\n        spread([1])", True),
    "a word in a block": ("Usage::\n\n        tool spread FILE", False),
    "prose after a block": ("Do so::\n\n        x = 1\n\n    Then spread() it.", False),
    "prose": ("Use spread() for it.", False),
    "an unclosed fence": ("```", False),
}


@pytest.mark.parametrize("case", BLOCKS)
@pytest.mark.parametrize("home", ["def", "class", "attribute"])
def test_code_in_a_block_is_an_example_and_prose_is_none(case: str, home: str, tmp_path: Path) -> None:
    words, shown = BLOCKS[case]
    text = {
        "def": f'def first():\n    """Show.\n\n    {words}\n    """\n',
        "class": f'class First:\n    """Show.\n\n    {words}\n    """\n',
        "attribute": f'class First:\n    size = 1\n    """Show.\n\n    {words}\n    """\n',
    }[home]
    code = "from stats.core import spread\n\n\n" if "from" not in words else ""
    core = "def spread(values):\n    return max(values) - min(values)\n"
    found = inventory_of({**PROGRAM, "stats/core.py": core, "stats/more.py": code + text}, tmp_path)
    assert (states(found)["spread"] is Reachability.API_ONLY) == shown


@pytest.mark.parametrize(("files", "state"), [(LIBRARY, "api-only"), (PROGRAM, "api-only")])
def test_a_modules_docstring_documents_what_it_shows_of_others(
    files: dict[str, str], state: str, tmp_path: Path
) -> None:
    opening = '"""Statistics.\n\n>>> from stats.more import shown\n>>> shown()\n>>> left([1])\n"""\n'
    more = {"stats/__init__.py": opening, "stats/more.py": "def shown():\n    return 1\n"}
    found = inventory_of({**files, **more}, tmp_path)
    assert states(found)["shown"].value == state
    assert (
        feature_of(found, "stats.more:shown").evidence[0]
        == "shown in an example of stats (stats/__init__.py:1)"
    )
    assert states(found)["left"] is Reachability.UNHOOKED


@pytest.mark.parametrize(("files", "state"), [(LIBRARY, "api-only"), (PROGRAM, "unhooked")])
def test_a_modules_docstring_that_shows_the_module_itself_speaks_to_users_of_libraries(
    files: dict[str, str], state: str, tmp_path: Path
) -> None:
    code = '"""More.\n\n>>> shown()\n"""\n\n\ndef shown():\n    return 1\n'
    assert states(inventory_of({**files, "stats/more.py": code}, tmp_path))["shown"].value == state


FOREIGN = {
    "explore.ipynb": '{"cells": [{"cell_type": "code", "source": ["from app.tools import told\\n", "untold()"]}]}',
    "app/fast.pyx": "from app.tools import untold\ndef go():\n    return untold()\n",
    "app/look.kv": "<Root>:\n    on_press: app.untold()\n",
}


@pytest.mark.parametrize("path", FOREIGN)
def test_files_of_other_languages_that_use_a_name_document_it(path: str, tmp_path: Path) -> None:
    found = inventory_of({**DOCUMENTED, path: FOREIGN[path]}, tmp_path)
    assert feature_of(found, "app.tools:untold").evidence[0].startswith(f"named in {path}:")


@pytest.mark.parametrize(
    "text",
    [
        '{"cells": [{"source": "x = 1", "outputs": [{"text": "untold()"}]}]}',
        '{"cells": ' + "[" * 5000,
        '{"cells": "untold()"}',
        '["untold()"]',
        "untold()",
        "",
    ],
)
def test_what_a_notebook_puts_out_and_what_is_none_documents_nothing(text: str, tmp_path: Path) -> None:
    found = inventory_of({**DOCUMENTED, "explore.ipynb": text}, tmp_path)
    assert states(found)["untold"] is Reachability.UNHOOKED


DOCUMENTED = {
    "app/__init__.py": "",
    "app/tools.py": 'def told():\n    """It says what it does."""\n\n\ndef untold():\n    return 1\n\n\ndef _inner():\n    """Hm."""\n',
}


@pytest.mark.parametrize(
    ("path", "text", "state"),
    [
        ("docs/api.rst", ".. automodule:: app.tools\n   :members:\n", "api-only"),
        ("docs/api.rst", "  .. automodule:: app.tools\n     :synopsis: x\n     :members:\n", "api-only"),
        ("docs/api.rst", ".. automodule:: app.tools\n\n   :members:\n", "unhooked"),
        ("docs/api.rst", ".. automodule:: app.tools\n", "unhooked"),
        ("docs/api.md", "# API\n\n::: app.tools\n", "api-only"),
        ("docs/api.md", "See ::: app.tools\n", "unhooked"),
    ],
)
def test_documentation_of_a_whole_module_documents_what_has_a_docstring(
    path: str, text: str, state: str, tmp_path: Path
) -> None:
    found = inventory_of({**DOCUMENTED, path: text}, tmp_path)
    assert (states(found)["told"].value, states(found)["untold"].value) == (state, "unhooked")
    assert feature_of(found, "app.tools:told").documented == (state == "api-only")
