"""Branches, refs, commits and what differs between them."""

from __future__ import annotations

from tests.fakes.github.answers import Call, Json, Refused, Reply, not_found
from tests.fakes.github.routes.table import route
from tests.fakes.github.shapes import Shapes
from tests.fakes.github.world import Repository


@route("GET", "/repos/{owner}/{repo}/branches/{branch+}/protection")
def protection(call: Call, shapes: Shapes) -> Reply:
    """Show the protection of a branch, to its admins."""
    repository = call.demand("administration", "read", "admin")
    branch = call.names["branch"]
    if branch not in repository.git.heads():
        raise Refused(404, "Branch not found")
    if branch not in repository.protected:
        raise Refused(404, "Branch not protected")
    return Reply(200, repository.protected[branch])


@route("GET", "/repos/{owner}/{repo}/rules/branches/{branch+}")
def rules(call: Call, shapes: Shapes) -> Reply:
    """List the rules of rulesets that hold for a branch."""
    return call.page(list(call.repository.rules.get(call.names["branch"], [])))


@route("GET", "/repos/{owner}/{repo}/branches")
def branches(call: Call, shapes: Shapes) -> Reply:
    """List branches."""
    repository = call.repository
    only = call.query.get("protected")
    names = [
        name
        for name in sorted(repository.git.heads())
        if only is None or (name in repository.protected) == (only == "true")
    ]
    return call.page([_branch(repository, name, shapes, brief=True) for name in names])


@route("GET", "/repos/{owner}/{repo}/branches/{branch+}")
def branch(call: Call, shapes: Shapes) -> Reply:
    """Show a branch."""
    repository = call.repository
    if call.names["branch"] not in repository.git.heads():
        raise Refused(404, "Branch not found")
    return Reply(200, _branch(repository, call.names["branch"], shapes, brief=False))


@route("GET", "/repos/{owner}/{repo}/git/ref/{ref+}")
def ref(call: Call, shapes: Shapes) -> Reply:
    """Show one ref."""
    repository, name = call.repository, call.names["ref"].removeprefix("heads/")
    heads = repository.git.heads()
    if name not in heads:
        raise not_found()
    return Reply(200, _ref(repository, name, heads[name], shapes))


@route("GET", "/repos/{owner}/{repo}/git/matching-refs/{ref+}")
def matching_refs(call: Call, shapes: Shapes) -> Reply:
    """List the refs that begin so."""
    repository, beginning = call.repository, call.names["ref"].removeprefix("heads/")
    heads = repository.git.heads()
    return call.page(
        [
            _ref(repository, name, sha, shapes)
            for name, sha in sorted(heads.items())
            if name.startswith(beginning)
        ]
    )


@route("POST", "/repos/{owner}/{repo}/git/refs")
def create_ref(call: Call, shapes: Shapes) -> Reply:
    """Make a ref."""
    repository = call.demand("contents")
    body = call.take({"ref": str, "sha": str})
    name, sha = str(body["ref"]), str(body["sha"])
    if not name.startswith("refs/heads/"):
        raise Refused(422, "Reference name must start with 'refs/'.")
    if repository.git.resolve(sha) is None:
        raise Refused(422, "Object does not exist")
    branch_name = name.removeprefix("refs/heads/")
    if branch_name in repository.git.heads():
        raise Refused(422, "Reference already exists")
    repository.git.run("update-ref", name, sha, "")
    return Reply(201, _ref(repository, branch_name, sha, shapes))


@route("PATCH", "/repos/{owner}/{repo}/git/refs/{ref+}")
def update_ref(call: Call, shapes: Shapes) -> Reply:
    """Move a ref; backwards only by force."""
    repository = call.demand("contents")
    body = call.take({"sha": str}, {"force": bool})
    name, sha = call.names["ref"].removeprefix("heads/"), str(body["sha"])
    heads = repository.git.heads()
    if name not in heads:
        raise Refused(422, "Reference does not exist")
    if repository.git.resolve(sha) is None:
        raise Refused(422, "Object does not exist")
    if repository.git.merge_base(heads[name], sha) != heads[name] and not body.get("force"):
        raise Refused(422, "Update is not a fast forward")
    repository.git.run("update-ref", f"refs/heads/{name}", sha, heads[name])
    return Reply(200, _ref(repository, name, sha, shapes))


@route("DELETE", "/repos/{owner}/{repo}/git/refs/{ref+}")
def delete_ref(call: Call, shapes: Shapes) -> Reply:
    """Delete a ref."""
    repository = call.demand("contents")
    name = call.names["ref"].removeprefix("heads/")
    if name not in repository.git.heads():
        raise Refused(422, "Reference does not exist")
    repository.git.run("update-ref", "-d", f"refs/heads/{name}")
    call.world.follow(repository)
    return Reply(204)


@route("GET", "/repos/{owner}/{repo}/compare/{basehead+}")
def compare(call: Call, shapes: Shapes) -> Reply:
    """Compare two commits."""
    repository = call.repository
    base_name, _, head_name = call.names["basehead"].partition("...")
    base, head = repository.git.resolve(base_name), repository.git.resolve(head_name)
    if base is None or head is None:
        raise not_found()
    start = repository.git.merge_base(base, head)
    if start is None:
        raise Refused(404, f"No common ancestor between {base_name} and {head_name}.")
    ahead, behind = repository.git.commits(base, head), repository.git.commits(head, base)
    status = (
        "identical" if base == head else "diverged" if ahead and behind else "ahead" if ahead else "behind"
    )
    return Reply(
        200,
        {
            "status": status,
            "ahead_by": len(ahead),
            "behind_by": len(behind),
            "total_commits": len(ahead),
            "base_commit": shapes.commit(repository, base),
            "merge_base_commit": shapes.commit(repository, start),
            "commits": [shapes.commit(repository, sha) for sha in ahead[:250]],
            "files": [
                shapes.file(repository, base, head, entry) for entry in repository.git.files(base, head)
            ],
        },
    )


def _branch(repository: Repository, name: str, shapes: Shapes, *, brief: bool) -> Json:
    sha = repository.git.heads()[name]
    commit = (
        {"sha": sha, "url": f"{shapes.api}/repos/{repository.full_name}/commits/{sha}"}
        if brief
        else shapes.commit(repository, sha)
    )
    shown: Json = {"name": name, "commit": commit, "protected": name in repository.protected}
    if not brief:
        shown["protection_url"] = f"{shapes.api}/repos/{repository.full_name}/branches/{name}/protection"
    return shown


def _ref(repository: Repository, name: str, sha: str, shapes: Shapes) -> Json:
    url = f"{shapes.api}/repos/{repository.full_name}/git"
    return {
        "ref": f"refs/heads/{name}",
        "node_id": f"REF_{name}",
        "url": f"{url}/refs/heads/{name}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }
