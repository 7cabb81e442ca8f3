"""Whatever a signature is made of: the command passes exactly what was typed, and the defaults for what was not."""

from __future__ import annotations

import contextlib
import importlib
import io
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner as ClickRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner as TyperRunner

from fresh.engines.codemod.hookup.binding import Bound, bind, call
from fresh.engines.codemod.hookup.clis import Hookup
from fresh.engines.codemod.hookup.drafting import find_clis
from fresh.engines.codemod.hookup.editing import write_edit
from fresh.engines.codemod.hookup.functions import Function, read_function
from fresh.engines.codemod.hookup.layout import Layout
from fresh.engines.codemod.hookup.samples import Given, Sampler
from fresh.engines.codemod.hookup.showing import Showing, Way
from fresh.engines.codemod.hookup.sources import Sources
from tests.engines.hookup.fixtures import bench_on
from tests.fakes.bench import FakeBench

COUNTER = itertools.count()
HEAD = """from __future__ import annotations
from enum import Enum
from pathlib import Path
from typing import Literal, Optional

class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"

def _shown(*values):
    plain = [sorted(one) if isinstance(one, set) else one for one in values]
    return repr([list(one) if isinstance(one, tuple) else one for one in plain])

"""
SHAPES = {
    "str": ["'a b'", "''"],
    "int": ["0", "-7"],
    "float": ["0.5", "2.0"],
    "bool": ["True", "False"],
    "Path": ["Path('x/y')"],
    "Mode": ["Mode.SLOW"],
    "Literal['left', 'right']": ["'right'"],
    "list[int]": ["()"],
    "list[str]": ["()"],
    "tuple[str, ...]": ["('p', 'q')"],
    "set[str]": [],
    "Optional[int]": ["None", "3"],
    "str | None": ["None", "'z'"],
    "bool | None": ["None"],
    "Path | None": ["None"],
    "Mode | None": ["None"],
    "Optional[list[str]]": ["None"],
}
NAMES = [
    "text",
    "max_width",
    "command",
    "func",
    "json",
    "mode",
    "n",
    "verbose",
    "list",
    "line",
    "click",
    "probe",
    "typer",
]

