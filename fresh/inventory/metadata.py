"""Read a project's metadata as text, as far as reading it takes bounded time."""

from __future__ import annotations

import configparser
import re
import tomllib
from posixpath import basename

LONGEST_METADATA = 512 << 10
"""Bytes of a file with metadata."""
PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
ENDLESS_KEY = re.compile(rf"(?<![\w-]){PART}(?:\.[ \t]*+{PART}){{100}}")
"""A key of so many parts that the standard library's reader takes seconds and gigabytes for one line."""
BLANKS = re.compile(r"(?<=\S)[ \t]{2,}")


def is_toml(path: str) -> bool:
    """Tell whether a path names the metadata of a Python project."""
    return basename(path) == "pyproject.toml"


def read_toml(content: bytes) -> dict[str, object] | None:
    """Read a file of TOML; None for what is none, or too long."""
    if len(content) > LONGEST_METADATA:
        return None
    text = content.decode("utf-8", "replace")
    if ENDLESS_KEY.search(text):
        return None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):  # of TOML, or a number too long for Python
        return None


def read_ini(text: str) -> configparser.RawConfigParser | None:
    """Read a file of sections and options; None for what is none."""
    config = configparser.RawConfigParser()
    try:
        # The standard library's patterns take the square of a row of blanks.
        config.read_string(BLANKS.sub(" ", text))
    except configparser.Error:
        return None
    return config
