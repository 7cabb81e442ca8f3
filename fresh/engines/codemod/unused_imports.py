"""Whether the unused imports of a file can go without anybody noticing."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import replace

from fresh.engines.texts import text_of
from fresh.ports import Bench, Tidier, TidyRules

SIDE_EFFECTS = {"readline", "rlcompleter", "antigravity", "this", "turtledemo", "idlelib", "site"}


def are_harmless(bench: Bench, path: str, before: str, tidier: Tidier, rules: TidyRules) -> bool:
    """Say whether the unused imports do nothing when they run, and nobody takes their names from this file."""
    after = tidier.fix(path, before, replace(rules, select=("F401",)))
    gone = _imports(before) - _imports(after)
    roots = {module.split(".")[0] for module, _ in gone}
    if not gone or any(root not in sys.stdlib_module_names or root in SIDE_EFFECTS for root in roots):
        return False
    if "__all__" in before and any(re.search(rf"[\"']{re.escape(name)}[\"']", before) for _, name in gone):
        return False
    return not any(
        _takes(bench, other, path, [name for _, name in gone]) for other in bench.paths() if other != path
    )


def _takes(bench: Bench, other: str, path: str, names: Sequence[str]) -> bool:
    """Say whether another file may reach one of the names through this one."""
    if not other.endswith(".py"):
        return False
    text = text_of(bench, other)
    module = path.removesuffix(".py").rpartition("/")[2]
    if not re.search(rf"\b{re.escape(module)}\b", text):
        return False
    star = re.search(rf"from\s+[\w.]*\b{re.escape(module)}\s+import\s+\*", text)
    taken = "|".join(re.escape(name) for name in names)
    listed = re.search(rf"from\s+[\w.]*\b{re.escape(module)}\s+import\s+(\([^)]*|[^\n]*)\b({taken})\b", text)
    dotted = re.search(rf"\b{re.escape(module)}\.({taken})\b", text)
    return bool(star or listed or dotted)


def _imports(text: str) -> set[tuple[str, str]]:
    """List every import as the module it runs and the name it binds."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {(item.name, item.asname or item.name.split(".")[0]) for item in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {(module or ".", item.asname or item.name) for item in node.names}
    return found
