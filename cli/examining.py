"""What `fresh doctor` examines, one question each; every answer comes from trying, not from looking at versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cli.aside import aside
from cli.asking_git import ask_git
from cli.place import Place, opened_journal
from cli.trial import try_server
from fresh.domain.counting import count
from fresh.domain.identity import OURS
from fresh.errors import FreshError
from fresh.settings import Settings
from fresh.whereabouts import make_home

ENVIRONMENTS = (".venv/bin/python", "venv/bin/python")
METADATA = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt")


class Mark(StrEnum):
    """How a finding counts: `missing` keeps Fresh from working, `optional` only from doing more."""

    OK = "ok"
    MISSING = "missing"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was examined, what was found, and the fix where there is one."""

    name: str
    mark: Mark
    fact: str
    fix: str = ""


def examine(place: Place, settings: Settings) -> Iterator[Finding]:
    """Examine one thing after the other; the quick ones first."""
    yield examine_git(place)
    yield from examine_branches(place)
    yield examine_identity(place)
    yield examine_python(place)
    yield from tried("tests", lambda: _find_tests(place), "")
    yield from tried("journal", lambda: _read_journal(place), "")
    yield from tried("sandbox", lambda: _probe_sandbox(place, settings), "")
    yield from tried("Prefect server", lambda: _reach_server(place, settings), "")
    yield from examine_model(settings)
    from cli.examining_github import examine_github
    from cli.examining_slack import examine_slack

    yield from examine_github(place, settings)
    yield from examine_slack(place, settings)


def examine_git(place: Place) -> Finding:
    """Ask for the commit that agents would start from."""
    if ask_git(place.repository, "--version") is None:
        return Finding("git", Mark.MISSING, "git does not run", "apt-get install git")
    commit = ask_git(place.repository, "rev-parse", "--verify", "HEAD")
    if commit is None:
        fix = f"git -C {place.repository} commit, or git config --global --add safe.directory {place.repository}"
        return Finding("git", Mark.MISSING, f"{place.repository} has no commit that git can read", fix)
    return Finding("git", Mark.OK, f"{place.repository} at {commit[:10]}")


def examine_branches(place: Place) -> Iterator[Finding]:
    """Say what keeps agents' branches from being made, where something does."""
    if ask_git(place.repository, "rev-parse", "--git-dir") is None:
        return
    from fresh.wiring import bare_workspace

    def may() -> str:
        bare_workspace(place.repository, place.home).demand_branches(OURS)
        return ""

    yield from (each for each in tried("branches", may, "") if each.mark is not Mark.OK)


def examine_identity(place: Place) -> Finding:
    """Ask for the name under which decisions are recorded."""
    name = ask_git(place.repository, "config", "--get", "user.name")
    address = ask_git(place.repository, "config", "--get", "user.email")
    if name and address:
        return Finding("git identity", Mark.OK, f"{name} <{address}>")
    absent = " and ".join(key for key, value in (("user.name", name), ("user.email", address)) if not value)
    fix = 'git config --global user.name "Your Name"; git config --global user.email you@example.com'
    return Finding("git identity", Mark.OPTIONAL, f"{absent} not set; decisions bear the login name", fix)


def examine_python(place: Place) -> Finding:
    """Look where the repository's dependencies would come from."""
    own = next((place.repository / path for path in ENVIRONMENTS if (place.repository / path).exists()), None)
    if own is not None:
        return Finding("Python", Mark.OK, f"the repository's own environment, {own}")
    declared = [name for name in METADATA if (place.repository / name).is_file()]
    if declared:
        return Finding("Python", Mark.OK, f"an environment is built once from {', '.join(declared)}")
    fix = "declare dependencies in pyproject.toml, or use --python PATH"
    return Finding(
        "Python", Mark.OPTIONAL, "the repository declares no dependencies; tests get pytest alone", fix
    )


def examine_model(settings: Settings) -> Iterator[Finding]:
    """Say which model works, and whether its price is known: one without a price is never asked."""
    if not settings.has_model:
        unset = "OPENAI_API_KEY is not set; not needed: the codemod engine uses no model"
        yield Finding("model", Mark.OPTIONAL, unset, "export OPENAI_API_KEY=...")
        return

    def priced() -> str:
        from fresh.wiring import cost_of_first_request

        model = settings.model_of(None)
        server = settings.openai_base_url or "OpenAI"
        return f"{model} at {server}; a first request costs at most {cost_of_first_request(settings, model).exact}"

    yield from tried("model", priced, "")


def tried(name: str, act: Callable[[], str], fix: str) -> Iterator[Finding]:
    """Try one thing: what it says is the fact, what it raises the fault and its fix."""
    try:
        yield Finding(name, Mark.OK, act())
    except FreshError as trouble:
        yield Finding(name, Mark.MISSING, trouble.message.rstrip("."), trouble.hint or fix)


def _find_tests(place: Place) -> str:
    from fresh.proving.commands import find_command

    listed = ask_git(place.repository, "ls-tree", "-r", "-z", "--name-only", "HEAD") or ""
    command = find_command(
        [path for path in listed.split("\0") if path], lambda path: _text(place.repository / path)
    )
    return f"{' '.join(command.shown)}, because {command.why}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _read_journal(place: Place) -> str:
    if place.is_blank:
        return f"none yet; it will be {place.journal_file}"
    with opened_journal(place) as journal:
        return f"{count(len(journal.runs(str(place.repository))), 'run')} of this repository remembered"


def _probe_sandbox(place: Place, settings: Settings) -> str:
    from fresh.wiring import bare_sandbox

    make_home(place.home)
    return bare_sandbox(place.home, settings).probe().rstrip(".")


def _reach_server(place: Place, settings: Settings) -> str:
    """Reach the server that there is, else put one on trial."""
    from fresh.adapters.prefect_server import GivenServer, find

    if settings.prefect_api_url:
        with aside(place.home / "prefect"):
            return f"{GivenServer(settings.prefect_api_url).start()} answers"
    if (url := find(place.home / "prefect")) is not None:
        return f"{url} answers"
    return try_server()
