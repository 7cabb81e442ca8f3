"""Which feature an issue is about, and which kind of improvement it asks for."""

from __future__ import annotations

import re

from fresh.domain.assignment import Assignment
from fresh.domain.feature import Feature, Inventory, Kind
from fresh.domain.selection import names_of

_WORD = re.compile(r"[A-Za-z_][\w.:]*")
_KINDS = (
    (Kind.TESTS, re.compile(r"\b(tests?|coverage|untested)\b", re.IGNORECASE)),
    (Kind.HOOKUP, re.compile(r"\b(cli|command(?:[- ]line)?|subcommand|hook(?: it)? up|unreachable)\b", re.IGNORECASE)),
    (Kind.STUB, re.compile(r"\b(implement|unfinished|stub|NotImplementedError)\b", re.IGNORECASE)),
    (Kind.QUALITY, re.compile(r"\b(lint|refactor|clean ?up|quality|docstring)\b", re.IGNORECASE)),
)  # fmt: skip


def feature_of(issue: Assignment, inventory: Inventory) -> Feature | None:
    """Find the one feature that an issue names, by its whole name if it does, else by a name that nothing else has.

    A name that is one ordinary word counts in the title or between backticks alone, or every issue would name something.
    """
    words = {word.strip(".:") for word in _WORD.findall(f"{issue.title}\n{issue.text}")}
    marked = set(_WORD.findall(issue.title)) | {
        word for part in re.findall(r"`([^`\n]+)`", issue.text) for word in _WORD.findall(part)
    }
    whole = [each for each in inventory.features if words & set(names_of(each)[:2])]
    if whole:
        return whole[0] if len(whole) == 1 else None
    said = {word for word in words if "_" in word.strip("_") or "." in word} | marked
    short = [each for each in inventory.features if said & set(names_of(each)[2:])]
    return short[0] if len(short) == 1 else None


def kind_of(issue: Assignment) -> Kind | None:
    """Read the kind of improvement from the labels, else from the words; None where they say none, or several."""
    labelled = [kind for kind in Kind if kind.value in {label.lower() for label in issue.labels}]
    if labelled:
        return labelled[0] if len(labelled) == 1 else None
    text = f"{issue.title}\n{issue.text}"
    spoken = [kind for kind, pattern in _KINDS if pattern.search(text)]
    return spoken[0] if len(spoken) == 1 else None
