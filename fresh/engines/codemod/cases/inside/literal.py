"""Write a value as source that evaluates to an equal value everywhere and always."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import types
import uuid
from typing import NamedTuple

from .wire import Import

LONGEST_TEXT = 300
MOST_ITEMS = 24
DEEPEST = 4
LARGEST_INT = 10**24


class Literal(NamedTuple):
    """Source, and the imports that complete it."""

    source: str
    imports: tuple[Import, ...] = ()


class Unwritable(Exception):
    """A value has no stable source; the message says what is in the way."""


def write(value: object, tmp_path: pathlib.Path | None = None) -> Literal:
    """Write a value as source. Raises Unwritable."""
    imports: list[Import] = []
    source = _write(value, imports, tmp_path, 0)
    unique = tuple(dict.fromkeys(imports))
    if len({_bound(found) for found in unique}) < len(unique):
        raise Unwritable("names of two modules collide")
    if len(source) > LONGEST_TEXT * 2:
        raise Unwritable(f"the value takes {len(source)} characters to write")
    return Literal(source, unique)


def _bound(found: Import) -> str:
    return found.name or found.module


def _write(value: object, imports: list[Import], tmp_path: pathlib.Path | None, depth: int) -> str:
    if depth > DEEPEST:
        raise Unwritable(f"the value is nested deeper than {DEEPEST}")
    kind = type(value)
    if value is None or kind is bool:
        return repr(value)
    if kind in (int, float, complex):
        return _write_number(value, imports)
    if kind in (str, bytes):
        return _write_text(value)
    if isinstance(value, enum.Enum):
        return _write_enum(value, imports)
    if kind in (list, tuple, set, frozenset, dict):
        return _write_container(value, imports, tmp_path, depth)
    if isinstance(value, pathlib.PurePath):
        return _write_path(value, imports, tmp_path)
    if isinstance(value, (decimal.Decimal, fractions.Fraction, uuid.UUID)) or kind in _MOMENTS:
        return _write_standard(value, imports)
    if kind in (collections.OrderedDict, collections.Counter, collections.deque, collections.defaultdict):
        return _write_collection(value, imports, tmp_path, depth)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return _write_fields(value, list(kind._fields), imports, tmp_path, depth)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _write_dataclass(value, imports, tmp_path, depth)
    if isinstance(value, type):
        return name_of(value, imports)
    raise Unwritable(f"{kind.__qualname__} objects have no literal form")


_UTC = datetime.timezone.utc  # noqa: UP017 (datetime.UTC is younger than 3.10)
_MOMENTS = (datetime.date, datetime.datetime, datetime.time, datetime.timedelta)


def _write_number(value: object, imports: list[Import]) -> str:
    if isinstance(value, int):
        if abs(value) > LARGEST_INT:
            raise Unwritable("the number is too long to read")
        return repr(value)
    if isinstance(value, complex) and not (math.isfinite(value.real) and math.isfinite(value.imag)):
        raise Unwritable("the complex number is not finite")
    if isinstance(value, float) and math.isnan(value):
        raise Unwritable("nan never equals itself")
    if isinstance(value, float) and math.isinf(value):
        imports.append(Import("math", ""))
        return "math.inf" if value > 0 else "-math.inf"
    return repr(value)


def _write_text(value: object) -> str:
    source = repr(value)
    if len(source) > LONGEST_TEXT:
        raise Unwritable(f"the text takes {len(source)} characters")
    if " at 0x" in source:
        raise Unwritable("the text holds a memory address")
    if isinstance(value, str) and any(0xD800 <= ord(letter) <= 0xDFFF for letter in value):
        raise Unwritable("the text holds a lone surrogate")
    return source


def name_of(kind: type, imports: list[Import]) -> str:
    """Name a class as a test would. Raises Unwritable for one that can't be imported."""
    if kind.__module__ == "builtins":
        return kind.__qualname__
    outer = kind.__qualname__.split(".")[0]
    if "<" in kind.__qualname__ or kind.__module__ == "__main__":
        raise Unwritable(f"the class {kind.__qualname__} can't be imported")
    imports.append(Import(public_module(kind), outer))
    return kind.__qualname__


def public_module(kind: type) -> str:
    """Say where to import a class from: pathlib.PosixPath lives elsewhere from one Python to the next."""
    return "pathlib" if kind.__module__.startswith("pathlib") else kind.__module__


