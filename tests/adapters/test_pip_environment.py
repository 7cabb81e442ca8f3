"""Where a target's Python comes from, with real interpreters, and pip where a test is marked slow."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest

from fresh.adapters.bwrap_sandbox import BwrapSandbox
from fresh.adapters.environments.interpreters import choose_base
from fresh.adapters.environments.layout import NoPython, lay_out
from fresh.adapters.environments.pip import culprit
from fresh.adapters.environments.shelf import Built, Shelf
from fresh.adapters.pip_environment import PipEnvironments
from fresh.domain.evidence import TestOutcome
from fresh.errors import OperatorMistake, Refusal
from fresh.ports import Environment
from fresh.proving.commands import find_command
from fresh.proving.rig import Rig
from tests.proving.target import Target

PYPROJECT = """
[build-system]
requires = ["setuptools>=64"]
build-backend = "setuptools.build_meta"
[project]
name = "pocket"
version = "1.0"
dependencies = ["iniconfig"]
[project.scripts]
pocket = "pocket:main"
[tool.setuptools.packages.find]
where = ["src"]
"""
CODE = "import iniconfig\n\ndef main():\n    print('pocket', iniconfig.__name__)\n"
CALL = "import subprocess\n\ndef test_script(tmp_path):\n    said = subprocess.run(['pocket'], capture_output=True, text=True, cwd=tmp_path)\n    assert said.stdout == 'pocket iniconfig\\n', said\n"


def environments(target: Target) -> PipEnvironments:
    return PipEnvironments(target.workspace, BwrapSandbox(target.state), target.state)


def rig(target: Target, base: str, environment: Environment) -> Rig:
    paths = tuple(entry.path for entry in target.workspace.entries(base))
    command = find_command(paths, lambda path: target.workspace.read(base, path).decode())
    return Rig(target.workspace, BwrapSandbox(target.state), environment, command, target.state, 60.0)


def test_a_named_interpreter_is_shown_with_all_that_it_starts_from(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, {"pocket/__init__.py": ""})
    found = environments(target).prepare(base, sys.executable)
    assert found.python == sys.executable
    assert found.has_pytest
    assert not any(mount.writable for mount in found.mounts)
    assert found.import_roots == (target.workspace.home,)
    assert found.digest == environments(target).prepare(base, sys.executable).digest


@pytest.mark.parametrize("name", ["/nowhere/python", "no-such-python-3.99", "/etc/passwd", "/bin/true"])
def test_a_named_program_that_is_no_python_is_the_operators_mistake(tmp_path: Path, name: str) -> None:
    target, base = Target.make(tmp_path, {"a.py": ""})
    with pytest.raises(OperatorMistake, match=r"--python|does not start"):
        environments(target).prepare(base, name)


def make_own(target: Target, *, with_pytest: bool = True) -> None:
    """Make a virtual environment that borrows this one's packages instead of installing them."""
    place = target.repository.path / ".venv"
    venv.create(place, with_pip=False)
    packages = place / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments") if with_pytest else ():
        for file in distribution(name).files or ():
            if not str(file).startswith(".."):
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file.locate(), packages / file)


def test_the_repositorys_own_environment_is_taken_and_runs_the_trees_code(tmp_path: Path) -> None:
    files = {
        "pocket.py": "def f():\n    return 1\n",
        "tests/test_a.py": "from pocket import f\n\ndef test_a():\n    assert f() == 1\n",
    }
    target, base = Target.make(tmp_path, {**files, ".gitignore": ".venv\n"})
    make_own(target)
    found = environments(target).prepare(base)
    assert found.python == str(target.repository.path / ".venv/bin/python")
    assert "own .venv" in found.how
    run = rig(target, base, found).run_fresh("t", base, coverage=True)
    assert run.outcomes == {"tests/test_a.py::test_a": TestOutcome.PASSED}, run.tail
    assert "without coverage" in found.how
    assert run.covered == {"pocket.py": (1, 2)}


@pytest.mark.slow
@pytest.mark.night
def test_an_own_environment_without_pytest_is_passed_over_and_it_is_said(tmp_path: Path) -> None:
    target, base = Target.make(tmp_path, {"pocket.py": "", ".gitignore": ".venv\n"})
    make_own(target, with_pytest=False)
    found = environments(target).prepare(base)
    assert found.how.endswith(", because the repository's .venv has no pytest")
    assert found.has_pytest


def test_an_environment_that_is_part_of_the_commits_is_not_trusted(tmp_path: Path) -> None:
    target, base = Target.make(
        tmp_path, {".venv/pyvenv.cfg": "home = /root/x\n", ".venv/bin/python": "#!/bin/sh\n"}
    )
    (target.repository.path / ".venv/bin/python").chmod(0o755)
    with pytest.raises(OperatorMistake, match="where agents write"):
        environments(target).prepare(base, str(target.repository.path / ".venv/bin/python"))


