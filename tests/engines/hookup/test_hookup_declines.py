"""What codemod can't hook up well it declines, naming what is in the way, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.entry_rules import EntryRule
from fresh.domain.feature import EntryPoint, Reachability
from fresh.engines.codemod import hookup
from fresh.errors import Declined
from tests.engines.hookup.fixtures import bench_on, project
from tests.fakes.bench import FakeBench, feature_of, inventory_of

SCRIPT = EntryPoint(
    key="pocket.cli:cli", rule=f"{EntryRule.CONSOLE_SCRIPT}: pocket", path="src/pocket/cli.py"
)
ODD = "src/pocket/odd.py"
HEAD = """import asyncio, contextlib, functools, os, shutil, subprocess, sys, time, urllib.request
from pathlib import Path
from typing import Any, Callable, Iterator, Literal

GLOBAL = object()


class Thing:
    def method(self, text: str) -> str:
        return text


def quietly(text: str) -> None:
    os.remove(text)


"""


def declined(where: Path, files: dict[str, str], path: str, name: str) -> str:
    bench = bench_on(where, files, path, name)
    with pytest.raises(Declined) as refused:
        hookup.plan(bench)
    assert bench.commands == []
    return refused.value.message


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("def f(*parts: str): ...", "*parts"),
        ("def f(**options: str): ...", "**options"),
        ("def f(text): ...", "text: no annotation"),
        ("def f(text=None): ...", "text: no annotation"),
        ("def f(table: dict[str, int]): ...", "table: dict[str, int]"),
        ("def f(call: Callable[[], int], text: str): ...", "call: Callable[[], int]"),
        ("def f(value: int | str): ...", "value: int | str"),
        ("def f(thing: Thing): ...", "thing: Thing"),
        ("def f(any: Any): ...", "any: Any"),
        ("def f(pairs: list[list[str]]): ...", "pairs: list[list[str]]"),
        ("def f(data: bytes): ...", "data: bytes"),
        ("def f(pair: tuple[int, int]): ...", "pair: tuple[int, int]"),
        ("def f(text: str = GLOBAL): ...", "the default GLOBAL"),
        ("def f(text: str = os.sep): ...", "the default os.sep"),
        ("@contextlib.contextmanager\ndef f(text: str): ...", "@contextlib.contextmanager"),
        ("@functools.wraps(len)\ndef f(text: str): ...", "@functools.wraps"),
        ("async def f(text: str) -> Iterator[str]:\n    yield text", "async generator"),
        ("def f(help: bool = False): ...", "--help"),
        ("def f(verbose: bool = True, no_verbose: bool = False): ...", "--no-verbose"),
        ("def f(text: str):\n    subprocess.run([text])", "subprocess.run"),
        ("def f(text: str):\n    os.remove(text)", "os.remove"),
        ("def f(text: str):\n    quietly(text)", "os.remove"),
        ("def f(text: str):\n    list(map(quietly, [text]))", "os.remove"),
        ("def f(path: Path):\n    shutil.rmtree(path)", "shutil.rmtree"),
        ("def f(path: Path):\n    path.unlink()", ".unlink()"),
        ("def f(text: str):\n    open('/tmp/x', 'w').write(text)", "open for writing"),
        ("def f(text: str):\n    Path('x').write_text(text)", ".write_text()"),
        ("def f(text: str):\n    return input(text)", "uses input"),
        ("def f(text: str):\n    sys.exit(1)", "sys.exit"),
        ("def f(text: str):\n    raise SystemExit(1)", "SystemExit"),
        ("def f(text: str):\n    return sys.stdin.read()", "sys.stdin"),
        ("def f(url: str):\n    return urllib.request.urlopen(url)", "urllib.request.urlopen"),
        (
            "def f(text: str):\n    from socket import create_connection\n    create_connection(text)",
            "socket.",
        ),
        ("def f(text: str):\n    os.environ['X'] = text", "os.environ"),
        ("def f(text: str):\n    time.sleep(9)", "time.sleep"),
        ("def f(text: str) -> str: ...\n\n\ndef f(other: int) -> str: ...", "defined 2 times"),
    ],
)
def test_a_function_is_declined_by_name_of_what_is_in_the_way(
    tmp_path: Path, source: str, named: str
) -> None:
    files = {**project("click_group"), ODD: f"{HEAD}{source}\n"}
    assert named in declined(tmp_path, files, ODD, "f")


@pytest.mark.parametrize(
    ("cli", "named"),
    [
        (
            "import sys\n\n\ndef main():\n    print(sys.argv)\n",
            "no click group, typer app or argparse parser",
        ),
        (
            "import argparse\n\n\ndef main():\n    argparse.ArgumentParser().parse_args()\n\n\nif __name__ == '__main__':\n    main()\n",
            "has no subcommands",
        ),
        ("import click\n\n\n@click.group()\ndef cli(): ...\n", "nothing starts the click group cli"),
        (
            "import typer\n\napp = typer.Typer()\n\n\n@app.command()\ndef one(): ...\n\n\nif __name__ == '__main__':\n    app()\n",
            "a second would change how it is called",
        ),
        (
            "import argparse\n\n\nclass Cli:\n    def __init__(self):\n        parser = argparse.ArgumentParser()\n"
            "        subs = parser.add_subparsers(dest='name')\n        subs.add_parser('one')\n"
            "        getattr(self, 'do_' + parser.parse_args().name)()\n\n\nif __name__ == '__main__':\n    Cli()\n",
            "in a way that codemod can't extend",
        ),
    ],
)
def test_a_project_without_a_fitting_command_line_is_declined_with_what_there_is(
    tmp_path: Path, cli: str, named: str
) -> None:
    files = {"tool.py": cli, "text.py": "def f(text: str) -> str:\n    return text\n"}
    assert named in declined(tmp_path, files, "text.py", "f")


def test_a_name_that_is_taken_twice_is_declined(tmp_path: Path) -> None:
    files = project("click_group")
    more = '@cli.command("normalize")\ndef a(): ...\n\n\n@cli.command("text-normalize")\ndef b(): ...\n\n\nif __name__'
    files["src/pocket/cli.py"] = files["src/pocket/cli.py"].replace("if __name__", more)
    bench = bench_on(tmp_path, files, "src/pocket/text.py", "normalize")
    with pytest.raises(Declined, match="commands named normalize and text-normalize already"):
        hookup.plan(bench)


def test_free_words_are_declined_with_what_can_be_asked_for(tmp_path: Path) -> None:
    bench = bench_on(tmp_path, project("click_group"), "src/pocket/text.py", "normalize")
    with pytest.raises(Declined, match="another name") as refused:
        hookup.work(bench, hookup.plan(bench), None, "Make it nicer, please")
    assert "rename it to" in refused.value.hint


@pytest.mark.parametrize(
    ("qualname", "facts", "named"),
    [
        ("normalize", {"reachability": Reachability.HOOKED}, "hooked"),
        ("Report", {}, "class"),
        ("normalize", {"qualname": "Report.words", "key": "pocket.text:Report.words"}, "live object"),
        ("normalize", {"qualname": "_normalize", "key": "pocket.text:_normalize"}, "private"),
        ("normalize", {"stub": True}, "stub"),
        ("normalize", {"path": "tests/test_text.py"}, "no product code"),
    ],
)
def test_screening_says_no_from_the_inventory_alone(
    qualname: str, facts: dict[str, object], named: str
) -> None:
    feature = feature_of(project("click_group"), "src/pocket/text.py", qualname).model_copy(update=facts)
    said = hookup.screen(feature, inventory_of(feature, entry_points=(SCRIPT,)))
    assert said is not None
    assert named in said


def test_screening_lets_an_unhooked_function_of_a_project_with_a_command_line_through() -> None:
    files = project("click_group")
    for state in (Reachability.UNHOOKED, Reachability.TEST_ONLY):
        feature = feature_of(files, "src/pocket/text.py", "normalize", reachability=state)
        assert hookup.screen(feature, inventory_of(feature, entry_points=(SCRIPT,))) is None


def test_screening_says_no_without_a_command_line() -> None:
    feature = feature_of(project("click_group"), "src/pocket/text.py", "normalize")
    route = EntryPoint(key="pocket.web:index", rule=f"{EntryRule.ROUTE}: /", path="src/pocket/web.py")
    assert "no command line" in str(hookup.screen(feature, inventory_of(feature, entry_points=(route,))))


def test_planning_writes_nothing(tmp_path: Path) -> None:
    bench: FakeBench = bench_on(tmp_path, project("click_group"), "src/pocket/text.py", "normalize")
    plan = hookup.plan(bench)
    assert bench.written == []
    assert plan.files == ("src/pocket/cli.py", "tests/test_normalize_command.py")
