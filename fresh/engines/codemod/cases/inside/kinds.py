"""Example values for each kind of thing: the ordinary ones first, then the boundaries."""

from __future__ import annotations

import collections.abc
import datetime
import decimal
import fractions
import inspect
import io
import pathlib
import re
import typing
import uuid
from typing import NamedTuple

from .wire import Import


class Sample(NamedTuple):
    """One value as source, with what it needs."""

    source: str
    imports: tuple[Import, ...] = ()
    files: tuple[tuple[str, str], ...] = ()


def plain(*sources: str) -> list[Sample]:
    """Make samples that need nothing."""
    return [Sample(source) for source in sources]


def needing(module: str, name: str, *sources: str) -> list[Sample]:
    """Make samples that need one import."""
    return [Sample(source, (Import(module, name),)) for source in sources]


TEXT = "alpha\nbeta\n"
KINDS: dict[str, list[Sample]] = {
    "str": plain(
        "'Hello, World!'", "'two words'", "'snake_case_name'", "''", "'camelCaseName'", "'  padded  '",
        "'naïve café'", "'42'", "'a,b;c'", "'first line\\nsecond line'", "'<b>bold</b> & more'", "'x=1&y=2'",
        "'2024-02-29'", "'3.14'", "'path/to/file.txt'", "'HTMLParser'",
        "'a--b__c'", "'UPPER'", "'aa'", "'straße'",
    ),
    "word": plain(
        "'apple'", "'box'", "'Berry'", "'two words'", "'snake_case_name'", "'camelCaseName'", "'UPPER'", "''", "'straße'",
        "'x1'",
    ),
    "separator": plain("'-'", "'_'", "', '", "' '"),
    "int": plain("3", "2", "10", "0", "1", "-1", "7", "12", "100", "1000", "12345", "1000000"),
    "float": plain("2.5", "0.5", "4.0", "0.0", "-1.5", "0.001", "1234.5678", "1000000.0", "1.0"),
    "bool": plain("True", "False"),
    "bytes": plain("b'abc'", "b''", "b'\\x00\\xff'", "b'two words'"),
    "complex": plain("1 + 2j", "0j"),
    "None": plain("None"),
    "list": plain("[3, 1, 2]", "[]", "[1]", "['b', 'a', 'b']", "[1, 1, 2]", "[[1, 2], [3, 4]]", "[0, None, '']"),
    "tuple": plain("(1, 2)", "()", "('a', 1)", "(3, 1, 2)"),
    "set": plain("{1, 2}", "set()", "{'a'}"),
    "dict": plain("{'a': 1, 'b': 2}", "{}", "{'b': {'c': 3}, 'a': 1}", "{'key': 'value'}", "{1: [2, 3]}"),
    "callable": plain("str", "len", "bool", "abs", "str.upper"),
    "path": [
        Sample("tmp_path / 'sample.txt'", (), (("sample.txt", TEXT),)),
        Sample("tmp_path / 'empty.txt'", (), (("empty.txt", ""),)),
        Sample("tmp_path / 'sample.json'", (), (("sample.json", '{"a": [1, 2]}\n'),)),
        Sample("tmp_path / 'missing.txt'"),
    ],
    "strpath": [
        Sample("str(tmp_path / 'sample.txt')", (), (("sample.txt", TEXT),)),
        Sample("str(tmp_path / 'empty.txt')", (), (("empty.txt", ""),)),
    ],
    "textfile": needing("io", "StringIO", f"StringIO({TEXT!r})", "StringIO('')"),
    "bytefile": needing("io", "BytesIO", "BytesIO(b'abc')", "BytesIO(b'')"),
    "pattern": [*needing("re", "", "re.compile('a+')", "re.compile('(b)(c)?')")],
    "datetime": needing(
        "datetime", "", "datetime.datetime(2024, 2, 29, 12, 30, 15)", "datetime.datetime(1999, 12, 31)",
        "datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)",
    ),
    "date": needing("datetime", "", "datetime.date(2024, 2, 29)", "datetime.date(1999, 12, 31)"),
    "time": needing("datetime", "", "datetime.time(12, 30, 15)", "datetime.time(0, 0)"),
    "timedelta": needing(
        "datetime", "", "datetime.timedelta(hours=1)", "datetime.timedelta(0)", "datetime.timedelta(days=-1)",
        "datetime.timedelta(days=400, seconds=5)",
    ),
    "decimal": needing("decimal", "Decimal", "Decimal('1.50')", "Decimal('0')", "Decimal('-2')"),
    "fraction": needing("fractions", "Fraction", "Fraction(1, 3)", "Fraction(0)"),
    "uuid": needing("uuid", "UUID", "UUID(int=1)"),
    "iterator": plain("iter([3, 1, 2])", "iter([])"),
}  # fmt: skip
KINDS["unknown"] = [
    KINDS[kind][0] for kind in ("str", "int", "list", "dict", "float", "bool", "None", "tuple")
]
BUILT_IN: dict[object, str] = {
    str: "str", int: "int", float: "float", bool: "bool", bytes: "bytes", bytearray: "bytes", complex: "complex",
    list: "list", tuple: "tuple", set: "set", frozenset: "set", dict: "dict", type(None): "None", None: "None",
    pathlib.Path: "path", pathlib.PurePath: "path", datetime.datetime: "datetime", datetime.date: "date",
    datetime.time: "time", datetime.timedelta: "timedelta", decimal.Decimal: "decimal",
    fractions.Fraction: "fraction", uuid.UUID: "uuid", re.Pattern: "pattern", io.StringIO: "textfile",
    typing.TextIO: "textfile", typing.BinaryIO: "bytefile", io.BytesIO: "bytefile", object: "unknown",
    typing.Any: "unknown", inspect.Parameter.empty: "unknown",
}  # fmt: skip
OBJECTS: dict[str, list[Sample]] = {}
ABSTRACT: dict[object, str] = {
    collections.abc.Sequence: "list", collections.abc.Iterable: "list", collections.abc.Collection: "list",
    collections.abc.MutableSequence: "list", collections.abc.Container: "list", collections.abc.Iterator: "iterator",
    collections.abc.Generator: "iterator", collections.abc.Mapping: "dict", collections.abc.MutableMapping: "dict",
    collections.abc.Set: "set", collections.abc.MutableSet: "set", collections.abc.Callable: "callable",
    collections.abc.Hashable: "unknown", collections.abc.Sized: "list",
}  # fmt: skip
