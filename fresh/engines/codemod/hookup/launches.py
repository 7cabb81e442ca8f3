"""How people start the project's command lines: console scripts, and modules that run as a program."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from configparser import ConfigParser, Error
from dataclasses import dataclass

from fresh.engines.codemod.hookup.sources import Module, Sources
from fresh.inventory.layout import Role

SETUP_SCRIPT = re.compile(r"[\"']\s*([\w.-]+)\s*=\s*([\w.]+)\s*:\s*([\w.]+)\s*(?:\[[^\]]*\])?\s*[\"']")


@dataclass(frozen=True)
class Launch:
    """One way to start a program: the words to type, the module that runs, and the function or object in it."""

    words: tuple[str, ...]
    module: str
    attribute: str
    why: str


def read_launches(sources: Sources) -> tuple[Launch, ...]:
    """List the declared scripts first, then the modules that run as a program."""
    declared = [launch for launch in _declared(sources) if sources.named(launch.module) is not None]
    return (*declared, *_guarded(sources))


def launch_of(
    module: Module, names: frozenset[str], launches: tuple[Launch, ...], sources: Sources
) -> Launch | None:
    """Find what starts the command line in a module; `names` are the objects in it that a launch may name.

    A launch that names one of them wins over one that names its module, and that over one that only imports it.
    """
    exact: list[Launch] = []
    inside: list[Launch] = []
    through: list[Launch] = []
    for launch in launches:
        found = sources.definition(f"{launch.module}.{launch.attribute}") if launch.attribute else None
        where = found[0] if found is not None else sources.named(launch.module)
        if where is None:
            continue
        origin = sources.origin(where, launch.attribute) if launch.attribute else ""
        if where is module:
            (exact if launch.attribute in names else inside).append(launch)
        elif origin in {f"{module.name}.{name}" for name in names}:
            exact.append(launch)
        elif module.name in sources.imports(where):
            through.append(launch)
    return next(iter([*exact, *inside, *through]), None)


def runs_as_program(module: Module) -> bool:
    """Say whether a module has an `if __name__ == "__main__"` or is a package's `__main__`."""
    return module.path.endswith("/__main__.py") or any(
        isinstance(node, ast.If) and "__name__" in ast.dump(node.test) and "__main__" in ast.dump(node.test)
        for node in module.tree.body
    )


def _declared(sources: Sources) -> Iterator[Launch]:
    for name, target in _pyproject(sources.text("pyproject.toml")):
        module, _, attribute = target.partition(":")
        yield Launch((name,), module.strip(), attribute.strip(), f"the script {name} of pyproject.toml")
    for name, target in _setup_cfg(sources.text("setup.cfg")):
        module, _, attribute = target.partition(":")
        yield Launch((name,), module.strip(), attribute.strip(), f"the script {name} of setup.cfg")
    for name, module, attribute in SETUP_SCRIPT.findall(sources.text("setup.py")):
        yield Launch((name,), module, attribute, f"the script {name} of setup.py")


def _pyproject(text: str) -> Iterator[tuple[str, str]]:
    try:
        settings = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    for keys in (("project", "scripts"), ("tool", "poetry", "scripts"), ("project", "gui-scripts")):
        table: object = settings
        for key in keys:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            for name, target in table.items():
                if isinstance(target, str):
                    yield name, target.partition("[")[0]


def _setup_cfg(text: str) -> Iterator[tuple[str, str]]:
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
        lines = parser.get("options.entry_points", "console_scripts", fallback="").splitlines()
    except Error:
        return
    for line in lines:
        name, equals, target = line.partition("=")
        if equals:
            yield name.strip(), target.strip().partition("[")[0]


def _guarded(sources: Sources) -> Iterator[Launch]:
    for path in sources.paths(Role.PRODUCT, Role.TOOL):
        if "__main__" not in path and "__main__" not in sources.text(path):
            continue
        module = sources.at(path)
        if module is None or not runs_as_program(module):
            continue
        words: tuple[str, ...] = ("python", "-m", module.name.removesuffix(".__main__"))
        if "/" not in path:
            words = ("python", path)
        yield Launch(words, module.name, "", f"{path} runs as a program")