def test_a_crafted_pyvenv_cfg_shows_nothing_of_the_host(tmp_path: Path) -> None:
    secret = tmp_path / "private/bin"
    secret.mkdir(parents=True)
    place = tmp_path / "venv"
    (place / "bin").mkdir(parents=True)
    (place / "bin/python").symlink_to("/bin/true")
    (place / "pyvenv.cfg").write_text(f"home = {secret}\n")
    with pytest.raises(NoPython, match="holds no Python installation"):
        lay_out(place / "bin/python")


def test_links_that_never_end_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(NoPython):
        lay_out(tmp_path / "a")


def test_a_python_that_the_machine_does_not_have_is_refused() -> None:
    with pytest.raises(Refusal, match=r"needs Python >=3\.99"):
        choose_base(">=3.99")


def test_our_own_python_is_preferred_where_the_project_allows_it() -> None:
    _, version = choose_base(">=3.8")
    assert version == f"{sys.version_info[0]}.{sys.version_info[1]}"


CASE = """
import subprocess, sys, unittest
from pocket import f

class T(unittest.TestCase):
    def test_f(self):
        self.assertEqual(f(), 1)
    def test_other_process(self):
        subprocess.run([sys.executable, "-c", "import pocket; pocket.g()"], check=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10", "3.12", "3.13"])
def test_other_pythons_report_outcomes_and_lines_without_pytest_and_coverage(
    tmp_path: Path, version: str
) -> None:
    try:
        base_python, _ = choose_base(f"=={version}.*")
    except Refusal:
        pytest.skip(f"this machine has no Python {version}")
    files = {
        "pocket.py": "def f():\n    return 1\n\ndef g():\n    return 2\n\ndef h():\n    return 3\n",
        "tests/test_a.py": CASE,
    }
    target, base = Target.make(tmp_path, files)
    found = environments(target).prepare(base, str(base_python.python))
    run = rig(target, base, found).run_fresh("t", base, coverage=True)
    start = "tests/test_a.py::T::test_"
    assert run.outcomes == dict.fromkeys((f"{start}f", f"{start}other_process"), TestOutcome.PASSED), run.tail
    assert run.covered == {"pocket.py": (1, 2, 4, 5, 7)}


@pytest.mark.slow
@pytest.mark.night
def test_an_environment_is_built_with_the_python_that_the_project_needs(tmp_path: Path) -> None:
    try:
        choose_base(">=3.12")
    except Refusal:
        pytest.skip("this machine has no Python 3.12 or newer")
    text = '[project]\nname = "pocket"\nversion = "1"\nrequires-python = ">=3.12"\n'
    check = "import sys\n\ndef test_a():\n    assert sys.version_info >= (3, 12)\n"
    target, base = Target.make(tmp_path, {"pyproject.toml": text, "pocket.py": "", "tests/test_a.py": check})
    found = environments(target).prepare(base)
    run = rig(target, base, found).run_fresh("t", base)
    assert run.outcomes == {"tests/test_a.py::test_a": TestOutcome.PASSED}, (run.tail, found.how)


COMPLAINTS = [
    (
        "ERROR: Could not find a version that satisfies the requirement nope==9 (from versions: none)\n",
        "nope==9",
    ),
    ("ERROR: No matching distribution found for deep>=2 (from outer)\n", "outer"),
    (
        "The conflict is caused by:\n    The user requested a==1\n    outer 2.0 depends on a>=2\nERROR: ResolutionImpossible",
        "a==1",
    ),
    ("ERROR: ResolutionImpossible: for help visit", "nope==9"),
]


@pytest.mark.parametrize(("said", "named"), COMPLAINTS)
def test_pips_complaint_names_what_has_to_give_in(said: str, named: str) -> None:
    assert culprit(said, ["pytest", "a==1", "outer", "nope==9"]) == named


def test_a_half_built_environment_is_built_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "key")

    def die() -> None:
        with shelf.building() as place:
            (place / "venv").mkdir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die()
    assert shelf.standing() is None
    with shelf.building() as place:
        assert [left.name for left in (tmp_path / "key").iterdir()] == [place.name]
        (place / "venv/bin").mkdir(parents=True)
        (place / "venv/bin/python").symlink_to(sys.executable)
        built = Built(where=str(place), python_mounts=(), how="x", digest="d", has_pytest=True)
        shelf.finish(built)
    assert shelf.standing() == built
    with shelf.building():
        assert shelf.standing() == built


def test_only_one_builds_at_a_time(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def build() -> None:
        with Shelf(tmp_path / "key").building():
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    threads = [threading.Thread(target=build) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


@pytest.mark.slow
def test_a_project_is_built_once_and_its_scripts_run(tmp_path: Path) -> None:
    target, base = Target.make(
        tmp_path, {"pyproject.toml": PYPROJECT, "src/pocket/__init__.py": CODE, "tests/test_a.py": CALL}
    )
    found = environments(target).prepare(base)
    assert found.has_pytest
    assert found.import_roots == (), found.how
    assert "missing" not in found.how
    run = rig(target, base, found).run_fresh("t", base, coverage=True)
    assert run.outcomes == {"tests/test_a.py::test_script": TestOutcome.PASSED}, run.tail
    assert run.covered == {"src/pocket/__init__.py": (1, 3, 4)}
    began = time.perf_counter()
    assert environments(target).prepare(base) == found
    assert time.perf_counter() - began < 0.5
    changed = target.record({"src/pocket/__init__.py": CODE.replace("'pocket'", "'other'")})
    assert environments(target).prepare(changed) == found
    assert rig(target, changed, found).run_fresh("t", changed).failing == {"tests/test_a.py::test_script"}


@pytest.mark.slow
@pytest.mark.night
def test_dynamic_requirements_come_from_a_build_that_runs_in_the_sandbox(tmp_path: Path) -> None:
    marker = tmp_path / "ran-on-the-host"
    setup = f"""
