"""Small example values for a type, built of those for its parts."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import types
import typing

from .kinds import ABSTRACT, BUILT_IN, KINDS, OBJECTS, Sample, plain
from .literal import Unwritable, name_of
from .wire import Import, Made

DEEPEST = 3
# Which examples objects are built of: two ordinary ones, then a negative or odd one, then an empty one.
ROWS = (0, 1, 5, 3)


def learn_files(files: tuple[tuple[str, str], ...]) -> None:
    """Put files that the project's own tests use before ours."""
    for name, text in reversed(files):
        KINDS["path"].insert(0, Sample(f"tmp_path / {name!r}", (), ((name, text),)))
        KINDS["strpath"].insert(0, Sample(f"str(tmp_path / {name!r})", (), ((name, text),)))


def learn_objects(objects: tuple[Made, ...]) -> None:
    """Take objects as the project's own tests make them for examples of their classes."""
    for made in objects:
        OBJECTS.setdefault(made.kind, []).append(Sample(made.source, made.imports))


def samples_for(kind: object, depth: int = 0) -> list[Sample]:
    """List examples of a type; empty when none can be made."""
    if depth > DEEPEST:
        return []
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is not None:
        return _generic(origin, inner, depth)
    if isinstance(kind, (list, dict, set)) or not _hashable(kind):
        return []
    name = BUILT_IN.get(kind) or ABSTRACT.get(kind)
    if name:
        return KINDS[name]
    if isinstance(kind, typing.TypeVar):
        return _variable(kind, depth)
    if hasattr(kind, "__supertype__"):
        return _wrapped(kind, depth)
    if isinstance(kind, type):
        return _class(kind, depth)
    return []


def _hashable(kind: object) -> bool:
    try:
        hash(kind)
    except TypeError:
        return False
    return True


def _generic(origin: object, inner: tuple[object, ...], depth: int) -> list[Sample]:
    if origin is typing.Union or origin is types.UnionType:
        return _interleave([samples_for(kind, depth) for kind in inner])
    if origin is typing.Literal:
        return [Sample(repr(value)) for value in inner if isinstance(value, (str, int, bytes, type(None)))]
    if origin is typing.Annotated:
        return samples_for(inner[0], depth)
    if origin is type and isinstance(inner[0], type):
        return _named(inner[0])
    name = BUILT_IN.get(origin) or ABSTRACT.get(origin) or ""
    if name == "list":
        return _lists(samples_for(inner[0], depth + 1))
    if name == "iterator":
        return [
            item._replace(source=f"iter({item.source})") for item in _lists(samples_for(inner[0], depth + 1))
        ]
    if name == "set":
        return [_join("{", [item], "}") for item in samples_for(inner[0], depth + 1)[:2]] + plain("set()")
    if name == "dict" and len(inner) == 2:
        return _dicts(samples_for(inner[0], depth + 1), samples_for(inner[1], depth + 1))
    if name == "tuple":
        return _tuples(inner, depth)
    return KINDS.get(name, [])


def _named(kind: type) -> list[Sample]:
    imports: list[Import] = []
    try:
        return [Sample(name_of(kind, imports), tuple(imports))]
    except Unwritable:
        return []


def _join(opening: str, items: list[Sample], closing: str) -> Sample:
    return Sample(
        opening + ", ".join(item.source for item in items) + closing,
        tuple(found for item in items for found in item.imports),
        tuple(found for item in items for found in item.files),
    )


def _lists(items: list[Sample]) -> list[Sample]:
    if not items:
        return plain("[]")
    longer = (
        [_join("[", [items[2 % len(items)], items[0], items[1 % len(items)]], "]")] if len(items) > 2 else []
    )
    single = [_join("[", items[:1], "]")]
    doubled = [_join("[", [items[1 % len(items)], items[0], items[1 % len(items)]], "]")]
    return [*longer, *doubled, *plain("[]"), *single]


