"""What can't be worked on, or can't be typed: one sentence and a hint, the right exit code, and nothing lost."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fresh.adapters.processes import lives
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.stopping import WhyStopped
from tests.e2e.operator import FRESH, Operator
from tests.fakes.story import a_run, a_ticket
from tests.lean import lean_python

START = ("auto", "start", "--agents", "1", "--no-approval", "--python", lean_python())
BROKEN = "def broken(:\n"


def complaint(operator: Operator, *words: str, code: int, timeout: float = 60.0) -> str:
    """Run a command that must be refused; return its one sentence, after seeing that nothing of the operator's changed."""
    before = operator.belongings()
    done = operator.fresh(*words, check=False, timeout=timeout)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    assert operator.belongings() == before
    return sentence(done.stderr)


def sentence(told: str) -> str:
    """Demand one sentence and one hint of what stands on stderr."""
    lines = told.splitlines()
    assert len(lines) == 2, told
    assert lines[0].endswith((".", "?")), told
    assert not lines[0].startswith("Fresh broke"), told
    assert lines[1].startswith("Hint: "), told
    assert len(lines[1]) > len("Hint: "), told
    return lines[0]


def commit_all(operator: Operator) -> None:
    operator.git("add", "--all")
    operator.git(
        "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "--quiet", "-m", "change"
    )


def begun_servers(operator: Operator) -> bool:
    return (operator.repository / ".fresh" / "prefect").exists()


@pytest.fixture
def empty(operator: Operator, tmp_path: Path) -> Operator:
    """Somebody in a repository without a commit."""
    folder = tmp_path.resolve() / "empty"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return Operator(folder, operator.environment)


@pytest.mark.parametrize(
    "words",
    [START, ("auto", "start", "--plan"), ("auto", "status"), ("auto", "resume"), ("inventory",), ("doctor",)],
)
def test_what_is_no_repository_is_refused(operator: Operator, tmp_path: Path, words: tuple[str, ...]) -> None:
    bare = tmp_path.resolve() / "plain"
    bare.mkdir()
    told = complaint(operator, *words, "--repo", str(bare), code=2)
    assert told == f"{bare} is not inside a git repository."
    assert list(bare.iterdir()) == []


def test_a_bare_repository_is_refused_with_the_way_to_go(operator: Operator, tmp_path: Path) -> None:
    bare = tmp_path.resolve() / "bare.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], check=True)
    told = complaint(operator, *START, "--repo", str(bare), code=2)
    assert told == f"{bare} is a bare repository, and agents read a project's own files."


def test_a_path_that_is_not_there_is_refused(operator: Operator) -> None:
    assert complaint(operator, *START, "--repo", "/not/there", code=2) == "/not/there is no directory."


@pytest.mark.parametrize("words", [START, ("auto", "start", "--plan"), ("inventory",)])
def test_a_repository_without_a_commit_is_refused(empty: Operator, words: tuple[str, ...]) -> None:
    told = complaint(empty, *words, code=2)
    assert told == f"The repository {empty.repository} has no commits yet."
    assert not begun_servers(empty)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--agents", "0"), "--agents 0"),
        (("--agents", "-3"), "--agents -3"),
        (("--agents", "65"), "--agents 65"),
        (("--agents", "many"), "--agents many"),
        (("--agents", "2.5"), "--agents 2.5"),
        (("--budget", "-1"), "--budget -1"),
        (("--budget", "nan"), "--budget nan"),
        (("--budget", "inf"), "--budget inf"),
        (("--budget", "1e400"), "--budget 1e400"),
        (("--budget", "1e999999999"), "--budget 1e999999999"),
        (("--cap", "-0.01"), "--cap -0.01"),
        (("--cap", "free"), "--cap free"),
        (("--hours", "0"), "--hours 0"),
        (("--hours", "nan"), "--hours nan"),
        (("--hours", "inf"), "--hours inf"),
        (("--hours", "169"), "--hours 169"),
        (("--approval-timeout", "-5"), "--approval-timeout -5"),
        (("--test-timeout", "0"), "--test-timeout 0"),
        (("--seed", "-1"), "--seed -1"),
        (("--seed", "99999999999999999999"), "--seed 99999999999999999999"),
        (("--strategy", "best"), "--strategy"),
        (("--kind", "magic"), "--kind"),
        (("--engine", "llm"), "llm engine"),
        (("--bogus",), "--bogus"),
        (("--agents",), "--agents"),
        (("extra",), "extra"),
    ],
    ids=" ".join,
)
def test_an_absurd_option_is_named(operator: Operator, words: tuple[str, ...], named: str) -> None:
    assert named in complaint(operator, *START, *words, code=2)
    assert not begun_servers(operator)


