"""A bench with memory on a directory of its own: it runs our trusted fixtures as plain processes, no sandbox."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fresh.domain.agent import Ticket
from fresh.domain.evidence import RunEnd, TestOutcome, TestRun
from fresh.domain.feature import EntryPoint, Feature, Inventory, Kind, Reachability
from fresh.domain.order import EngineName, RunOrder
from fresh.errors import TreeRefused
from fresh.ports import Finished

BASE = "b" * 40
PLUGIN = """
import json, os
OUTCOMES = {}

def pytest_collectreport(report):
    if report.failed:
        OUTCOMES[report.nodeid] = "error"

def pytest_runtest_logreport(report):
    known = OUTCOMES.get(report.nodeid)
    if hasattr(report, "wasxfail"):
        OUTCOMES[report.nodeid] = "xfailed" if report.skipped else "passed"
    elif report.when == "call" or report.outcome != "passed":
        word = "error" if report.failed and report.when != "call" else report.outcome
        if known is None or word in ("failed", "error"):
            OUTCOMES[report.nodeid] = word

def pytest_sessionfinish(session):
    with open(os.environ["FAKE_BENCH_OUTCOMES"], "w") as sink:
        json.dump(OUTCOMES, sink)
"""


def feature_of(files: Mapping[str, str], path: str, qualname: str, **facts: object) -> Feature:
    """Describe a definition of a fixture the way an inventory would; `facts` overrides any field."""
    parts = qualname.split(".")
    body: Sequence[ast.stmt] = ast.parse(files[path]).body
    found: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None = None
    for part in parts:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        found = next(node for node in body if isinstance(node, kinds) and node.name == part)
        body = found.body
    assert found is not None
    module = path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    described: dict[str, object] = {
        "key": f"{module}:{qualname}",
        "module": module,
        "qualname": qualname,
        "path": path,
        "line": found.lineno,
        "end_line": found.end_lineno or found.lineno,
        "is_class": isinstance(found, ast.ClassDef),
        "reachability": Reachability.UNHOOKED,
    }
    return Feature.model_validate({**described, **facts})


def ticket_for(feature: Feature, kind: Kind, repository: str) -> Ticket:
    """Write the ticket of an agent that works one feature with the codemod engine."""
    return Ticket(
        run_id="run00001",
        agent_id="abc12345",
        order=RunOrder(repo=repository, engine=EngineName.CODEMOD),
        repository=repository,
        base=BASE,
        branch=f"autonomous/abc12345-{feature.name}",
        feature=feature,
        kind=kind,
        reasons=("the test says so",),
        engine=EngineName.CODEMOD,
        seed=1,
    )


def inventory_of(*features: Feature, entry_points: tuple[EntryPoint, ...] = ()) -> Inventory:
    """Make an inventory of the given features."""
    return Inventory(
        commit=BASE, digest="d" * 16, features=features, entry_points=entry_points, files=1, lines=1
    )


@dataclass
class FakeBench:
    """Hold `files` as the base commit and as a tree in `where`; remember every command and every write.

    Only for fixtures that we wrote ourselves: commands run as plain processes of this interpreter.
    """

    where: Path
    files: Mapping[str, str]
    feature: Feature
    kind: Kind = Kind.HOOKUP
    entry_points: tuple[EntryPoint, ...] = ()
    commands: list[tuple[str, ...]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    scratch: int = 0

    def __post_init__(self) -> None:
        self.tree = self.where / "tree"
        self.reset()

    @property
    def ticket(self) -> Ticket:
        """The agent's ticket."""
        return ticket_for(self.feature, self.kind, str(self.tree))

    @property
    def inventory(self) -> Inventory:
        """An inventory that knows one feature."""
        return inventory_of(self.feature, entry_points=self.entry_points)

    def paths(self) -> tuple[str, ...]:
        """List the files of the base commit."""
        return tuple(sorted(self.files))

    def covered_on_base(self, path: str) -> frozenset[int] | None:
        """Nobody has measured this fake."""
        return None

    def read(self, path: str) -> str:
        """Read a file as the tree has it now; links are not followed."""
        if (self.tree / path).is_symlink():
            raise TreeRefused(f"{path!r} crosses a symbolic link or a file.")
        try:
            return (self.tree / path).read_bytes().decode()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise KeyError(path) from error

    def write(self, path: str, text: str) -> None:
        """Write a file of the tree."""
        self.written.append(path)
        self._lay(path, text)

    def reset(self) -> None:
        """Put the tree back to the base commit."""
        shutil.rmtree(self.tree, ignore_errors=True)
        self.tree.mkdir(parents=True)
        for path, text in self.files.items():
            self._lay(path, text)

    def tree_files(self) -> dict[str, str]:
        """Read every file of the tree that a commit would hold."""
        return {
            path.relative_to(self.tree).as_posix(): path.read_bytes().decode()
            for path in sorted(self.tree.rglob("*"))
            if path.is_file() and not {"__pycache__", ".pytest_cache", ".hypothesis"} & set(path.parts)
        }

    def python(self, argv: Sequence[str], *, wall: float = 60.0, stdin: bytes = b"") -> Finished:
        """Run this interpreter in the tree."""
        return self._run([sys.executable, *argv], wall, stdin, {})

    def run_tests(
        self, selection: Sequence[str] = (), *, coverage: bool = False, wall: float | None = None
    ) -> TestRun:
        """Run pytest on the tree as it is now."""
        self.scratch += 1
        scratch = self.where / f"scratch-{self.scratch}"
        scratch.mkdir()
        (scratch / "fake_bench_plugin.py").write_text(PLUGIN)
        outcomes, data = scratch / "outcomes.json", scratch / "coverage"
        runner = ["-m", "coverage", "run", f"--data-file={data}", "--source=."] if coverage else []
        options = [
            "-q",
            "-p",
            "fake_bench_plugin",
            "-p",
            "no:cacheprovider",
            "--rootdir=.",
            f"--basetemp={scratch}/tmp",
        ]
        argv = [sys.executable, *runner, "-m", "pytest", *options, *selection]
        extra = {"FAKE_BENCH_OUTCOMES": str(outcomes), "PYTHONPATH": str(scratch)}
        ended = self._run(argv, wall or 600.0, b"", extra)
        seen = json.loads(outcomes.read_text()) if outcomes.exists() else {}
        return TestRun(
            command=tuple(argv),
            commit=BASE,
            exit_code=ended.exit_code,
            ended=ended.ended,
            seconds=ended.seconds,
            outcomes={name: TestOutcome(word) for name, word in seen.items()},
            covered=self._covered(data) if coverage else {},
            tail=ended.text[-4000:],
        )

    def _covered(self, data: Path) -> dict[str, tuple[int, ...]]:
        shown = data.with_suffix(".json")
        argv = [sys.executable, "-m", "coverage", "json", f"--data-file={data}", "-q", "-o", str(shown)]
        self._run(argv, 60.0, b"", {})
        if not shown.exists():
            return {}
        measured = json.loads(shown.read_text())["files"]
        return {Path(path).as_posix(): tuple(found["executed_lines"]) for path, found in measured.items()}

    def _run(self, argv: Sequence[str], wall: float, stdin: bytes, extra: Mapping[str, str]) -> Finished:
        self.commands.append(tuple(argv))
        own = [extra.get("PYTHONPATH", ""), str(self.tree), str(self.tree / "src")]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))},
            **extra,
            "PYTHONPATH": os.pathsep.join(part for part in own if part),
            "PYTHONDONTWRITEBYTECODE": "1",
            # The plugins of our own tests take five times as long to import as all else here.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        began = time.monotonic()
        try:
            done = subprocess.run(
                argv,
                cwd=self.tree,
                env=environment,
                input=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=wall,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            seconds = time.monotonic() - began
            return Finished(None, RunEnd.TIMEOUT, late.output or b"", False, seconds)
        return Finished(done.returncode, RunEnd.EXIT, done.stdout, False, time.monotonic() - began)

    def _lay(self, path: str, text: str) -> None:
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
