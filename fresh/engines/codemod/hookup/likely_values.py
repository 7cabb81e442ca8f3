"""Values that a parameter probably takes, by its sort and its name."""

from __future__ import annotations

import re

from fresh.engines.codemod.hookup.shapes import Sort

TEXTS = (
    "hello world",
    "The quick brown fox jumps over the lazy dog",
    "Hello, World!",
    "42",
    "alpha,beta",
    "2024-01-31",
    '{"name": "alpha", "size": 3}',
    "name=alpha",
    "alpha@example.com",
    "https://example.com/alpha?size=3",
    "#336699",
    "12:30",
    "1.2.3",
    "<b>alpha</b>",
    "10.0.0.1",
    "en_US",
    "a",
)
HINTS = (
    ("url|uri|link|href", "https://example.com/alpha?size=3"),
    ("json|payload", '{"name": "alpha", "size": 3}'),
    ("date|day", "2024-01-31"),
    ("mail", "alpha@example.com"),
    ("colou?r|hex", "#336699"),
    ("time|clock|duration", "12:30"),
    ("version|semver", "1.2.3"),
    ("html|xml|markup", "<b>alpha</b>"),
    ("addr|^ip", "10.0.0.1"),
    ("locale|lang", "en_US"),
    ("sep|delim|joiner", ","),
    ("char|letter|symbol|fill|pad", "x"),
)
NUMBERS: dict[Sort, tuple[int | float, ...]] = {
    Sort.INT: (3, 12, 100, 1, 0, 2024, 255),
    Sort.FLOAT: (2.5, 0.25, 100.0, 1.0),
}
CONTENTS = (
    ("txt", "alpha\nbeta gamma\ndelta epsilon zeta\n"),
    ("json", '{"name": "alpha", "size": 3}\n'),
    ("csv", "name,size\nalpha,3\nbeta,5\n"),
    ("toml", '[alpha]\nname = "beta"\nsize = 3\n'),
    ("md", "# Alpha\n\nBeta gamma.\n"),
    ("py", "alpha = 3\n"),
)
PATHLIKE = re.compile(r"path|file(name)?$|dir(ectory)?$|folder")
FOLDER = re.compile(r"dir|folder|root|tree")
