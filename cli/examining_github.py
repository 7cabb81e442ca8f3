"""What `fresh doctor` tries at GitHub: the remote, the token, a push by dry run, the base, its protection, the label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.asking_git import ask_git
from cli.examining import Finding, Mark
from cli.place import Place
from fresh.domain.identity import OURS
from fresh.errors import ForgeRefused, ForgeUnclear, FreshError, OperatorMistake, Refusal
from fresh.settings import Settings

if TYPE_CHECKING:
    from fresh.adapters.githubbing.places import Place as Spot
    from fresh.adapters.githubbing.places import Places

PROBE = f"{OURS}doctor-dry-run"
NEW_TOKEN = (
    "make a fine-grained token for this repository with Contents, Pull requests and Issues: write, or a classic one "
    "with the scope repo: https://github.com/settings/tokens"
)


def examine_github(place: Place, settings: Settings) -> Iterator[Finding]:
    """Try what publishing needs; without a remote or token, pull requests are pages and nothing is missing."""
    from fresh.adapters.githubbing.places import Places
    from fresh.wiring import github_install

    try:
        places = Places(place.repository, place.home, github_install(settings), _NoMemory())
        if places.address is None:
            fix = "export GITHUB_TOKEN=..." if not places.install.credentials.are_there else ""
            yield Finding("GitHub", Mark.OPTIONAL, places.why_none.rstrip("."), fix)
            return
        spot = places.place()
    except FreshError as trouble:
        yield Finding("GitHub", Mark.MISSING, trouble.message.rstrip("."), trouble.hint or NEW_TOKEN)
        return
    yield Finding("GitHub", Mark.OK, f"{spot.facts.full_name} at {spot.hub.address.host}")
    for name, act in (
        ("GitHub token", _rights),
        ("GitHub push", _push),
        ("GitHub base", _base),
        ("GitHub branch protection", _protection),
        ("GitHub label", _label),
    ):
        yield _tried(name, act, _Examined(place, places, spot))


@dataclass(frozen=True)
class _Examined:
    place: Place
    places: Places
    spot: Spot


class _NoMemory:
    """Remember nothing: the doctor leaves nothing behind."""

    def remember(self, key: str, text: str) -> str:
        return text

    def recall(self, key: str) -> str | None:
        return None


def _tried(name: str, act: Callable[[str, _Examined], Finding], examined: _Examined) -> Finding:
    try:
        return act(name, examined)
    except (ForgeRefused, ForgeUnclear, OperatorMistake, Refusal) as trouble:
        return Finding(name, Mark.MISSING, trouble.message.rstrip("."), trouble.hint or NEW_TOKEN)


def _rights(name: str, examined: _Examined) -> Finding:
    """Read what the token may do: a classic one's scopes, else what GitHub says of its owner."""
    hub, facts = examined.spot.hub, examined.spot.facts
    scopes = hub.ask("read the repository", "GET", "").headers.get("x-oauth-scopes")
    rights = facts.permissions
    if scopes is not None:
        held = {scope.strip() for scope in scopes.split(",") if scope.strip()}
        wanted = {"repo"} if facts.private else {"repo", "public_repo"}
        if not held & wanted:
            fact = (
                f"its scopes are {', '.join(sorted(held)) or 'none'}; it lacks {' or '.join(sorted(wanted))}"
            )
            return Finding(name, Mark.MISSING, fact, NEW_TOKEN)
        kind = f"classic, scopes {', '.join(sorted(held))}"
    else:
        kind = "of an App" if not examined.places.install.credentials.token else "fine-grained"
    if rights is not None and not rights.push:
        fact = f"{kind}; its owner may not write to {facts.full_name}"
        return Finding(name, Mark.MISSING, fact, f"ask an owner of {facts.full_name} for the role Write")
    return Finding(name, Mark.OK, kind)


def _push(name: str, examined: _Examined) -> Finding:
    """Push HEAD by dry run, which asks for everything and changes nothing."""
    head = ask_git(examined.place.repository, "rev-parse", "--verify", "HEAD")
    if head is None:
        return Finding(name, Mark.MISSING, "there is no commit to try with", "git commit")
    examined.spot.remote.push(examined.places.operator_git, head, PROBE, None, dry=True)
    return Finding(name, Mark.OK, f"a dry run may push branches {OURS}*")


def _base(name: str, examined: _Examined) -> Finding:
    """Say whether the commit that agents would start from is at GitHub, and on which branch."""
    from fresh.adapters.githubbing import pulls

    head = ask_git(examined.place.repository, "rev-parse", "--verify", "HEAD") or ""
    heads = examined.spot.remote.heads(examined.places.operator_git)
    there = [branch for branch in examined.places.candidates(examined.spot) if branch in heads]
    for branch in there:
        if heads[branch] == head:
            return Finding(name, Mark.OK, f"{head[:10]} is {branch} at GitHub")
    for branch in there:
        try:
            status = pulls.comparison(examined.spot.hub, head, branch)
        except ForgeRefused as refused:
            if refused.status not in (404, 422):
                raise
            continue
        if status in ("ahead", "identical"):
            return Finding(name, Mark.OK, f"{head[:10]} is on {branch} at GitHub")
    fact = f"commit {head[:10]} is not at GitHub; a pull request would carry commits of yours"
    return Finding(name, Mark.MISSING, fact, "git push")


def _protection(name: str, examined: _Examined) -> Finding:
    from fresh.adapters.githubbing import pulls

    heads = examined.spot.remote.heads(examined.places.operator_git)
    branch = next((one for one in examined.places.candidates(examined.spot) if one in heads), None)
    if branch is None:
        return Finding(name, Mark.OPTIONAL, "there is no base branch at GitHub", "git push")
    if pulls.is_protected(examined.spot.hub, branch):
        return Finding(name, Mark.OK, f"{branch} is protected")
    settings = f"{examined.spot.hub.address.url.removesuffix('.git')}/settings/branches"
    fix = f"require a review before merging: {settings}"
    return Finding(
        name, Mark.OPTIONAL, f"{branch} is not protected: anybody with a token can push to it", fix
    )


def _label(name: str, examined: _Examined) -> Finding:
    from fresh.adapters.githubbing import pulls

    if pulls.has_label(examined.spot.hub, pulls.LABEL):
        return Finding(name, Mark.OK, f"{pulls.LABEL} is there")
    return Finding(name, Mark.OK, f"{pulls.LABEL} will be made with the first pull request")