@pytest.mark.parametrize(
    "words", [("nonsense",), ("auto", "nonsense"), ("auto", "approve"), ("auto", "changes", "a")]
)
def test_a_command_that_is_not_there_or_lacks_a_word_is_named(
    operator: Operator, words: tuple[str, ...]
) -> None:
    complaint(operator, *words, code=2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("FRESH_SANDBOXES", "many"), ("FRESH_SANDBOX_UID", "0"), ("FRESH_JOURNAL_URL", "nonsense")],
)
def test_an_environment_variable_that_can_not_be_used_is_named(
    operator: Operator, name: str, value: str
) -> None:
    operator.environment[name] = value
    before = operator.belongings()
    done = operator.fresh(*START, check=False)
    assert done.returncode == 2
    sentence(done.stderr)
    assert name in done.stderr
    assert operator.belongings() == before
    assert not begun_servers(operator)


@pytest.mark.parametrize("command", ["approve", "reject", "diff", "logs"])
def test_an_id_is_unknown_before_any_run(operator: Operator, command: str) -> None:
    assert "No run has worked on" in complaint(operator, "auto", command, "abc", code=2)


@pytest.mark.parametrize("command", ["approve", "reject", "diff", "logs"])
def test_an_unknown_or_ambiguous_id_is_refused_with_what_fits(operator: Operator, command: str) -> None:
    _write_down_two_agents_alike(operator)

    assert complaint(operator, "auto", command, "zzz", code=2) == "No agent has an id that starts with 'zzz'."
    assert complaint(operator, "auto", command, "abc", code=2) == "'abc' fits 2 agents: abc12345, abc67890."
    assert complaint(operator, "auto", "report", "zzz", code=2) == "No run has an id that starts with 'zzz'."
    assert complaint(operator, "auto", "resume", "zzz", code=2) == "No run has an id that starts with 'zzz'."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("words", [START, ("auto", "start", "--plan"), ("inventory",)], ids=" ".join)
def test_a_full_disk_is_one_sentence(operator: Operator, small_disk: Path, words: tuple[str, ...]) -> None:
    operator.environment["FRESH_HOME"] = str(small_disk)
    complaint(operator, *words, code=1)
    assert not (small_disk / "prefect").exists()


def test_a_state_directory_that_can_not_be_made_is_refused(operator: Operator) -> None:
    operator.environment["FRESH_HOME"] = "/proc/none"
    assert "/proc/none can't be written" in complaint(operator, *START, code=1)


@pytest.mark.parametrize("name", ["nope", "pocket.text:nope", "*", ""])
def test_a_plan_for_a_feature_that_is_not_there_is_refused(operator: Operator, name: str) -> None:
    told = complaint(operator, "auto", "start", "--plan", "--feature", name, code=2)
    assert told == f"No feature is called {name!r}."


def test_a_plan_for_a_feature_that_is_misspelled_names_the_near_ones(operator: Operator) -> None:
    done = operator.fresh("auto", "start", "--plan", "--feature", "month_to_goal", check=False)
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[1]
        == "Hint: Did you mean pocket.money:months_to_goal, pocket.reports:month_of?"
    )


def test_a_repository_without_python_has_an_empty_plan(empty: Operator) -> None:
    (empty.repository / "a.txt").write_text("words\n")
    commit_all(empty)
    assert "nothing would be worked" in empty.fresh("auto", "start", "--plan").stdout
    assert "0 features in 0 files" in empty.fresh("inventory").stdout


