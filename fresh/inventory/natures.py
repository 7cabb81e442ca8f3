"""What kind of thing each feature is, from its code, its bases, its place and what reaches it."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator
from typing import NamedTuple

from fresh.domain.feature import Reachability
from fresh.domain.nature import Nature
from fresh.inventory import marks
from fresh.inventory.graph import Graph
from fresh.inventory.record import Definition
from fresh.inventory.words import words

EXCEPTIONS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
EXCEPTION_NAME = re.compile(r".*(?:Error|Exception|Warning|Interrupt|Exit)")
ABSTRACT = words("Protocol ABC ABCMeta Interface type")
VALUES = words("NamedTuple TypedDict Enum IntEnum StrEnum Flag IntFlag namedtuple Struct")
DOUBLE = re.compile(
    r"(?:Fake|Mock|Dummy|Stub|Spy)(?=[A-Z_]|$).*|.*(?:Mock|Fake|TestCase|TestMixin|TestHelper)"
)
TESTING = re.compile(r"(?:.*_)?(?:tests?|testing|testutils?|testlib|mocks?|fakes?|fixtures)(?:_.*)?")
TEST_TOOLS = frozenset({"unittest", "pytest", "mock", "hypothesis", "nose"})
REGISTERED = (Reachability.UNHOOKED, Reachability.TEST_ONLY, Reachability.API_ONLY)


class Kindred(NamedTuple):
    """The nature of a feature, and what in the code says so."""

    nature: Nature
    why: str = ""


class Natures:
    """Tell the nature of the features of one codebase."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def of(self, node: int, state: Reachability) -> Kindred:
        """Say what a top-level definition is; of several the one that says most."""
        definition = self.graph.modules.definitions[node]
        assert definition is not None
        found = self._support(node, definition, state) or (
            self._of_class(node, definition) if definition.is_class else _of_function(definition)
        )
        if found is None and marks.DEPRECATED in definition.marks:
            found = Kindred(Nature.DEPRECATED, "it warns so itself")
        return found or self._internal(node) or Kindred(Nature.WORK)

    def _support(self, node: int, definition: Definition, state: Reachability) -> Kindred | None:
        """Tell whether something is there for tests: by its place or name, as long as nothing else uses it."""
        if state not in REGISTERED:
            return None
        module = self.graph.modules.of[node]
        place = next((part for part in module.name.split(".")[1:] if TESTING.fullmatch(part)), None)
        if place is not None:
            return Kindred(Nature.SUPPORT, f"it lies in {place} of {module.name}")
        if DOUBLE.fullmatch(definition.name):
            return Kindred(Nature.SUPPORT, f"it is called {definition.name}")
        tools = TEST_TOOLS & {target.partition(".")[0] for _, _, target in module.shape.imports}
        if tools and state is Reachability.TEST_ONLY:
            return Kindred(Nature.SUPPORT, f"its module imports {min(tools)}")
        return None

    def _of_class(self, node: int, definition: Definition) -> Kindred | None:
        bases = list(self._bases(node))
        members = self.graph.modules.members.get(node, {})
        if base := next(
            (each for each in bases if each in EXCEPTIONS or EXCEPTION_NAME.fullmatch(each)), None
        ):
            return Kindred(Nature.EXCEPTION, f"it derives from {base}")
        own = {base.rpartition(".")[2] for base in definition.bases}
        if own & ABSTRACT or marks.ABSTRACT in definition.marks or definition.name.endswith("Mixin"):
            return Kindred(Nature.ABSTRACT, "it is to be derived from")
        if base := next((each for each in bases if each in VALUES), None):
            return Kindred(Nature.VALUES, f"it derives from {base}")
        if not any(not name.startswith("_") for name in members) and "__call__" not in members:
            inherits = any(
                not name.startswith("_")
                for each in self.graph.symbols.ancestors(node)
                for name in self.graph.modules.members.get(each, {})
            )
            unseen = node in self.graph.symbols.has_unseen_base
            return None if inherits or unseen else Kindred(Nature.VALUES, "it has no public method")
        return None

    def _bases(self, node: int) -> Iterator[str]:
        """Name all bases of a class, also those of other projects."""
        for each in (node, *self.graph.symbols.ancestors(node)):
            definition = self.graph.modules.definitions[each]
            for base in definition.bases if definition else ():
                yield base.rpartition(".")[2]

    def _internal(self, node: int) -> Kindred | None:
        name = self.graph.modules.of[node].name
        private = next(
            (part for part in name.split(".") if part.startswith("_") and not part.endswith("__")), None
        )
        return Kindred(Nature.INTERNAL, f"it lies in {private}") if private else None


def _of_function(definition: Definition) -> Kindred | None:
    made = {name.rpartition(".")[2] for name in definition.decorators}
    if made & {"contextmanager", "asynccontextmanager"}:
        return Kindred(Nature.CONTEXT, "its decorator says so")
    if marks.DECORATES in definition.marks:
        return Kindred(Nature.DECORATOR, "it returns a function that it defines")
    if marks.IDLE in definition.marks:
        return Kindred(Nature.IDLE, "it computes nothing")
    for mark in definition.marks:
        if mark.startswith(marks.CALLED_WITH):
            return Kindred(Nature.CALLBACK, f"it takes {mark.removeprefix(marks.CALLED_WITH)}")
    return None