def _write_enum(value: enum.Enum, imports: list[Import]) -> str:
    if value.name is None or not value.name.isidentifier():
        raise Unwritable("the enum member is a combination without a name")
    return f"{name_of(type(value), imports)}.{value.name}"


def _write_container(
    value: object,
    imports: list[Import],
    tmp_path: pathlib.Path | None,
    depth: int,
) -> str:
    assert isinstance(value, (list, tuple, set, frozenset, dict))
    if len(value) > MOST_ITEMS:
        raise Unwritable(f"the value holds {len(value)} items")
    if isinstance(value, dict):
        pairs = [
            f"{_write(key, imports, tmp_path, depth + 1)}: {_write(item, imports, tmp_path, depth + 1)}"
            for key, item in value.items()
        ]
        return "{" + ", ".join(pairs) + "}"
    items = [_write(item, imports, tmp_path, depth + 1) for item in value]
    if isinstance(value, (set, frozenset)):
        inner = "{" + ", ".join(sorted(items)) + "}" if items else ""
        return f"frozenset({inner})" if isinstance(value, frozenset) else inner or "set()"
    if isinstance(value, list):
        return "[" + ", ".join(items) + "]"
    return f"({items[0]},)" if len(items) == 1 else "(" + ", ".join(items) + ")"


def _write_path(value: pathlib.PurePath, imports: list[Import], tmp_path: pathlib.Path | None) -> str:
    if tmp_path is not None and tmp_path in value.parents:
        return f"tmp_path / {value.relative_to(tmp_path).as_posix()!r}"
    if tmp_path is not None and value == tmp_path:
        return "tmp_path"
    if value.is_absolute():
        raise Unwritable("the path is absolute")
    kind = "Path" if isinstance(value, pathlib.Path) else type(value).__name__
    imports.append(Import("pathlib", kind))
    return f"{kind}({value.as_posix()!r})"


def _write_standard(value: object, imports: list[Import]) -> str:
    kind = type(value)
    if kind.__module__ not in ("decimal", "fractions", "uuid", "datetime"):
        raise Unwritable(f"{kind.__qualname__} objects have no literal form")
    if isinstance(value, (datetime.datetime, datetime.time)) and value.tzinfo not in (None, _UTC):
        raise Unwritable("the time carries its own zone object")
    if kind in _MOMENTS:
        imports.append(Import("datetime", ""))
        return repr(value)
    imports.append(Import(kind.__module__, kind.__qualname__))
    return repr(value)


def _write_collection(
    value: object,
    imports: list[Import],
    tmp_path: pathlib.Path | None,
    depth: int,
) -> str:
    kind = type(value)
    imports.append(Import("collections", kind.__name__))
    if isinstance(value, collections.defaultdict):
        if not isinstance(value.default_factory, type):
            raise Unwritable("the defaultdict makes its values with a function")
        factory = name_of(value.default_factory, imports)
        return f"defaultdict({factory}, {_write(dict(value), imports, tmp_path, depth + 1)})"
    if isinstance(value, collections.deque):
        if value.maxlen is not None:
            raise Unwritable("the deque has a longest length")
        return f"deque({_write(list(value), imports, tmp_path, depth + 1)})"
    assert isinstance(value, dict)
    if isinstance(value, collections.OrderedDict):
        return f"OrderedDict({_write(list(value.items()), imports, tmp_path, depth + 1)})"
    return f"Counter({_write(dict(value), imports, tmp_path, depth + 1)})"


def _write_fields(
    value: object,
    names: list[str],
    imports: list[Import],
    tmp_path: pathlib.Path | None,
    depth: int,
) -> str:
    parts = [f"{name}={_write(getattr(value, name), imports, tmp_path, depth + 1)}" for name in names]
    return f"{name_of(type(value), imports)}({', '.join(parts)})"


def _write_dataclass(
    value: object,
    imports: list[Import],
    tmp_path: pathlib.Path | None,
    depth: int,
) -> str:
    assert dataclasses.is_dataclass(value)
    assert not isinstance(value, type)
    fields = dataclasses.fields(value)
    if any(not field.init for field in fields):
        raise Unwritable(f"{type(value).__qualname__} sets fields of its own")
    if isinstance(type(value).__eq__, types.WrapperDescriptorType):
        raise Unwritable(f"{type(value).__qualname__} objects are compared by identity")
    return _write_fields(value, [field.name for field in fields], imports, tmp_path, depth)
