"""What people do with autonomous pull requests at GitHub: read a page at a time, from where the last reading ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from fresh.adapters.githubbing import pulls, talk
from fresh.adapters.githubbing.hub import Answer, Hub, Scalar
from fresh.adapters.githubbing.patience import Patience
from fresh.adapters.githubbing.places import REMOTE_REFS, Places
from fresh.domain.reviewing import Pull, PullState, Remark, Seen, Source
from fresh.ports import Clock

MOST_REQUESTS = 500
"""Of one reading. 300 pull requests with 3,000 comments take fewer; what is left is read the next time."""
SECOND = "%Y-%m-%dT%H:%M:%SZ"
SETTLED = timedelta(seconds=10)
"""After so long nothing is added to a second any more."""
LONGEST_WAIT = 90.0
"""Seconds that one reading waits for GitHub in all: a run that begins waits with it."""
LONG_AGO = datetime(2008, 1, 1, tzinfo=UTC)

PULLS = "pulls"
COMMENTS = "comments"
LINES = "lines"


class GitHubReviews:
    """Implement `ports.Reviews` on the repository's `origin`.

    Long lists are read oldest change first, from the second of the last one that was seen: what changes while they are
    read moves to their end and is read there. Each list keeps that second, and the ETag of its newest page.
    """

    def __init__(
        self,
        places: Places,
        clock: Clock,
        most: int = MOST_REQUESTS,
        halted: Callable[[], bool] | None = None,
    ) -> None:
        self._places = places
        self._patience = Patience(clock, longest=LONGEST_WAIT, halted=halted)
        self._most = most
        self._requests = 0
        self._unchanged = 0
        self.finished = True

    def read(self, marks: Mapping[str, str]) -> Iterator[Seen]:
        """Read pull requests first, then what was said: a remark of a pull request that is not an agent's is dropped."""
        self._requests = self._unchanged = 0
        self.finished = True
        if self._places.address is None:
            return
        hub = self._patience.persist(self._places.place).hub
        standing = dict(marks)
        for seen in self._listings(hub, standing):
            standing |= seen.marks
            yield seen

    def counted(self) -> tuple[int, int]:
        """Say how many requests the last reading made, and how many of them found nothing changed."""
        return self._requests, self._unchanged

    def fetch(self, number: int) -> tuple[str, str] | None:
        """Bring the branch of an open pull request into the mirror."""
        if self._places.address is None:
            return None
        place = self._places.place()
        pull = place.hub.ask(f"read pull request #{number}", "GET", f"pulls/{number}").read(pulls.Pull)
        home = pull.head.repo.full_name if pull.head.repo is not None else ""
        if pull.state != "open" or home.lower() != place.facts.full_name.lower():
            return None
        branch = pull.head.ref
        return branch, place.remote.fetch(self._places.git, branch, f"{REMOTE_REFS}/{branch}")

    def _listings(self, hub: Hub, marks: dict[str, str]) -> Iterator[Seen]:
        asking = {"labels": pulls.LABEL, "state": "all"}
        for answer, since in self._changed(hub, marks, PULLS, "issues", asking):
            issues = [issue for issue in answer.read_all(talk.Issue) if issue.pull_request is not None]
            # Its reviews are asked for once it has changed: a review makes a pull request newer.
            due = {f"due/{issue.number}": issue.updated_at.isoformat() for issue in issues}
            yield Seen(pulls=tuple(map(_pull, issues)), marks={**since, **due})
        known = {int(key.partition("/")[2]) for key in marks if key.startswith("due/")}
        for name, path in ((COMMENTS, "issues/comments"), (LINES, "pulls/comments")):
            for answer, since in self._changed(hub, marks, name, path, {}):
                said = [comment for comment in answer.read_all(talk.Comment) if comment.number in known]
                yield Seen(remarks=tuple(map(_remark, said)), marks=since)
        for number in sorted(known):
            changed = marks.get(f"due/{number}", "")
            if changed != marks.get(f"read/{number}"):
                yield from self._reviews(hub, number, changed)

    def _changed(
        self, hub: Hub, marks: dict[str, str], name: str, path: str, asking: Mapping[str, Scalar]
    ) -> Iterator[tuple[Answer, dict[str, str]]]:
        """Yield each page of what changed since the mark, with the marks that are right after it.

        The newest page is asked for first, on condition that it is another one than the last time: nothing has changed
        then, and where it reaches back to the mark it is all there is to read.
        """
        since = marks.get(f"{name}/since", LONG_AGO.strftime(SECOND))
        ordered = {**asking, "sort": "updated", "per_page": 100}
        if not self._may_ask():
            return
        newest = self._ask(hub, path, {**ordered, "direction": "desc"}, marks.get(f"{name}/etag"))
        if newest.status == 304:
            return
        etag = {f"{name}/etag": newest.etag or ""}
        dated = [each.updated_at.strftime(SECOND) for each in newest.read_all(talk.Dated)]
        if newest.further is None or min(dated, default=since) < since:
            yield newest, {f"{name}/since": _from_now_on(newest, dated, since), **etag}
            return
        parameters: dict[str, Scalar] | None = {**ordered, "since": since, "direction": "asc"}
        while parameters is not None:
            if not self._may_ask():
                return
            answer = self._ask(hub, path, parameters, None)
            parameters = dict(answer.further) if answer.further is not None else None
            dated = [each.updated_at.strftime(SECOND) for each in answer.read_all(talk.Dated)]
            since = _from_now_on(answer, dated, since)
            yield answer, {f"{name}/since": since, **(etag if parameters is None else {})}

    def _reviews(self, hub: Hub, number: int, due: str) -> Iterator[Seen]:
        """Read every review of one pull request; it counts as read when its last page is."""
        parameters: dict[str, Scalar] | None = {"per_page": 100}
        while parameters is not None:
            if not self._may_ask():
                return
            answer = self._ask(hub, f"pulls/{number}/reviews", parameters, None)
            parameters = dict(answer.further) if answer.further is not None else None
            found = answer.read_all(talk.Review)
            marks = {} if parameters is not None else {f"read/{number}": due}
            yield Seen(remarks=tuple(_judgement(each, number) for each in found), marks=marks)

    def _ask(self, hub: Hub, path: str, parameters: Mapping[str, Scalar], etag: str | None) -> Answer:
        def act() -> Answer:
            self._requests += 1
            return hub.ask("read reviews", "GET", path, parameters=parameters, etag=etag or None)

        answer = self._patience.persist(act)
        self._unchanged += answer.status == 304
        return answer

    def _may_ask(self) -> bool:
        self.finished = self._requests < self._most
        return self.finished


