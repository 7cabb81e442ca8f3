"""diff, logs, report and status on a real repository and journal."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import cli.looking
from fresh.adapters.git_workspace import GitWorkspace
from fresh.adapters.processes import this_host
from fresh.adapters.report_files import ReportsBelow
from fresh.adapters.sql_journal import SqlJournal
from fresh.domain.phase import Step
from fresh.domain.report import RunReport
from fresh.domain.report_page import markdown
from fresh.domain.steps import Made
from fresh.domain.stopping import WhyStopped
from fresh.domain.work import Work
from tests.cli.conftest import Terminal, git
from tests.fakes.story import RUN, a_line, a_report, a_run, a_ticket, later

AGENT = "abc12345"


@pytest.fixture
def journal(terminal: Terminal) -> SqlJournal:
    journal = terminal.journal()
    base = git(terminal.repository, "rev-parse", "HEAD")
    journal.open_run(a_run(repository=str(terminal.repository)).model_copy(update={"base": base}))
    journal.add_agent(a_ticket(AGENT).model_copy(update={"base": base}), later(0))
    return journal


def make_commit(terminal: Terminal, journal: SqlJournal) -> None:
    workspace = GitWorkspace(terminal.repository, terminal.home)
    base = workspace.take_base()
    tree = workspace.plant(AGENT, base)
    workspace.write(tree, "pocket.py", b"def add(a: int, b: int) -> int:\n    return b + a  # \x1b[31mred\n")
    commit = workspace.commit(tree, "turn it around", base)
    assert commit is not None
    workspace.keep(AGENT, commit)
    made = Made(commit=commit, work=Work(summary="turned around"))
    journal.begin_step(AGENT, Step.IMPLEMENT, 0, later(1))
    journal.end_step(AGENT, Step.IMPLEMENT, 0, made.model_dump_json(), later(2))


def finish(terminal: Terminal, journal: SqlJournal) -> RunReport:
    record = journal.run(RUN)
    report = RunReport(
        run_id=RUN,
        repository=record.repository,
        base=record.base,
        order=record.order,
        engine=record.engine,
        seed=7,
        inventory_digest="d",
        inventory_summary={},
        started_at=record.opened_at,
        ended_at=later(90),
        stopped=WhyStopped.DONE,
        agents=(a_report(AGENT),),
    )
    path = ReportsBelow(terminal.home).write(report, markdown(report))
    journal.close_run(RUN, WhyStopped.DONE, later(90), str(path))
    return report


def test_the_patch_of_an_agent_goes_through_a_pipe_as_it_is(terminal: Terminal, journal: SqlJournal) -> None:
    make_commit(terminal, journal)
    shown = terminal.type("auto", "diff", "abc")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("diff --git a/pocket.py b/pocket.py\n")
    assert "-    return a + b\n+    return b + a  # \x1b[31mred\n" in shown.out


def test_on_a_terminal_the_patch_is_coloured_and_can_not_steer_it(
    terminal: Terminal, journal: SqlJournal
) -> None:
    shown = cli.looking._coloured("@@ -1 +1 @@\n-a\n+b \x1b[2J\n")
    assert shown == "\x1b[36m@@ -1 +1 @@\x1b[0m\n\x1b[31m-a\x1b[0m\n\x1b[32m+b �[2J\x1b[0m\n"


def test_an_agent_without_a_commit_has_no_patch(terminal: Terminal, journal: SqlJournal) -> None:
    shown = terminal.type("auto", "diff", AGENT)
    assert shown.code == 1
    assert f"Agent {AGENT} has not made a commit." in shown.err


def test_the_logs_of_an_agent_are_its_own_lines_and_where_the_whole_log_is(
    terminal: Terminal, journal: SqlJournal
) -> None:
    journal.record(a_line(f"Agent {AGENT} testing", agent=AGENT))
    journal.record(a_line("Agent other testing", agent="other"))
    with ReportsBelow(terminal.home).logging(journal.run(RUN)) as path:
        pass
    shown = terminal.type("auto", "logs", "abc")
    assert shown.code == 0
    assert shown.out.endswith(f" Agent {AGENT} testing\n")
    assert "other" not in shown.out
    assert str(path) in shown.err


def test_a_log_that_is_not_there_is_said(terminal: Terminal, journal: SqlJournal) -> None:
    assert "is not there" in terminal.type("auto", "logs", "abc").err


@pytest.mark.parametrize("run", [[], [RUN], [RUN[:3]]])
def test_the_report_is_shown_as_markdown_or_json(
    terminal: Terminal, journal: SqlJournal, run: list[str]
) -> None:
    report = finish(terminal, journal)
    assert terminal.type("auto", "report", *run).out == markdown(report)
    as_json = terminal.type("auto", "report", *run, "--format", "json").out
    assert RunReport.model_validate(json.loads(as_json)) == report


def test_a_run_that_has_not_ended_has_no_report(terminal: Terminal, journal: SqlJournal) -> None:
    shown = terminal.type("auto", "report")
    assert shown.code == 1
    assert f"Run {RUN} has no report: it has not ended." in shown.err


def test_a_report_that_was_moved_away_is_one_sentence(terminal: Terminal, journal: SqlJournal) -> None:
    finish(terminal, journal)
    for path in terminal.home.glob("orchestration_report_*"):
        path.unlink()
    shown = terminal.type("auto", "report")
    assert shown.code == 1
    assert "No such file or directory." in shown.err


def test_an_unknown_run_is_the_operators_mistake(terminal: Terminal, journal: SqlJournal) -> None:
    assert terminal.type("auto", "report", "zzz").code == 2


def test_status_without_a_run_says_so_and_makes_nothing(terminal: Terminal) -> None:
    shown = terminal.type("auto", "status")
    assert (shown.code, shown.out) == (0, "No run yet. Start one: fresh auto start\n")
    as_json = json.loads(terminal.type("auto", "status", "--format", "json").out)
    assert (as_json["running"], as_json["agents"]) == (False, [])
    assert not terminal.home.exists()


def test_status_shows_a_run_while_its_process_lives(terminal: Terminal, journal: SqlJournal) -> None:
    journal.claim(str(terminal.repository), RUN, this_host(), datetime.now(UTC))
    assert "Running: Yes\n" in terminal.type("auto", "status").out
    journal.yield_claim(str(terminal.repository), this_host())
    shown = terminal.type("auto", "status", "--format", "detailed").out
    assert "Running: No\n" in shown
    assert f"fresh auto resume {RUN}" in shown


def test_status_can_read_beside_a_writer(terminal: Terminal, journal: SqlJournal) -> None:
    with journal._store.writing() as connection:
        connection.exec_driver_sql("UPDATE run SET stopped = 'half'")
        assert "half" not in terminal.type("auto", "status").out


def test_status_of_a_damaged_journal_is_one_sentence(terminal: Terminal) -> None:
    terminal.home.mkdir()
    (terminal.home / "journal.db").write_bytes(b"no database" * 1000)
    shown = terminal.type("auto", "status")
    assert shown.code == 1
    assert shown.err.startswith(f"The journal at {terminal.home / 'journal.db'} can't be read: ")


def test_status_of_a_journal_that_is_being_made_is_no_run_yet(terminal: Terminal) -> None:
    terminal.home.mkdir()
    (terminal.home / "journal.db").touch()
    assert terminal.type("auto", "status").out == "No run yet. Start one: fresh auto start\n"


def test_status_of_a_newer_fresh_is_refused(terminal: Terminal, journal: SqlJournal) -> None:
    with journal._store.writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '99'")
    shown = terminal.type("auto", "status")
    assert shown.code == 1
    assert "The journal has schema 99" in shown.err


def test_status_of_another_repository_in_the_same_home_is_its_own(
    terminal: Terminal, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = terminal.repository.parent / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("FRESH_HOME", str(terminal.home))
    assert "Agents: 1" in terminal.type("auto", "status").out
    assert "No run yet" in terminal.type("auto", "status", "--repo", str(other)).out
