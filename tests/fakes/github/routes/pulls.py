"""Pull requests: opened once for each head and base, edited, merged."""

from __future__ import annotations

from tests.fakes.github.answers import Call, Refused, Reply, invalid, not_found
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.world import Issue, Pull, Repository

LONGEST_BODY = 65_536
LONGEST_TITLE = 256


def pull_of(call: Call) -> tuple[Repository, Issue, Pull]:
    """Find the pull request of the path."""
    repository = call.repository
    number = call.names["number"]
    issue = repository.issues.get(int(number)) if number.isdigit() else None
    if issue is None or issue.pull is None:
        raise not_found()
    return repository, issue, issue.pull


def check_words(title: object, body: object, resource: str) -> None:
    """Refuse a title or body that GitHub would."""
    if isinstance(title, str) and not title.strip():
        raise invalid(resource, "missing_field", "title")
    if isinstance(title, str) and len(title) > LONGEST_TITLE:
        raise invalid(
            resource, "custom", "title", f"title is too long (maximum is {LONGEST_TITLE} characters)"
        )
    if isinstance(body, str) and len(body) > LONGEST_BODY:
        raise invalid(resource, "custom", "body", f"body is too long (maximum is {LONGEST_BODY} characters)")


@route("GET", "/repos/{owner}/{repo}/pulls")
def list_pulls(call: Call, shapes: Shapes) -> Reply:
    """List pull requests; by default the open ones, newest first."""
    repository = call.repository
    state, base, head = (call.query.get(name) for name in ("state", "base", "head"))
    if state not in (None, "open", "closed", "all"):
        raise invalid("PullRequest", "invalid", "state")
    found = []
    for issue in repository.pulls:
        pull = issue.pull
        assert pull is not None
        # GitHub takes a head only as owner:branch; another one it ignores.
        wanted = head if head is not None and ":" in head else None
        if (
            (state in ("all", issue.state) or (state is None and issue.state == "open"))
            and base in (None, pull.base)
            and wanted in (None, f"{repository.owner}:{pull.head}")
        ):
            found.append(issue)
    key = {"updated": lambda issue: issue.updated_at, "long-running": lambda issue: issue.created_at}
    sort = call.query.get("sort", "created")
    found.sort(key=key.get(sort, lambda issue: issue.created_at))
    direction = call.query.get("direction", "desc" if sort == "created" else "asc")
    if direction == "desc":
        found.reverse()
    return _paged(call, shapes, repository, found)


def _paged(call: Call, shapes: Shapes, repository: Repository, found: list[Issue]) -> Reply:
    reply = call.page(list(found))
    assert isinstance(reply.body, list)
    reply.body = [shapes.pull(repository, issue) for issue in reply.body]
    return reply


@route("POST", "/repos/{owner}/{repo}/pulls")
def create(call: Call, shapes: Shapes) -> Reply:
    """Open a pull request."""
    repository = call.demand("pull_requests", "write", "read")
    body = call.take(
        {"head": str, "base": str},
        {
            "title": str,
            "body": str,
            "draft": bool,
            "maintainer_can_modify": bool,
            "issue": int,
            "head_repo": str,
        },
    )
    if body.get("title") is None and body.get("issue") is None:
        raise invalid("PullRequest", "missing_field", "title")
    check_words(body.get("title"), body.get("body"), "PullRequest")
    base, head = str(body["base"]), str(body["head"]).removeprefix(f"{repository.owner}:")
    heads = repository.git.heads()
    if head not in heads:
        raise invalid("PullRequest", "invalid", "head")
    if base not in heads:
        raise invalid("PullRequest", "invalid", "base")
    for issue in repository.open_pulls():
        if issue.pull is not None and (issue.pull.head, issue.pull.base) == (head, base):
            words = f"A pull request already exists for {repository.owner}:{head}."
            raise invalid("PullRequest", "custom", None, words)
    if not repository.git.commits(heads[base], heads[head]):
        raise invalid("PullRequest", "custom", None, f"No commits between {base} and {head}")
    if body.get("draft") and not repository.drafts:
        raise Refused(422, "Draft pull requests are not supported in this repository.")
    assert call.token is not None
    issue = call.world.open_issue(
        repository,
        call.token.login,
        str(body["title"]),
        None if body.get("body") is None else str(body["body"]),
    )
    start = repository.git.merge_base(heads[base], heads[head]) or heads[base]
    issue.pull = Pull(head, base, heads[head], start, bool(body.get("draft")))
    return Reply(201, shapes.pull(repository, issue, whole=True))


@route("GET", "/repos/{owner}/{repo}/pulls/{number}")
def show(call: Call, shapes: Shapes) -> Reply:
    """Show a pull request."""
    repository, issue, _ = pull_of(call)
    return Reply(200, shapes.pull(repository, issue, whole=True))


