"""One change on its way to a labelled pull request: every step looks first how far an earlier try came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fresh.adapters.githubbing import pulls
from fresh.adapters.githubbing.places import Place
from fresh.adapters.githubbing.pulls import LABEL, Pull
from fresh.adapters.gitting.mirror import Mirror
from fresh.domain.marker import author_of, marked, with_page
from fresh.domain.publication import Publication
from fresh.errors import ForgeRefused, ForgeUnclear, Refusal


@dataclass(frozen=True)
class Offer:
    """What is to be published: a commit on a branch of ours, with a page of one agent about it."""

    agent_id: str
    run_id: str
    branch: str
    base: str
    commit: str
    title: str
    page: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publishing:
    """Publish an offer; `onto` chooses the branch that a new pull request is against."""

    place: Place
    mirror: Mirror
    offer: Offer
    onto: Callable[[], str]

    def once(self) -> Publication:
        """Do what is left to do. Raises Refusal, ForgeRefused, ForgeUnclear; after any of them it may be done again."""
        known = pulls.of_branch(self.place.hub, self.offer.branch)
        there = self._there()
        standing = next((pull for pull in known if pull.state == "open"), None)
        if standing is None and known:
            return self._over(known[0], there)
        note = self._push(there, standing)
        return self._finish(standing or self._open(), note)

    def _there(self) -> str | None:
        """Look where the branch is at GitHub."""
        return self.place.remote.heads(self.mirror.git, self.offer.branch).get(self.offer.branch)

    def _push(self, there: str | None, standing: Pull | None) -> str:
        """Bring the branch to the commit; return what people should know. Raises Refusal when it is somebody else's."""
        offer = self.offer
        if there == offer.commit:
            return ""
        if there is None or there == offer.base or there in self.mirror.all_kept():
            try:
                self.place.remote.push(self.mirror.git, offer.commit, offer.branch, there)
            except (Refusal, ForgeRefused, ForgeUnclear):
                # Of two that push the same at once one is refused, and a reply may be lost: where it is now counts.
                if self._there() != offer.commit:
                    raise
            return ""
        if standing is not None and self._contains(there):
            return f"Somebody has pushed to {offer.branch} since."
        where = f", where pull request #{standing.number} is open" if standing is not None else ""
        raise Refusal(
            f"Branch {offer.branch} at GitHub was moved by somebody else to {there[:12]}{where}; nothing is pushed over it.",
            hint=f"Keep theirs under another name, delete {offer.branch} at GitHub, and resume the run.",
        )

    def _open(self) -> Pull:
        try:
            return pulls.create(
                self.place.hub,
                title=self.offer.title,
                body=self._page,
                head=self.offer.branch,
                base=self.onto(),
            )
        except ForgeRefused as refused:
            if refused.status == 422 and pulls.EXISTS in refused.message.lower():
                # It was opened a moment ago, by a try whose reply was lost, and the list does not show it yet.
                raise ForgeUnclear(refused.message, hint=refused.hint) from refused
            raise

    def _finish(self, pull: Pull, note: str) -> Publication:
        """Bring text and labels up to date; what people wrote around our text stays."""
        if author_of(pull.body) is not None:
            body = with_page(pull.body, self._page)
            if body.strip() != (pull.body or "").replace("\r\n", "\n").strip():
                pulls.edit(self.place.hub, pull.number, body)
        elif pull.body is None or not pull.body.strip():
            pulls.edit(self.place.hub, pull.number, self._page)
        else:
            who = pull.user.login if pull.user is not None else "somebody"
            note = f"{note} #{pull.number} was opened by {who}; its text was left as it is.".strip()
        self._label(pull)
        return Publication(address=self._address(pull), number=pull.number, note=note)

    def _label(self, pull: Pull) -> None:
        wanted = (LABEL, *self.offer.labels)
        if all(name.lower() in pull.label_names for name in wanted):
            return
        try:
            pulls.ensure_label(self.place.hub, LABEL)
            there = pulls.add_labels(self.place.hub, pull.number, (LABEL, *self._further_labels()))
        except ForgeRefused as refused:
            if refused.retryable:
                raise
            raise ForgeRefused(
                f"{refused.message} Pull request #{pull.number} is open without it: {self._address(pull)}",
                status=refused.status,
                hint=refused.hint,
            ) from refused
        if LABEL not in there:
            raise ForgeUnclear(
                f"Pull request #{pull.number} does not bear the label {LABEL} that was added to it."
            )

    def _further_labels(self) -> tuple[str, ...]:
        """Make the labels of the kind; where the token may make none, the one that counts must do alone."""
        there = []
        for name in self.offer.labels:
            try:
                pulls.ensure_label(self.place.hub, name)
            except ForgeRefused as refused:
                if refused.retryable:
                    raise
                continue
            there.append(name)
        return tuple(there)

    def _over(self, pull: Pull, there: str | None) -> Publication:
        """Say that the branch's pull request is closed or merged; it is neither reopened nor opened again."""
        end = "merged" if pull.merged_at is not None else "closed"
        commit = self.offer.commit
        if commit in (pull.head.sha, there) or (there is not None and self._contains(there)):
            note = f"#{pull.number} was {end} already; it is not opened again."
            return Publication(address=self._address(pull), number=pull.number, note=note)
        raise Refusal(
            f"Pull request #{pull.number} of {self.offer.branch} was {end} with another commit, "
            f"{pull.head.sha[:12]}; it is not opened again.",
            hint="Its branch is kept; open a pull request by hand if you want it.",
        )

    def _contains(self, there: str) -> bool:
        """Say whether what is at GitHub holds our commit; a commit that GitHub never had is held by nothing."""
        try:
            return pulls.comparison(self.place.hub, self.offer.commit, there) in ("ahead", "identical")
        except ForgeRefused as refused:
            if refused.status in (404, 422):
                return False
            raise

    @property
    def _page(self) -> str:
        return marked(self.offer.page, self.offer.agent_id, self.offer.run_id)

    def _address(self, pull: Pull) -> str:
        fallback = f"{self.place.hub.address.url.removesuffix('.git')}/pull/{pull.number}"
        return pull.html_url or fallback
