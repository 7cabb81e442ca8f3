"""Another repository over HTTP: look, push one branch, fetch one; the secret is in no argument, variable, file or log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from fresh.adapters.gitting.git import LONG, Ended, Git
from fresh.domain.quoting import line
from fresh.errors import ForgeRefused, ForgeUnclear, OperatorMistake, Refusal

SLOW = 600.0
"""Seconds for a push; a fetch may carry a whole history."""

_DENIED = (
    "returned error: 401",
    "returned error: 403",
    "denied",
    "Authentication failed",
    "could not read Username",
    "not granted",
)
_MISSING = ("not found", "returned error: 404", "does not appear to be a git repository")


@dataclass(frozen=True)
class Remote:
    """One repository at `url`; `authorize` gives the Authorization header, or nothing where anybody may read."""

    url: str
    authorize: Callable[[], str | None]
    may_be_plain: bool = False

    def heads(self, git: Git, beginning: str = "") -> dict[str, str]:
        """Read where its branches point, those whose names begin so. Raises ForgeRefused, ForgeUnclear."""
        ended = self._run(git, "look at the branches", ("ls-remote", "--heads", "--refs", self.url))
        lines = os.fsdecode(ended.output).splitlines()
        found = {ref.removeprefix("refs/heads/"): sha for sha, ref in (row.split("\t", 1) for row in lines)}
        return {name: sha for name, sha in found.items() if name.startswith(beginning)}

    def default_branch(self, git: Git) -> str | None:
        """Read which branch its HEAD is; None for an empty repository."""
        ended = self._run(git, "look at HEAD", ("ls-remote", "--symref", self.url, "HEAD"))
        for row in os.fsdecode(ended.output).splitlines():
            if row.startswith("ref: refs/heads/"):
                return row.removeprefix("ref: refs/heads/").split("\t")[0]
        return None

    def fetch(self, git: Git, branch: str, ref: str, *, depth: int | None = None) -> str:
        """Bring a branch in under a ref of ours; return its commit. Raises ForgeRefused, ForgeUnclear."""
        words = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
        words += [] if depth is None else [f"--depth={depth}"]
        self._run(git, f"fetch {branch}", (*words, self.url, f"+refs/heads/{branch}:{ref}"), LONG)
        return git.run("rev-parse", "--verify", ref).decode().strip()

    def push(self, git: Git, commit: str, branch: str, expected: str | None, *, dry: bool = False) -> None:
        """Point its branch at a commit, if it is absent (`expected` None) or still points at `expected`.

        Nobody's commit is ever lost: what moved meanwhile is refused. Raises Refusal, ForgeRefused, ForgeUnclear.
        """
        words = ["push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags"]
        words += ["--recurse-submodules=no", f"--force-with-lease=refs/heads/{branch}:{expected or ''}"]
        words += ["--dry-run"] if dry else []
        ended = self._ask(git, (*words, self.url, f"{commit}:refs/heads/{branch}"), SLOW)
        if ended.code == 0:
            return
        told = os.fsdecode(ended.output)
        if "(stale info)" in told or "(fetch first)" in told or "already exists" in told:
            raise Refusal(
                f"Branch {branch!r} at {self.url} was moved by somebody else, and nothing of theirs is overwritten.",
                hint=f"Look at it: git fetch {self.url} {branch}",
            )
        if "[remote rejected]" in told:
            raise ForgeRefused(
                f"GitHub refused branch {branch!r}: {line(told + ended.complaint)[-400:].rstrip('.')}.",
                status=403,
                hint="A rule protects branches of this name; let the token's owner make autonomous/* branches.",
            )
        raise self._failure(f"push branch {branch!r}", ended)

    def _run(self, git: Git, what: str, words: tuple[str, ...], seconds: float = SLOW) -> Ended:
        ended = self._ask(git, words, seconds)
        if ended.code != 0:
            raise self._failure(what, ended)
        return ended

    def _ask(self, git: Git, words: tuple[str, ...], seconds: float) -> Ended:
        scheme = urlsplit(self.url).scheme
        if scheme != "https" and not (scheme == "http" and self.may_be_plain):
            raise OperatorMistake(
                f"{self.url} is not https, and a token would travel in clear.",
                hint="Use an https address; http is for a server on this machine, or named by GITHUB_API_URL.",
            )
        with self._configured() as secret:
            # The file is in memory and has no name; git and its children inherit it open.
            include = ("-c", f"include.path=/proc/self/fd/{secret}")
            return git.ask(
                *include, *words, environment=self._environment(scheme), seconds=seconds, locks=(secret,)
            )

    def _environment(self, scheme: str) -> dict[str, str]:
        names = ("NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
        given = {name: os.environ[name] for name in names if name in os.environ}
        return {**given, "GIT_ALLOW_PROTOCOL": "http:https" if scheme == "http" else "https"}

    @contextmanager
    def _configured(self) -> Iterator[int]:
        """Keep the configuration with the secret in a nameless file for as long as the context is open."""
        rows = [
            "[http]",
            "\tfollowRedirects = false",
            "\tlowSpeedLimit = 100",
            "\tlowSpeedTime = 120",
            "[push]",
            "\tuseForceIfIncludes = false",
        ]
        proxy = next(
            (
                os.environ[name]
                for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")
                if os.environ.get(name)
            ),
            None,
        )
        if proxy is not None and urlsplit(self.url).scheme == "https":
            rows += ["[http]", f"\tproxy = {_value(proxy)}"]
        bundle = os.environ.get("GIT_SSL_CAINFO") or os.environ.get("REQUESTS_CA_BUNDLE")
        if bundle:
            rows += ["[http]", f"\tsslCAInfo = {_value(bundle)}"]
        header = self.authorize()
        if header is not None:
            parts = urlsplit(self.url)
            rows += [f'[http "{parts.scheme}://{parts.netloc}/"]']
            rows += [f"\textraHeader = {_value(f'Authorization: {header}')}"]
        with open(os.memfd_create("configuration"), "w+b") as file:
            file.write("".join(f"{row}\n" for row in rows).encode())
            file.flush()
            yield file.fileno()

    def _failure(self, what: str, ended: Ended) -> ForgeRefused | ForgeUnclear:
        said = line(ended.complaint)[-300:].rstrip(".") or f"git ended with {ended.code}"
        if any(word in ended.complaint for word in _DENIED):
            return ForgeRefused(
                f"GitHub did not let this token {what}: {said}.",
                status=403,
                hint="The token needs Contents: write on this repository; see: fresh doctor",
            )
        if any(word in ended.complaint for word in _MISSING):
            return ForgeRefused(
                f"GitHub has no {self.url} for this token: {said}.",
                status=404,
                hint="Is the name right, and may the token see the repository? See: fresh doctor",
            )
        return ForgeUnclear(f"git could not {what} at {self.url}: {said}.", hint="Is the network there?")


def _value(text: str) -> str:
    """Write a value so that git's configuration reads it as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
