"""What a callable takes, and example values for each of its parameters."""

from __future__ import annotations

import inspect
import re
import typing
from itertools import zip_longest
from typing import NamedTuple

from . import literal
from .grids import samples_for
from .kinds import KINDS, Sample
from .literal import Unwritable
from .wire import Argument, Hint

TEXTS = ("separator", "strpath", "word")


WRITTEN = {
    **{
        word: word
        for word in ("str", "int", "float", "bool", "bytes", "list", "dict", "tuple", "set", "complex")
    },
    **{word: "list" for word in ("Sequence", "Iterable", "Collection", "List", "MutableSequence")},
    **{
        word: word.lower() for word in ("Dict", "Set", "Tuple", "Callable", "Iterator", "Decimal", "Fraction")
    },
    **{word: word for word in ("datetime", "date", "time", "timedelta", "None")},
    "Mapping": "dict",
    "MutableMapping": "dict",
    "Any": "unknown",
    "object": "unknown",
    "Path": "path",
}


class Unfit(Exception):
    """No arguments can be made for a callable; the message names the parameter."""


class Parameter(NamedTuple):
    """One parameter with its examples. `spread` marks `*args`."""

    name: str
    samples: tuple[Sample, ...]
    optional: bool
    keyword: bool
    spread: bool = False

    def argument(self, sample: Sample) -> Argument:
        """Pass a sample: required parameters by position, optional ones by name."""
        return Argument("" if self.spread else self.name, sample.source, self.keyword)


def parameters_of(target: object, hints: tuple[Hint, ...], skip_first: bool = False) -> list[Parameter]:
    """List the parameters of a callable with examples. Raises Unfit."""
    try:
        signature = inspect.signature(target)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise Unfit(f"its signature can't be read: {error}") from error
    told = {hint.name: hint for hint in hints}
    resolved = _annotations(target)
    found: list[Parameter] = []
    items = list(signature.parameters.values())[1 if skip_first else 0 :]
    alike: dict[str, int] = {}
    for item in items:
        if item.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        kind = resolved.get(item.name, item.annotation)
        samples = _samples(item, kind, told.get(item.name))
        if samples:
            samples = _turned(samples, alike)
        optional = item.default is not inspect.Parameter.empty
        if not samples and optional:
            continue
        if not samples and item.kind is inspect.Parameter.VAR_POSITIONAL:
            continue
        if not samples:
            raise Unfit(_nothing_for(item.name, kind))
        keyword = item.kind is inspect.Parameter.KEYWORD_ONLY or (
            optional and item.kind is not inspect.Parameter.POSITIONAL_ONLY
        )
        spread = item.kind is inspect.Parameter.VAR_POSITIONAL
        found.append(Parameter(item.name, tuple(samples), optional or spread, keyword, spread))
    return found


def _turned(samples: list[Sample], alike: dict[str, int]) -> list[Sample]:
    """Start each further parameter of a kind with another value, so that mixing them up shows."""
    first = samples[0].source
    place = alike.get(first, 0)
    alike[first] = place + 1
    place = place if place < min(len(samples), 3) else 0
    return [samples[place], *samples[:place], *samples[place + 1 :]]


def _nothing_for(name: str, kind: object) -> str:
    if kind is inspect.Parameter.empty:
        return f"nothing says what values `{name}` takes"
    return f"no example value can be made for `{name}: {_name(kind)}`"


def _name(kind: object) -> str:
    return getattr(kind, "__name__", None) or str(kind)


def _annotations(target: object) -> dict[str, object]:
    """Resolve annotations; a name that exists for type checkers alone leaves them as they are."""
    called = target.__init__ if isinstance(target, type) else target  # type: ignore[misc]
    try:
        return dict(typing.get_type_hints(inspect.unwrap(called)))  # type: ignore[arg-type]
    except Exception:  # noqa: BLE001 (annotations are arbitrary code of the target)
        return {}


def _samples(item: inspect.Parameter, kind: object, hint: Hint | None) -> list[Sample]:
    constants = [Sample(source) for source in (hint.constants if hint else ())]
    known = kind is not inspect.Parameter.empty and not isinstance(kind, str)
    found = list(samples_for(kind)) if known else []
    if known and kind is str and hint:
        found = [sample for name in TEXTS if name in hint.kinds for sample in KINDS[name]] + found
    if not found and isinstance(kind, str):
        found = _from_words(kind)
    if not found and not known:
        found = [sample for name in (hint.kinds if hint else ()) for sample in KINDS.get(name, [])]
    if not known:
        found = _like_default(item.default) + found
    if known and found:
        constants = [constant for constant in constants if _fits(constant, found)]
    head = found[:1] + constants if found else constants
    return [sample for sample in dict.fromkeys(head + found) if not _is_default(sample, item.default)]


def _from_words(annotation: str) -> list[Sample]:
    """Read an annotation that can't be evaluated, e.g. because its names are imported for type checkers alone."""
    outer = re.sub(r"\[.*\]", "", annotation.replace("Optional[", "None |").replace("Union[", ""))
    words = [word.strip(" ]'\"").rpartition(".")[2] for word in re.split(r"[|,]", outer)]
    columns = [KINDS[WRITTEN[word]] for word in words if word in WRITTEN]
    return [sample for row in zip_longest(*columns) for sample in row if sample is not None]


def _fits(constant: Sample, found: list[Sample]) -> bool:
    """Keep constants of the kinds that the annotation allows."""
    kinds = {sample.source[:1].isdigit() or sample.source[:1] == "-" for sample in found}
    texts = {sample.source[:1] in "'\"" for sample in found}
    return (constant.source[:1] in "'\"" and True in texts) or (
        constant.source[:1] not in "'\"" and True in kinds
    )


def _like_default(default: object) -> list[Sample]:
    if default is inspect.Parameter.empty or default is None:
        return []
    return list(samples_for(type(default)))


def _is_default(sample: Sample, default: object) -> bool:
    try:
        return default is not inspect.Parameter.empty and literal.write(default).source == sample.source
    except Unwritable:
        return False
