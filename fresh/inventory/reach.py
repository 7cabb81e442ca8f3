"""What can be reached from a set of roots, breadth first; the map of parents is the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fresh.inventory.graph import Graph

TELLING = re.compile(r"[A-Z][a-z0-9]+[A-Z]\w+|[a-z]+_[a-z]\w*_\w+")
LONGEST = 40
FREE, CLOSED = -1, -2
REGISTRARS = ("setup", "main", "ready")
BUILTIN_METHODS = frozenset(
    name for kind in (str, bytes, list, dict, set, int, float) for name in dir(kind) if name[0] != "_"
) | {"close", "read", "readline", "readlines", "write", "writelines", "flush", "seek"}


class Reach:
    """One search. `parent[n]` is the node that n was reached from (n itself for a root, negative when it was not),
    `weakly[n]` the reason of a weak edge; `outside` marks nodes that the search does not enter."""

    def __init__(
        self, graph: Graph, roots: Iterable[int], *, weak: bool = True, outside: bytearray | None = None
    ) -> None:
        self.graph = graph
        self.parent: list[int] = [FREE] * len(graph)
        self.weakly: dict[int, str] = {}
        self._origin: list[int] = [FREE] * len(graph)
        self._found: list[int] = []
        self._steps: dict[int, str] = {}
        if outside is not None:
            self.parent = [CLOSED if mark else FREE for mark in outside]
        for root in roots:
            if self.parent[root] == FREE:
                self.parent[root] = self._origin[root] = root
                self._found.append(root)
        self._run(weak)

    def __contains__(self, node: int) -> bool:
        return self.parent[node] >= 0

    def _run(self, weak: bool) -> None:
        graph, parent, origin, found = self.graph, self.parent, self._origin, self._found
        follow, mentions, strings = graph.follow, graph.weak, graph.strings
        push = found.append
        known: set[str] = set()
        spoken: set[str] = set()
        for node in found:  # it grows meanwhile
            for target in follow[node]:
                if parent[target] == FREE:
                    parent[target] = node
                    origin[target] = origin[node]
                    push(target)
            if weak:
                for name in mentions[node]:
                    if name not in known:
                        known.add(name)
                        self._mention(node, name)
                for text in strings[node]:
                    if text not in spoken:
                        spoken.add(text)
                        self._speak(node, text)
                for target, why in graph.paired(node):
                    self._push((target,), node, why)

    def _push(self, targets: Iterable[int], source: int, why: str) -> None:
        for target in targets:
            if self.parent[target] == FREE:
                self.parent[target] = source
                self._origin[target] = self._origin[source]
                self.weakly[target] = why
                self._found.append(target)

    def _mention(self, node: int, name: str) -> None:
        """Reach everything of this name; a method name of the built-in types says nothing about functions."""
        targets: Iterable[int] = self.graph.by_name.get(name, ())
        if targets and name in BUILTIN_METHODS:
            tops = self.graph.modules.tops
            targets = (target for target in targets if tops[target] != target)
        if targets:
            self._push(targets, node, f"attribute name .{name}")

    def _speak(self, node: int, text: str) -> None:
        """Follow a string literal that could name code."""
        if "*" in text:
            like = self.graph.named_like(text)
            self._push_members(like, node, f"name built from {text!r}", telling=text[0] != "*")
        elif "." in text or ":" in text:
            self._follow_path(node, text)
        else:
            self._push_members(self.graph.by_name.get(text, ()), node, f"string {text!r}")

    def _push_members(self, targets: Iterable[int], node: int, why: str, *, telling: bool = True) -> None:
        """Reach members of classes anywhere, and top-level definitions of the string's own module.

        A name that is no plain word, such as `TableSegment`, hardly means anything else than the definition, wherever
        it lies; the mere end of a name, such as `_name`, does not tell as much.
        """
        of, tops, names, parent = (
            self.graph.modules.of,
            self.graph.modules.tops,
            self.graph.modules.names,
            self.parent,
        )
        meant = [
            target
            for target in targets
            if parent[target] == FREE
            and (
                tops[target] != target
                or of[target] is of[node]
                or (telling and TELLING.fullmatch(names[target]))
            )
        ]
        if meant:
            self._push(meant, node, why)

    def _follow_path(self, node: int, text: str) -> None:
        modules, symbols = self.graph.modules, self.graph.symbols
        name = text.replace(":", ".")
        found = symbols.resolve(name)
        if found is None and (":" in text or "." in name):
            found = symbols.resolve(name.rpartition(".")[0])
        if found is None:
            return
        why = f"string {text!r}"
        self._push((found.node,), node, why)
        if modules.definitions[found.node] is None:
            for member, target in modules.of[found.node].top.items():
                if member in REGISTRARS or member.startswith("register"):
                    self._push((target,), node, why)

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
        lines = []
        before: int | None = None
        for step in self.path(node):
            if before is not None and self.parent[step] != before:
                lines.append("-> … more steps than are shown")
            before = step
            if step not in self._steps:
                self._steps[step] = self._step(step)
            lines.append(self._steps[step])
        return tuple(lines)

    def _step(self, node: int) -> str:
        modules, source = self.graph.modules, self.parent[node]
        label = f"{modules.key(node)} ({modules.place(node)})"
        if source == node:
            return label
        return f"-> {self.weakly.get(node) or self.graph.why(source, node)}: {label}"