def test_a_file_with_a_syntax_error_is_named_and_the_others_are_read(operator: Operator) -> None:
    (operator.repository / "pocket" / "broken.py").write_text(BROKEN)
    commit_all(operator)
    told = operator.fresh("inventory").stdout
    assert "Not read: pocket/broken.py" in told
    assert "pocket.ledger" in told


def _write_down_two_agents_alike(operator: Operator) -> None:
    home = operator.repository / ".fresh"
    home.mkdir()
    (home / ".gitignore").write_text("*\n")
    journal = SqlJournal(f"sqlite:///{home / 'journal.db'}", lives)
    record = journal.open_run(a_run(repository=str(operator.repository)))
    for number, name in enumerate(("abc12345", "abc67890")):
        journal.add_agent(a_ticket(name, f"pocket.text:feature_{number}"), record.opened_at)
    journal.close_run(record.id, WhyStopped.DONE, record.deadline, None)
    journal.close()


# From here on a run begins, with its Prefect server.


@pytest.mark.night
def test_tests_that_all_fail_before_any_change_are_refused_and_bar_no_other_run(operator: Operator) -> None:
    _have_one_test(operator, "assert 1 == 2")
    for _ in range(2):
        told = complaint(operator, *START, code=1, timeout=240)
        assert told.startswith("The only test does not pass on the base commit: assert 1 == 2")
    _assert_closed_without_agents(operator)


@pytest.mark.slow
@pytest.mark.night
def test_tests_that_hang_before_any_change_are_refused_after_their_time(operator: Operator) -> None:
    _have_one_test(operator, "import time; time.sleep(3600)")
    told = complaint(operator, *START, "--test-timeout", "5", code=1, timeout=240)
    assert told == "The tests of the base commit took more than 5 s, in tests/test_all.py::test_all."
    _assert_closed_without_agents(operator)


@pytest.mark.night
def test_an_interpreter_that_is_not_there_is_refused(operator: Operator) -> None:
    told = complaint(operator, *START, "--python", "/not/there", code=2, timeout=240)
    assert told == "--python /not/there is no program that could be run."
    _assert_closed_without_agents(operator)


@pytest.mark.slow
@pytest.mark.night
def test_a_dirty_tree_and_a_detached_head_are_worked_from_their_commit(operator: Operator) -> None:
    commit = operator.git("rev-parse", "HEAD").strip()
    operator.git("switch", "--quiet", "--detach")
    (operator.repository / "pocket" / "money.py").write_text("# not committed\n")
    (operator.repository / "staged.py").write_text("staged = 1\n")
    operator.git("add", "staged.py")
    (operator.repository / "pocket" / "untracked.py").write_text(BROKEN)
    before = operator.belongings()

    assert f"at {commit[:10]}" in operator.fresh("auto", "start", "--plan").stdout
    told = operator.fresh(*START, "--kind", "quality", timeout=300).stdout

    assert operator.belongings() == before
    assert operator.report()["base"] == commit
    assert commit[:10] in told
    for branch in operator.branches():
        assert operator.git("merge-base", commit, branch).strip() == commit


@pytest.mark.slow
@pytest.mark.night
def test_of_two_starts_at_once_one_works_and_the_other_says_which(operator: Operator) -> None:
    before = operator.belongings()
    both = [
        subprocess.Popen(
            [FRESH, *START, "--kind", "quality"],
            cwd=operator.repository,
            env=operator.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=400) for process in both]
    codes = [process.returncode for process in both]

    assert sorted(codes) == [0, 2], told
    said = sentence(told[codes.index(2)][1])
    assert " works on " in said
    assert operator.belongings() == before
    assert len(list((operator.repository / ".fresh").glob("orchestration_report_*.json"))) == 1
    assert operator.status()["stopped"]


def _have_one_test(operator: Operator, body: str) -> None:
    for file in (operator.repository / "tests").glob("test_*.py"):
        file.unlink()
    (operator.repository / "tests" / "test_all.py").write_text(f"def test_all():\n    {body}\n")
    commit_all(operator)


def _assert_closed_without_agents(operator: Operator) -> None:
    status = operator.status()
    assert status["stopped"] == "it could not begin"
    assert not status["died"]
    assert status["agents"] == []
    assert operator.report()["agents"] == []
    assert operator.branches() == {}
