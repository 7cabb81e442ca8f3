"""There is one way to git in the product."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fresh

ROOT = Path(fresh.__file__).parent
DOOR = ROOT / "adapters" / "gitting" / "git.py"


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def test_only_the_wrapper_imports_gitpython() -> None:
    outside = [path for path in modules() if any(name.split(".")[0] == "git" for name in imports(path))]
    assert outside == [DOOR]


def test_nothing_else_starts_git() -> None:
    """Look where programs can be started for the program's name; ruff keeps shells out (S602, S605)."""
    able = [path for path in modules() if path != DOOR and can_start_programs(path)]
    assert able, "no module starts programs: this test looks at nothing"
    assert [path for path in able if "git" in {word.rpartition("/")[2] for word in words(path)}] == []


def can_start_programs(module: Path) -> bool:
    text = module.read_text()
    return "subprocess" in set(imports(module)) or any(
        way in text for way in ("os.exec", "os.spawn", "os.posix_spawn")
    )


def words(module: Path) -> set[str]:
    tree = ast.parse(module.read_text())
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_repository_object_of_gitpython_is_ever_made() -> None:
    assert [path for path in modules() if "Repo(" in path.read_text()] == []


def test_importing_the_workspace_does_not_start_git() -> None:
    program = "import sys, fresh.adapters.git_workspace; sys.exit('git' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT.parent)
