"""Dead features of every common shape, planted into the files of a project whose code is alive."""

from __future__ import annotations

import random
from collections.abc import Mapping

NOUNS = (
    "report",
    "ledger",
    "mailbox",
    "thumbnail",
    "palette",
    "voucher",
    "timetable",
    "beacon",
    "locker",
    "quarry",
)
VERBS = (
    "export",
    "merge",
    "rotate",
    "collect",
    "render",
    "measure",
    "archive",
    "compare",
    "rename",
    "import",
)
SHAPES = (
    "\n\ndef {name}(path: str, limit: int = 10) -> list[str]:\n    lines = path.splitlines()\n    return lines[:limit]\n",
    '\n\nasync def {name}(text: str) -> str:\n    """Change a text."""\n    return text.strip()\n',
    "\n\ndef {name}(paths):\n    total = 0\n    for path in paths:\n        total += {name}_of(path)\n    return total\n"
    "\n\ndef {name}_of(path):\n    return len(path)\n",
    "\n\nclass {title}:\n    def __init__(self, size: int) -> None:\n        self.size = size\n\n    def run(self) -> int:\n"
    "        return self.size\n",
)


def plant(
    files: Mapping[str, str], homes: list[str], count: int, seed: int
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Plant dead features; give the files and, for each feature, its path and name."""
    dice = random.Random(seed)
    planted = dict(files)
    names: list[tuple[str, str]] = []
    words = [(verb, noun) for verb in VERBS for noun in NOUNS]
    for number, (verb, noun) in enumerate(dice.sample(words, count)):
        home = dice.choice(homes)
        shape = SHAPES[number % len(SHAPES)]
        name, title = f"{verb}_{noun}", f"{verb.title()}{noun.title()}"
        planted[home] = planted[home].rstrip() + "\n" + shape.format(name=name, title=title)
        names.append((home, title if "class" in shape else name))
    return planted, names
