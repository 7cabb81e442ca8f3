"""What a name means where it is used: through scopes, imports, re-exports, star imports, aliases and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from fresh.inventory.meanings import Found, Questions, either
from fresh.inventory.mixing import Mixing, ancestors
from fresh.inventory.modules import Module, Modules
from fresh.inventory.record import Bound, Definition

MOST_VALUES = 4
"""Values of one variable that are followed."""
NOTHING: dict[str, list[Bound]] = {}
PLAIN_BASES = frozenset(
    {"object", "ABC", "abc.ABC", "Protocol", "Generic", "typing.Protocol", "typing.Generic"}
)


class Bases(NamedTuple):
    """The bases of the classes of most files: those seen, and classes with others; `missing` are the paths of the rest."""

    seen: dict[int, list[int]]
    unseen: set[int]
    missing: set[str]


def _whole(found: Found) -> Found | None:
    """Keep what is found without a rest."""
    others = tuple(each for each in found.others if not each.left)
    return either([each for each in (found._replace(others=()), *others) if not each.left])


def descendants(bases: Mapping[int, Sequence[int]]) -> dict[int, tuple[int, ...]]:
    """Map every class to those that inherit from it, as far as ancestors are looked at."""
    found: dict[int, list[int]] = {}
    for node in bases:
        for each in ancestors(node, bases):
            found.setdefault(each, []).append(node)
    return {node: tuple(heirs) for node, heirs in found.items()}


class Symbols:
    """Resolve names to nodes. The answers depend on neither the order of the files nor of the questions."""

    def __init__(self, modules: Modules, known: Bases | None = None) -> None:
        self.modules = modules
        self.bases: dict[int, list[int]] = {}
        self.has_unseen_base: set[int] = set()
        self._known_ancestors: dict[int, tuple[int, ...]] = {}
        self._questions = Questions()
        self._find_bases(known)

    # -------------------------------------------------------------------------------------------------- absolute

    def resolve(self, name: str) -> Found | None:
        """Find what an absolute dotted name stands for."""
        if self.modules.is_external(name):
            return None
        return self._questions.ask(name, lambda: self._resolve(name.split(".")))

    def _resolve(self, parts: Sequence[str]) -> Found | None:
        for length in range(len(parts), 0, -1):
            name = ".".join(parts[:length])
            module = self.modules.get(name)
            if module is None:
                continue
            if length < len(parts):
                return self.attribute(module, parts[length], tuple(parts[length + 1 :]))
            return self._same_named(parts) or Found(module.body)
        return None

    def _same_named(self, parts: Sequence[str]) -> Found | None:
        """Find the object that a package binds under the name of its own submodule; `from p import x` gives it."""
        package = self.modules.get(".".join(parts[:-1])) if len(parts) > 1 else None
        if package is None:
            return None
        name, whole = parts[-1], ".".join(parts)
        targets = package.imports.get(-1, {}).get(name, [])
        if name in package.top or any(target != whole for target in targets):
            return self.attribute(package, name, ())
        return None

    def attribute(self, module: Module, name: str, rest: tuple[str, ...]) -> Found | None:
        """Find a name at the top level of a module, and follow the attributes behind it."""
        defined = [self.descend(module.top[name], rest)] if name in module.top else []
        is_held = name in module.bound.get(-1, NOTHING)
        is_imported = name in module.imports.get(-1, {})
        if defined and not is_held and not is_imported:
            return defined[0]
        renamed = self._renamed(module, name, rest) if is_held else None
        imported = self._imported(module, -1, name, rest) if is_imported and not renamed else None
        held = self._through_variable(module, -1, name, rest) if is_held and not renamed else None
        bound = [each for each in (renamed, imported, held) if each]
        # Which of several ways to bind a name counts is known when it runs. Beside a definition only what is found whole
        # does: what is left of a name would grow in a circle that comes by here.
        if found := either([*defined, *(filter(None, map(_whole, bound)) if defined else bound)]):
            return found
        for star in module.stars:
            if found := self._beyond(star, (name, *rest)):
                return found
        return None

    def _imported(self, module: Module, scope: int, name: str, rest: tuple[str, ...]) -> Found | None:
        """Find what a name is imported as; where it is imported from several places, whatever it may be comes along."""
        imports = module.imports.get(scope)
        if imports is None or name not in imports:
            return None
        targets = imports[name]
        if len(targets) == 1:
            return self._beyond(targets[0], rest)
        return either([found for target in targets if (found := self._beyond(target, rest))])

    def _beyond(self, target: str, rest: tuple[str, ...]) -> Found | None:
        """Follow attributes behind what is imported.

        What the target is comes first unless it is a module: asked with the attributes behind it, names in a circle of
        imports would grow without end.
        """
        if not rest:
            return self.resolve(target)
        whole, get = target, self.modules.get
        is_module = get(target) is not None
        for name in rest:
            whole = f"{whole}.{name}"
            is_module = is_module or get(whole) is not None
        if is_module:
            return self.resolve(whole)
        found = self.resolve(target)
        return self._behind(found, rest) if found else None

    def _behind(self, found: Found, rest: tuple[str, ...]) -> Found | None:
        """Follow attributes behind whatever a name may mean."""
        if not found.others:
            return self._behind_one(found, rest)
        each = (found._replace(others=()), *found.others)
        return either([further for one in each if (further := self._behind_one(one, rest))])

    def _behind_one(self, found: Found, rest: tuple[str, ...]) -> Found | None:
        if found.left or found.is_made:
            return found._replace(left=(*found.left, *rest))
        if self.modules.definitions[found.node] is None:
            further = self.resolve(".".join((self.modules.of[found.node].name, *rest)))
        else:
            further = self.descend(found.node, rest)
        if further is None or not found.through:
            return further
        return further._replace(through=tuple(dict.fromkeys((*found.through, *further.through))))

    def _renamed(self, module: Module, name: str, rest: tuple[str, ...]) -> Found | None:
        """Follow `name = name.part`: what was imported under a name is replaced by a part of it."""
        for bound in module.bound.get(-1, {}).get(name, ()):
            head, _, part = bound.source.partition(".")
            if head == name and part and not bound.called:
                mark = f"{module.name}:{name}={bound.source}"
                if found := self._questions.ask(mark, partial(self._part, module, name, part)):
                    return self._behind(found, rest) if rest else found
        return None

    def _part(self, module: Module, name: str, part: str) -> Found | None:
        """Find a part of the module that a name was imported as."""
        head, *rest = part.split(".")
        for target in module.imports.get(-1, {}).get(name, ()):
            whole = self.modules.get(target)
            if whole is not None and (found := self.attribute(whole, head, tuple(rest))):
                return found
        return None

    def _through_variable(self, module: Module, owner: int, name: str, rest: tuple[str, ...]) -> Found | None:
        """Follow a variable; one that is bound in several places may mean what any of them gives it."""
        each: list[Found] = []
        for bound in module.bound.get(owner, NOTHING).get(name, ()):
            if bound.source.partition(".")[0] == name:
                continue
            mark = f"{module.name}:{owner}:{name}={bound.source}"
            found = self._questions.ask(mark, partial(self.find, module, owner, bound.source))
            if found is None or found.left:
                continue
            if rest and not bound.called and self.modules.definitions[found.node] is None:
                each.append(self._behind_one(found, rest) or Found(found.node, rest))
            elif not bound.called or self._is_class(found.node):
                each.append(self.descend(found.node, rest))
            else:
                each.append(Found(found.node, rest, is_made=True))
            if len(each) == MOST_VALUES:
                break
        return either(each)

    def descend(self, node: int, rest: tuple[str, ...]) -> Found:
        """Follow attributes of a definition as far as they are known."""
        through: list[int] = []
        for index, name in enumerate(rest):
            member = self.method(node, name)
            if member is None:
                return Found(node, rest[index:], tuple(through))
            if self.modules.owners[member] != node:
                through.append(node)
            node = member
        return Found(node, (), tuple(through))

    # ------------------------------------------------------------------------------------------------- in a scope

    def find(self, module: Module, owner: int, name: str) -> Found | None:
        """Find what a dotted name means inside a definition (-1: the module's body)."""
        if "()." in name:
            return self._of_instance(module, owner, *name.split("().", 1))
        head, *rest = name.split(".")
        if head in ("self", "cls") and rest and (home := self.enclosing_class(module, owner)) >= 0:
            return self._of_self(module, home, rest)
        scope = owner
        while scope >= 0:
            if found := self._in_scope(module, scope, owner, head, tuple(rest)):
                return found
            if head in module.imports.get(scope, ()) and not module.shape.definitions[scope].is_class:
                return None  # another project's, or nothing that there is
            scope = module.shape.definitions[scope].owner
        return self.attribute(module, head, tuple(rest))

    def _in_scope(
        self, module: Module, scope: int, owner: int, head: str, rest: tuple[str, ...]
    ) -> Found | None:
        """Look in one function's scope; a class's names are seen only in its own body, not in its methods."""
        if scope != owner and module.shape.definitions[scope].is_class:
            return None
        if found := self._imported(module, scope, head, rest):
            return found
        members = self.modules.members.get(module.body + 1 + scope)
        if members is not None and head in members:
            return self.descend(members[head], rest)
        return self._through_variable(module, scope, head, rest) if rest else None

    def _of_instance(self, module: Module, owner: int, maker: str, attribute: str) -> Found | None:
        if maker == "super":
            home = self.enclosing_class(module, owner)
            for ancestor in self.ancestors(module.node(home)) if home >= 0 else ():
                if (member := self.modules.members.get(ancestor, {}).get(attribute)) is not None:
                    return Found(member)
            return None
        made = self.find(module, owner, maker)
        if made is None or made.left:
            return None
        return either([self.descend(one.node, (attribute,)) for one in (made, *made.others) if not one.left])

    def _of_self(self, module: Module, home: int, rest: Sequence[str]) -> Found | None:
        node = module.node(home)
        if (member := self.method(node, rest[0])) is not None:
            return self.descend(member, tuple(rest[1:]))
        for holder in (node, *self.ancestors(node)):
            where = self.modules.of[holder]
            index = holder - where.body - 1
            if len(rest) > 1 and f"self.{rest[0]}" in where.bound.get(index, {}):
                return self._through_variable(where, index, f"self.{rest[0]}", tuple(rest[1:]))
        return None

    def enclosing_class(self, module: Module, owner: int) -> int:
        """The index of the class around a definition; -1 outside of classes."""
        while owner >= 0 and not module.shape.definitions[owner].is_class:
            owner = module.shape.definitions[owner].owner
        return owner

    # ---------------------------------------------------------------------------------------------------- classes

    def _is_class(self, node: int) -> bool:
        definition = self.modules.definitions[node]
        return definition is not None and definition.is_class

    def _find_bases(self, known: Bases | None) -> None:
        """Find the bases that are not known; on the way to them no name is followed into what a class inherits."""
        bases: dict[int, list[int]] = dict(known.seen) if known else {}
        self.has_unseen_base = set(known.unseen) if known else set()
        for module in self.modules.by_path.values():
            if known is None or module.source.path in known.missing:
                for node, definition in enumerate(module.shape.definitions, module.body + 1):
                    if definition.bases:
                        bases[node] = self._bases_of(module, node, definition)
        self.bases = {node: found for node, found in bases.items() if found}
        self._questions = Questions()
        self._known_ancestors.clear()
        self.mixing = Mixing(self.bases, self.has_unseen_base)

    def _bases_of(self, module: Module, node: int, definition: Definition) -> list[int]:
        seen: list[int] = []
        for base in definition.bases:
            found = self.find(module, definition.owner, base)
            if found and found.node != node and self._is_class(found.node) and not found.left:
                seen.append(found.node)
            elif base not in PLAIN_BASES:
                self.has_unseen_base.add(node)
        return seen

    def ancestors(self, node: int) -> tuple[int, ...]:
        """List the classes that a class inherits from, nearest first."""
        if node not in self._known_ancestors:
            self._known_ancestors[node] = ancestors(node, self.bases)
        return self._known_ancestors[node]

    def method(self, node: int, name: str) -> int | None:
        """Find a member of a definition, for a class also an inherited one."""
        members = self.modules.members
        if node in members and name in members[node]:
            return members[node][name]
        for ancestor in self.ancestors(node) if node in self.bases else ():
            if ancestor in members and name in members[ancestor]:
                return members[ancestor][name]
        return None

    def overrides(self, node: int, name: str) -> bool:
        """Tell whether a class's member replaces one of an ancestor, or of a class that it is mixed with.

        It may do so where one of them is unseen.
        """
        above = self.ancestors(node)
        if node in self.mixing.beside_unseen or any(each in self.has_unseen_base for each in (node, *above)):
            return True
        others = self.mixing.beside.get(node, ())
        return any(name in self.modules.members.get(each, {}) for each in above) or any(
            self.method(each, name) not in (None, self.modules.members[node][name]) for each in others
        )
