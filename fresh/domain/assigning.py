"""Which feature an issue is about, and which kind of improvement it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fresh.domain.assignment import Assignment
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.selection import names_of

FEWEST_WORDS = 2
"""Of a name that may be spoken of in ordinary words."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = re.compile(r"[A-Za-z_][\w.:]*")
_KINDS = (
    (Kind.TESTS, re.compile(r"\b(tests?|coverage|untested)\b", re.IGNORECASE)),
    (Kind.HOOKUP, re.compile(r"\b(cli|command(?:[- ]line)?|subcommand|hook(?: it)? up|unreachable)\b", re.IGNORECASE)),
    (Kind.STUB, re.compile(r"\b(implement|unfinished|stub|NotImplementedError)\b", re.IGNORECASE)),
    (Kind.QUALITY, re.compile(r"\b(lint|refactor|clean ?up|quality|docstring)\b", re.IGNORECASE)),
)  # fmt: skip


def feature_of(issue: Assignment, inventory: Inventory) -> Feature | None:
    """Find the one feature that an issue names, by its whole name if it does, else by a name that nothing else has.

    Where it names none at all, the words of its title may make up one name of several words. A name that is one ordinary word counts in the title or between backticks alone, or every issue would name something.
    """
    names = Names(inventory)
    named = names.whole(issue) or names.short(issue)
    if named:
        return named[0] if len(named) == 1 else None
    return _spoken_of(issue.title, inventory)


class Names:
    """What people may call the features of one inventory; looked up once for all issues."""

    def __init__(self, inventory: Inventory) -> None:
        self._whole: dict[str, list[Feature]] = {}
        self._short: dict[str, list[Feature]] = {}
        for each in inventory.features:
            key, dotted, *short = dict.fromkeys(names_of(each))
            for names, spellings in ((self._whole, (key, dotted)), (self._short, short)):
                for spelling in spellings:
                    names.setdefault(spelling, []).append(each)

    def named_in(self, issue: Assignment) -> tuple[Feature, ...]:
        """List every feature that an issue names, by a whole name or by one that nothing else has."""
        single = (found[0] for name in _said(issue) if len(found := self._short.get(name, [])) == 1)
        return _each_once((*self.whole(issue), *single))

    def whole(self, issue: Assignment) -> tuple[Feature, ...]:
        """List the features whose key or dotted name stands in an issue."""
        return _each_once(each for word in _words(issue) for each in self._whole.get(word, ()))

    def short(self, issue: Assignment) -> tuple[Feature, ...]:
        """List all features that have a name which an issue mentions as one."""
        return _each_once(each for word in _said(issue) for each in self._short.get(word, ()))


def _each_once(features: Iterable[Feature]) -> tuple[Feature, ...]:
    found = {each.key: each for each in features}
    return tuple(found[key] for key in sorted(found))


def _words(issue: Assignment) -> set[str]:
    return {word.strip(".:") for word in _WORD.findall(f"{issue.title}\n{issue.text}")}


def _said(issue: Assignment) -> set[str]:
    """List the words of an issue that may be a name of code: shaped like one, in the title, or between backticks."""
    marked = {word for part in re.findall(r"`([^`\n]+)`", issue.text) for word in _WORD.findall(part)}
    shaped = {word for word in _words(issue) if "_" in word.strip("_") or "." in word}
    return shaped | marked | set(_WORD.findall(issue.title))


def _spoken_of(title: str, inventory: Inventory) -> Feature | None:
    """Find the one feature whose name's words all stand in a title, in any order: `total_price` in "price in total".

    One ordinary word is no name here. Where a title has the words of several names, the one with the most counts, if
    there is but one of it.
    """
    words = {word.lower() for word in re.findall(r"[A-Za-z]+|\d+", title)}
    named = [(parts, each) for each in inventory.features if len(parts := _parts(each)) >= FEWEST_WORDS]
    found = [(len(parts), each) for parts, each in named if parts <= words]
    most = max((number for number, _ in found), default=0)
    longest = [each for number, each in found if number == most]
    return longest[0] if len(longest) == 1 else None


def _parts(feature: Feature) -> frozenset[str]:
    """Take the last part of a feature's name apart where people would: at underscores and capitals."""
    return frozenset(part.lower() for part in _PART.findall(feature.qualname.rpartition(".")[2]))


def kind_of(issue: Assignment) -> Kind | None:
    """Read the kind of improvement from the labels, else from the words; None where they say none, or several."""
    labelled = [kind for kind in Kind if kind.value in {label.lower() for label in issue.labels}]
    if labelled:
        return labelled[0] if len(labelled) == 1 else None
    text = f"{issue.title}\n{issue.text}"
    spoken = [kind for kind, pattern in _KINDS if pattern.search(text)]
    return spoken[0] if len(spoken) == 1 else None
