"""States follow from who calls whom, and from nothing else: shown on projects made at random."""

from __future__ import annotations

import ast
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from fresh.domain.feature import Inventory
from fresh.inventory.scan import take_inventory
from tests.fakes.workspace import FakeWorkspace
from tests.inventory.example import inventory_of, states_of

few = settings(max_examples=25, deadline=None)
FRAMEWORKS = {
    "click": ("import click\n\n\n@click.group()\ndef cli():\n    pass\n", "@cli.command()"),
    "typer": ("import typer\n\ncli = typer.Typer()\n", "@cli.command()"),
    "cyclopts": ("import cyclopts\n\ncli = cyclopts.App()\n", "@cli.command"),
}


@dataclass(frozen=True)
class Project:
    """Functions in modules, who calls whom, and which of them a command calls."""

    home: tuple[int, ...]
    calls: tuple[frozenset[int], ...]
    commands: frozenset[int]
    framework: str = "click"
    local: str = "held"
    backwards: bool = False

    @property
    def reached(self) -> set[int]:
        """What commands lead to."""
        found: set[int] = set()
        waiting = list(self.commands)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self.calls[each]
        return found

    def files(self) -> dict[str, str]:
        """Write the project out."""
        files = {"app/__init__.py": "", "app/cli.py": self._command_line()}
        for module in set(self.home):
            files[f"app/part{module}.py"] = self._module(module)
        return files

    def _command_line(self) -> str:
        opening, decorator = FRAMEWORKS[self.framework]
        imports = "".join(f"from app.part{self.home[n]} import work{n}\n" for n in sorted(self.commands))
        commands = "".join(f"\n\n{decorator}\ndef do{n}():\n    work{n}()\n" for n in sorted(self.commands))
        return imports + opening + commands

    def _module(self, module: int) -> str:
        mine = [n for n, home in enumerate(self.home) if home == module]
        others = sorted({other for n in mine for other in self.calls[n] if self.home[other] != module})
        imports = "".join(f"from app.part{self.home[n]} import work{n}\n" for n in others)
        bodies = [
            f"\n\ndef work{n}():\n    {self.local} = {n}\n"
            + "".join(f"    {self.local} += work{other}()\n" for other in sorted(self.calls[n]))
            + f"    return {self.local}\n"
            for n in mine
        ]
        return imports + "".join(reversed(bodies) if self.backwards else bodies)


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Draw a project of three to eight functions."""
    size = draw(st.integers(3, 8))
    numbers = st.integers(0, size - 1)
    return Project(
        home=tuple(draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))),
        calls=tuple(draw(st.frozensets(numbers, max_size=3)) - {n} for n in range(size)),
        commands=draw(st.frozensets(numbers, max_size=2)),
        framework=draw(st.sampled_from(sorted(FRAMEWORKS))),
    )


def scan(files: dict[str, str]) -> Inventory:
    """Take an inventory with a cache of its own."""
    with tempfile.TemporaryDirectory() as cache:
        return inventory_of(files, Path(cache))


def states(project: Project) -> dict[str, str]:
    """Map every drawn function to its state."""
    found = states_of(scan(project.files()))
    return {key: state for key, state in found.items() if ":work" in key}


@few
@given(projects())
def test_hooked_is_exactly_what_commands_lead_to(project: Project) -> None:
    expected = {
        f"app.part{home}:work{n}": "hooked" if n in project.reached else "unhooked"
        for n, home in enumerate(project.home)
    }
    assert states(project) == expected


@few
@given(projects(), st.sampled_from(["value", "work", "cli", "app", "self", "do"]))
def test_the_name_of_a_local_variable_changes_no_state(project: Project, name: str) -> None:
    assert states(replace(project, local=name)) == states(project)


@few
@given(projects())
def test_the_order_of_definitions_changes_no_state(project: Project) -> None:
    assert states(replace(project, backwards=True)) == states(project)


@few
@given(projects())
def test_another_format_changes_neither_state_nor_digest_of_code(project: Project) -> None:
    before = scan(project.files())
    unparsed = {path: ast.unparse(ast.parse(text)) for path, text in project.files().items()}
    wide = {
        path: text.replace("    ", "        ") + "\n\n# the end\n" for path, text in project.files().items()
    }
    for files in (unparsed, wide):
        after = scan(files)
        assert states_of(after) == states_of(before)
        assert {f.key: f.code for f in after.features} == {f.key: f.code for f in before.features}


@few
@given(projects(), st.data())
def test_a_function_without_its_last_caller_is_unhooked(project: Project, data: st.DataObject) -> None:
    victim = data.draw(st.integers(0, len(project.home) - 1))
    cut = replace(
        project,
        calls=tuple(each - {victim} for each in project.calls),
        commands=project.commands - {victim},
    )
    assert states(cut)[f"app.part{project.home[victim]}:work{victim}"] == "unhooked"


@few
@given(projects(), st.data())
def test_a_new_command_hooks_up_what_it_calls_and_all_below(project: Project, data: st.DataObject) -> None:
    chosen = data.draw(st.integers(0, len(project.home) - 1))
    more = replace(project, commands=project.commands | {chosen})
    after = states(more)
    assert {key for key, state in after.items() if state == "hooked"} == {
        f"app.part{project.home[n]}:work{n}" for n in more.reached
    }


@few
@given(projects(), projects())
def test_a_rescan_equals_a_scan_from_nothing(first: Project, second: Project) -> None:
    workspace = FakeWorkspace()
    one = workspace.record(first.files())
    two = workspace.record(second.files(), deleted=sorted(first.files().keys() - second.files().keys()))
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as empty:
        take_inventory(workspace, one, Path(cache))
        assert take_inventory(workspace, two, Path(cache)) == take_inventory(workspace, two, Path(empty))
