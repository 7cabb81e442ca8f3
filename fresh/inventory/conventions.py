"""What frameworks find by its name, its place or its base class, without being told."""

from __future__ import annotations

from collections.abc import Iterator
from posixpath import basename

from fresh.domain.entry_rules import EntryRule
from fresh.inventory.graph import NEUTRAL, Graph
from fresh.inventory.marks import METACLASS
from fresh.inventory.modules import Module
from fresh.inventory.record import Definition
from fresh.inventory.roots import Root, packages_used
from fresh.inventory.words import words

HOOKS = words(
    "setup upgrade downgrade load_ipython_extension __getattr__ __dir__ lambda_handler",
    "build_wheel build_sdist build_editable get_requires_for_build_wheel get_requires_for_build_sdist",
    "get_requires_for_build_editable prepare_metadata_for_build_wheel prepare_metadata_for_build_editable",
)
GUNICORN = words(
    "on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec pre_request",
    "post_request child_exit worker_exit nworkers_changed on_exit ssl_context",
)
FOUND_BY_BASE: dict[str, frozenset[str]] = {
    "scrapy": words("Spider CrawlSpider XMLFeedSpider CSVFeedSpider SitemapSpider"),
    "hatchling": words("BuildHookInterface MetadataHookInterface VersionSourceInterface BuilderInterface"),
}
"""Classes whose subclasses a program finds in the files that it is given, by the package that such a file imports."""
LAZY = frozenset({"lazy_loader", "apipkg"})
"""Packages that load parts of their user when these are asked for."""
DJANGO_BASES = frozenset({"AppConfig", "Migration", "BaseCommand", "MiddlewareMixin"})
DJANGO_FOUND = frozenset({"admin", "urls"})
DJANGO_LIKELY = frozenset({"models", "signals"})
RUN_BY = {"streamlit": "streamlit", "airflow": "airflow", "locust": "locust"}
"""Programs that are given files and run them, by the package that such a file imports."""


def loaded_by_name(module: Module) -> Iterator[Root]:
    """Find a module whose body a framework runs because of its name or of what it is made for."""
    name, path, used = module.name.rpartition(".")[2], module.source.path, packages_used(module)
    if "django" in used and name in DJANGO_FOUND | DJANGO_LIKELY:
        yield Root(
            module.body, EntryRule.DJANGO, "module loaded by name", path, 1, weak=name in DJANGO_LIKELY
        )
    if module.source.is_package and (used & LAZY or "_LazyModule" in module.imports.get(-1, {})):
        yield Root(module.body, EntryRule.HOOK, "package that loads its parts late", path, 1, weak=True)
    if "alembic" in used and name == "env":
        yield Root(module.body, EntryRule.HOOK, "environment of alembic", path, 1)
    for package, program in RUN_BY.items():
        if package in used:
            yield Root(module.body, EntryRule.HOOK, f"file that {program} can run", path, 1, weak=True)


def _is_called_by_a_host(name: str, path: str) -> bool:
    """Tell whether a program calls a function of its configuration, or of a part made for it, by its name."""
    if "custom_components" in path.split("/"):
        return name.startswith("async_") or name == "setup_platform"
    return basename(path).startswith("gunicorn") and name in GUNICORN


def called_by_name(module: Module, node: int, definition: Definition) -> Root | None:
    name, path = definition.name, module.source.path
    if definition.owner != -1:
        return None
    if not definition.is_class and (name in HOOKS or name.startswith("pytest_")):
        return Root(node, EntryRule.HOOK, name, path, definition.line)
    if not definition.is_class:
        called = _is_called_by_a_host(name, path)
        return Root(node, EntryRule.HOOK, name, path, definition.line) if called else None
    if name == "Command" and "/management/commands/" in f"/{path}":
        return Root(node, EntryRule.DJANGO, "management command", path, definition.line)
    bases, used = {base.rpartition(".")[2] for base in definition.bases}, packages_used(module)
    if package := next(
        (each for each, known in FOUND_BY_BASE.items() if each in used and known & bases), None
    ):
        return Root(node, EntryRule.HOOK, f"found by {package}: {name}", path, definition.line)
    if bases & DJANGO_BASES and "django" in used:
        return Root(node, EntryRule.DJANGO, f"subclass of {min(bases & DJANGO_BASES)}", path, definition.line)
    if (
        name.endswith("Config")
        and module.name.rpartition(".")[2] == "apps"
        and _derives(definition, "AppConfig")
    ):
        return Root(node, EntryRule.DJANGO, "configuration of an app", path, definition.line)
    if module.name.rpartition(".")[2] == "models" and "django" in packages_used(module):
        return Root(node, EntryRule.DJANGO, "model module", path, definition.line, weak=True)
    return None


def _derives(definition: Definition, ending: str) -> bool:
    return any(base.endswith(ending) for base in definition.bases)


def registered_by_base(graph: Graph, module: Module, node: int, definition: Definition) -> Root | None:
    """Find a class that its base class takes note of."""
    for base in graph.symbols.ancestors(node) if definition.is_class else ():
        if how := _takes_note(graph, base):
            name, where = graph.modules.key(base).partition(":")[2], (module.source.path, definition.line)
            return Root(node, EntryRule.DECORATED, f"{how} its base {name}", *where, weak=True)
    return None


def _takes_note(graph: Graph, node: int) -> str | None:
    """Say how a class learns of its subclasses."""
    definition = graph.modules.definitions[node]
    if definition is None:
        return None
    if any(node in nodes for nodes in graph.listed.values()):
        return "listed as a subclass of"
    if any(name.rpartition(".")[2] not in NEUTRAL for name in definition.decorators):
        return "registered by"
    if "__init_subclass__" in graph.modules.members.get(node, {}):
        return "registered by"
    for mark in definition.marks:
        found = mark.startswith(METACLASS) and graph.symbols.find(
            graph.modules.of[node], definition.owner, mark.removeprefix(METACLASS)
        )
        if found and {"__new__", "__init__"} & graph.modules.members.get(found.node, {}).keys():
            return "registered by the metaclass of"
    return None