import os, socket
from setuptools import setup
try:
    open({str(marker)!r}, "w").close()
except OSError:
    pass
try:
    socket.create_connection(("1.1.1.1", 443), 0.5)
    raise SystemExit("there is a network")
except OSError:
    pass
setup(name="pocket", version="1", py_modules=["pocket"], install_requires=open("needs.in").read().split(),
      extras_require={{"test": ["no-such-distribution-of-ours==1.0"]}})
"""
    target, base = Target.make(
        tmp_path,
        {
            "setup.py": setup,
            "needs.in": "iniconfig\n",
            "pocket.py": CODE,
            "tests/test_a.py": "import pocket\n\ndef test_a(capsys):\n    pocket.main()\n    assert capsys.readouterr().out == 'pocket iniconfig\\n'\n",
        },
    )
    found = environments(target).prepare(base)
    assert not marker.exists()
    assert "missing, because there is no wheel that fits: no-such-distribution-of-ours" in found.how
    run = rig(target, base, found).run_fresh("t", base)
    assert run.outcomes == {"tests/test_a.py::test_a": TestOutcome.PASSED}, (run.tail, found.how)


@pytest.mark.slow
@pytest.mark.night
def test_a_broken_build_falls_back_to_the_source_and_says_so(tmp_path: Path) -> None:
    target, base = Target.make(
        tmp_path,
        {
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "nothing"\n[project]\nname = "pocket"\nversion = "1"\n',
            "src/pocket/__init__.py": "def f():\n    return 1\n",
            "tests/test_a.py": "from pocket import f\n\ndef test_a():\n    assert f() == 1\n",
        },
    )
    found = environments(target).prepare(base)
    assert "could not be installed" in found.how
    assert found.import_roots == (f"{target.workspace.home}/src",)
    assert rig(target, base, found).run_fresh("t", base).outcomes == {
        "tests/test_a.py::test_a": TestOutcome.PASSED
    }


@pytest.mark.slow
@pytest.mark.night
def test_files_that_the_build_generates_are_there_in_every_tree(tmp_path: Path) -> None:
    setup = "from setuptools import setup\nopen('pocket/_version.py', 'w').write('number = 7\\n')\nsetup(name='pocket', version='1', packages=['pocket'])\n"
    target, base = Target.make(
        tmp_path,
        {
            "setup.py": setup,
            ".gitignore": "_version.py\n*.egg-info\n",
            "pocket/__init__.py": "from pocket._version import number\n",
            "tests/test_a.py": "import pocket\n\ndef test_a():\n    assert pocket.number == 7\n",
        },
    )
    found = environments(target).prepare(base)
    run = rig(target, base, found).run_fresh("t", base)
    assert run.outcomes == {"tests/test_a.py::test_a": TestOutcome.PASSED}, (run.tail, found.how)


@pytest.mark.slow
@pytest.mark.night
def test_pytest_plugins_that_the_configuration_needs_are_there_and_do_not_hide_lines(tmp_path: Path) -> None:
    config = '[tool.pytest.ini_options]\naddopts = "--cov=pocket --cov-fail-under=100 -n 2"\n'
    target, base = Target.make(
        tmp_path,
        {
            "pyproject.toml": config,
            "pocket.py": "def f():\n    return 1\n\ndef g():\n    return 2\n",
            "tests/test_a.py": "from pocket import f\n\ndef test_a():\n    assert f() == 1\n\ndef test_b():\n    assert f() == 2\n",
        },
    )
    found = environments(target).prepare(base)
    run = rig(target, base, found).run_fresh("t", base, coverage=True)
    assert run.outcomes == {
        "tests/test_a.py::test_a": TestOutcome.PASSED,
        "tests/test_a.py::test_b": TestOutcome.FAILED,
    }, run.tail
    assert run.covered == {"pocket.py": (1, 2, 4)}


@pytest.mark.slow
def test_no_secret_of_ours_is_given_to_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    seen = tmp_path / "seen"
    real = subprocess.Popen

    def watching(argv: list[str], **options: object) -> object:
        if "venv" in argv or "pip" in argv:
            with open(seen, "a") as file:
                file.write(f"{argv} {options['env']}\n")
        return real(argv, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("fresh.adapters.environments.pip.subprocess.Popen", watching)
    target, base = Target.make(tmp_path, {"a.py": ""})
    environments(target).prepare(base)
    text = seen.read_text()
    assert text.count("'PATH'") == 2
    assert "sk-secret" not in text
    assert os.environ["OPENAI_API_KEY"] == "sk-secret"
