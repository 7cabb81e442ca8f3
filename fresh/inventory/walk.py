"""One walk over a syntax tree that collects everything a record holds.

An explicit stack of its own keeps deep trees from hitting the recursion limit; each definition's body is swept
as a whole, so that no bookkeeping per node is needed to know whose code it is.
"""

from __future__ import annotations

import ast
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from fresh.inventory import notable
from fresh.inventory.record import Bound, Dynamic, Import, Registration
from fresh.inventory.syntax import (
    FIELDS,
    LITERALS,
    LONGEST_NAME,
    MOST_PARTS,
    Function,
    annotated_class,
    called,
    code_name,
    dotted,
    is_main_guard,
    open_at_start,
    open_name,
    quoted_types,
    texts,
)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (ast.For, ast.While, ast.AsyncFor, ast.IfExp, ast.match_case)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
Visit = Callable[["Walk", Any, int, list[Any]], None]


class Walk:
    """What one file's tree holds, filed under the index of the definition that it belongs to (-1: the module)."""

    def __init__(self) -> None:
        self.nodes: list[Function | ast.ClassDef] = []
        self.owners: list[int] = []
        self.are_classes: list[bool] = []
        self.complexity: list[int] = []
        self.asserts: list[int] = []
        self.imports: list[Import] = []
        self.bound: list[Bound] = []
        self.registrations: list[Registration] = []
        self.dynamic: list[Dynamic] = []
        self.exported: list[str] | None = None
        self.runs_as_main = False
        self.names: defaultdict[int, set[str]] = defaultdict(set)
        self.stored: defaultdict[int, set[str]] = defaultdict(set)
        self.shared: defaultdict[int, set[str]] = defaultdict(set)
        self.attributes: defaultdict[int, set[str]] = defaultdict(set)
        self.strings: defaultdict[int, set[str]] = defaultdict(set)
        self._waiting: deque[tuple[int, list[ast.AST]]] = deque()

    def run(self, tree: ast.Module) -> None:
        """Walk the whole tree."""
        self._waiting.append((-1, [*tree.body]))
        while self._waiting:
            self._sweep(*self._waiting.popleft())

    def _sweep(self, owner: int, stack: list[Any]) -> None:
        """Walk one definition's body; the most frequent kinds of node come first, and inline."""
        names, stored, strings = self.names[owner], self.stored[owner], self.strings[owner]
        take, push, Name, Constant, Store = stack.pop, stack.append, ast.Name, ast.Constant, ast.Store
        Attribute, Call, visits, fields = ast.Attribute, ast.Call, VISITS, OPEN_FIELDS
        while stack:
            node = take()
            kind = node.__class__
            if kind is Name:
                (stored if node.ctx.__class__ is Store else names).add(node.id)
            elif kind is Constant:
                text = node.value
                if (
                    text.__class__ is str
                    and len(text) < LONGEST_NAME
                    and " " not in text
                    and (name := code_name(text)) is not None
                ):
                    strings.add(name)
            elif kind is Attribute:
                value = node.value
                if value.__class__ is Name:
                    names.add(f"{value.id}.{node.attr}")
                else:
                    self._attribute(node, owner, stack)
            elif kind is Call:
                func = node.func
                push(func)
                stack += node.args
                if node.keywords:
                    stack += [keyword.value for keyword in node.keywords]
                name = (
                    func.attr if func.__class__ is Attribute else func.id if func.__class__ is Name else None
                )
                if name is None or name in NOTABLE or name[:6] == "assert":
                    self._call(node, name, owner)
            elif node is not None:
                visit = visits.get(kind)
                if visit is not None:
                    visit(self, node, owner, stack)
                for field in fields[kind]:
                    value = getattr(node, field)
                    if value.__class__ is list:
                        stack += value
                    elif value is not None:
                        push(value)

    def _attribute(self, node: Any, owner: int, stack: list[Any]) -> None:
        parts = [node.attr]
        value = node.value
        while value.__class__ is ast.Attribute:
            parts.append(value.attr)
            value = value.value
        if value.__class__ is ast.Name and len(parts) <= MOST_PARTS:
            parts.append(value.id)
            self.names[owner].add(".".join(reversed(parts)))
            return
        maker = dotted(value.func) if value.__class__ is ast.Call else None
        if maker in notable.NAMESPACES and node.attr in notable.TAKING:
            self.dynamic.append(Dynamic(f"{maker}().{node.attr}(…)", "", node.lineno))
        if maker:
            self.names[owner].add(f"{maker}().{parts[-1]}")
            self.attributes[owner].update(parts[:-1])
        elif value.__class__ not in LITERALS:
            self.attributes[owner].update(parts)
        stack.append(value)

    # ---------------------------------------------------------------------------------------------- definitions

    def _define(self, node: Any, owner: int, stack: list[Any]) -> None:
        index = len(self.nodes)
        self.nodes.append(node)
        self.owners.append(owner)
        self.are_classes.append(isinstance(node, ast.ClassDef))
        self.complexity.append(1)
        self.asserts.append(0)
        stack.extend(node.decorator_list)
        body: list[ast.AST] = [*node.body, *node.decorator_list]
        if isinstance(node, ast.ClassDef):
            stack.extend(node.bases)
            stack.extend(keyword.value for keyword in node.keywords)
        else:
            self._parameters(node, index, owner, stack, body)
        self._waiting.append((index, body))

    def _parameters(
        self, node: Function, index: int, owner: int, stack: list[ast.AST], body: list[ast.AST]
    ) -> None:
        spec = node.args
        params = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]
        # What a method takes and gives is part of what its class offers, whoever calls it here.
        home = stack if owner >= 0 and isinstance(self.nodes[owner], ast.ClassDef) else body
        for param in params:
            if param.annotation is not None:
                home += _with_quoted(param.annotation)
                if promised := annotated_class(param.annotation):
                    self.bound.append(Bound(index, param.arg, promised, True))
        more = [param for param in (spec.vararg, spec.kwarg) if param is not None]
        for param in more:
            if param.annotation is not None:
                home += _with_quoted(param.annotation)
        params += more
        self.stored[index].update(param.arg for param in params)
        if node.returns is not None:
            home += _with_quoted(node.returns)
        stack.extend(spec.defaults)
        stack.extend(default for default in spec.kw_defaults if default is not None)

    # --------------------------------------------------------------------------------------- names and bindings

    def _import(self, node: Any, owner: int, stack: list[Any]) -> None:
        for alias in node.names:
            if alias.asname:
                self.imports.append(Import(owner, alias.asname, alias.name))
            else:
                head = alias.name.partition(".")[0]
                self.imports.append(Import(owner, head, head))
                if head != alias.name:
                    self.imports.append(Import(owner, alias.name, alias.name))

    def _import_from(self, node: Any, owner: int, stack: list[Any]) -> None:
        base = "." * node.level + (node.module or "")
        for alias in node.names:
            target = base if alias.name == "*" else base + ("." if node.module else "") + alias.name
            self.imports.append(Import(owner, alias.asname or alias.name, target))

    def _assign(self, node: Any, owner: int, stack: list[Any]) -> None:
        if isinstance(node, ast.AnnAssign):
            stack += quoted_types(node.annotation)
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            name = dotted(target)
            if name is None:
                continue
            if name == "__all__" and owner == -1:
                self._export(texts(node.value), more=isinstance(node, ast.AugAssign))
            elif isinstance(node, ast.AnnAssign) and (promised := annotated_class(node.annotation)):
                self._bind(owner, name, promised, called=True)
            self._bind_value(owner, name, node.value)

    def _bind_value(self, owner: int, name: str, value: ast.expr | None) -> None:
        if isinstance(value, ast.Await):
            value = value.value
        source = dotted(value.func) if isinstance(value, ast.Call) else dotted(value)
        if source:
            self._bind(owner, name, source, called=isinstance(value, ast.Call))

    def _bind(self, owner: int, name: str, source: str, *, called: bool) -> None:
        """File a variable; `self.x` is filed under the class so that all of its methods see it."""
        if name.startswith("self.") and owner >= 0:
            while owner >= 0 and not isinstance(self.nodes[owner], ast.ClassDef):
                owner = self.owners[owner]
        if name.count(".") <= name.startswith("self."):
            self.bound.append(Bound(owner, name, source, called))

    def _with(self, node: Any, owner: int, stack: list[Any]) -> None:
        for item in node.items:
            if isinstance(item.optional_vars, ast.Name):
                self._bind_value(owner, item.optional_vars.id, item.context_expr)

    def _share(self, node: Any, owner: int, stack: list[Any]) -> None:
        self.shared[owner].update(node.names)

    def _comprehend(self, node: Any, owner: int, stack: list[Any]) -> None:
        """Walk a comprehension; only what it goes through first is looked up outside of it."""
        first, *rest = node.generators
        parts = [node.key, node.value] if node.__class__ is ast.DictComp else [node.elt]
        parts += [*first.ifs, *(part for each in rest for part in (each.iter, *each.ifs))]
        for _ in node.generators:
            self._branch(node, owner, stack)
        stack.append(first.iter)
        self._within(owner, parts, {name for each in node.generators for name in _stored_in(each.target)})

    def _lambda(self, node: Any, owner: int, stack: list[Any]) -> None:
        spec = node.args
        stack += [*spec.defaults, *(each for each in spec.kw_defaults if each is not None)]
        params = [*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg]
        self._within(owner, [node.body], {each.arg for each in params if each is not None})

    def _within(self, owner: int, parts: list[Any], bound: set[str]) -> None:
        """Walk the inside of an expression that binds names for itself, where they mean nothing else."""
        outside = self.names[owner]
        inside = self.names[owner] = set()
        self._sweep(owner, parts)
        self.names[owner] = outside
        for name in inside:
            head, _, rest = name.partition(".")
            if head.removesuffix("()") not in bound:
                outside.add(name)
            elif rest:
                self.attributes[owner].update(rest.split("."))

    def _catch(self, node: Any, owner: int, stack: list[Any]) -> None:
        self._branch(node, owner, stack)
        if node.name:
            self.stored[owner].add(node.name)

    def _capture(self, node: Any, owner: int, stack: list[Any]) -> None:
        """Note the name that a pattern binds."""
        name = node.rest if node.__class__ is ast.MatchMapping else node.name
        if name:
            self.stored[owner].add(name)

    def _export(self, names: Iterable[str], *, more: bool) -> None:
        self.exported = [*(self.exported or ()), *names] if more else list(names)

    # ----------------------------------------------------------------------------------------- flow and meaning

    def _branch(self, node: Any, owner: int, stack: list[Any]) -> None:
        if owner >= 0:
            self.complexity[owner] += 1

    def _boolean(self, node: Any, owner: int, stack: list[Any]) -> None:
        if owner >= 0:
            self.complexity[owner] += len(node.values) - 1
        elif is_main_guard(node):
            self.runs_as_main = True

    def _if(self, node: Any, owner: int, stack: list[Any]) -> None:
        self._branch(node, owner, stack)
        if owner == -1 and is_main_guard(node.test):
            self.runs_as_main = True

    def _assert(self, node: Any, owner: int, stack: list[Any]) -> None:
        if owner >= 0 and notable.can_fail(node):
            self.asserts[owner] += 1

    def _joined(self, node: Any, owner: int, stack: list[Any]) -> None:
        if node.values and (name := open_name(node)):
            self.strings[owner].add(name)

    def _subscript(self, node: Any, owner: int, stack: list[Any]) -> None:
        """Note `globals()[name]`, which reads whatever the module holds."""
        if node.value.__class__ is ast.Call and (found := notable.taken_by_name(node)):
            self.dynamic.append(found)

    def _sum(self, node: Any, owner: int, stack: list[Any]) -> None:
        """Read `kind + "_handler"`."""
        right = node.right
        if right.__class__ is not ast.Constant or right.value.__class__ is not str:
            return
        if name := open_at_start(right.value):
            self.strings[owner].add(name)

    def _call(self, node: ast.Call, name: str | None, owner: int) -> None:
        """Look closer at a call whose name may mean more."""
        if name is None or name in notable.HANDING:
            self.registrations += notable.registrations(node, name, owner)
        if name is None:
            return
        if owner >= 0 and notable.asserts(node, name):
            self.asserts[owner] += 1
        elif name in notable.LOADERS or name in notable.LOOKUPS:
            if found := notable.dynamic(node, name):
                self.dynamic.append(found)
        elif name == "cast" and node.args:
            self._waiting.append((owner, [*quoted_types(node.args[0])]))
        elif name == "TypeVar":
            types = [*node.args[1:], *(each.value for each in node.keywords if each.arg == "bound")]
            self._waiting.append((owner, [read for each in types for read in quoted_types(each)]))
        elif name == "extend" and owner == -1 and called(node) == "__all__.extend" and node.args:
            self._export(texts(node.args[0]), more=True)


