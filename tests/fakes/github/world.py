"""What GitHub remembers: people, tokens, repositories, pull requests and everything said about them."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.github.faults import Fault
from tests.fakes.github.git_store import GitStore

ROLES = ("read", "triage", "write", "maintain", "admin")


@dataclass
class User:
    """Somebody, or an App's bot."""

    login: str
    id: int
    type: str = "User"


@dataclass
class Token:
    """A classic token has `scopes`; a fine-grained one or an installation's has `permissions`, e.g. contents: write."""

    value: str
    login: str
    scopes: frozenset[str] | None = None
    permissions: dict[str, str] | None = None
    repositories: frozenset[str] | None = None
    expires: datetime | None = None
    installation: int | None = None


@dataclass
class App:
    """A GitHub App: its public key judges the JWTs, and `installations` maps ids to repositories' full names."""

    id: int
    slug: str
    public_key: str
    installations: dict[int, tuple[str, ...]] = field(default_factory=dict)
    permissions: dict[str, str] = field(default_factory=dict)


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Comment:
    """Something said under an issue or pull request; `path` and `line` are set for a remark on a line of the diff."""

    id: int
    author: str
    body: str
    created_at: datetime
    updated_at: datetime
    issue: int
    path: str | None = None
    line: int | None = None
    commit: str = ""
    review: int | None = None
    reply_to: int | None = None
    association: str = "COLLABORATOR"
    reactions: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Review:
    """A person's judgement of a pull request; `state` is APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING."""

    id: int
    author: str
    state: str
    body: str
    commit: str
    submitted_at: datetime


@dataclass
class Pull:
    """What makes an issue a pull request."""

    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: datetime | None = None
    merged_by: str | None = None
    merge_commit: str | None = None
    tracked: bool = True
    reviews: list[Review] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    reviewers: list[str] = field(default_factory=list)


@dataclass
class Issue:
    """An issue; with `pull` it is a pull request, which shares the numbers."""

    id: int
    number: int
    author: str
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    labels: list[str] = field(default_factory=list)
    assignees: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    locked: bool = False
    pull: Pull | None = None


@dataclass
class CheckRun:
    """One check of a commit by an App."""

    id: int
    name: str
    head_sha: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None = None
    details_url: str = ""
    title: str | None = None
    summary: str | None = None


@dataclass
class Status:
    """One commit status: error, failure, pending or success."""

    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    author: str
    created_at: datetime


@dataclass
class Repository:
    """One repository; `roles` maps logins to what they may do, everybody may read a public one."""

    id: int
    owner: str
    name: str
    git: GitStore
    private: bool = False
    default_branch: str = "main"
    drafts: bool = True
    archived: bool = False
    roles: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    protected: dict[str, dict[str, object]] = field(default_factory=dict)
    rules: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    check_runs: list[CheckRun] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        """Owner and name."""
        return f"{self.owner}/{self.name}"

    @property
    def pulls(self) -> list[Issue]:
        """The pull requests, newest first."""
        return [issue for _, issue in sorted(self.issues.items(), reverse=True) if issue.pull is not None]

    def open_pulls(self, label: str | None = None) -> list[Issue]:
        """The open pull requests, with a label if one is named."""
        return [
            pull for pull in self.pulls if pull.state == "open" and (label is None or label in pull.labels)
        ]

    def may(self, login: str, role: str) -> bool:
        """Say whether somebody has at least this role."""
        held = self.roles.get(login)
        if held is None:
            return role == "read" and not self.private
        return ROLES.index(held) >= ROLES.index(role)


@dataclass
class Seen:
    """One request as it was answered; `counted` says whether it took from the rate limit."""

    method: str
    path: str
    query: str
    status: int
    login: str | None
    counted: bool
    body: object = None
    agent: str = ""


@dataclass
class Limits:
    """Requests an hour for each token; `writes` is how many contents may be made in a minute before the second limit."""

    hourly: int = 5000
    writes: int | None = None
    wait: int = 1
    reset: float = 3600.0


