"""`fresh` started inside of a repository whose files speak to the tools that read their working directory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.aside import aside, settle_paths
from cli.asking_git import ask_git
from cli.main import main
from fresh.adapters.git_workspace import GitWorkspace
from fresh.errors import OperatorMistake
from fresh.keys import NAMES, kept, withheld
from fresh.settings import read_settings
from tests.fakes.repositories import OperatorRepository, make_repository

KEY = "sk-proj-" + "Ab1" * 10
EVIL = "http://127.0.0.9:9/evil"
CANARY = "import pathlib, os\npathlib.Path(os.environ['CANARY']).write_text(__name__)\n"
# What Python and the tools that Fresh uses read where they stand.
PLANTED = {
    "prefect.toml": f'[api]\nurl = "{EVIL}"\nkey = "planted"\n[logging]\nlevel = "CRITICAL"\n[results]\npersist_by_default = true\n',
    ".env": f"PREFECT_API_URL={EVIL}\nPREFECT_API_KEY=planted\nOPENAI_BASE_URL={EVIL}\nFRESH_SANDBOX_UID=1\nPREFECT_LOGGING_LEVEL=CRITICAL\n",
    "pyproject.toml": f'[tool.prefect.api]\nurl = "{EVIL}"\n[tool.prefect.logging]\nlevel = "CRITICAL"\n',
    "sitecustomize.py": CANARY,
    "usercustomize.py": CANARY,
    "prefect.py": CANARY,
    "fresh/__init__.py": CANARY,
    "cli/__init__.py": CANARY,
    "deployments/__init__.py": CANARY,
    "json.py": CANARY,
    "click.py": CANARY,
    "ruff": "#!/bin/sh\ntouch $CANARY\n",
    "git": "#!/bin/sh\ntouch $CANARY\n",
    "bwrap": "#!/bin/sh\ntouch $CANARY\n",
    "ruff.toml": 'extend = "/nonexistent"\n',
    ".coveragerc": "[run]\nplugins = evil\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.9:9/\n",
    "logging.yml": "version: 1\n",
}
ASK_PREFECT = """
from pathlib import Path
import sys
from cli.aside import aside
with aside(Path(sys.argv[1])):
    from prefect.settings import get_current_settings, PREFECT_API_URL, temporary_settings
    seen = [get_current_settings()]
    with temporary_settings({PREFECT_API_URL: "http://ours"}) as again:
        seen.append(get_current_settings())
    for one in seen:
        print(one.api.url, one.api.key, one.logging.level, one.results.persist_by_default)
