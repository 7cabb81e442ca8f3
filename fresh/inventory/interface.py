"""What a module offers to whoever imports it, and what of that a change takes away."""

from __future__ import annotations

import ast
from collections.abc import Iterator

Interface = dict[str, str]


def interface_of(source: bytes) -> Interface:
    """Map every public definition, and public method of a public class, to what its callers must know of it.

    Annotations and the values of defaults don't count. Raises SyntaxError, ValueError, RecursionError, MemoryError.
    """
    return dict(_offered(ast.parse(source).body, ""))


def lost(before: Interface, after: Interface) -> tuple[str, ...]:
    """Say of everything public that is gone, or is called otherwise than before, what became of it."""
    gone = (f"{name} is gone" for name in before if name not in after)
    changed = (
        f"{name} was {before[name]} and is {after[name]}"
        for name in before
        if name in after and before[name] != after[name]
    )
    return (*gone, *changed)


def _offered(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _offered(
                [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)], inside
            )
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if _is_public(node.name) or node.name == "__init__":
                kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
                yield f"{inside}{node.name}", f"{kind}({_shape(node.args)})"
        elif isinstance(node, ast.ClassDef) and _is_public(node.name):
            yield f"{inside}{node.name}", f"a class of ({', '.join(map(ast.unparse, node.bases))})"
            yield from _offered(node.body, f"{inside}{node.name}.")


def _is_public(name: str) -> bool:
    return not name.startswith("_")


def _shape(args: ast.arguments) -> str:
    """Write parameters down as a caller has to know them: names, order, which may be left out."""
    plain = [*args.posonlyargs, *args.args]
    required = len(plain) - len(args.defaults)
    shown = [each.arg + ("=" if place >= required else "") for place, each in enumerate(plain)]
    if args.posonlyargs:
        shown.insert(len(args.posonlyargs), "/")
    if args.vararg or args.kwonlyargs:
        shown.append(f"*{args.vararg.arg if args.vararg else ''}")
    pairs = zip(args.kwonlyargs, args.kw_defaults, strict=True)
    shown += [each.arg + ("=" if default is not None else "") for each, default in pairs]
    return ", ".join([*shown, f"**{args.kwarg.arg}"] if args.kwarg else shown)