CLICK = """import click


@click.group()
def cli():
    pass


@cli.command()
def one():
    click.echo(1)


if __name__ == "__main__":
    cli()
"""
TYPER = """import typer

app = typer.Typer()


@app.command()
def one():
    typer.echo(1)


@app.command()
def two():
    typer.echo(2)


if __name__ == "__main__":
    app()
"""
ARGPARSE = """import argparse


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--verbose", action="store_true")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("one")
    args = parser.parse_args(argv)
    if args.command == "one":
        print(1)


if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Written:
    """One parameter as source."""

    name: str
    shape: str
    default: str | None


@st.composite
def signatures(draw: st.DrawFn) -> list[Written]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=4))
    found = []
    for name in names:
        shape = draw(st.sampled_from(sorted(SHAPES)))
        default = draw(st.sampled_from([None, *SHAPES[shape]]))
        found.append(Written(name, shape, default))
    return sorted(found, key=lambda one: one.default is not None)


def source_of(parameters: list[Written], star: int) -> str:
    parts = [f"{one.name}: {one.shape}" + (f" = {one.default}" if one.default else "") for one in parameters]
    parts.insert(star, "*") if star < len(parts) else None
    return f"{HEAD}def probe({', '.join(parts)}) -> str:\n    return _shown({', '.join(one.name for one in parameters)})\n"


def run(library: str, package: str, words: list[str]) -> str:
    module = importlib.import_module(f"{package}.cli")
    if library == "argparse":
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            module.main(words)
        return output.getvalue()
    root = module.cli if library == "click" else module.app
    result = (ClickRunner() if library == "click" else TyperRunner()).invoke(root, words)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


@dataclass(frozen=True)
class Made:
    """A package whose function has been hooked up."""

    package: str
    bench: FakeBench
    function: Function
    bound: tuple[Bound, ...]


def hook_up(library: str, parameters: list[Written], star: int, where: Path) -> Made:
    package = f"signed{next(COUNTER)}"
    files = {
        "pyproject.toml": '[project]\nrequires-python = ">=3.11"\n',
        f"{package}/__init__.py": "",
        f"{package}/probes.py": source_of(parameters, star),
        f"{package}/cli.py": {"click": CLICK, "typer": TYPER, "argparse": ARGPARSE}[library],
    }
    bench = bench_on(where, files, f"{package}/probes.py", "probe")
    sources = Sources(bench)
    function = read_function(bench.feature, sources)
    (cli,) = find_clis(sources)
    taken = {"probe", *cli.module.defined, *cli.module.imported} if library != "argparse" else set()
    bound = bind(function, {*cli.reserved(), *taken})
    hookup = Hookup(function, "probe", bound, Showing(Way.PLAIN), False, function.module.name, Layout())
    bench.write(f"{package}/cli.py", write_edit(cli, hookup, sources))
    return Made(package, bench, function, bound)


@contextlib.contextmanager
def importable(made: Made) -> Iterator[None]:
    sys.path.insert(0, str(made.bench.tree))
    try:
        yield
    finally:
        sys.path.remove(str(made.bench.tree))
        for name in [name for name in sys.modules if name.partition(".")[0] == made.package]:
            del sys.modules[name]


@pytest.mark.slow
@pytest.mark.parametrize("library", ["click", "typer", "argparse"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(parameters=signatures(), star=st.integers(0, 5), data=st.data())
def test_a_command_calls_its_function_with_what_was_typed(
    library: str,
    parameters: list[Written],
    star: int,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    made = hook_up(library, parameters, star, tmp_path_factory.mktemp("signed"))
    function, bound, bench, package = made.function, made.bound, made.bench, made.package
    layout = Layout()
    sampler = Sampler(
        function, bound, {one.name: "Mode" for one in parameters}, layout, library != "argparse"
    )

    chosen: dict[str, Given] = dict(sampler.implied)
    for one in bound:
        if one.required or data.draw(st.booleans()):
            values = [value for value in sampler.values(one.parameter.name) if not value.setup]
            setups = [value for value in sampler.values(one.parameter.name) if value.setup]
            if values or setups:
                chosen[one.parameter.name] = data.draw(st.sampled_from(values or setups))
    ordered = {one.name: chosen[one.name] for one in function.parameters if one.name in chosen}
    scope: dict[str, object] = {"tmp_path": bench.where}
    with importable(made):
        exec(f"from {package}.probes import *", scope)
        for value in ordered.values():
            exec("\n".join(value.setup), scope)
        words = [
            str(eval(word, scope))
            for one in sorted(bound, key=lambda each: each.place != "argument")
            for word in (ordered[one.parameter.name].words if one.parameter.name in ordered else ())
        ]
        opening, arguments = call("probe", function, {name: value.source for name, value in ordered.items()})
        expected = eval(f"{opening}{', '.join(arguments)})", scope)
        assert run(library, package, ["probe", *words]) == f"{expected}\n"


@pytest.mark.slow
@pytest.mark.parametrize("library", ["click", "typer", "argparse"])
@pytest.mark.parametrize(
    ("words", "value"), [((), None), (("--n",), True), (("--no-n",), False)], ids=["nothing", "on", "off"]
)
def test_a_switch_of_one_letter_can_be_switched_off_too(
    library: str, words: tuple[str, ...], value: bool | None, tmp_path: Path
) -> None:
    # argparse makes the off switch of a BooleanOptionalAction from long options alone.
    made = hook_up(library, [Written("n", "bool | None", "None")], 5, tmp_path)
    with importable(made):
        assert run(library, made.package, ["probe", *words]) == f"{[value]}\n"