def _stored_in(target: ast.expr) -> list[str]:
    """List the names that a loop's target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Tuple | ast.List):
        return [name for each in target.elts for name in _stored_in(each)]
    return _stored_in(target.value) if isinstance(target, ast.Starred) else []


def _with_quoted(annotation: ast.expr) -> list[ast.expr]:
    if annotation.__class__ is ast.Name:
        return [annotation]
    return [annotation, *quoted_types(annotation)]


NOTABLE = (
    notable.HANDING | notable.LOADERS | notable.LOOKUPS | notable.EXPECTATIONS | {"extend", "cast", "TypeVar"}
)
VISITS: dict[type[ast.AST], Visit] = {
    ast.ClassDef: Walk._define,
    ast.Import: Walk._import,
    ast.ImportFrom: Walk._import_from,
    ast.Assign: Walk._assign,
    ast.AnnAssign: Walk._assign,
    ast.AugAssign: Walk._assign,
    ast.NamedExpr: Walk._assign,
    ast.With: Walk._with,
    ast.AsyncWith: Walk._with,
    ast.Global: Walk._share,
    ast.Nonlocal: Walk._share,
    **dict.fromkeys(COMPREHENSIONS, Walk._comprehend),
    ast.Lambda: Walk._lambda,
    ast.ExceptHandler: Walk._catch,
    **dict.fromkeys((ast.MatchAs, ast.MatchStar, ast.MatchMapping), Walk._capture),
    ast.BinOp: Walk._sum,
    ast.Subscript: Walk._subscript,
    ast.BoolOp: Walk._boolean,
    ast.If: Walk._if,
    ast.Assert: Walk._assert,
    ast.JoinedStr: Walk._joined,
    **dict.fromkeys(FUNCTIONS, Walk._define),
    **dict.fromkeys(BRANCHES, Walk._branch),
}
CLOSED = frozenset(
    {
        ast.Attribute,
        ast.Call,
        *COMPREHENSIONS,
        ast.Lambda,
        *FUNCTIONS,
        ast.ClassDef,
        ast.Import,
        ast.ImportFrom,
    }
    | {ast.MatchSingleton}
)
OPEN_FIELDS = {kind: () if kind in CLOSED else fields for kind, fields in FIELDS.items()}