@route("PATCH", "/repos/{owner}/{repo}/pulls/{number}")
def edit(call: Call, shapes: Shapes) -> Reply:
    """Change title, body, state or base."""
    repository, issue, pull = pull_of(call)
    assert call.token is None or call.token.login
    own = call.token is not None and call.token.login == issue.author
    call.demand("pull_requests", "write", "read" if own else "write")
    body = call.take(
        {}, {"title": str, "body": str, "state": str, "base": str, "maintainer_can_modify": bool}
    )
    check_words(body.get("title"), body.get("body"), "PullRequest")
    if body.get("state") not in (None, "open", "closed"):
        raise invalid("PullRequest", "invalid", "state")
    if body.get("base") is not None:
        if body["base"] not in repository.git.heads():
            raise invalid("PullRequest", "invalid", "base")
        pull.base = str(body["base"])
    issue.title = str(body.get("title", issue.title))
    issue.body = str(body["body"]) if "body" in body else issue.body
    if body.get("state") == "closed" and issue.state == "open" and call.token is not None:
        call.world.close(repository, issue.number, call.token.login)
    elif body.get("state") == "open" and issue.state == "closed":
        if pull.merged_at is not None or pull.head not in repository.git.heads():
            raise invalid("PullRequest", "invalid", "state", "state cannot be changed.")
        issue.state, issue.closed_at, issue.closed_by = "open", None, None
    issue.updated_at = call.world.now()
    return Reply(200, shapes.pull(repository, issue, whole=True))


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/files")
def files(call: Call, shapes: Shapes) -> Reply:
    """List the changed files."""
    repository, _, pull = pull_of(call)
    entries = repository.git.files(pull.base_sha, pull.head_sha)
    return call.page([shapes.file(repository, pull.base_sha, pull.head_sha, entry) for entry in entries])


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/commits")
def commits(call: Call, shapes: Shapes) -> Reply:
    """List the commits, oldest first."""
    repository, _, pull = pull_of(call)
    return call.page(
        [shapes.commit(repository, sha) for sha in repository.git.commits(pull.base_sha, pull.head_sha)]
    )


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/merge")
def is_merged(call: Call, shapes: Shapes) -> Reply:
    """Say whether it is merged."""
    _, _, pull = pull_of(call)
    if pull.merged_at is None:
        raise not_found()
    return Reply(204)


@route("PUT", "/repos/{owner}/{repo}/pulls/{number}/merge")
def merge(call: Call, shapes: Shapes) -> Reply:
    """Merge it, unless it is a draft, in conflict, or moved."""
    repository, issue, pull = pull_of(call)
    call.demand("contents")
    body = call.take({}, {"commit_title": str, "commit_message": str, "sha": str, "merge_method": str})
    if issue.state == "closed":
        raise Refused(405, "Pull Request is not mergeable")
    if pull.draft:
        raise Refused(405, "Pull Request is still a draft")
    if body.get("sha") not in (None, pull.head_sha):
        raise Refused(409, "Head branch was modified. Review and try the merge again.")
    assert call.token is not None
    merged = call.world.merge(
        repository, issue.number, call.token.login, str(body.get("merge_method", "merge"))
    )
    if merged is None:
        raise Refused(405, "Pull Request is not mergeable")
    return Reply(200, {"sha": merged, "merged": True, "message": "Pull Request successfully merged"})


@route("GET", "/repos/{owner}/{repo}/commits/{sha}/pulls")
def pulls_of_commit(call: Call, shapes: Shapes) -> Reply:
    """List the pull requests that hold a commit."""
    repository = call.repository
    found = [
        issue
        for issue in repository.pulls
        if issue.pull is not None
        and call.names["sha"] in repository.git.commits(issue.pull.base_sha, issue.pull.head_sha)
    ]
    return _paged(call, shapes, repository, found)


@route("POST", "/graphql")
def graphql(call: Call, shapes: Shapes) -> Reply:
    """Take the two mutations that the REST API lacks: ready for review, and back to draft."""
    if call.token is None:
        raise Refused(401, "This endpoint requires you to be authenticated.")
    query = str(call.body.get("query", ""))
    variables = call.body.get("variables")
    given = variables.get("input", {}) if isinstance(variables, dict) else {}
    node = str(given.get("pullRequestId", ""))
    for repository in call.world.repositories.values():
        for issue in repository.pulls:
            if f"PR_{issue.id}" == node and issue.pull is not None:
                if "markPullRequestReadyForReview" in query:
                    issue.pull.draft = False
                elif "convertPullRequestToDraft" in query:
                    issue.pull.draft = True
                else:
                    break
                name = (
                    "markPullRequestReadyForReview" if not issue.pull.draft else "convertPullRequestToDraft"
                )
                return Reply(
                    200,
                    {
                        "data": {
                            name: {"pullRequest": {"isDraft": issue.pull.draft}, "clientMutationId": None}
                        }
                    },
                )
    error = {"type": "NOT_FOUND", "message": f"Could not resolve to a node with the global id of '{node}'"}
    return Reply(200, {"data": None, "errors": [error]})
