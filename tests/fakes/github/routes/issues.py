"""Issues, labels and what is said under them; pull requests are issues too."""

from __future__ import annotations

import re
from datetime import datetime

from tests.fakes.github.answers import Call, Json, Refused, Reply, invalid, not_found
from tests.fakes.github.routes.pulls import check_words
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.world import Comment, Issue, Label, Repository

LONGEST_LABEL = 50
LONGEST_DESCRIPTION = 100
_COLOR = re.compile(r"[0-9a-fA-F]{6}")


def issue_of(call: Call) -> tuple[Repository, Issue]:
    """Find the issue of the path."""
    repository, number = call.repository, call.names["number"]
    if not number.isdigit() or int(number) not in repository.issues:
        raise not_found()
    return repository, repository.issues[int(number)]


def since(call: Call) -> datetime | None:
    """Read the time from which on things are asked for."""
    given = call.query.get("since")
    if given is None:
        return None
    try:
        return datetime.fromisoformat(given.replace("Z", "+00:00"))
    except ValueError:
        raise invalid("Issue", "invalid", "since") from None


def _known(repository: Repository, name: str) -> Label | None:
    return next((label for label in repository.labels.values() if label.name.lower() == name.lower()), None)


def _check_label(name: str, color: str | None, description: str | None) -> None:
    if not name.strip() or len(name) > LONGEST_LABEL or "," in name:
        raise invalid("Label", "invalid", "name")
    if color is not None and not _COLOR.fullmatch(color):
        raise invalid("Label", "invalid", "color")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        words = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise invalid("Label", "custom", "description", words)


@route("GET", "/repos/{owner}/{repo}/labels")
def labels(call: Call, shapes: Shapes) -> Reply:
    """List the labels of a repository."""
    repository = call.repository
    return call.page([shapes.label(repository, label) for label in repository.labels.values()])


@route("GET", "/repos/{owner}/{repo}/labels/{name+}")
def label(call: Call, shapes: Shapes) -> Reply:
    """Show a label; its name's case does not matter."""
    repository = call.repository
    found = _known(repository, call.names["name"])
    if found is None:
        raise not_found()
    return Reply(200, shapes.label(repository, found))


@route("POST", "/repos/{owner}/{repo}/labels")
def create_label(call: Call, shapes: Shapes) -> Reply:
    """Make a label."""
    repository = call.demand("issues")
    body = call.take({"name": str}, {"color": str, "description": str})
    name = str(body["name"])
    color, description = body.get("color"), body.get("description")
    _check_label(
        name, None if color is None else str(color), None if description is None else str(description)
    )
    if _known(repository, name) is not None:
        raise invalid("Label", "already_exists", "name")
    made = Label(
        call.world.next_id(), name, str(color or "ededed"), None if description is None else str(description)
    )
    repository.labels[name] = made
    return Reply(201, shapes.label(repository, made))


@route("PATCH", "/repos/{owner}/{repo}/labels/{name+}")
def edit_label(call: Call, shapes: Shapes) -> Reply:
    """Change a label's color or description."""
    repository = call.demand("issues")
    body = call.take({}, {"new_name": str, "color": str, "description": str})
    found = _known(repository, call.names["name"])
    if found is None:
        raise not_found()
    _check_label(found.name, str(body.get("color", found.color)), str(body.get("description", "")))
    found.color = str(body.get("color", found.color))
    found.description = str(body["description"]) if "description" in body else found.description
    return Reply(200, shapes.label(repository, found))


@route("DELETE", "/repos/{owner}/{repo}/labels/{name+}")
def delete_label(call: Call, shapes: Shapes) -> Reply:
    """Delete a label, from everything that bears it."""
    repository = call.demand("issues")
    found = _known(repository, call.names["name"])
    if found is None:
        raise not_found()
    del repository.labels[found.name]
    for issue in repository.issues.values():
        issue.labels = [name for name in issue.labels if name != found.name]
    return Reply(204)


