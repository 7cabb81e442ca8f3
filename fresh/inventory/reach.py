"""What can be reached from a set of roots, breadth first; the map of parents is the evidence."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from fresh.inventory.graph import Graph

TELLING = re.compile(r"[A-Z][a-z0-9]+[A-Z]\w+|[a-z]+_[a-z]\w*_\w+")
LONGEST = 40
REGISTRARS = ("setup", "main", "ready")
BUILTIN_METHODS = frozenset(
    name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind) if name[0] != "_"
) | {"close", "read", "readline", "readlines", "write", "writelines", "flush", "seek"}


class Reach:
    """One search. `parent[n]` is the node that n was reached from (n itself for a root), `weakly[n]` the reason of
    a weak edge; `allow` keeps the search inside a part of the codebase."""

    def __init__(
        self,
        graph: Graph,
        roots: Iterable[int],
        *,
        weak: bool = True,
        allow: Callable[[int], bool] | None = None,
    ) -> None:
        self.graph = graph
        self.parent: dict[int, int] = {}
        self.weakly: dict[int, str] = {}
        self._origin: dict[int, int] = {}
        self._weak = weak
        self._allow = allow
        self._mentioned: set[str] = set()
        self._spoken: set[str] = set()
        self._queue: deque[int] = deque()
        for root in roots:
            self._push(root, root)
        self._run()

    def __contains__(self, node: int) -> bool:
        return node in self.parent

    def _push(self, node: int, source: int, why: str = "") -> None:
        if node in self.parent or (self._allow is not None and not self._allow(node)):
            return
        self.parent[node] = source
        self._origin[node] = self._origin.get(source, source)
        if why:
            self.weakly[node] = why
        self._queue.append(node)

    def _run(self) -> None:
        follow, queue = self.graph.follow, self._queue
        while queue:
            node = queue.popleft()
            for target in follow[node]:
                if target not in self.parent:
                    self._push(target, node)
            if self._weak:
                for name in self.graph.weak[node]:
                    if name not in self._mentioned:
                        self._mentioned.add(name)
                        self._mention(node, name)
                strings = self.graph.strings[node]
                for text in strings:
                    if text not in self._spoken:
                        self._spoken.add(text)
                        self._speak(node, text)
                if len(strings) > 1:
                    self._pair(node, strings)

    def _mention(self, node: int, name: str) -> None:
        """Reach everything of this name; a method name of the built-in types says nothing about functions."""
        definitions = self.graph.modules.definitions
        for target in self.graph.by_name.get(name, ()):
            definition = definitions[target]
            if definition is None or definition.owner != -1 or name not in BUILTIN_METHODS:
                self._push(target, node, f"attribute name .{name}")

    def _speak(self, node: int, text: str) -> None:
        """Follow a string literal that could name code."""
        if "*" in text:
            self._push_members(self.graph.named_like(text), node, f"name built from {text!r}")
        elif "." in text or ":" in text:
            self._follow_path(node, text)
        else:
            self._push_members(self.graph.by_name.get(text, ()), node, f"string {text!r}")

    def _pair(self, node: int, strings: Sequence[str]) -> None:
        """Reach what a string names beside one that names its module: `("app.plugs", "Plug")`."""
        package = self.graph.modules.of[node].package
        for text in strings:
            module = self.graph.modules.get(f"{package}.{text.lstrip('.')}" if package else text)
            module = module or (self.graph.modules.get(text) if "." in text else None)
            for name in strings if module is not None else ():
                if module is not None and (target := module.top.get(name)) is not None:
                    self._push(target, node, f"string {name!r} beside {text!r}")

    def _push_members(self, targets: Iterable[int], node: int, why: str) -> None:
        """Reach members of classes anywhere, and top-level definitions of the string's own module.

        A name that is no plain word, such as `TableSegment`, hardly means anything else than the definition, wherever
        it lies.
        """
        of, definitions = self.graph.modules.of, self.graph.modules.definitions
        for target in targets:
            definition = definitions[target]
            if definition is None:
                continue
            if definition.owner != -1 or of[target] is of[node] or TELLING.fullmatch(definition.name):
                self._push(target, node, why)

    def _follow_path(self, node: int, text: str) -> None:
        modules, symbols = self.graph.modules, self.graph.symbols
        name = text.replace(":", ".")
        found = symbols.resolve(name)
        if found is None and (":" in text or "." in name):
            found = symbols.resolve(name.rpartition(".")[0])
        if found is None:
            return
        why = f"string {text!r}"
        self._push(found.node, node, why)
        if modules.definitions[found.node] is None:
            for member, target in modules.of[found.node].top.items():
                if member in REGISTRARS or member.startswith("register"):
                    self._push(target, node, why)

    def path(self, node: int) -> list[int]:
        """List the nodes from a root to this one; of a long path the root and the last ones."""
        found = [node]
        while self.parent[found[-1]] != found[-1]:
            if len(found) == LONGEST:
                found.append(self._origin[node])
                break
            found.append(self.parent[found[-1]])
        return found[::-1]

    def root(self, node: int) -> int:
        """The root that this node is reached from."""
        return self._origin[node]

    def explain(self, node: int) -> tuple[str, ...]:
        """Write the path to a node, one step a line, each with the rule that joins it to the one before."""
        modules, lines = self.graph.modules, []
        before: int | None = None
        for step in self.path(node):
            if before is not None and self.parent[step] != before:
                lines.append("-> … more steps than are shown")
            before = step
            source = self.parent[step]
            label = f"{modules.key(step)} ({modules.place(step)})"
            if source != step:
                label = f"-> {self.weakly.get(step) or self.graph.why(source, step)}: {label}"
            lines.append(label)
        return tuple(lines)
