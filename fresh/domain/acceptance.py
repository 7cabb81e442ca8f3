"""What people made of earlier autonomous pull requests: how often they merge which kind and where, and which ideas
they turned down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field

from fresh.domain.feature import Feature, Kind
from fresh.domain.value import Value

PRIOR = 4
"""How many pull requests the rate over all kinds counts for, beside those of one kind or area."""
UNKNOWN_RATE = 0.5


class Tally(Value):
    """How past autonomous pull requests ended; open ones do not count."""

    merged: int = 0
    rejected: int = Field(default=0, description="closed without a merge")

    @property
    def closed(self) -> int:
        """All that ended."""
        return self.merged + self.rejected

    def plus(self, *, merged: bool) -> Tally:
        """Count one more."""
        return Tally(merged=self.merged + merged, rejected=self.rejected + (not merged))


class Ending(Value):
    """How one autonomous pull request ended. `code` is `Feature.code` of the commit that it was made on."""

    feature: str
    kind: Kind
    area: str
    merged: bool
    code: str = ""
    where: str = Field(
        default="", description="what a person can look up, such as the pull request's address"
    )
    why: str = Field(default="", description="what a person said when turning it down")


class RejectedIdea(Value):
    """A feature and a kind that people turned down, and the code that it was about."""

    feature: str
    kind: Kind
    code: str = ""
    where: str = ""
    why: str = ""

    def told(self) -> str:
        """Say so in one sentence without its end."""
        place = f" in {self.where}" if self.where else ""
        words = f" ({self.why})" if self.why else ""
        return f"this was turned down{place}{words}, and its code has not changed since"


class Acceptance(Value):
    """What a repository's people accept. Without any history every kind and area counts the same."""

    kinds: Mapping[Kind, Tally] = Field(default_factory=dict)
    areas: Mapping[str, Tally] = Field(default_factory=dict)
    rejected: tuple[RejectedIdea, ...] = ()

    @property
    def rate(self) -> float:
        """Give the rate over all kinds; what was never merged keeps a chance that shrinks with every rejection.

        Without that chance ten rejections of one kind would make all kinds worth nothing, and their order chance.
        """
        closed = sum(tally.closed for tally in self.kinds.values())
        merged = sum(tally.merged for tally in self.kinds.values())
        if not closed:
            return UNKNOWN_RATE
        return merged / closed if merged else 1 / (closed + 2)

    def of_kind(self, kind: Kind) -> float:
        """Estimate how likely a pull request of this kind is merged, drawn to the rate over all kinds."""
        return self._drawn(self.kinds.get(kind, Tally()))

    def of_area(self, area: str) -> float:
        """Say how much more, or less, is merged in an area than in all of them; 1 where nothing is known."""
        return self._drawn(self.areas.get(area, Tally())) / self.rate

    def factor(self, kind: Kind, area: str) -> float:
        """Estimate how likely a pull request of this kind in this area is merged: the kind's rate, moved by the area's."""
        return min(1.0, self.of_kind(kind) * self.of_area(area))

    def rejection(self, feature: Feature, kind: Kind) -> RejectedIdea | None:
        """Find why an idea must not come up again: people turned it down, and the code is still the same."""
        for idea in self.rejected:
            if (idea.feature, idea.kind, idea.code) == (feature.key, kind, feature.code):
                return idea
        return None

    def _drawn(self, tally: Tally) -> float:
        return (tally.merged + PRIOR * self.rate) / (tally.closed + PRIOR)


NEUTRAL = Acceptance()


def area_of(feature: Feature) -> str:
    """Name the part of the codebase that a feature belongs to: its package, at most two names deep."""
    package = feature.module if feature.path.endswith("/__init__.py") else feature.module.rpartition(".")[0]
    return ".".join(package.split(".")[:2]) or feature.module


def learned_from(endings: Iterable[Ending]) -> Acceptance:
    """Sum up how pull requests ended, the oldest first; an idea that was merged later is not rejected any more."""
    kinds: dict[Kind, Tally] = {}
    areas: dict[str, Tally] = {}
    rejected: dict[tuple[str, Kind], dict[str, RejectedIdea]] = {}
    for each in endings:
        kinds[each.kind] = kinds.get(each.kind, Tally()).plus(merged=each.merged)
        if not each.feature:
            # Another machine's journal knows what that was about: here it says something of its kind alone.
            continue
        areas[each.area] = areas.get(each.area, Tally()).plus(merged=each.merged)
        key = (each.feature, each.kind)
        if each.merged:
            rejected.pop(key, None)
        else:
            idea = RejectedIdea(
                feature=each.feature, kind=each.kind, code=each.code, where=each.where, why=each.why
            )
            rejected.setdefault(key, {})[each.code] = idea
    ideas = [idea for versions in rejected.values() for idea in versions.values()]
    return Acceptance(kinds=kinds, areas=areas, rejected=tuple(ideas))
