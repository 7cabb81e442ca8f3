"""What people said of autonomous pull requests, and what follows from it: lessons, revisions, nothing.

Whatever stands in a remark is text of somebody else: it is shortened, quoted and listened to only when it comes from
somebody who may write to the repository.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from fresh.domain.feature import Kind
from fresh.domain.lesson import Lesson
from fresh.domain.quoting import line
from fresh.domain.value import Value

COMMAND = "/fresh"
LONGEST_LESSON = 240
LONGEST_ORDER = 2000
FEWEST_WORDS = 3

TRUSTED = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""GitHub's `author_association` of people who were given access to the repository."""

_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_QUOTED = re.compile(r"^\s*>.*$", re.MULTILINE)
_MARKUP = re.compile(r"<!--.*?(?:-->|\Z)|<[^<>]*>|!\[[^\]]*\]\([^)]*\)", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)|https?://\S+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`\"'])|\n+|^\s*[-*]\s+", re.MULTILINE)
_DIRECTIVE = re.compile(
    r"\b(use|uses|using|do not|don'?t|never|always|avoid|prefer|please|instead|should|must|needs?|keep|rename|remove|"
    r"add|drop|split|stop|no need|follow|leave|write|name|call|put|move|reuse|make)\b",
    re.IGNORECASE,
)


class PullState(StrEnum):
    """Where a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class Pull(Value):
    """One autonomous pull request as the forge shows it; `kind` is read from its labels."""

    number: int
    address: str
    state: PullState
    updated_at: datetime
    title: str = ""
    kind: Kind | None = None
    ended_at: datetime | None = None


class Source(StrEnum):
    """Where a remark was made."""

    COMMENT = "comment"
    LINE = "line"
    REVIEW = "review"


class Remark(Value):
    """Something that somebody said of a pull request. `review` joins remarks on lines to the review they belong to."""

    id: str
    number: int
    source: Source
    author: str
    association: str = "NONE"
    is_bot: bool = False
    wants_changes: bool = False
    approves: bool = False
    text: str = ""
    path: str = ""
    line: int | None = None
    review: str | None = None
    address: str = ""
    at: datetime

    @property
    def counts(self) -> bool:
        """Say whether it comes from a person who was given access to the repository."""
        return self.association in TRUSTED and not self.is_bot

    @property
    def order(self) -> str | None:
        """What `/fresh <instruction>` orders, if this is such a comment."""
        first, _, rest = self.text.strip().partition(" ")
        return rest.strip()[:LONGEST_ORDER] if first == COMMAND and rest.strip() else None


class Seen(Value):
    """One page of what was read: what is new, and the marks that say from where to read on."""

    pulls: tuple[Pull, ...] = ()
    remarks: tuple[Remark, ...] = ()
    marks: dict[str, str] = Field(default_factory=dict)


class Learned(Value):
    """What one reading came to, told by count."""

    requests: int = 0
    unchanged: int = 0
    pulls: int = 0
    remarks: int = 0
    lessons: int = 0
    revisions: int = 0
    finished: bool = True

    def told(self) -> str:
        """Say so in one sentence."""
        rest = "" if self.finished else "; there is more to read the next time"
        return (
            f"{self.requests} requests ({self.unchanged} unchanged) brought {self.pulls} pull requests and "
            f"{self.remarks} remarks: {self.lessons} new lessons, {self.revisions} revisions to make{rest}."
        )


class Revision(Value):
    """What people want changed on an open pull request, and on which commits that is built."""

    number: int
    address: str
    branch: str
    head: str = Field(description="sha of the branch's newest commit, on which the revision stands")
    base: str = Field(description="sha that the whole pull request is judged against")
    standing: str | None = Field(
        default=None, description="where the branch stands in the operator's repository, which may be behind"
    )
    asked: str
    by: str
    remarks: tuple[str, ...]


def distil(remark: Remark) -> str | None:
    """Make a short lesson of a remark: its first sentence that tells what to do; None when it teaches nothing.

    What a review says that asks for changes is a lesson in any words.
    """
    if not remark.counts or remark.approves or remark.text.strip().startswith(COMMAND):
        return None
    sentences = [line(sentence) for sentence in _SENTENCE.split(_spoken(remark.text)) if sentence]
    telling = [
        sentence
        for sentence in sentences
        if len(sentence.split()) >= FEWEST_WORDS and not sentence.endswith("?")
    ]
    chosen = next((sentence for sentence in telling if _DIRECTIVE.search(sentence)), None)
    if chosen is None and remark.wants_changes:
        chosen = next(iter(telling), None)
    if chosen is None:
        return None
    return chosen if len(chosen) <= LONGEST_LESSON else chosen[: LONGEST_LESSON - 1].rstrip() + "…"


def lesson_of(remark: Remark, repository: str, kind: Kind | None) -> Lesson | None:
    """Make the lesson of a remark; the same remark gives the same id, so it is learned once."""
    text = distil(remark)
    if text is None:
        return None
    top, slash, _ = remark.path.partition("/")
    return Lesson(
        id=lesson_id(repository, remark.id),
        text=text,
        kind=kind,
        area=top if slash else "",
        source=remark.address,
        at=remark.at,
    )


def lesson_id(repository: str, origin: str) -> str:
    """Name a lesson after what taught it."""
    return hashlib.sha256(f"{repository}\0{origin}".encode()).hexdigest()[:8]


def wishes(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Choose the remarks that want a revision: reviews that ask for changes, and `/fresh <instruction>`."""
    return tuple(
        remark for remark in remarks if remark.counts and (remark.wants_changes or remark.order is not None)
    )


def asked_by(wanted: Iterable[Remark], remarks: Iterable[Remark]) -> str:
    """Put into words what a revision is asked for: each wish, with what its review says of single lines."""
    said = list(remarks)
    rows: list[str] = []
    for wish in wanted:
        rows.append(wish.order or _spoken(wish.text).strip())
        rows += [
            f"{remark.path}{f':{remark.line}' if remark.line else ''}: {_spoken(remark.text).strip()}"
            for remark in said
            if remark.counts and remark.source is Source.LINE and wish.id == remark.review
        ]
    text = "\n".join(line(row) for row in rows if row.strip())
    return text[:LONGEST_ORDER] or "The review asks for changes and says no more."


def _spoken(text: str) -> str:
    """Leave out code, quotations, markup and addresses."""
    shown = _MARKUP.sub(" ", _QUOTED.sub(" ", _CODE.sub(" ", text)))
    return _LINK.sub(lambda found: found[1] or "", shown)