class World:
    """Everything that GitHub remembers; tests play people with it, under the lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.tokens: dict[str, Token] = {}
        self.apps: dict[int, App] = {}
        self.repositories: dict[str, Repository] = {}
        self.moved: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.watchers: list[Callable[[str, str], None]] = []
        self.workflows: list[Callable[[Repository, str, str], None]] = []
        self.requests: list[Seen] = []
        self.limits = Limits()
        self.skew = timedelta(0)
        self._ids = itertools.count(1001)

    def now(self) -> datetime:
        """Say the time, to the second as GitHub does."""
        return (datetime.now(UTC) + self.skew).replace(microsecond=0)

    def next_id(self) -> int:
        """Give an id that nothing else has."""
        return next(self._ids)

    def add_user(self, login: str, kind: str = "User") -> User:
        """Give somebody an account, once."""
        return self.users.setdefault(login, User(login, self.next_id(), kind))

    def add_token(
        self,
        login: str,
        *,
        scopes: Iterable[str] | None = None,
        permissions: Mapping[str, str] | None = None,
        repositories: Iterable[str] | None = None,
        value: str | None = None,
    ) -> str:
        """Make a token for somebody; classic with `scopes`, else fine-grained."""
        self.add_user(login)
        number = self.next_id()
        kind = "ghp_" if scopes is not None else "github_pat_"
        name = value or f"{kind}{number:d}{'Fake0Token' * 7}"[: 40 if scopes is not None else 82]
        self.tokens[name] = Token(
            name,
            login,
            None if scopes is None else frozenset(scopes),
            None if permissions is None else {"metadata": "read", **permissions},
            None if repositories is None else frozenset(repositories),
        )
        return name

    def add_repository(
        self,
        full_name: str,
        *,
        source: Path | None = None,
        private: bool = False,
        roles: Mapping[str, str] | None = None,
        default_branch: str = "main",
    ) -> Repository:
        """Make a repository, with the branches of `source` when given; its owner is its admin."""
        owner, name = full_name.split("/")
        self.add_user(owner)
        for login in roles or {}:
            self.add_user(login)
        store = GitStore.create(self.root / owner / f"{name}.git", source, default_branch)
        made = Repository(
            self.next_id(),
            owner,
            name,
            store,
            private=private,
            default_branch=default_branch,
            roles={owner: "admin", **(roles or {})},
        )
        for label in ("bug", "documentation", "enhancement"):
            made.labels[label] = Label(self.next_id(), label, "d73a4a")
        self.repositories[full_name.lower()] = made
        return made

    def add_app(
        self,
        public_key: str,
        repositories: Iterable[str],
        permissions: Mapping[str, str] | None = None,
        slug: str = "fresh-agents",
    ) -> tuple[int, int]:
        """Register an App and install it on repositories; return its id and the installation's."""
        app = App(self.next_id(), slug, public_key)
        app.permissions = dict(
            permissions
            or {
                "contents": "write",
                "pull_requests": "write",
                "issues": "write",
                "checks": "read",
                "metadata": "read",
            }
        )
        installation = self.next_id()
        app.installations[installation] = tuple(repositories)
        self.apps[app.id] = app
        self.add_user(f"{slug}[bot]", "Bot")
        return app.id, installation

    def open_issue(
        self, repository: Repository, author: str, title: str, body: str | None, labels: Iterable[str] = ()
    ) -> Issue:
        """Open an issue."""
        number = max(repository.issues, default=0) + 1
        now = self.now()
        self.add_user(author)
        issue = Issue(self.next_id(), number, author, title, body, now, now, labels=list(labels))
        for label in labels:
            repository.labels.setdefault(label, Label(self.next_id(), label))
        repository.issues[number] = issue
        return issue

    def comment(
        self, repository: Repository, number: int, author: str, body: str, association: str | None = None
    ) -> Comment:
        """Say something under an issue or pull request."""
        self.add_user(author)
        now = self.now()
        made = Comment(self.next_id(), author, body, now, now, number)
        made.association = association or self.association(repository, author)
        issue = repository.issues[number]
        issue.comments.append(made)
        issue.updated_at = now
        return made

    def remark(
        self,
        repository: Repository,
        number: int,
        author: str,
        body: str,
        *,
        path: str,
        line: int = 1,
        review: int | None = None,
    ) -> Comment:
        """Say something about a line of a pull request."""
        pull = repository.issues[number].pull
        assert pull is not None, f"#{number} is no pull request"
        self.add_user(author)
        now = self.now()
        made = Comment(self.next_id(), author, body, now, now, number, path, line, pull.head_sha, review)
        made.association = self.association(repository, author)
        pull.comments.append(made)
        repository.issues[number].updated_at = now
        return made

    def review(self, repository: Repository, number: int, author: str, state: str, body: str = "") -> Review:
        """Judge a pull request: APPROVED, CHANGES_REQUESTED or COMMENTED."""
        pull = repository.issues[number].pull
        assert pull is not None, f"#{number} is no pull request"
        self.add_user(author)
        made = Review(self.next_id(), author, state, body, pull.head_sha, self.now())
        pull.reviews.append(made)
        repository.issues[number].updated_at = self.now()
        return made

    def close(self, repository: Repository, number: int, by: str) -> None:
        """Close an issue or pull request without merging."""
        issue = repository.issues[number]
        issue.state, issue.closed_at, issue.closed_by = "closed", self.now(), by
        issue.state_reason = None if issue.pull else "completed"
        issue.updated_at = self.now()

    def merge(self, repository: Repository, number: int, by: str, method: str = "merge") -> str | None:
        """Merge a pull request into its base; None when there is a conflict."""
        issue = repository.issues[number]
        pull = issue.pull
        assert pull is not None, f"#{number} is no pull request"
        merged = repository.git.merge(pull.base, pull.head_sha, f"Merge pull request #{number}", method)
        if merged is None:
            return None
        now = self.now()
        pull.merged_at, pull.merged_by, pull.merge_commit = now, by, merged
        issue.state, issue.closed_at, issue.closed_by, issue.updated_at = "closed", now, by, now
        return merged

    def check(
        self, repository: Repository, sha: str, name: str, conclusion: str | None, summary: str | None = None
    ) -> CheckRun:
        """Report a check of a commit; without a conclusion it is still running."""
        now = self.now()
        made = CheckRun(
            self.next_id(), name, sha, "completed" if conclusion else "in_progress", conclusion, now
        )
        made.completed_at = now if conclusion else None
        made.summary = summary
        repository.check_runs.append(made)
        return made

    def association(self, repository: Repository, login: str) -> str:
        """Name what somebody is to a repository."""
        if login == repository.owner:
            return "OWNER"
        return "COLLABORATOR" if login in repository.roles else "NONE"

    def follow(self, repository: Repository) -> None:
        """Let open pull requests follow their branches: pushed to, deleted, or merged by hand."""
        heads = repository.git.heads()
        for issue in repository.issues.values():
            pull = issue.pull
            if pull is None or issue.state != "open" or not pull.tracked:
                continue
            sha = heads.get(pull.head)
            if sha is None:
                self.close(repository, issue.number, issue.author)
            elif sha != pull.head_sha:
                pull.head_sha = sha
                issue.updated_at = self.now()
