"""What frameworks find by its name, its place or its base class, without being told."""

from __future__ import annotations

import re
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
    "load_ipython_extension __getattr__ __dir__ lambda_handler includeme makeExtension register_pipelines",
    "build_wheel build_sdist build_editable get_requires_for_build_wheel get_requires_for_build_sdist",
    "get_requires_for_build_editable prepare_metadata_for_build_wheel prepare_metadata_for_build_editable",
)
HOOKS_OF = {
    **dict.fromkeys(("upgrade", "downgrade"), words("alembic flask_migrate")),
    "setup": words("sphinx docutils discord nextcord disnake homeassistant distutils"),
    "register": words("pelican pylint astroid bpy"),
    "unregister": words("bpy"),
    "plugin": words("mypy"),
}
"""Functions that a program calls by their names, where their file imports one of these packages."""
PYTEST = re.compile(
    "pytest_(?:addoption|addhooks|configure|unconfigure|cmdline|load|session|collect|ignore|itemcollected|generate|make|"
    "pycollect|pyfunc|runtest|report|terminal|warning|assert|exception|internalerror|keyboard|fixture|markeval|deselected|"
    "plugin|enter|leave|xdist|testnode|unraisable|threadexc)"
)
"""How the names of the hooks of pytest begin."""
MIGRATIONS = frozenset({"versions", "migrations", "alembic"})
BEHAVE = words(
    "before_all after_all before_feature after_feature before_scenario after_scenario before_step after_step",
    "before_tag after_tag",
)
GUNICORN = words(
    "on_starting on_reload when_ready pre_fork post_fork post_worker_init worker_int worker_abort pre_exec pre_request",
    "post_request child_exit worker_exit nworkers_changed on_exit ssl_context",
)
FOUND_BY_BASE: dict[str, frozenset[str]] = {
    "scrapy": words("Spider CrawlSpider XMLFeedSpider CSVFeedSpider SitemapSpider"),
    "hatchling": words("BuildHookInterface MetadataHookInterface VersionSourceInterface BuilderInterface"),
    "odoo": words("Model TransientModel AbstractModel Controller"),
    "homeassistant": words("ConfigFlow OptionsFlow"),
    "luigi": words("Task ExternalTask WrapperTask"),
    "locust": words("User HttpUser FastHttpUser LoadTestShape"),
    "rasa_sdk": words("Action FormValidationAction"),
    "sublime_plugin": words("TextCommand WindowCommand ApplicationCommand EventListener ViewEventListener"),
    "ansible": words("ActionBase LookupBase CallbackBase InventoryModule BaseInventoryPlugin"),
    "mkdocs": words("BasePlugin"),
    "mrjob": words("MRJob"),
}
"""Classes whose subclasses a program finds in the files that it is given, by the package that such a file imports."""
LAZY = frozenset({"lazy_loader", "apipkg"})
"""Packages that load parts of their user when these are asked for."""
DJANGO_BASES = frozenset({"AppConfig", "Migration", "BaseCommand", "MiddlewareMixin"})
DJANGO_FOUND = {
    **dict.fromkeys(("admin", "urls"), "django"),
    "wagtail_hooks": "wagtail",
    "translation": "modeltranslation",
    "cms_plugins": "cms",
    "search_indexes": "haystack",
}
"""Modules that Django's applications load by their names, and what such a module imports."""
ANSIBLE_FOUND = {"FilterModule": "filter_plugins", "TestModule": "test_plugins"}
DJANGO_LIKELY = frozenset({"models", "signals"})
RUN_BY = {"streamlit": "streamlit", "airflow": "airflow", "locust": "locust"}
"""Programs that are given files and run them, by the package that such a file imports."""


def loaded_by_name(module: Module) -> Iterator[Root]:
    """Find a module whose body a framework runs because of its name or of what it is made for."""
    name, path, used = module.name.rpartition(".")[2], module.source.path, packages_used(module)
    is_found = DJANGO_FOUND.get(name) in used or ("django" in used and "/templatetags/" in f"/{path}")
    if is_found or ("django" in used and name in DJANGO_LIKELY):
        yield Root(module.body, EntryRule.DJANGO, "module loaded by name", path, 1, weak=not is_found)
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
    if name in ("upgrade", "downgrade"):
        return not MIGRATIONS.isdisjoint(path.split("/"))
    file = basename(path)
    return (file.startswith("gunicorn") and name in GUNICORN) or (file == "environment.py" and name in BEHAVE)


def _hook(module: Module, node: int, definition: Definition) -> Root | None:
    """Find a function that a program calls by its name; where its file shows nothing of that program it is likely."""
    name, path, used = definition.name, module.source.path, packages_used(module)
    sure = name in HOOKS or _is_called_by_a_host(name, path) or not used.isdisjoint(HOOKS_OF.get(name, ()))
    likely = name == "setup" or name.startswith("pytest_")
    # A host hands its application, or its bot, to `setup`; one that takes nothing is anybody's.
    sure = sure or (name == "setup" and definition.annotatable > 1) or PYTEST.match(name) is not None
    if not sure and not likely:
        return None
    return Root(node, EntryRule.HOOK, name, path, definition.line, weak=not sure)


def called_by_name(module: Module, node: int, definition: Definition) -> Root | None:
    name, path = definition.name, module.source.path
    if definition.owner != -1:
        home = module.shape.definitions[definition.owner].name
        asked = ANSIBLE_FOUND.get(home, "?") in path.split("/") and name in ("filters", "tests")
        return (
            Root(node, EntryRule.HOOK, f"asked by ansible: {home}.{name}", path, definition.line)
            if asked
            else None
        )
    if not definition.is_class:
        return _hook(module, node, definition)
    if ANSIBLE_FOUND.get(name, "?") in path.split("/"):
        return Root(node, EntryRule.HOOK, f"found by ansible: {name}", path, definition.line)
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
