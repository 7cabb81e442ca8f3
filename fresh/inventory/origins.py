"""Which framework an object comes from, followed through imports, variables and decorated functions."""

from __future__ import annotations

from fresh.domain.entry_rules import EntryRule
from fresh.inventory.modules import Module
from fresh.inventory.symbols import Symbols

FRAMEWORKS: dict[EntryRule, str] = {
    EntryRule.CLICK: "click rich_click asyncclick cloup click_default_group",
    EntryRule.TYPER: "typer",
    EntryRule.CYCLOPTS: "cyclopts",
    EntryRule.ROUTE: "flask fastapi starlette aiohttp sanic quart bottle falcon litestar django_ninja ninja "
    "rest_framework flask_restful flask_restx flask_smorest django_filters tornado connexion blacksheep robyn",
    EntryRule.TASK: "celery prefect dagster airflow luigi dramatiq rq huey invoke fabric apscheduler",
    EntryRule.DJANGO: "django",
    EntryRule.PYTEST: "pytest pluggy",
}
RULE_OF = {package: rule for rule, packages in FRAMEWORKS.items() for package in packages.split()}
LONGEST_CHAIN = 8
MOST_NAMES = 400
"""Names that are followed for one question: each may lead to many, hop by hop."""


def rule_of(origin: str) -> EntryRule | None:
    """Name the rule for what comes from an external dotted name; flask's own command line is made with click."""
    if origin.startswith("flask.") and ".cli." in f"{origin}.":
        return EntryRule.CLICK
    return RULE_OF.get(origin.partition(".")[0])


def origin(symbols: Symbols, module: Module, owner: int, name: str) -> str | None:
    """Follow a dotted name to the other project that it comes from; None when it does not come from one."""
    return _Search(symbols).origin(module, owner, name, LONGEST_CHAIN)


class _Search:
    """One question, and how many names may still be followed for it."""

    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.left = MOST_NAMES

    def origin(self, module: Module, owner: int, name: str, hops: int) -> str | None:
        """Follow a name for as many hops."""
        self.left -= 1
        if not hops or self.left < 0:
            return None
        head, _, rest = name.partition(".")
        tail = f".{rest}" if rest else ""
        scope = owner
        while scope >= -1:
            for target in module.imports.get(scope, {}).get(head, ()):
                if self.symbols.modules.is_external(target):
                    return target + tail
                if found := self._of_ours(target, hops):
                    return found + tail
            bound = module.bound.get(scope, {}).get(head, [])
            for source in dict.fromkeys(each.source for each in bound[:MOST_NAMES]):
                if source.partition(".")[0] == head:
                    continue
                if found := self.origin(module, scope, source, hops - 1):
                    return found + tail
            if scope == -1:
                break
            scope = module.shape.definitions[scope].owner
        if head in module.top:
            return self._of_decorated(module, module.top[head], hops)
        return None

    def _of_ours(self, target: str, hops: int) -> str | None:
        """Follow a name that one of our own modules holds."""
        package, _, name = target.rpartition(".")
        holder = self.symbols.modules.get(package)
        if holder is None or self.symbols.modules.get(target) is not None:
            return None
        return self.origin(holder, -1, name, hops - 1)

    def _of_decorated(self, module: Module, node: int, hops: int) -> str | None:
        """Follow what a decorator of a framework, or a base class, has made of a definition."""
        definition = self.symbols.modules.definitions[node]
        if definition is None:
            return None
        for maker in dict.fromkeys((*definition.decorators, *definition.bases)[:MOST_NAMES]):
            if maker.partition(".")[0] == definition.name:
                continue
            if found := self.origin(module, definition.owner, maker, hops - 1):
                return found
        return None
