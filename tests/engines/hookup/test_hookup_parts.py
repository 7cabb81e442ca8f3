"""The parts of a hookup on their own: docstrings, annotations, launches, places for a command, imports, layout."""

from __future__ import annotations

import ast
from pathlib import Path

import libcst as cst
import pytest

from fresh.engines.codemod.hookup.docstrings import read_docstring
from fresh.engines.codemod.hookup.drafting import asked_word, find_clis
from fresh.engines.codemod.hookup.edits import Edits, Insertion
from fresh.engines.codemod.hookup.imports import ImportShelf
from fresh.engines.codemod.hookup.launches import read_launches
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.shapes import Shape, Shapes, Sort
from fresh.engines.codemod.hookup.sources import Sources
from fresh.engines.codemod.hookup.spelling import Import, relative
from fresh.engines.codemod.hookup.suites import read_suite
from tests.engines.hookup.fixtures import bench_on, project

GOOGLE = """Cut a text to a width.

    More about it.

    Args:
        text (str): What to cut,
            on two lines.
        width: The longest `result`.

    Returns:
        The text.
    """
NUMPY = """Cut a text
    to a width

    Parameters
    ----------
    text : str
        What to cut,
        on two lines.
    width : int, optional
        The longest ``result``.

    Returns
    -------
    str
    """
SPHINX = """
    Cut a text. It is short.

    :param str text: What to cut,
        on two lines.
    :param width: The longest :class:`~x.result`.
    :type width: int
    :returns: The text.
    """


@pytest.mark.parametrize(
    ("text", "summary", "kinds"),
    [
        (GOOGLE, "Cut a text to a width.", ("str", "")),
        (NUMPY, "Cut a text to a width", ("str", "int")),
        (SPHINX, "Cut a text.", ("str", "int")),
    ],
)
def test_a_docstring_of_each_style_tells_of_its_parameters(
    text: str, summary: str, kinds: tuple[str, str]
) -> None:
    said = read_docstring(text)
    assert said.summary == summary
    assert said.parameters["text"].text == "What to cut, on two lines."
    assert said.parameters["width"].text.rpartition(" ")[2].strip("~x.") == "result"
    assert (said.parameters["text"].kind, said.parameters["width"].kind) == kinds
    assert set(said.parameters) == {"text", "width"}


@pytest.mark.parametrize("text", ["", ">>> f(1)\n2", ":param x: y", None])
def test_a_docstring_without_a_sentence_has_no_summary(text: str | None) -> None:
    assert read_docstring(text).summary == ""


def test_examples_are_read_also_where_they_span_lines() -> None:
    said = read_docstring("F.\n\n>>> f(1,\n...   2)\n3\n>>> g()\n")
    assert said.examples == ("f(1,\n  2)\n", "g()\n")


ANNOTATIONS = [
    ("str", Shape(Sort.TEXT)),
    ("'int'", Shape(Sort.INT)),
    ("t.Optional[int]", Shape(Sort.INT, optional=True)),
    ("Union[None, float]", Shape(Sort.FLOAT, optional=True)),
    ("int | float", Shape(Sort.FLOAT)),
    ("str | Path", Shape(Sort.PATH)),
    ("Union[str, os.PathLike[str]]", Shape(Sort.PATH)),
    ("pathlib.Path | None", Shape(Sort.PATH, optional=True)),
    ("list[int]", Shape(Sort.INT, many="list")),
    ("t.Sequence[str]", Shape(Sort.TEXT, many="list")),
    ("tuple[float, ...]", Shape(Sort.FLOAT, many="tuple")),
    ("set[str] | None", Shape(Sort.TEXT, many="set", optional=True)),
    ("frozenset[int]", Shape(Sort.INT, many="frozenset")),
    ("t.Literal['a', 'b']", Shape(Sort.LITERAL, literals=("a", "b"))),
    ("t.Literal['a', None]", Shape(Sort.LITERAL, literals=("a",), optional=True)),
    ("t.Annotated[int, 'x']", Shape(Sort.INT)),
    ("Alias", Shape(Sort.TEXT, many="list")),
]