def _dicts(keys: list[Sample], values: list[Sample]) -> list[Sample]:
    if not keys or not values:
        return plain("{}")
    pairs = [
        Sample(f"{key.source}: {value.source}", key.imports + value.imports, key.files + value.files)
        for key, value in zip(keys, values, strict=False)
    ]
    return [_join("{", pairs[:2], "}"), *plain("{}"), _join("{", pairs[-1:], "}")]


def _tuples(inner: tuple[object, ...], depth: int) -> list[Sample]:
    if len(inner) == 2 and inner[1] is Ellipsis:
        lists = _lists(samples_for(inner[0], depth + 1))
        return [item._replace(source=f"tuple({item.source})") for item in lists]
    columns = [samples_for(kind, depth + 1) for kind in inner]
    if not columns or not all(columns):
        return []
    rows = max(len(column) for column in columns)
    return [
        _join(
            "(",
            [column[(row + place) % len(column)] for place, column in enumerate(columns)],
            ",)" if len(columns) == 1 else ")",
        )
        for row in range(min(rows, 4))
    ]


def _interleave(columns: list[list[Sample]]) -> list[Sample]:
    rows = max((len(column) for column in columns), default=0)
    mixed = [column[row] for row in range(rows) for column in columns if row < len(column)]
    return list(dict.fromkeys(mixed))


def _variable(kind: typing.TypeVar, depth: int) -> list[Sample]:
    if kind.__constraints__:
        return _interleave([samples_for(found, depth) for found in kind.__constraints__])
    return samples_for(kind.__bound__, depth) if kind.__bound__ else KINDS["unknown"]


def _wrapped(kind: object, depth: int) -> list[Sample]:
    return samples_for(getattr(kind, "__supertype__", None), depth)


def _class(kind: type, depth: int) -> list[Sample]:
    """Make members of an enum, or build an object from examples of its own parameters."""
    imports: list[Import] = []
    try:
        name = name_of(kind, imports)
    except Unwritable:
        return []
    if issubclass(kind, enum.Enum):
        return [Sample(f"{name}.{member.name}", tuple(imports)) for member in list(kind)[:6] if member.name]
    if issubclass(kind, BaseException) or inspect.isabstract(kind) or getattr(kind, "_is_protocol", False):
        return []
    if getattr(kind, "__total__", None) is not None and issubclass(kind, dict):
        return _typed_dict(kind, depth)
    if not (dataclasses.is_dataclass(kind) or hasattr(kind, "_fields") or depth < DEEPEST):
        return []
    return OBJECTS.get(kind.__qualname__, []) + _built(kind, name, tuple(imports), depth)


def _built(kind: type, name: str, imports: tuple[Import, ...], depth: int) -> list[Sample]:
    try:
        needed = [
            item
            for item in inspect.signature(kind).parameters.values()
            if item.default is inspect.Parameter.empty
            and item.kind.name not in ("VAR_POSITIONAL", "VAR_KEYWORD")
        ]
        resolved = typing.get_type_hints(kind if dataclasses.is_dataclass(kind) else kind.__init__)  # type: ignore[misc]
    except (ValueError, TypeError, NameError, AttributeError):
        return []
    columns = [samples_for(resolved.get(item.name, item.annotation), depth + 1) for item in needed]
    if not all(columns):
        return []
    rows = min(len(ROWS), max((len(column) for column in columns), default=1))
    built = []
    for row in ROWS[:rows]:
        chosen = [column[row % len(column)] for column in columns]
        named = [
            found._replace(source=f"{item.name}={found.source}")
            for item, found in zip(needed, chosen, strict=True)
        ]
        made = _join(f"{name}(", named, ")")
        built.append(made._replace(imports=imports + made.imports))
    return built


def _typed_dict(kind: type, depth: int) -> list[Sample]:
    hints = typing.get_type_hints(kind)
    columns = [samples_for(found, depth + 1) for found in hints.values()]
    if not all(columns):
        return []
    items = [
        column[0]._replace(source=f"{key!r}: {column[0].source}")
        for key, column in zip(hints, columns, strict=True)
    ]
    return [_join("{", items, "}")]
