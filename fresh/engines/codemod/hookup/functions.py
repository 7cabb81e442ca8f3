"""The function that is to be hooked up: its parameters, what it returns, how it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from fresh.domain.feature import Feature
from fresh.engines.codemod.hookup.docstrings import Docstring, read_docstring
from fresh.engines.codemod.hookup.signatures import Parameter, Signature
from fresh.engines.codemod.hookup.sources import Module, Sources, dotted, statements
from fresh.errors import Declined

NEUTRAL = frozenset(
    {
        "functools.lru_cache",
        "functools.cache",
        "typing.final",
        "typing.no_type_check",
        "typing_extensions.final",
        "typing_extensions.deprecated",
        "warnings.deprecated",
    }
)
OVERLOADS = frozenset({"typing.overload", "typing_extensions.overload"})


@dataclass(frozen=True)
class Function:
    """The function and the module that defines it. `raised` names the exceptions it raises on purpose."""

    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef
    parameters: tuple[Parameter, ...]
    docstring: Docstring
    is_async: bool = False
    is_generator: bool = False
    raised: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Its name."""
        return self.node.name


def read_function(feature: Feature, sources: Sources) -> Function:
    """Read the function behind a feature. Raises Declined with what a command line can't express."""
    module = sources.at(feature.path)
    if module is None:
        raise Declined(f"{feature.path} can't be read as Python.")
    node = _definition(feature, module, sources)
    _refuse_decorators(feature.name, node, module, sources)
    arguments = node.args
    starred = [f"*{arg.arg}" for arg in (arguments.vararg,) if arg]
    starred += [f"**{arg.arg}" for arg in (arguments.kwarg,) if arg]
    if starred:
        raise Declined(
            f"{feature.name} takes {' and '.join(starred)}, which no fixed set of options can express."
        )
    docstring = read_docstring(ast.get_docstring(node))
    own = list(_own_nodes(node))
    yields = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own)
    if yields and isinstance(node, ast.AsyncFunctionDef):
        raise Declined(f"{feature.name} is an async generator.")
    return Function(
        module=module,
        node=node,
        parameters=Signature(feature.name, module, sources, docstring).read(node),
        docstring=docstring,
        is_async=isinstance(node, ast.AsyncFunctionDef),
        is_generator=yields,
        raised=_raised(own),
    )


def _definition(feature: Feature, module: Module, sources: Sources) -> ast.FunctionDef | ast.AsyncFunctionDef:
    found = [
        node
        for node in statements(module.tree.body)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name == feature.qualname
        and not any(sources.origin(module, dotted(each)) in OVERLOADS for each in node.decorator_list)
    ]
    if not found:
        raise Declined(f"{feature.path} defines no function {feature.qualname} at its top level.")
    if len({ast.dump(node.args) for node in found}) > 1:
        raise Declined(f"{feature.name} is defined {len(found)} times with different parameters.")
    return found[-1]


def _refuse_decorators(
    name: str, node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, sources: Sources
) -> None:
    for decorator in node.decorator_list:
        spelled = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if not spelled or sources.origin(module, spelled) not in NEUTRAL:
            shown = spelled or ast.unparse(decorator)
            raise Declined(f"{name} is decorated with @{shown}, which may change how it is called.")


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a function's body without the functions and classes inside of it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield child
            yield from _own_nodes(child)


def _raised(nodes: list[ast.AST]) -> frozenset[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            found.add(dotted(node.exc.func if isinstance(node.exc, ast.Call) else node.exc))
    return frozenset(found - {""})