"""


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def trap(tmp_path: Path) -> OperatorRepository:
    repository = make_repository(tmp_path / "trap")
    repository.record({**PLANTED, "pocket.py": "def add(a, b):\n    return a + b\n"})
    for name in ("ruff", "git", "bwrap"):
        (repository.path / name).chmod(0o755)
    return repository


def around(canary: Path, **more: str) -> dict[str, str]:
    """The environment of an operator without any setting of Prefect."""
    kept = {
        name: text for name, text in os.environ.items() if not name.startswith(("PREFECT_", "FRESH_", "GIT_"))
    }
    return {**kept, "CANARY": str(canary), **more}


def run(
    trap: OperatorRepository, environment: dict[str, str], *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=trap.path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


def test_the_trap_is_live_for_who_stands_in_it(trap, canary):
    naive = "from prefect.settings import get_current_settings as s; print(s().api.url)"
    assert EVIL in run(trap, around(canary), sys.executable, "-P", "-c", naive).stdout
    run(trap, around(canary), sys.executable, "-c", "import click")
    assert canary.exists()


def test_no_file_of_the_repository_settles_anything_of_prefect(trap, canary, tmp_path):
    root = Path(__file__).resolve().parents[2]
    asked = run(
        trap,
        around(canary, PYTHONPATH=str(root), HOME=str(tmp_path)),
        *(sys.executable, "-P", "-c", ASK_PREFECT, str(tmp_path / "aside")),
    )
    first, again = asked.stdout.splitlines()
    assert EVIL not in asked.stdout
    assert "planted" not in asked.stdout
    assert first.split()[2:] == again.split()[2:] == ["INFO", "False"], asked.stderr


def test_no_module_or_program_of_the_repository_is_run_by_fresh(trap, canary):
    fresh = str(Path(sys.executable).parent / "fresh")
    for words in (("inventory",), ("auto", "start", "--plan"), ("auto", "status"), ("--help",)):
        run(trap, around(canary), fresh, *words)
        assert not canary.exists(), words


@pytest.mark.slow
def test_the_doctor_runs_nothing_of_the_repository_and_speaks_to_nobody_it_names(trap, canary):
    fresh = str(Path(sys.executable).parent / "fresh")
    shown = run(trap, around(canary), fresh, "doctor")
    assert not canary.exists()
    assert EVIL not in shown.stdout
    assert "OPENAI_API_KEY is not set" in shown.stdout
    assert "Prefect server: comes along" in shown.stdout, shown.stdout


def test_an_environment_file_of_the_repository_is_no_setting_of_ours(trap, monkeypatch):
    monkeypatch.chdir(trap.path)
    settings = read_settings()
    assert settings.openai_base_url is None
    assert settings.sandbox_uid is None


@pytest.mark.parametrize("planted", ["mirror.git/config", "journal.db", "prefect/prefect.toml", ".gitignore"])
def test_a_state_directory_that_comes_with_the_repository_is_refused(tmp_path, capsys, planted):
    repository = make_repository(tmp_path / "trap")
    repository.record({f".fresh/{planted}": "planted", "a.py": "x = 1\n"})
    before = (repository.path / ".fresh" / planted).read_bytes()
    for words in (("auto", "status"), ("auto", "start"), ("doctor",), ("inventory",)):
        assert main([*words, "--repo", str(repository.path)]) == 2
        assert "brings its own .fresh" in capsys.readouterr().err
    with pytest.raises(OperatorMistake, match="brings its own"):
        GitWorkspace(repository.path, repository.path / ".fresh").take_base()
    assert (repository.path / ".fresh" / planted).read_bytes() == before


def test_a_state_directory_that_is_a_planted_link_is_refused(tmp_path, capsys):
    victim = tmp_path / "victim"
    victim.mkdir()
    repository = make_repository(tmp_path / "trap")
    (repository.path / ".fresh").symlink_to(victim)
    repository.record({"a.py": "x = 1\n"})
    assert main(["auto", "status", "--repo", str(repository.path)]) == 2
    assert "brings its own" in capsys.readouterr().err
    assert list(victim.iterdir()) == []


def test_a_mirror_whose_configuration_was_bent_is_put_straight(tmp_path, canary):
    repository = make_repository(tmp_path / "repo")
    repository.record({"a.py": "x = 1\n"})
    workspace = GitWorkspace(repository.path, tmp_path / "state")
    workspace.take_base()
    config = tmp_path / "state" / "mirror.git" / "config"
    honest = config.read_text()
    config.write_text(
        honest
        + f'[uploadpack]\n\tpackObjectsHook = "touch {canary}; #"\n[filter "x"]\n\tclean = touch {canary}\n'
    )
    sha = repository.record({"b.py": "y = 1\n", ".gitattributes": "* filter=x\n"})
    assert workspace.take_base() == sha
    tree = workspace.plant("a", sha)
    workspace.write(tree, "c.py", b"z = 1\n")
    assert workspace.commit(tree, "c", sha) is not None
    assert config.read_text() == honest
    assert not canary.exists()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, KEY)


def test_no_child_process_inherits_a_key(keys, monkeypatch):
    child = [sys.executable, "-c", "import os; print(sorted(os.environ.items()))"]
    assert KEY in subprocess.run(child, capture_output=True, text=True).stdout
    with withheld():
        assert KEY not in subprocess.run(child, capture_output=True, text=True).stdout
        monkeypatch.setenv("FRESH_SANDBOXES", "7")
        assert KEY in read_settings().secrets()
        assert read_settings().sandboxes == 7
        assert dict(kept()) == dict.fromkeys(NAMES, KEY)
    assert os.environ["OPENAI_API_KEY"] == KEY
    assert dict(kept()) == {}


def test_the_terminals_commands_run_without_keys_in_the_environment(keys, monkeypatch, capsys):
    seen = []

    def spy(*_: object, **__: object) -> int:
        seen.append({name for name in NAMES if name in os.environ})
        raise OperatorMistake("stop here")

    monkeypatch.setattr("cli.main.root.main", spy)
    assert main(["doctor"]) == 2
    assert seen == [set()]


def test_git_that_asks_for_the_operator_knows_neither_journal_nor_prefect(trap, monkeypatch, tmp_path):
    told = tmp_path / "told"
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nenv > {told}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("FRESH_JOURNAL_URL", "postgresql://fresh:pass-of-ours@db/fresh")
    monkeypatch.setenv("PREFECT_API_KEY", KEY)
    ask_git(trap.path, "rev-parse", "HEAD")
    assert "pass-of-ours" not in told.read_text()
    assert KEY not in told.read_text()


def test_what_the_operator_wrote_relatively_means_the_same_from_aside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRESH_HOME", "state")
    monkeypatch.setenv("FRESH_JOURNAL_URL", "sqlite:///here.db")
    with aside(tmp_path / "elsewhere"):
        assert os.getcwd() == str(tmp_path / "elsewhere")
        assert os.environ["FRESH_HOME"] == str(tmp_path / "state")
        assert os.environ["FRESH_JOURNAL_URL"] == f"sqlite:///{tmp_path}/here.db"
    assert os.getcwd() == str(tmp_path)
    for url in ("sqlite:////abs/x.db", "sqlite:///:memory:", "postgresql://x/y"):
        monkeypatch.setenv("FRESH_JOURNAL_URL", url)
        settle_paths()
        assert os.environ["FRESH_JOURNAL_URL"] == url
