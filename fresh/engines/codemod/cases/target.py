"""The feature that gets a test: its source, and what must be known before it is called."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from fresh.domain.feature import Feature
from fresh.engines.codemod.cases.dangers import danger_in
from fresh.engines.codemod.cases.examples import examples_of
from fresh.engines.codemod.cases.hints import Definition, functions_in, hints_for
from fresh.engines.codemod.cases.inside.finding import NotThere, executable_lines, within
from fresh.engines.codemod.cases.inside.wire import Import, Question
from fresh.engines.codemod.cases.materials import files_of, objects_of
from fresh.engines.texts import text_of
from fresh.errors import Declined, TreeRefused
from fresh.ports import Bench

INVERSES = (
    ("encode", "decode"), ("dumps", "loads"), ("dump", "load"), ("serialize", "deserialize"), ("pack", "unpack"),
    ("escape", "unescape"), ("quote", "unquote"), ("compress", "decompress"), ("encrypt", "decrypt"),
    ("format", "parse"), ("to_", "from_"), ("flatten", "unflatten"), ("wrap", "unwrap"), ("join", "split"),
    ("int_to", "int_from"), ("marshal", "unmarshal"), ("freeze", "unfreeze"), ("render", "parse"),
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One feature and the question to ask about it."""

    feature: Feature
    node: Definition
    question: Question
    returns: str
    left_out: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of its body that a test could run."""
        return executable_lines(self.node)

    @property
    def name(self) -> str:
        """The qualified name that people read."""
        return self.feature.qualname


def look_at(bench: Bench) -> Target:
    """Read the feature and say how to reach it. Raises Declined, naming what is in the way."""
    feature = bench.ticket.feature
    try:
        text = bench.read(feature.path)
        module = ast.parse(text)
        node = within(module, feature.qualname)
    except (KeyError, UnicodeDecodeError, SyntaxError, ValueError, NotThere, TreeRefused) as error:
        raise Declined(f"{feature.path} can't be read as Python: {error}.") from error
    left_out = _dangers(node, module, feature.qualname)
    root, modules = _import_names(bench, feature)
    question = Question(
        path=feature.path,
        root=root,
        modules=modules,
        qualname=feature.qualname,
        hints=hints_for(node),
        files=files_of(bench),
        objects=objects_of(bench),
        skip=tuple(left_out),
        inverse=_inverse(module, feature.qualname) or "",
    )
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "." not in feature.qualname:
        imported = Import(modules[0], feature.qualname)
        question = replace(question, examples=examples_of(bench, node, imported, feature.path))
    returns = ast.unparse(node.returns) if not isinstance(node, ast.ClassDef) and node.returns else ""
    return Target(feature, node, question, returns, tuple(f"{name} {why}" for name, why in left_out.items()))


def _dangers(node: Definition, module: ast.Module, name: str) -> dict[str, str]:
    """Name the methods that no test should call. Raises Declined when nothing harmless is left."""
    found = {function.name: danger_in(function, module) for function in functions_in(node)}
    dangers = {method: why for method, why in found.items() if why}
    if not isinstance(node, ast.ClassDef):
        for why in dangers.values():
            raise Declined(f"{name} {why}, which no unattended test should do.")
    elif "__init__" in dangers:
        raise Declined(f"Making {name} objects {dangers['__init__']}, which no unattended test should do.")
    elif dangers and not any(not method.startswith("_") and method not in dangers for method in found):
        method, why = next(iter(dangers.items()))
        raise Declined(f"{name}.{method} {why}, and {name} has no other method.")
    return dangers


def _import_names(bench: Bench, feature: Feature) -> tuple[str, tuple[str, ...]]:
    """Find the directory that imports start from, and the names that may import the feature's module."""
    paths = set(bench.paths())
    file = PurePosixPath(feature.path)
    root = file.parent
    while str(root) != "." and f"{root}/__init__.py" in paths:
        root = root.parent
    parts = [*file.relative_to(root).with_suffix("").parts]
    if parts[-1] == "__init__":
        parts.pop()
    walked = ".".join(parts)
    names = [walked, feature.module] if walked else [feature.module]
    if feature.module.endswith(f".{walked}") and _imported_anywhere(bench, paths, feature.module):
        names.reverse()
    return str(root), tuple(dict.fromkeys(names))


def _imported_anywhere(bench: Bench, paths: set[str], module: str) -> bool:
    pattern = re.compile(rf"^\s*(from|import)\s+{re.escape(module.split('.')[0])}\b", re.MULTILINE)
    for path in sorted(path for path in paths if path.endswith(".py") and "test" in path)[:40]:
        if pattern.search(text_of(bench, path)):
            return True
    return False


def _inverse(module: ast.Module, name: str) -> str | None:
    """Find the function of the module that, by its name, undoes this one."""
    defined = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    for forward, backward in INVERSES:
        candidate = _turned(name, forward, backward)
        if candidate and candidate != name and candidate in defined:
            return candidate
    match = re.fullmatch(r"(\w+?)(_to_|2)(\w+)", name)
    turned = f"{match[3]}{match[2]}{match[1]}" if match else ""
    return turned if turned in defined and turned != name else None


def _turned(name: str, forward: str, backward: str) -> str | None:
    pattern = re.compile(rf"(^|_){re.escape(forward)}" + ("" if forward.endswith("_") else r"(?=_|$)"))
    return pattern.sub(rf"\g<1>{backward}", name, count=1) if pattern.search(name) else None