@route("GET", "/repos/{owner}/{repo}/issues")
def list_issues(call: Call, shapes: Shapes) -> Reply:
    """List issues and pull requests; by default the open ones, newest first; `labels` means all of them."""
    repository, moment = call.repository, since(call)
    wanted = [name.lower() for name in call.query.get("labels", "").split(",") if name]
    state = call.query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "invalid", "state")
    found = [
        issue
        for issue in repository.issues.values()
        if state in ("all", issue.state)
        and all(name in [held.lower() for held in issue.labels] for name in wanted)
        and (moment is None or issue.updated_at >= moment)
        and call.query.get("creator") in (None, issue.author)
    ]
    by_updated = call.query.get("sort") == "updated"
    found.sort(
        key=lambda issue: (issue.updated_at if by_updated else issue.created_at, issue.number),
        reverse=call.query.get("direction", "desc") == "desc",
    )
    reply = call.page(list(found))
    assert isinstance(reply.body, list)
    reply.body = [shapes.issue(repository, issue) for issue in reply.body]
    return reply


@route("POST", "/repos/{owner}/{repo}/issues")
def create_issue(call: Call, shapes: Shapes) -> Reply:
    """Open an issue."""
    repository = call.demand("issues", "write", "read")
    body = call.take({"title": str}, {"body": str, "labels": list, "assignees": list, "milestone": int})
    check_words(body.get("title"), body.get("body"), "Issue")
    assert call.token is not None
    made = call.world.open_issue(
        repository,
        call.token.login,
        str(body["title"]),
        None if body.get("body") is None else str(body["body"]),
    )
    if repository.may(call.token.login, "triage"):
        _add(call, repository, made, body.get("labels"))
    return Reply(201, shapes.issue(repository, made))


@route("GET", "/repos/{owner}/{repo}/issues/comments")
def all_comments(call: Call, shapes: Shapes) -> Reply:
    """List everything said under all issues of a repository."""
    repository, moment = call.repository, since(call)
    found = [c for issue in repository.issues.values() for c in issue.comments]
    return comment_page(call, shapes, repository, found, moment)


def comment_page(
    call: Call, shapes: Shapes, repository: Repository, found: list[Comment], moment: datetime | None
) -> Reply:
    """Give one page of comments, in the order that was asked for."""
    kept = [comment for comment in found if moment is None or comment.updated_at >= moment]
    by_updated = call.query.get("sort") == "updated"
    kept.sort(
        key=lambda comment: (comment.updated_at if by_updated else comment.created_at, comment.id),
        reverse=call.query.get("direction", "asc") == "desc",
    )
    reply = call.page(list(kept))
    assert isinstance(reply.body, list)
    reply.body = [shapes.comment(repository, comment) for comment in reply.body]
    return reply


@route("GET", "/repos/{owner}/{repo}/issues/comments/{comment}")
def one_comment(call: Call, shapes: Shapes) -> Reply:
    """Show one comment."""
    repository, _, found = _comment(call)
    return Reply(200, shapes.comment(repository, found))


@route("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment}")
def edit_comment(call: Call, shapes: Shapes) -> Reply:
    """Change what was said."""
    repository, _, found = _comment(call)
    call.demand("issues", "write", "read" if call.token and call.token.login == found.author else "write")
    body = call.take({"body": str})
    check_words(None, body["body"], "IssueComment")
    found.body, found.updated_at = str(body["body"]), call.world.now()
    return Reply(200, shapes.comment(repository, found))


@route("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment}")
def delete_comment(call: Call, shapes: Shapes) -> Reply:
    """Take back what was said."""
    _repository, issue, found = _comment(call)
    call.demand("issues")
    issue.comments.remove(found)
    return Reply(204)


@route("POST", "/repos/{owner}/{repo}/issues/comments/{comment}/reactions")
def react(call: Call, shapes: Shapes) -> Reply:
    """React to what was said; twice the same is once."""
    _, _, found = _comment(call)
    call.demand("issues", "write", "read")
    body = call.take({"content": str})
    if body["content"] not in ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"):
        raise invalid("Reaction", "invalid", "content")
    assert call.token is not None
    reaction = (call.token.login, str(body["content"]))
    again = reaction in found.reactions
    if not again:
        found.reactions.append(reaction)
    shown: Json = {
        "id": found.id * 10 + found.reactions.index(reaction),
        "content": body["content"],
        "user": shapes.user(call.token.login),
    }
    return Reply(200 if again else 201, shown)


@route("GET", "/repos/{owner}/{repo}/issues/{number}")
def show(call: Call, shapes: Shapes) -> Reply:
    """Show an issue."""
    repository, issue = issue_of(call)
    return Reply(200, shapes.issue(repository, issue))


@route("PATCH", "/repos/{owner}/{repo}/issues/{number}")
def edit(call: Call, shapes: Shapes) -> Reply:
    """Change an issue."""
    repository, issue = issue_of(call)
    call.demand("issues")
    body = call.take(
        {},
        {
            "title": str,
            "body": str,
            "state": str,
            "state_reason": str,
            "labels": list,
            "assignees": list,
            "milestone": int,
        },
    )
    check_words(body.get("title"), body.get("body"), "Issue")
    issue.title = str(body.get("title", issue.title))
    issue.body = str(body["body"]) if "body" in body else issue.body
    if "labels" in body:
        issue.labels = []
        _add(call, repository, issue, body["labels"])
    if body.get("state") == "closed" and call.token is not None:
        call.world.close(repository, issue.number, call.token.login)
    elif body.get("state") == "open":
        issue.state, issue.closed_at, issue.closed_by = "open", None, None
    issue.updated_at = call.world.now()
    return Reply(200, shapes.issue(repository, issue))


@route("GET", "/repos/{owner}/{repo}/issues/{number}/comments")
def comments(call: Call, shapes: Shapes) -> Reply:
    """List what is said under one issue."""
    repository, issue = issue_of(call)
    return comment_page(call, shapes, repository, list(issue.comments), since(call))


@route("POST", "/repos/{owner}/{repo}/issues/{number}/comments")
def say(call: Call, shapes: Shapes) -> Reply:
    """Say something."""
    repository, issue = issue_of(call)
    call.demand("pull_requests" if issue.pull and _has(call, "pull_requests") else "issues", "write", "read")
    body = call.take({"body": str})
    if not str(body["body"]).strip():
        raise invalid("IssueComment", "missing_field", "body")
    check_words(None, body["body"], "IssueComment")
    assert call.token is not None
    return Reply(
        201,
        shapes.comment(
            repository, call.world.comment(repository, issue.number, call.token.login, str(body["body"]))
        ),
    )


@route("GET", "/repos/{owner}/{repo}/issues/{number}/labels")
def issue_labels(call: Call, shapes: Shapes) -> Reply:
    """List the labels of an issue."""
    repository, issue = issue_of(call)
    return call.page(shapes.labels(repository, issue.labels))


@route("POST", "/repos/{owner}/{repo}/issues/{number}/labels")
def add_labels(call: Call, shapes: Shapes) -> Reply:
    """Add labels; unknown ones are made on the way."""
    repository, issue = _labelled(call)
    body = call.take({"labels": list})
    _add(call, repository, issue, body["labels"])
    return Reply(200, shapes.labels(repository, issue.labels))


@route("PUT", "/repos/{owner}/{repo}/issues/{number}/labels")
def set_labels(call: Call, shapes: Shapes) -> Reply:
    """Replace the labels."""
    repository, issue = _labelled(call)
    body = call.take({"labels": list})
    issue.labels = []
    _add(call, repository, issue, body["labels"])
    return Reply(200, shapes.labels(repository, issue.labels))


@route("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{name+}")
def remove_label(call: Call, shapes: Shapes) -> Reply:
    """Take one label off."""
    repository, issue = _labelled(call)
    known = _known(repository, call.names["name"])
    if known is None or known.name not in issue.labels:
        raise Refused(404, "Label does not exist")
    issue.labels.remove(known.name)
    return Reply(200, shapes.labels(repository, issue.labels))


def _labelled(call: Call) -> tuple[Repository, Issue]:
    repository, issue = issue_of(call)
    call.demand(
        "pull_requests" if issue.pull and _has(call, "pull_requests") else "issues", "write", "triage"
    )
    return repository, issue


def _has(call: Call, permission: str) -> bool:
    """Say whether a fine-grained token may write this; labels and comments of pull requests need one of two."""
    return bool(call.token and call.token.permissions and call.token.permissions.get(permission) == "write")


def _add(call: Call, repository: Repository, issue: Issue, given: object) -> None:
    names = given if isinstance(given, list) else []
    for name in names:
        if not isinstance(name, str):
            raise invalid("Label", "invalid", "name")
        _check_label(name, None, None)
    for name in names:
        known = _known(repository, name)
        if known is None:
            known = repository.labels[name] = Label(call.world.next_id(), name)
        if known.name not in issue.labels:
            issue.labels.append(known.name)
    issue.updated_at = call.world.now()


def _comment(call: Call) -> tuple[Repository, Issue, Comment]:
    repository = call.repository
    for issue in repository.issues.values():
        for comment in issue.comments:
            if str(comment.id) == call.names["comment"]:
                return repository, issue, comment
    raise not_found()
