"""Reviews and remarks on lines; nobody judges their own pull request."""

from __future__ import annotations

from tests.fakes.github.answers import Call, Refused, Reply, invalid, not_found
from tests.fakes.github.routes.issues import comment_page, since
from tests.fakes.github.routes.pulls import pull_of
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes

STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@route("GET", "/repos/{owner}/{repo}/pulls/comments")
def all_remarks(call: Call, shapes: Shapes) -> Reply:
    """List the remarks on lines of all pull requests."""
    repository, moment = call.repository, since(call)
    found = [comment for issue in repository.pulls if issue.pull for comment in issue.pull.comments]
    return comment_page(call, shapes, repository, found, moment)


@route("GET", "/repos/{owner}/{repo}/pulls/comments/{comment}")
def one_remark(call: Call, shapes: Shapes) -> Reply:
    """Show one remark."""
    repository = call.repository
    for issue in repository.pulls:
        for comment in issue.pull.comments if issue.pull else ():
            if str(comment.id) == call.names["comment"]:
                return Reply(200, shapes.comment(repository, comment))
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/comments")
def remarks(call: Call, shapes: Shapes) -> Reply:
    """List the remarks on lines of one pull request."""
    repository, _, pull = pull_of(call)
    return comment_page(call, shapes, repository, list(pull.comments), since(call))


@route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments")
def remark(call: Call, shapes: Shapes) -> Reply:
    """Say something about a line."""
    repository, issue, _ = pull_of(call)
    call.demand("pull_requests", "write", "read")
    body = call.take(
        {"body": str},
        {
            "commit_id": str,
            "path": str,
            "line": int,
            "side": str,
            "start_line": int,
            "start_side": str,
            "in_reply_to": int,
            "subject_type": str,
        },
    )
    if not body.get("path"):
        raise invalid("PullRequestReviewComment", "missing_field", "path")
    assert call.token is not None
    made = call.world.remark(
        repository,
        issue.number,
        call.token.login,
        str(body["body"]),
        path=str(body["path"]),
        line=int(str(body.get("line", 1))),
    )
    return Reply(201, shapes.comment(repository, made))


@route("POST", "/repos/{owner}/{repo}/pulls/{number}/comments/{comment}/replies")
def reply(call: Call, shapes: Shapes) -> Reply:
    """Answer a remark."""
    repository, issue, pull = pull_of(call)
    call.demand("pull_requests", "write", "read")
    body = call.take({"body": str})
    first = next((c for c in pull.comments if str(c.id) == call.names["comment"]), None)
    if first is None or first.path is None:
        raise not_found()
    assert call.token is not None
    made = call.world.remark(
        repository, issue.number, call.token.login, str(body["body"]), path=first.path, line=first.line or 1
    )
    made.reply_to = first.id
    return Reply(201, shapes.comment(repository, made))


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews")
def reviews(call: Call, shapes: Shapes) -> Reply:
    """List the judgements, oldest first."""
    repository, issue, pull = pull_of(call)
    return call.page([shapes.review(repository, issue.number, review) for review in pull.reviews])


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews/{review}")
def review(call: Call, shapes: Shapes) -> Reply:
    """Show one judgement."""
    repository, issue, pull = pull_of(call)
    for found in pull.reviews:
        if str(found.id) == call.names["review"]:
            return Reply(200, shapes.review(repository, issue.number, found))
    raise not_found()


@route("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews/{review}/comments")
def review_remarks(call: Call, shapes: Shapes) -> Reply:
    """List the remarks that belong to one judgement."""
    repository, _, pull = pull_of(call)
    found = [c for c in pull.comments if str(c.review) == call.names["review"]]
    return comment_page(call, shapes, repository, found, None)


@route("POST", "/repos/{owner}/{repo}/pulls/{number}/reviews")
def judge(call: Call, shapes: Shapes) -> Reply:
    """Approve, ask for changes or comment."""
    repository, issue, _pull = pull_of(call)
    call.demand("pull_requests", "write", "read")
    body = call.take({}, {"event": str, "body": str, "comments": list, "commit_id": str})
    event = str(body.get("event", "PENDING"))
    assert call.token is not None
    if event not in (*STATES, "PENDING"):
        raise Refused(
            422,
            "Unprocessable Entity",
            ["Variable $event of type PullRequestReviewEvent was provided invalid value"],
        )
    if call.token.login == issue.author and event in ("APPROVE", "REQUEST_CHANGES"):
        what = "approve" if event == "APPROVE" else "request changes on"
        raise Refused(422, "Unprocessable Entity", [f"Review Can not {what} your own pull request"])
    if event in ("REQUEST_CHANGES", "COMMENT") and not body.get("body") and not body.get("comments"):
        raise Refused(422, "Unprocessable Entity", ["Body can't be blank"])
    made = call.world.review(
        repository, issue.number, call.token.login, STATES.get(event, "PENDING"), str(body.get("body", ""))
    )
    given = body.get("comments", [])
    for said in given if isinstance(given, list) else []:
        call.world.remark(
            repository,
            issue.number,
            call.token.login,
            said["body"],
            path=said["path"],
            line=said.get("line", said.get("position", 1)),
            review=made.id,
        )
    return Reply(200, shapes.review(repository, issue.number, made))
