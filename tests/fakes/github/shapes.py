"""JSON as GitHub shows things."""

from __future__ import annotations

from datetime import datetime

from tests.fakes.github.answers import Json
from tests.fakes.github.world import (
    ROLES,
    CheckRun,
    Comment,
    Issue,
    Label,
    Pull,
    Repository,
    Review,
    Status,
    Token,
    World,
)


def when(moment: datetime | None) -> str | None:
    """Write a time as GitHub does."""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Shapes:
    """Show what the world holds below one base URL of the API."""

    def __init__(self, world: World, api: str, web: str) -> None:
        self.world, self.api, self.web = world, api, web

    def user(self, login: str | None) -> Json | None:
        """Show somebody, briefly."""
        if login is None:
            return None
        user = self.world.add_user(login)
        return {
            "login": user.login,
            "id": user.id,
            "node_id": f"U_{user.id}",
            "type": user.type,
            "url": f"{self.api}/users/{user.login}",
            "html_url": f"{self.web}/{user.login}",
            "site_admin": False,
        }

    def repository(self, repository: Repository, token: Token | None) -> Json:
        """Show a repository, with the caller's rights where it has any."""
        url = f"{self.api}/repos/{repository.full_name}"
        shown: Json = {
            "id": repository.id,
            "node_id": f"R_{repository.id}",
            "name": repository.name,
            "full_name": repository.full_name,
            "private": repository.private,
            "visibility": "private" if repository.private else "public",
            "owner": self.user(repository.owner),
            "html_url": f"{self.web}/{repository.full_name}",
            "url": url,
            "clone_url": f"{self.web}/{repository.full_name}.git",
            "default_branch": repository.default_branch,
            "archived": repository.archived,
            "disabled": False,
            "fork": False,
            "has_issues": True,
            "open_issues_count": sum(issue.state == "open" for issue in repository.issues.values()),
            "pulls_url": f"{url}/pulls{{/number}}",
            "labels_url": f"{url}/labels{{/name}}",
            "issues_url": f"{url}/issues{{/number}}",
        }
        if token is not None and token.installation is None:
            held = ROLES.index(repository.roles.get(token.login, "read"))
            shown["permissions"] = {
                name: held >= ROLES.index(role)
                for name, role in (
                    ("admin", "admin"),
                    ("maintain", "maintain"),
                    ("push", "write"),
                    ("triage", "triage"),
                    ("pull", "read"),
                )
            }
        return shown

    def label(self, repository: Repository, label: Label) -> Json:
        """Show a label."""
        return {
            "id": label.id,
            "node_id": f"LA_{label.id}",
            "url": f"{self.api}/repos/{repository.full_name}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def labels(self, repository: Repository, names: list[str]) -> list[object]:
        """Show labels by name."""
        return [self.label(repository, repository.labels[name]) for name in names]

    def issue(self, repository: Repository, issue: Issue) -> Json:
        """Show an issue, or the issue side of a pull request."""
        url = f"{self.api}/repos/{repository.full_name}/issues/{issue.number}"
        kind = "pull" if issue.pull else "issues"
        shown: Json = {
            "id": issue.id,
            "node_id": f"I_{issue.id}",
            "url": url,
            "repository_url": f"{self.api}/repos/{repository.full_name}",
            "comments_url": f"{url}/comments",
            "html_url": f"{self.web}/{repository.full_name}/{kind}/{issue.number}",
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.author),
            "state": issue.state,
            "state_reason": issue.state_reason,
            "locked": issue.locked,
            "labels": self.labels(repository, issue.labels),
            "assignees": [self.user(login) for login in issue.assignees],
            "comments": len(issue.comments),
            "created_at": when(issue.created_at),
            "updated_at": when(issue.updated_at),
            "closed_at": when(issue.closed_at),
            "closed_by": self.user(issue.closed_by),
            "author_association": self.world.association(repository, issue.author),
        }
        if issue.pull is not None:
            pulls = f"{self.api}/repos/{repository.full_name}/pulls/{issue.number}"
            shown["pull_request"] = {
                "url": pulls,
                "html_url": shown["html_url"],
                "merged_at": when(issue.pull.merged_at),
            }
        return shown

    def pull(self, repository: Repository, issue: Issue, *, whole: bool = False) -> Json:
        """Show a pull request; a list shows less of it than asking for the one."""
        pull = issue.pull
        assert pull is not None, f"#{issue.number} is no pull request"
        url = f"{self.api}/repos/{repository.full_name}/pulls/{issue.number}"
        shown: Json = {
            "id": issue.id,
            "node_id": f"PR_{issue.id}",
            "url": url,
            "html_url": f"{self.web}/{repository.full_name}/pull/{issue.number}",
            "issue_url": f"{self.api}/repos/{repository.full_name}/issues/{issue.number}",
            "number": issue.number,
            "state": issue.state,
            "locked": issue.locked,
            "title": issue.title,
            "body": issue.body,
            "user": self.user(issue.author),
            "labels": self.labels(repository, issue.labels),
            "assignees": [self.user(login) for login in issue.assignees],
            "requested_reviewers": [self.user(login) for login in pull.reviewers],
            "draft": pull.draft,
            "created_at": when(issue.created_at),
            "updated_at": when(issue.updated_at),
            "closed_at": when(issue.closed_at),
            "merged_at": when(pull.merged_at),
            "merge_commit_sha": pull.merge_commit,
            "head": self._side(repository, pull.head, pull.head_sha),
            "base": self._side(repository, pull.base, pull.base_sha),
            "author_association": self.world.association(repository, issue.author),
            "auto_merge": None,
        }
        if whole:
            shown |= self._whole(repository, issue, pull)
        return shown

    def comment(self, repository: Repository, comment: Comment) -> Json:
        """Show what somebody said."""
        owner = f"{self.api}/repos/{repository.full_name}"
        shown: Json = {
            "id": comment.id,
            "node_id": f"IC_{comment.id}",
            "user": self.user(comment.author),
            "body": comment.body,
            "created_at": when(comment.created_at),
            "updated_at": when(comment.updated_at),
            "author_association": comment.association,
        }
        kind = "pull" if repository.issues[comment.issue].pull else "issues"
        page = f"{self.web}/{repository.full_name}/{kind}/{comment.issue}"
        if comment.path is None:
            shown |= {
                "url": f"{owner}/issues/comments/{comment.id}",
                "html_url": f"{page}#issuecomment-{comment.id}",
                "issue_url": f"{owner}/issues/{comment.issue}",
            }
            return shown
        return shown | {
            "url": f"{owner}/pulls/comments/{comment.id}",
            "html_url": f"{page}#discussion_r{comment.id}",
            "pull_request_url": f"{owner}/pulls/{comment.issue}",
            "pull_request_review_id": comment.review,
            "path": comment.path,
            "line": comment.line,
            "original_line": comment.line,
            "side": "RIGHT",
            "diff_hunk": "@@ -1 +1 @@",
            "commit_id": comment.commit,
            "original_commit_id": comment.commit,
            "in_reply_to_id": comment.reply_to,
        }

    def review(self, repository: Repository, number: int, review: Review) -> Json:
        """Show a judgement."""
        return {
            "id": review.id,
            "node_id": f"PRR_{review.id}",
            "user": self.user(review.author),
            "body": review.body,
            "state": review.state,
            "html_url": f"{self.web}/{repository.full_name}/pull/{number}#pullrequestreview-{review.id}",
            "pull_request_url": f"{self.api}/repos/{repository.full_name}/pulls/{number}",
            "submitted_at": when(review.submitted_at),
            "commit_id": review.commit,
            "author_association": self.world.association(repository, review.author),
        }

    def check_run(self, repository: Repository, run: CheckRun) -> Json:
        """Show a check."""
        return {
            "id": run.id,
            "node_id": f"CR_{run.id}",
            "head_sha": run.head_sha,
            "name": run.name,
            "status": run.status,
            "conclusion": run.conclusion,
            "started_at": when(run.started_at),
            "completed_at": when(run.completed_at),
            "details_url": run.details_url,
            "html_url": f"{self.web}/{repository.full_name}/runs/{run.id}",
            "url": f"{self.api}/repos/{repository.full_name}/check-runs/{run.id}",
            "output": {
                "title": run.title,
                "summary": run.summary,
                "text": None,
                "annotations_count": 0,
                "annotations_url": "",
            },
            "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"},
            "check_suite": {"id": run.id + 1},
            "pull_requests": [],
        }

    def status(self, repository: Repository, status: Status) -> Json:
        """Show a commit status."""
        return {
            "id": status.id,
            "node_id": f"SC_{status.id}",
            "state": status.state,
            "context": status.context,
            "description": status.description,
            "target_url": status.target_url,
            "creator": self.user(status.author),
            "created_at": when(status.created_at),
            "updated_at": when(status.created_at),
            "url": f"{self.api}/repos/{repository.full_name}/statuses/{status.sha}",
        }

    def commit(self, repository: Repository, sha: str) -> Json:
        """Show a commit."""
        parts = repository.git.run("show", "-s", "--format=%T%n%P%n%an%n%ae%n%aI%n%B", sha).split("\n", 5)
        tree, parents, name, mail, moment, message = (*parts, "")[:6]
        who = {"name": name, "email": mail, "date": moment}
        url = f"{self.api}/repos/{repository.full_name}/commits"
        return {
            "sha": sha,
            "node_id": f"C_{sha}",
            "url": f"{url}/{sha}",
            "html_url": f"{self.web}/{repository.full_name}/commit/{sha}",
            "commit": {"message": message.strip(), "author": who, "committer": who, "tree": {"sha": tree}},
            "author": None,
            "committer": None,
            "parents": [{"sha": parent, "url": f"{url}/{parent}"} for parent in parents.split()],
        }

    def file(
        self, repository: Repository, base: str, head: str, entry: tuple[str, str, int, int, str]
    ) -> Json:
        """Show one changed file of a pull request."""
        status, path, added, removed, blob = entry
        return {
            "sha": blob,
            "filename": path,
            "status": status,
            "additions": added,
            "deletions": removed,
            "changes": added + removed,
            "patch": repository.git.patch(base, head, path),
            "contents_url": f"{self.api}/repos/{repository.full_name}/contents/{path}?ref={head}",
        }

    def _side(self, repository: Repository, ref: str, sha: str) -> Json:
        return {
            "label": f"{repository.owner}:{ref}",
            "ref": ref,
            "sha": sha,
            "user": self.user(repository.owner),
            "repo": self.repository(repository, None),
        }

    def _whole(self, repository: Repository, issue: Issue, pull: Pull) -> Json:
        git = repository.git
        base = git.heads().get(pull.base, pull.base_sha)
        known = git.resolve(pull.head_sha) is not None
        files = git.files(pull.base_sha, pull.head_sha) if known else []
        mergeable = git.merges_cleanly(base, pull.head_sha) if known and issue.state == "open" else None
        state = "unknown" if mergeable is None else "dirty" if not mergeable else "clean"
        return {
            "merged": pull.merged_at is not None,
            "mergeable": mergeable,
            "mergeable_state": "draft" if pull.draft and mergeable else state,
            "merged_by": self.user(pull.merged_by),
            "comments": len(issue.comments),
            "review_comments": len(pull.comments),
            "maintainer_can_modify": False,
            "commits": len(git.commits(pull.base_sha, pull.head_sha)) if known else 1,
            "additions": sum(file[2] for file in files),
            "deletions": sum(file[3] for file in files),
            "changed_files": len(files),
        }
