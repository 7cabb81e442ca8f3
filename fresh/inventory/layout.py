"""Where source files lie: what each one is for, and the name under which it is imported."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

from fresh.domain.value import Value
from fresh.inventory.words import words

TEST_NAME = re.compile(r"(?:test_.*|.*_tests?|tests|conftest)\.py")
TEST_FOLDERS = frozenset({"test", "testing"})
EXAMPLE_FOLDERS = words(
    "doc docs docs_src example examples sample samples demo demos benchmark benchmarks bench tutorial tutorials"
)
VENDOR_FOLDERS = words(
    "_vendor vendor vendored _vendored third_party thirdparty extern site-packages node_modules"
)
TOOL_FOLDERS = words("scripts script tools tool ci bin dev hack packaging")
TOOL_NAMES = words("setup.py noxfile.py versioneer.py fabfile.py dodo.py toxfile.py ez_setup.py")
LOOSE_TOOLS = words(
    "release.py publish.py build.py make.py bump_version.py make_release.py get_version.py deploy.py"
)
"""Tools as long as they lie at the top, beside the packages."""
GENERATED_NAME = re.compile(r".*_pb2(?:_grpc)?\.py|_version\.py|.*\.gen\.py")
PROJECT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
MOSTLY = 0.6
TEST_PLACES = TEST_FOLDERS | {"tests"}
SOURCE_FOLDERS = ("src", "lib", "python")


class Role(StrEnum):
    """What a source file is for. Only product files hold features."""

    PRODUCT = "product"
    TEST = "test"
    EXAMPLE = "example"
    TOOL = "tool"
    VENDORED = "vendored"


class Source(Value):
    """One Python file: its path, the name it is imported by, and what it is for."""

    path: str
    module: str
    role: Role
    is_package: bool


def lay_out(
    paths: Iterable[str], declared_roots: Iterable[str] = (), scripts: Iterable[str] = ()
) -> dict[str, Source]:
    """Give every Python file a unique module name and a role; the answer is in the order of the paths.

    `scripts` are Python files without a suffix; nobody imports them, so their path is their name, with a `./` in front
    where a module has that name.
    """
    every = sorted(paths)
    folders = {dirname(path) for path in every if path.endswith("__init__.py")}
    roots = source_roots(every, folders, declared_roots)
    pythons = [path for path in every if path.endswith(".py")]
    testing = {dirname(path) for path in pythons if TEST_NAME.fullmatch(basename(path))}
    trees = test_trees(every)
    taken: set[str] = set()
    sources: dict[str, Source] = {}
    for path in sorted((path for path in every if is_python(path)), key=_packages_first):
        name = module_name(path, roots, folders)
        if not name or name in taken:
            # A package of the same name elsewhere came first; from the top of the repository each has a name of its own.
            name = module_name(path, (), folders)
        name = path if name in taken or not name else name
        taken.add(name)
        role = role_of(path, folders, testing, trees)
        sources[path] = Source(path=path, module=name, role=role, is_package=path.endswith("__init__.py"))
    for path in scripts:
        name = f"./{path}" if path in taken else path
        sources[path] = Source(path=path, module=name, role=Role.TOOL, is_package=False)
    return {path: sources[path] for path in sorted(sources)}


def is_python(path: str) -> bool:
    """Tell whether a path names Python source that is the project's own."""
    return path.endswith((".py", ".pyw")) and "/." not in f"/{dirname(path)}"


def _packages_first(path: str) -> tuple[int, str]:
    return (not path.endswith("__init__.py"), path)


def source_roots(paths: Iterable[str], packages: set[str], declared: Iterable[str]) -> list[str]:
    """List the folders below which module names begin, the deepest first; `` is the repository itself."""
    every = [*paths]
    folders = {parent for folder in {*map(dirname, every)} for parent in (folder, *parents(folder))}
    projects = {dirname(path) for path in every if basename(path) in PROJECT_FILES} | {""}
    roots = set(projects) | {root.strip("/.") for root in declared}
    roots |= {join(project, name) for project in projects for name in SOURCE_FOLDERS}
    return sorted((root for root in roots & folders if root not in packages), key=len, reverse=True)


def basename(path: str) -> str:
    """The last part of a path in git's form; that of the standard library knows more forms, and takes its time."""
    return path.rpartition("/")[2]


def dirname(path: str) -> str:
    """The folder of a path in git's form."""
    return path.rpartition("/")[0]


@lru_cache(4096)
def _above(folder: str) -> tuple[str, ...]:
    found = [folder]
    while folder:
        folder = dirname(folder)
        found.append(folder)
    return tuple(found)


def parents(path: str) -> tuple[str, ...]:
    """List the folders above a path, the repository itself (``) last."""
    return _above(dirname(path)) if path else ()


def join(folder: str, name: str) -> str:
    """Put a name below a folder, which may be the repository itself."""
    return f"{folder}/{name}" if folder else name


def module_name(path: str, roots: Iterable[str], packages: set[str]) -> str:
    """Name a file as its importers do: below the deepest source root that is not inside a package."""
    above = parents(path)
    root = next((root for root in roots if root in above), "")
    parts = path[len(root) :].lstrip("/").rpartition(".")[0].split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def role_of(path: str, packages: set[str], testing: set[str], trees: Container[str] = ()) -> Role:
    """Say what a file is for, from where it lies and what lies beside it."""
    *folders, name = path.split("/")
    if any(folder in VENDOR_FOLDERS for folder in folders):
        return Role.VENDORED
    if TEST_NAME.fullmatch(name) or "tests" in folders or (folders and folders[0] in trees):
        return Role.TEST
    for depth, folder in enumerate(folders):
        here = "/".join(folders[: depth + 1])
        if folder in TEST_FOLDERS and (here in testing or depth == 0):
            return Role.TEST
        loose = here not in packages and not any(parent in packages for parent in parents(here))
        if folder in EXAMPLE_FOLDERS and (depth == 0 or loose):
            return Role.EXAMPLE
        if folder in TOOL_FOLDERS and loose and depth == 0:
            return Role.TOOL
    loose_tool = name in LOOSE_TOOLS and not folders and bool(packages)
    return Role.TOOL if name in TOOL_NAMES or loose_tool else Role.PRODUCT


def test_trees(paths: Iterable[str]) -> set[str]:
    """List top-level folders that hold little else than tests, whatever they are called."""
    tests: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for path in paths:
        name = basename(path)
        if is_python(path) and "/" in path and name != "__init__.py" and not TEST_PLACES & {*path.split("/")}:
            (tests if TEST_NAME.fullmatch(name) else others)[path.partition("/")[0]] += 1
    return {folder for folder, count in tests.items() if count > MOSTLY * (count + others[folder])}


def is_generated(path: str) -> bool:
    """Tell whether a file's name says that a program wrote it."""
    return GENERATED_NAME.fullmatch(basename(path)) is not None


def short_names(sources: Mapping[str, Source]) -> dict[str, str]:
    """Map the name of a package tree that lies in a plain folder to its full module name, where it is unique."""
    packages = {source.module for source in sources.values() if source.is_package}
    found: dict[str, set[str]] = {}
    for source in sources.values():
        parts = source.module.split(".")
        top = len(parts)
        while top > 1 and ".".join(parts[: top - 1]) in packages:
            top -= 1
        if source.is_package or top < len(parts):
            found.setdefault(".".join(parts[top - 1 :]), set()).add(source.module)
    known = {source.module for source in sources.values()}
    return {short: names.pop() for short, names in found.items() if len(names) == 1 and short not in known}
