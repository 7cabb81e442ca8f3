"""Merge the branches of a run one after the other, and find out which of them break the tests only together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from fresh.domain.agent import AgentReport
from fresh.domain.landing import Integration, Place, Placed, suggest_order
from fresh.ports import Workspace

Try = Callable[[str], tuple[str, ...]]
MOST_TRIES = 16
"""Runs of the whole suite that looking for the branches which break together may cost."""


@dataclass
class Integrator:
    """Merge onto `base`; `newly_failing` runs the suite of a merge, and None means that no tests may run."""

    workspace: Workspace
    base: str
    newly_failing: Try | None
    tries: int = field(default=0, init=False)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)

    def integrate(self, reports: Sequence[AgentReport]) -> Integration:
        """Merge every change in the suggested order; leave out what conflicts, and what breaks the tests beside others."""
        conflicts = self._pairs(reports)
        merged: list[AgentReport] = []
        left: list[Placed] = []
        tip = self.base
        for report in suggest_order(reports, conflicts):
            result = self._merge(tip, report)
            if isinstance(result, str):
                merged.append(report)
                tip = result
            else:
                left.append(self._conflicting(report, merged, conflicts, result))
        merged, broken, fact = self._passing(merged)
        order = (*(_placed(each, Place.MERGES) for each in merged), *broken, *left)
        return Integration(
            base=self.base,
            order=order,
            commit=self._tip(merged) if merged else None,
            tested=self.tries > 0,
            fact=fact,
        )

    def _pairs(self, reports: Sequence[AgentReport]) -> dict[str, dict[str, tuple[str, ...]]]:
        """Find every pair of changes that conflict. Changes without a common path are not merged: they can't conflict."""
        found: dict[str, dict[str, tuple[str, ...]]] = {report.agent_id: {} for report in reports}
        for one, other in combinations(reports, 2):
            if not (_paths(one) & _paths(other)):
                continue
            merged = self.workspace.merge(_commit(one), _commit(other), "Try two changes together")
            if merged.conflicts:
                found[one.agent_id][other.agent_id] = merged.conflicts
                found[other.agent_id][one.agent_id] = merged.conflicts
        return found

    def _conflicting(
        self,
        report: AgentReport,
        merged: Sequence[AgentReport],
        conflicts: Mapping[str, Mapping[str, tuple[str, ...]]],
        paths: tuple[str, ...],
    ) -> Placed:
        partners = [
            each.branch or each.agent_id for each in merged if each.agent_id in conflicts[report.agent_id]
        ]
        against = " and ".join(partners) if partners else f"the base at {self.base[:10]}"
        return _placed(report, Place.CONFLICTS, f"conflicts with {against} in {', '.join(paths[:5])}")

    def _passing(self, merged: list[AgentReport]) -> tuple[list[AgentReport], list[Placed], str]:
        """Take out the changes with which the suite fails, one after the other, until it passes."""
        if not merged:
            return merged, [], "There is nothing to merge."
        if self.newly_failing is None:
            return merged, [], "The tests were not run on the merge: the run was stopped."
        broken: list[Placed] = []
        while merged and (failing := self._failing(merged)):
            culprit = self._first_breaking(merged)
            if culprit is None:
                return (
                    merged,
                    broken,
                    f"Merged together, {_some(failing)} fails; the search was given up after {self.tries} runs.",
                )
            ahead, breaking = merged[:culprit], merged[culprit]
            broken.append(_placed(breaking, Place.BREAKS, self._with_whom(ahead, breaking)))
            merged = [*ahead, *merged[culprit + 1 :]]
        if len(merged) == 1 and not broken:
            return merged, broken, "The tests pass with the only branch merged."
        left = f", without {len(broken)} that break the tests beside others" if broken else ""
        return merged, broken, f"The tests pass on the merge of {len(merged)} branches{left}."

    def _first_breaking(self, merged: Sequence[AgentReport]) -> int | None:
        """Find by halves the first change with which the suite fails; None when the tries are used up."""
        low, high = 0, len(merged) - 1
        while low < high:
            if self.tries >= MOST_TRIES:
                return None
            middle = (low + high) // 2
            if self._failing(merged[: middle + 1]):
                high = middle
            else:
                low = middle + 1
        return low

    def _with_whom(self, ahead: Sequence[AgentReport], breaking: AgentReport) -> str:
        """Say which tests a change breaks, and beside which one of those before it."""
        for other in ahead:
            if self.tries >= MOST_TRIES:
                break
            if failing := self._failing([other, breaking]):
                return f"together with {other.branch}, {_some(failing)} fails"
        failing = self._failing([*ahead, breaking])
        beside = "together with the branches before it" if ahead else f"on the base at {self.base[:10]}"
        return f"{beside}, {_some(failing)} fails"

    def _failing(self, changes: Sequence[AgentReport]) -> tuple[str, ...]:
        assert self.newly_failing is not None
        tip = self._tip(changes)
        if tip not in self._known:
            self.tries += 1
            self._known[tip] = self.newly_failing(tip)
        return self._known[tip]

    def _tip(self, changes: Sequence[AgentReport]) -> str:
        tip = self.base
        for report in changes:
            merged = self._merge(tip, report)
            tip = merged if isinstance(merged, str) else tip
        return tip

    def _merge(self, tip: str, report: AgentReport) -> str | tuple[str, ...]:
        merged = self.workspace.merge(tip, _commit(report), f"Merge {report.branch} into what lands together")
        return merged.commit if merged.commit is not None else merged.conflicts


def _placed(report: AgentReport, place: Place, why: str = "") -> Placed:
    return Placed(
        agent_id=report.agent_id, branch=report.branch or "", commit=_commit(report), place=place, why=why
    )


def _commit(report: AgentReport) -> str:
    if report.commit is None:
        raise ValueError(f"agent {report.agent_id} has no commit to merge")
    return report.commit


def _paths(report: AgentReport) -> set[str]:
    return set(report.change.paths) if report.change is not None else set()


def _some(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
