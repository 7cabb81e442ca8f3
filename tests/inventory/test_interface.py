"""What a change takes away from whoever imports a module."""

from __future__ import annotations

import pytest

from fresh.inventory.interface import interface_of, lost

BEFORE = """
import os

LIMIT = 3

def load(path, *, deep=False):
    return path

async def send(text: str, to: str = "all") -> None: ...

def _inner(a, b): ...

class Store(dict):
    def __init__(self, size): ...
    def read(self, key): ...
    def _lock(self): ...

try:
    import fast
except ImportError:
    def fallback(x): ...
else:
    def quick(x): ...
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return path", "return path + '/'"),
        ("text: str", "text: bytes"),
        ('to: str = "all"', 'to: str = "none"'),
        ("_inner(a, b)", "_inner(a)"),
        ("def _lock(self): ...", ""),
        ("LIMIT = 3", "LIMIT = 3\n\ndef added(): ..."),
        ("import os", '"""Words."""'),
    ],
)
def test_bodies_annotations_private_things_and_additions_take_nothing_away(old: str, new: str) -> None:
    assert old in BEFORE
    assert lost(interface_of(BEFORE.encode()), interface_of(BEFORE.replace(old, new).encode())) == ()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("def load", "def open_it", "load is gone"),
        ("def load(path,", "def load(file,", "load was (path, *, deep=) and is (file, *, deep=)"),
        ("deep=False", "deep", "load was (path, *, deep=) and is (path, *, deep)"),
        ("async def send", "def send", "send was async (text, to=) and is (text, to=)"),
        ("def read(self, key)", "def read(self, key, /)", "Store.read was (self, key) and is (self, key, /)"),
        ("def __init__(self, size)", "def __init__(self, size, *more)", "Store.__init__ was (self, size) and is (self, size, *more)"),
        ("class Store(dict)", "class Store", "Store was a class of (dict) and is a class of ()"),
        ("def quick", "def slow", "quick is gone"),
    ],
)  # fmt: skip
def test_what_is_gone_or_called_otherwise_is_said(old: str, new: str, told: str) -> None:
    assert old in BEFORE
    assert lost(interface_of(BEFORE.encode()), interface_of(BEFORE.replace(old, new).encode())) == (told,)