def _shapes(where: Path) -> Shapes:
    head = "import os, pathlib\nimport typing as t\nfrom typing import Union\nfrom pathlib import Path\nAlias = list[str]\n"
    files = {"odd.py": f"{head}def f(): ...\n"}
    sources = Sources(bench_on(where, files, "odd.py", "f"))
    module = sources.at("odd.py")
    assert module is not None
    return Shapes(sources, module)


def test_an_annotation_is_read_however_it_is_spelled(tmp_path: Path) -> None:
    shapes = _shapes(tmp_path)
    for text, shape in ANNOTATIONS:
        assert shapes.read(ast.parse(text, mode="eval").body) == shape, text


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("pyproject.toml", '[project.scripts]\nkit = "kit.cli:main"\n', ("kit",)),
        ("pyproject.toml", '[tool.poetry.scripts]\nkit = "kit.cli:main"\n', ("kit",)),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    kit = kit.cli:main\n", ("kit",)),
        ("setup.py", "setup(entry_points={'console_scripts': ['kit = kit.cli:main']})\n", ("kit",)),
        ("pyproject.toml", "not toml [", ("python", "-m", "kit.cli")),
    ],
)
def test_a_program_is_started_as_the_project_declares_it(
    tmp_path: Path, path: str, text: str, words: tuple[str, ...]
) -> None:
    cli = "def main(): ...\n\n\nif __name__ == '__main__':\n    main()\n"
    files = {path: text, "kit/__init__.py": "", "kit/cli.py": cli}
    launches = read_launches(Sources(bench_on(tmp_path, files, "kit/cli.py", "main")))
    assert launches[0].words == words


PLACES = [
    ("click_group", [("src/pocket/cli.py", ("pocket",), ())]),
    ("click_nested", [("shelf/commands.py", ("shelf",), ("books",)), ("shelf/main.py", ("shelf",), ())]),
    ("typer_app", [("tally/app.py", ("tally",), ())]),
    ("argparse_func", [("kit/__main__.py", ("kit",), ())]),
    ("argparse_dispatch", [("tool.py", ("python", "tool.py"), ())]),
    ("argparse_match", [("turn/cli.py", ("turn",), ())]),
    ("argparse_table", [("desk/cli.py", ("desk",), ())]),
]


@pytest.mark.parametrize(("name", "places"), PLACES)
def test_every_place_for_a_command_is_found(
    tmp_path: Path, name: str, places: list[tuple[str, tuple[str, ...], tuple[str, ...]]]
) -> None:
    files = {**project(name), "odd.py": "def f(): ...\n"}
    found = find_clis(Sources(bench_on(tmp_path, files, "odd.py", "f")))
    assert sorted((cli.module.path, cli.launch.words, cli.words) for cli in found) == sorted(places)


SHELF = ImportShelf({"pocket"}, Layout(width=60))
MODULE = '"""Doc."""\n\nimport os\n\nimport click\n\nfrom pocket.text import count\n\nX = 1  # kept\n'


@pytest.mark.parametrize(
    ("wanted", "spelled", "expected"),
    [
        (Import("pocket.text", "Mode"), "pocket.text", "from pocket.text import Mode, count\n"),
        (Import("pocket.a", "b"), "pocket.a", "import click\n\nfrom pocket.a import b\nfrom pocket.text"),
        (Import("pocket.z", "b"), "pocket.z", "import count\nfrom pocket.z import b\n\nX = 1"),
        (Import("json"), "json", '"""Doc."""\n\nimport json\nimport os\n\nimport click'),
        (Import("pathlib", "Path"), "pathlib", "import os\nfrom pathlib import Path\n\nimport click"),
        (Import("typer"), "typer", "import click\nimport typer\n\nfrom pocket"),
        (Import("pocket.b", "c"), ".b", "import count\n\nfrom .b import c\n\nX = 1"),
    ],
)
def test_an_import_is_put_where_the_project_would(wanted: Import, spelled: str, expected: str) -> None:
    code = SHELF.add(cst.parse_module(MODULE), [(wanted, spelled)]).code
    assert expected in code
    assert "X = 1  # kept" in code


