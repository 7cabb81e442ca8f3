"""`fresh auto learn` and `fresh lessons`: what reviewers taught, read, shown and corrected."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime

import click

from cli.lazy import LazyGroup
from cli.place import Place, find_place, opened_journal, with_repo
from fresh.domain.feature import Kind
from fresh.domain.identity import resolve
from fresh.domain.lesson import Lesson
from fresh.domain.quoting import line
from fresh.domain.reviewing import lesson_id
from fresh.errors import OperatorMistake
from fresh.ports import Feedback
from fresh.whereabouts import make_home

LONGEST = 500

lessons = LazyGroup(
    "lessons",
    "What reviewers taught, as later agents are told it.",
    {
        "list": ("cli.learning:show", "List the lessons."),
        "add": ("cli.learning:add", "Teach something yourself."),
        "edit": ("cli.learning:edit", "Say a lesson in other words."),
        "delete": ("cli.learning:delete", "Forget a lesson for good."),
    },
)


@click.pass_context
def _list(context: click.Context) -> None:
    """List the lessons where nothing else is typed."""
    if context.invoked_subcommand is None:
        context.invoke(show, repo=".")


lessons.invoke_without_command = True
lessons.no_args_is_help = False
lessons.callback = _list


@click.command(short_help="Read what reviewers did and said.")
@with_repo
def learn(repo: str) -> None:
    """Read the reviews, comments, merges and closes of autonomous pull requests at GitHub, as far as they are new.

    What is merged and what is not moves the next selection; remarks of people who may write to the repository become
    lessons; a review that asks for changes, or a comment `/fresh <instruction>`, becomes a revision in the next run.
    """
    place = find_place(repo)
    make_home(place.home)
    from fresh.wiring import toolbox
    from tasks.learning import NO_FORGE, acceptance_of, read_reviews

    tools = toolbox(place.repository)
    learned = read_reviews(tools)
    click.echo(learned.told() if tools.reviews is not None else NO_FORGE)
    accepted = acceptance_of(tools, tools.workspace.take_base())
    for kind, tally in accepted.kinds.items():
        click.echo(f"  {kind}: {tally.merged} of {tally.closed} closed were merged")
    if accepted.rejected:
        click.echo(f"  {len(accepted.rejected)} ideas were turned down; they rest until their code changes")
    click.echo("See: fresh lessons list")


@click.command(short_help="List the lessons.")
@with_repo
def show(repo: str) -> None:
    """List the lessons, newest first, with where each holds and what taught it."""
    place = find_place(repo)
    known: tuple[Lesson, ...] = ()
    if not place.is_blank:
        with opened_journal(place) as journal:
            known = journal.lessons(str(place.repository))
    if not known:
        click.echo("No lessons yet. Teach one: fresh lessons add TEXT")
    for lesson in known:
        click.echo(_row(lesson))


@click.command(short_help="Teach something yourself.")
@click.argument("text")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only for this improvement.")
@click.option("--area", default="", metavar="PATH", help="Only below this path of the repository.")
@with_repo
def add(text: str, kind: str | None, area: str, repo: str) -> None:
    """Teach TEXT to every later agent of this repository."""
    place = find_place(repo)
    make_home(place.home)
    lesson = Lesson(
        id=lesson_id(str(place.repository), secrets.token_hex(8)),
        text=_worded(text),
        kind=Kind(kind) if kind else None,
        area=area.strip("/"),
        at=datetime.now(UTC),
    )
    with _opened(place) as journal:
        journal.keep_lesson(str(place.repository), lesson)
    click.echo(_row(lesson))


@click.command(short_help="Say a lesson in other words.")
@click.argument("lesson")
@click.argument("text")
@with_repo
def edit(lesson: str, text: str, repo: str) -> None:
    """Say LESSON as TEXT from now on; the beginning of its id is enough."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        found = _find(journal, place, lesson)
        changed = found.model_copy(update={"text": _worded(text)})
        journal.keep_lesson(str(place.repository), changed)
    click.echo(_row(changed))


@click.command(short_help="Forget a lesson for good.")
@click.argument("lesson")
@with_repo
def delete(lesson: str, repo: str) -> None:
    """Forget LESSON for good: the remark that taught it does not teach it again."""
    place = find_place(repo)
    with opened_journal(place) as journal:
        found = _find(journal, place, lesson)
        journal.drop_lesson(str(place.repository), found.id)
    click.echo(f"Forgot {found.id}: {line(found.text)}")


def _opened(place: Place) -> AbstractContextManager[Feedback]:
    """Open the journal, also where no run has worked yet."""
    from fresh.adapters.processes import lives
    from fresh.adapters.sql_journal import SqlJournal

    return closing(SqlJournal(place.url, lives))


def _find(journal: Feedback, place: Place, typed: str) -> Lesson:
    known = {lesson.id: lesson for lesson in journal.lessons(str(place.repository))}
    try:
        return known[resolve(typed, known, "lesson")]
    except OperatorMistake as mistake:
        raise OperatorMistake(mistake.message, hint="See: fresh lessons list") from mistake


def _worded(text: str) -> str:
    worded = line(text)
    if not worded or len(worded) > LONGEST:
        raise OperatorMistake(
            f"A lesson has 1 to {LONGEST} characters, and this one has {len(worded)}.",
            hint='Say it in one sentence: fresh lessons add "Name tests as sentences."',
        )
    return worded


def _row(lesson: Lesson) -> str:
    where = " ".join(
        filter(None, (lesson.kind and lesson.kind.value, lesson.area and f"below {lesson.area}/"))
    )
    source = f" <{line(lesson.source)}>" if lesson.source else ""
    return f"{lesson.id}  {lesson.at:%Y-%m-%d}  {where or 'everywhere'}: {line(lesson.text)}{source}"
