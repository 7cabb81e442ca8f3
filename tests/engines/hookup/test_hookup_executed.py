"""Hookups on whole projects: every edit that is written here is executed, with its help and its tests."""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

import pytest

from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.engines.codemod import hookup
from fresh.errors import Declined
from tests.engines.hookup.fixtures import bench_on, project

pytestmark = pytest.mark.slow

TEXT, BOOKS, NUMBERS = "src/pocket/text.py", "shelf/books.py", "tally/numbers.py"
STRINGS, BITS, SHAPES, NOTES = "kit/strings.py", "mathbits.py", "turn/shapes.py", "desk/notes.py"

HOOKUPS = [
    (
        "click_group",
        TEXT,
        "shorten",
        "pocket shorten",
        ["default=DEFAULT_WIDTH", "is_flag=True", "100% of it"],
    ),
    ("click_group", TEXT, "change_case", "pocket change-case", ["item.value for item in Mode", "Mode(mode)"]),
    ("click_group", TEXT, "first_line", "pocket first-line", ["click.Path(path_type=Path)"]),
    ("click_group", TEXT, "parse_pair", "pocket parse-pair", ["if result is not None:"]),
    ("click_group", TEXT, "fetch_length", "pocket fetch-length", ["asyncio.run(fetch_length(text))"]),
    ("click_group", TEXT, "announce", "pocket announce", ["    announce(text)\n"]),
    ("click_group", TEXT, "split_words", "pocket split-words", ["multiple=True", "for line in split_words("]),
    ("click_group", TEXT, "report", "pocket report", ["json.dumps(asdict(report(text)), indent=2)"]),
    ("click_nested", BOOKS, "price", "shelf books price", ["except ValueError as error:", ", option\n"]),
    ("typer_app", NUMBERS, "total", "tally total", ["Annotated[list[float], typer.Argument("]),
    (
        "typer_app",
        NUMBERS,
        "unit",
        "tally unit",
        ['Annotated[Literal["metric", "imperial"], typer.Option()]'],
    ),
    ("typer_app", NUMBERS, "longest", "tally longest", ["path: Path, limit: int | None = None"]),
    ("argparse_func", STRINGS, "repeat", "kit repeat", ["dest='command_'", "command=args.command_"]),
    ("argparse_func", STRINGS, "labelled", "kit labelled", ["BooleanOptionalAction", "args.sizes or [1, 2]"]),
    ("argparse_dispatch", BITS, "gcd", "python tool.py gcd", ['elif args.command == "gcd":']),
    ("argparse_match", SHAPES, "program", "turn program", ["            from turn.shapes import program\n"]),
    ("argparse_table", NOTES, "initials", "desk initials", ['"initials": do_initials,\n}']),
]


# By day one of each way that a command line is written; the nights play them all.
BY_DAY = {hookup[0]: hookup for hookup in HOOKUPS}.values()
ALL = [
    pytest.param(*hookup, marks=() if hookup in BY_DAY else pytest.mark.night, id=hookup[3])
    for hookup in HOOKUPS
]


@pytest.mark.parametrize(("name", "path", "function", "command", "fragments"), ALL)
def test_a_hookup_runs_and_its_test_fails_without_it(
    tmp_path: Path, name: str, path: str, function: str, command: str, fragments: list[str]
) -> None:
    files = project(name)
    bench = bench_on(tmp_path, files, path, function)

    plan = hookup.plan(bench)
    assert bench.written == []
    work = hookup.work(bench, plan, None, "")

    assert plan.summary == f"hook up `{function}` as `{command}`"
    after = bench.tree_files()
    changed = {file for file in after if after[file] != files.get(file)}
    assert changed == set(plan.files)
    cli, test = plan.files
    for fragment in fragments:
        assert fragment in after[cli]
    assert _removed(files[cli], after[cli]) <= 2
    assert work.new_tests
    assert work.try_it[0] == f"{command} --help"
    run = bench.run_tests()
    assert {new.node_id for new in work.new_tests} <= run.passed
    assert not run.failing
    bench.write(cli, files[cli])
    assert not {new.node_id for new in work.new_tests} & bench.run_tests([test]).passed


UNITTEST = """import unittest


class SomeTest(unittest.TestCase):
    def test_one(self):
        self.assertEqual(1, 1)
"""
TYPED = """def test_one() -> None:
    assert 1 == 1
"""
STYLES = [
    (
        "click_group",
        TEXT,
        "first_line",
        UNITTEST,
        ["tempfile.TemporaryDirectory()", "self.assertEqual(result.exit_code, 0)"],
    ),
    ("click_group", TEXT, "announce", UNITTEST, ["expected = direct.getvalue()"]),
    ("argparse_dispatch", BITS, "gcd", UNITTEST, ['mock.patch.object(sys, "argv", argv)']),
    ("argparse_table", NOTES, "initials", UNITTEST, ["with self.assertRaises(SystemExit) as stop:"]),
    (
        "click_group",
        TEXT,
        "first_line",
        TYPED,
        ["(tmp_path: Path) -> None:", "from pathlib import Path"],
    ),
    ("argparse_dispatch", BITS, "gcd", TYPED, ["monkeypatch: pytest.MonkeyPatch"]),
]


