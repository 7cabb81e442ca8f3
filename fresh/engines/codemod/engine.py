"""The engine that needs no model: each kind of improvement is a deterministic transformation, proven in the sandbox."""

from __future__ import annotations

from fresh.domain.evidence import Evidence
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.work import Plan, Work
from fresh.engines.codemod import cases, hookup, tidy
from fresh.errors import Declined
from fresh.ports import Bench, Tidier

STUB = "codemod never writes what it does not know: the body of an unfinished function needs a model or a person."


class CodemodEngine:
    """Hook up functions, write tests and apply safe lint fixes; `tidier` finds and fixes lint."""

    def __init__(self, tidier: Tidier) -> None:
        self._tidier = tidier

    def screen(self, feature: Feature, kind: Kind, inventory: Inventory) -> str | None:
        """Say in one sentence why this can't be done, from the inventory alone; None means: worth trying."""
        match kind:
            case Kind.HOOKUP:
                return hookup.screen(feature, inventory)
            case Kind.TESTS:
                return cases.screen(feature, inventory)
            case Kind.QUALITY:
                return tidy.screen(feature, inventory)
            case Kind.STUB:
                return STUB

    def plan(self, bench: Bench) -> Plan:
        """Look closely and say what will be done. Raises Declined with the reason."""
        match bench.ticket.kind:
            case Kind.HOOKUP:
                return hookup.plan(bench)
            case Kind.TESTS:
                return cases.plan(bench)
            case Kind.QUALITY:
                return tidy.plan(bench)
            case Kind.STUB:
                raise Declined(STUB)

    def work(self, bench: Bench, plan: Plan, feedback: Evidence | None, asked: str) -> Work:
        """Make the change in the bench's tree and check it there. Raises Declined with the reason."""
        match bench.ticket.kind:
            case Kind.HOOKUP:
                return hookup.work(bench, plan, feedback, asked)
            case Kind.TESTS:
                return cases.work(bench, plan, feedback, asked)
            case Kind.QUALITY:
                return tidy.work(bench, plan, feedback, asked, tidier=self._tidier)
            case Kind.STUB:
                raise Declined(STUB)