def _from_now_on(answer: Answer, dated: list[str], since: str) -> str:
    """Say from which second the next reading goes on: the newest one seen, or the one after it once it is long over."""
    newest = max((*dated, since))
    try:
        asked_at = parsedate_to_datetime(answer.headers.get("date", ""))
        after = datetime.strptime(newest, SECOND).replace(tzinfo=UTC) + timedelta(seconds=1)
    except ValueError:
        return newest
    return after.strftime(SECOND) if asked_at - after > SETTLED else newest


def _pull(issue: talk.Issue) -> Pull:
    merged = issue.pull_request is not None and issue.pull_request.merged_at is not None
    return Pull(
        number=issue.number,
        address=issue.html_url,
        state=PullState.MERGED if merged else PullState.OPEN if issue.state == "open" else PullState.CLOSED,
        updated_at=issue.updated_at,
        title=issue.title[:300],
        kind=issue.kind,
        ended_at=issue.closed_at,
    )


def _remark(comment: talk.Comment) -> Remark:
    on_line = comment.pull_request_url is not None
    review = comment.pull_request_review_id
    return Remark(
        id=f"{'line' if on_line else 'comment'}-{comment.id}",
        number=comment.number,
        source=Source.LINE if on_line else Source.COMMENT,
        author=comment.author.login,
        association=comment.author_association,
        is_bot=comment.author.type == "Bot",
        text=comment.body,
        path=comment.path or "",
        line=comment.line,
        review=None if review is None else f"review-{review}",
        address=comment.html_url,
        at=comment.created_at,
    )


def _judgement(review: talk.Review, number: int) -> Remark:
    return Remark(
        id=f"review-{review.id}",
        number=number,
        source=Source.REVIEW,
        author=review.author.login,
        association=review.author_association,
        is_bot=review.author.type == "Bot",
        wants_changes=review.state == "CHANGES_REQUESTED",
        approves=review.state == "APPROVED",
        text=review.body or "",
        address=review.html_url,
        at=review.submitted_at or LONG_AGO,
    )