@pytest.mark.parametrize(("name", "path", "function", "suite", "fragments"), STYLES)
def test_the_test_is_written_in_the_style_of_the_suite(
    tmp_path: Path, name: str, path: str, function: str, suite: str, fragments: list[str]
) -> None:
    files = {file: text for file, text in project(name).items() if not file.startswith("tests/")}
    bench = bench_on(tmp_path, {**files, "checks/test_some.py": suite}, path, function)
    plan = hookup.plan(bench)
    work = hookup.work(bench, plan, None, "")
    assert plan.files[1] == f"checks/test_{function}_command.py"
    for fragment in fragments:
        assert fragment in bench.read(plan.files[1])
    assert work.new_tests
    assert _unformatted(bench.tree / plan.files[1]) == ""


def _unformatted(path: Path) -> str:
    argv = [sys.executable, "-m", "ruff", "format", "--diff", "--isolated", str(path)]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def _removed(before: str, after: str) -> int:
    return sum(line.startswith("- ") for line in difflib.ndiff(before.splitlines(), after.splitlines()))


@pytest.mark.night
def test_doing_it_again_gives_the_same_tree(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, project("argparse_table"), NOTES, "initials")
    plan = hookup.plan(bench)
    hookup.work(bench, plan, None, "")
    once = bench.tree_files()

    hookup.work(bench, plan, None, "")

    assert bench.tree_files() == once


def test_a_person_may_rename_the_command(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, project("click_group"), TEXT, "normalize")
    work = hookup.work(bench, hookup.plan(bench), None, "Please rename it to `squeeze`, that reads better.")
    assert work.summary == "hook up `normalize` as `pocket squeeze`"
    assert "@cli.command()\n" in bench.read("src/pocket/cli.py")
    assert "def squeeze(text):" in bench.read("src/pocket/cli.py")


def test_after_failed_checks_the_import_moves_into_the_command_once(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, project("click_group"), TEXT, "normalize")
    failed = Check(name="no newly failing tests", state=CheckState.FAILED, fact="1 of 3 failed")
    evidence = Evidence(base="b", commit="c", checks=(failed,))

    hookup.work(bench, hookup.plan(bench), evidence, "")

    assert "    from pocket.text import normalize\n" in bench.read("src/pocket/cli.py")


def test_a_command_that_breaks_an_existing_test_is_declined_and_leaves_no_trace(tmp_path: Path) -> None:
    files = project("click_group")
    files["tests/test_list.py"] = (
        "from pocket.cli import cli\n\n\ndef test_lists_every_command():\n    assert sorted(cli.commands) == ['count']\n"
    )
    bench = bench_on(tmp_path, files, TEXT, "normalize")

    with pytest.raises(Declined, match="test_lists_every_command"):
        hookup.work(bench, hookup.plan(bench), None, "")

    assert bench.tree_files() == files


def test_a_function_that_needs_a_required_group_option_is_declined_with_the_error(tmp_path: Path) -> None:
    files = project("click_group")
    grouped = files["src/pocket/cli.py"].replace(
        "@click.group()\ndef cli():",
        '@click.group()\n@click.option("--config", required=True)\ndef cli(config):',
    )
    bench = bench_on(tmp_path, {**files, "src/pocket/cli.py": grouped}, TEXT, "normalize")

    with pytest.raises(Declined, match="config"):
        hookup.work(bench, hookup.plan(bench), None, "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def now(text: str) -> float:\n    return time.perf_counter()\n", "another result"),
        ("def give(text: str) -> object:\n    return object()\n", "object"),
        ("def nothing(text: str) -> None:\n    text.upper()\n", "returns nothing"),
        ("def broken(text: str) -> str:\n    raise KeyError(text)\n", "KeyError"),
        ("def hang(text: str) -> str:\n    while True:\n        pass\n", "did not return within"),
        ("def mixed(text: str):\n    return text if ' ' in text else [text]\n", "from case to case"),
        ("def both(text: str) -> str:\n    print(text)\n    return text\n", "prints on its own"),
    ],
)
def test_what_can_not_be_shown_or_called_is_declined(tmp_path: Path, body: str, reason: str) -> None:
    files = {**project("click_group"), "src/pocket/odd.py": f"import time\n\n\n{body}"}
    name = body.partition("(")[0].removeprefix("def ")
    with pytest.raises(Declined, match=reason):
        hookup.plan(bench_on(tmp_path, files, "src/pocket/odd.py", name))


def test_a_module_that_can_not_be_imported_is_declined_with_its_error(tmp_path: Path) -> None:
    files = {
        **project("click_group"),
        "src/pocket/odd.py": "import no_such\n\n\ndef f(text: str) -> str: ...\n",
    }
    with pytest.raises(Declined, match="No module named 'no_such'"):
        hookup.plan(bench_on(tmp_path, files, "src/pocket/odd.py", "f"))