def test_an_import_that_gets_too_long_is_wrapped() -> None:
    wanted = [(Import("pocket.text", f"some_long_name_{number}"), "pocket.text") for number in range(3)]
    code = SHELF.add(cst.parse_module(MODULE), wanted).code
    assert "from pocket.text import (\n    count,\n    some_long_name_0,\n" in code


def test_insertions_leave_every_other_character_alone() -> None:
    text = "def a( ):\n\tx = 1   # odd\n\tif x == 1 :\n\t\tpass\n\telse: pass\n\n\n\n# end\n"
    edits = Edits(
        after={2: [Insertion(("y = 2", "if y:", "    x = 3"))]}, branches={3: ("if x == 2:", "    return")}
    )
    assert edits.apply(cst.parse_module(text)).code == (
        "def a( ):\n\tx = 1   # odd\n\ty = 2\n\tif y:\n\t\tx = 3\n\tif x == 1 :\n\t\tpass\n"
        "\telif x == 2:\n\t\treturn\n\telse: pass\n\n\n\n# end\n"
    )


def test_an_edit_of_a_line_on_which_nothing_begins_is_an_error() -> None:
    with pytest.raises(LookupError, match="line 9"):
        Edits(after={9: [Insertion(("x",))]}).apply(cst.parse_module("x = 1\n"))


@pytest.mark.parametrize(
    "value", ["plain", "it's", 'say "x"', "both ' and \"", "line\nbreak", "back\\slash", "é\x00"]
)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_string_literal_means_what_it_was_made_of(value: str, quote: str) -> None:
    assert ast.literal_eval(Layout(quote=quote).text(value)) == value


@pytest.mark.parametrize(
    "text", ["Plain.", 'Ends in "quotes"', "Has ''' and \"\"\" inside", "back\\slash", "'"]
)
@pytest.mark.parametrize("fence", ["'''", '"""'])
def test_a_docstring_literal_means_what_it_was_made_of(text: str, fence: str) -> None:
    assert str(ast.literal_eval(Layout(fence=fence).docstring(text))).rstrip() == text


@pytest.mark.parametrize(
    ("package", "target", "expected"),
    [
        ("pocket", "pocket.text", ".text"),
        ("pocket.cli", "pocket.text", "..text"),
        ("pocket.cli", "pocket.cli.text", ".text"),
        ("pocket.a.b", "pocket.c.d", "...c.d"),
        ("pocket", "other.text", ""),
        ("", "text", ""),
    ],
)
def test_a_relative_import_counts_its_dots(package: str, target: str, expected: str) -> None:
    assert relative(package, target) == expected


def test_a_suite_is_read_by_what_most_of_its_files_do(tmp_path: Path) -> None:
    for name, is_unittest in (("click_group", False), ("argparse_func", True)):
        files = {**project(name), "odd.py": "def f(): ...\n"}
        sources = Sources(bench_on(tmp_path, files, "odd.py", "f"))
        module = find_clis(sources)[0].module
        suite = read_suite(sources, module, Layout())
        assert (suite.folder, suite.unittest) == ("tests", is_unittest)
        assert suite.path("x", frozenset({"tests/test_x.py"})) == "tests/test_x_2.py"


@pytest.mark.parametrize(
    ("asked", "word"),
    [("", ""), ("call it `squeeze-all`", "squeeze-all"), ('Rename the command to "tidy".', "tidy")],
)
def test_a_request_for_another_name_is_understood(asked: str, word: str) -> None:
    assert asked_word(asked) == word
