"""Pull requests and labels as GitHub shows them, and the few things that are asked of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from fresh.adapters.githubbing.hub import Hub, quoted
from fresh.errors import ForgeRefused

LABEL = "autonomous"
COLOR = "5319e7"
ABOUT = "Made by an autonomous agent of Fresh"
NO_DRAFTS = "draft pull requests are not supported"
EXISTS = "already exists"
SEEN_PAGES = 10


class Shown(BaseModel):
    """Something that GitHub shows; what is not read here is ignored, what it may leave out has a default."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Login(Shown):
    """Somebody."""

    login: str = ""
    type: str = "User"


class Named(Shown):
    """A label."""

    name: str = ""


class Home(Shown):
    """A repository, by its name."""

    full_name: str = ""


class Side(Shown):
    """One side of a pull request; the repository is missing when a fork was deleted."""

    ref: str
    sha: str = ""
    repo: Home | None = None


class Pull(Shown):
    """A pull request."""

    number: int
    html_url: str = ""
    state: str = "open"
    title: str = ""
    body: str | None = None
    draft: bool = False
    head: Side
    base: Side | None = None
    labels: tuple[Named, ...] = ()
    user: Login | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def label_names(self) -> frozenset[str]:
        """Its labels, in lower case as GitHub compares them."""
        return frozenset(label.name.lower() for label in self.labels)


class Comparison(Shown):
    """How one commit stands to another: ahead, behind, diverged or identical."""

    status: str = ""


class Branch(Shown):
    """A branch."""

    protected: bool = False


class Rule(Shown):
    """One rule of a ruleset."""

    type: str = ""


class Rights(Shown):
    """What the caller may do in a repository."""

    push: bool = False
    admin: bool = False


class Facts(Shown):
    """A repository; an App sees no rights of its own here."""

    full_name: str = ""
    default_branch: str = "main"
    private: bool = False
    archived: bool = False
    permissions: Rights | None = None


def facts(hub: Hub) -> Facts:
    """Read about the repository."""
    return hub.ask("read the repository", "GET", "").read(Facts)


def of_branch(hub: Hub, branch: str) -> tuple[Pull, ...]:
    """List the pull requests of a branch of this very repository, newest first, whatever their state."""
    asking = {"state": "all", "head": f"{hub.address.owner}:{branch}"}
    found: list[Pull] = []
    for answer in hub.pages("list pull requests", "pulls", parameters=asking, most=SEEN_PAGES):
        found += answer.read_all(Pull)
    # A head that the server did not understand would list everybody's.
    return tuple(sorted((pull for pull in found if pull.head.ref == branch), key=lambda pull: -pull.number))


def open_ones(hub: Hub) -> tuple[Pull, ...]:
    """List the open pull requests of the repository, at most a thousand."""
    found: list[Pull] = []
    for answer in hub.pages("list pull requests", "pulls", parameters={"state": "open"}, most=SEEN_PAGES):
        found += answer.read_all(Pull)
    return tuple(found)


def create(hub: Hub, *, title: str, body: str, head: str, base: str) -> Pull:
    """Open a draft pull request, or where the repository's plan has none, one whose title says that it is one."""
    wanted: dict[str, object] = {"title": title, "body": body, "head": head, "base": base, "draft": True}
    try:
        answer = hub.ask("open a pull request", "POST", "pulls", body=wanted)
    except ForgeRefused as refused:
        if refused.status != 422 or NO_DRAFTS not in refused.message.lower():
            raise
        wanted |= {"draft": False, "title": f"[Draft] {title}"}
        answer = hub.ask("open a pull request", "POST", "pulls", body=wanted)
    return answer.read(Pull)


def edit(hub: Hub, number: int, body: str) -> None:
    """Replace the text of a pull request."""
    hub.ask(f"change the text of #{number}", "PATCH", f"pulls/{number}", body={"body": body})


def comparison(hub: Hub, earlier: str, later: str) -> str:
    """Say how `later` stands to `earlier`: ahead means that it holds it."""
    path = f"compare/{quoted(earlier)}...{quoted(later)}"
    return hub.ask("compare commits", "GET", path, parameters={"per_page": 1}).read(Comparison).status


def is_protected(hub: Hub, branch: str) -> bool:
    """Say whether a branch is protected, by a rule of its own or by a ruleset."""
    what = f"look at branch {branch}"
    if hub.ask(what, "GET", f"branches/{quoted(branch)}").read(Branch).protected:
        return True
    try:
        return bool(hub.ask(what, "GET", f"rules/branches/{quoted(branch)}").read_all(Rule))
    except ForgeRefused as refused:
        # Older Enterprise servers know no rulesets, and not every token may see them.
        if refused.status not in (403, 404):
            raise
        return False


def has_label(hub: Hub, name: str) -> bool:
    """Say whether the repository has a label."""
    try:
        hub.ask(f"look for label {name}", "GET", f"labels/{quoted(name)}")
    except ForgeRefused as refused:
        if refused.status != 404:
            raise
        return False
    return True


def ensure_label(hub: Hub, name: str) -> None:
    """Make a label where it is missing; made by somebody else meanwhile is fine."""
    if has_label(hub, name):
        return
    wanted = {"name": name, "color": COLOR, "description": ABOUT}
    try:
        hub.ask(f"make label {name}", "POST", "labels", body=wanted)
    except ForgeRefused as refused:
        if refused.status != 422 or "already_exists" not in refused.message:
            raise


def add_labels(hub: Hub, number: int, names: tuple[str, ...]) -> frozenset[str]:
    """Add labels to a pull request; return all that it bears, in lower case."""
    what = f"label #{number} {', '.join(names)}"
    answer = hub.ask(what, "POST", f"issues/{number}/labels", body={"labels": list(names)})
    return frozenset(label.name.lower() for label in answer.read_all(Named))
