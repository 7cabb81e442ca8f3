"""Checks and statuses of commits, and searching."""

from __future__ import annotations

from tests.fakes.github.answers import Call, Json, Refused, Reply, invalid, not_found
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.world import Status

CONCLUSIONS = (
    "success",
    "failure",
    "neutral",
    "cancelled",
    "skipped",
    "timed_out",
    "action_required",
    "stale",
)


def _sha(call: Call) -> str:
    found = call.repository.git.resolve(call.names["ref"])
    if found is None:
        raise Refused(422, f"No commit found for SHA: {call.names['ref']}")
    return found


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/check-runs")
def check_runs(call: Call, shapes: Shapes) -> Reply:
    """List the checks of a commit; by default the latest of each name."""
    repository, sha = call.repository, _sha(call)
    found = [run for run in repository.check_runs if run.head_sha == sha]
    if call.query.get("filter", "latest") == "latest":
        found = list({run.name: run for run in found}.values())
    if (name := call.query.get("check_name")) is not None:
        found = [run for run in found if run.name == name]
    if (status := call.query.get("status")) is not None:
        found = [run for run in found if run.status == status]
    reply = call.page([shapes.check_run(repository, run) for run in found])
    reply.body = {"total_count": len(found), "check_runs": reply.body}
    return reply


@route("POST", "/repos/{owner}/{repo}/check-runs")
def create_check(call: Call, shapes: Shapes) -> Reply:
    """Report a check; only Apps may."""
    repository = call.demand("checks")
    if call.token is None or call.token.installation is None:
        raise Refused(403, "You must authenticate via a GitHub App.")
    body = call.take(
        {"name": str, "head_sha": str},
        {"status": str, "conclusion": str, "output": dict, "details_url": str, "completed_at": str},
    )
    conclusion = body.get("conclusion")
    if conclusion not in (None, *CONCLUSIONS):
        raise invalid("CheckRun", "invalid", "conclusion")
    made = call.world.check(
        repository, str(body["head_sha"]), str(body["name"]), None if conclusion is None else str(conclusion)
    )
    return Reply(201, shapes.check_run(repository, made))


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/status")
def combined(call: Call, shapes: Shapes) -> Reply:
    """Combine the newest status of each context."""
    repository, sha = call.repository, _sha(call)
    newest = {status.context: status for status in repository.statuses if status.sha == sha}
    states = {status.state for status in newest.values()}
    state = (
        "failure"
        if states & {"failure", "error"}
        else "pending"
        if "pending" in states or not states
        else "success"
    )
    return Reply(
        200,
        {
            "state": state,
            "sha": sha,
            "total_count": len(newest),
            "statuses": [shapes.status(repository, status) for status in newest.values()],
        },
    )


@route("GET", "/repos/{owner}/{repo}/commits/{ref+}/statuses")
def statuses(call: Call, shapes: Shapes) -> Reply:
    """List every status of a commit, newest first."""
    repository, sha = call.repository, _sha(call)
    found = [status for status in reversed(repository.statuses) if status.sha == sha]
    return call.page([shapes.status(repository, status) for status in found])


@route("POST", "/repos/{owner}/{repo}/statuses/{sha}")
def create_status(call: Call, shapes: Shapes) -> Reply:
    """Report a status."""
    repository = call.demand("statuses")
    body = call.take({"state": str}, {"context": str, "description": str, "target_url": str})
    if body["state"] not in ("error", "failure", "pending", "success"):
        raise invalid("Status", "custom", "state", "State is not included in the list")
    if repository.git.resolve(call.names["sha"]) is None:
        raise Refused(422, f"No commit found for SHA: {call.names['sha']}")
    assert call.token is not None
    made = Status(
        call.world.next_id(),
        call.names["sha"],
        str(body["state"]),
        str(body.get("context", "default")),
        None if body.get("description") is None else str(body["description"]),
        None if body.get("target_url") is None else str(body["target_url"]),
        call.token.login,
        call.world.now(),
    )
    repository.statuses.append(made)
    return Reply(201, shapes.status(repository, made))


@route("GET", "/repos/{owner}/{repo}/commits/{ref}")
def commit(call: Call, shapes: Shapes) -> Reply:
    """Show a commit."""
    return Reply(200, shapes.commit(call.repository, _sha(call)))


@route("GET", "/search/issues")
def search(call: Call, shapes: Shapes) -> Reply:
    """Search issues and pull requests by the usual qualifiers."""
    words = [part.partition(":") for part in call.query.get("q", "").split()]
    if not words:
        raise Refused(422, "Validation Failed", [{"resource": "Search", "field": "q", "code": "missing"}])
    facts = [(name, value.strip('"')) for name, colon, value in words if colon]
    full = next((value for name, value in facts if name == "repo"), "")
    repository = call.world.repositories.get(full.lower())
    if repository is None:
        raise not_found()
    found = []
    for _, issue in sorted(repository.issues.items(), reverse=True):
        held: Json = {
            "is": {
                "pr" if issue.pull else "issue",
                issue.state,
                "merged" if issue.pull and issue.pull.merged_at else "unmerged",
            },
            "type": {"pr" if issue.pull else "issue"},
            "state": {issue.state},
            "label": set(issue.labels),
            "author": {issue.author},
            "head": {issue.pull.head if issue.pull else ""},
            "repo": {full},
        }
        if all(value in held.get(name, ()) for name, value in facts):  # type: ignore[operator]
            found.append(issue)
    reply = call.page([shapes.issue(repository, issue) for issue in found])
    reply.body = {"total_count": len(found), "incomplete_results": False, "items": reply.body}
    return reply
