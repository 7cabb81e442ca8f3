"""What must not happen in a test that runs on people's machines: the calls that make an automatic trial unsafe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fresh.engines.codemod.hookup.functions import Function
from fresh.engines.codemod.hookup.sources import Module, Sources, dotted, origins

FARTHEST = 400
"""Definitions that are followed from the function; what lies beyond is the sandbox's to contain."""

BANNED = re.compile(
    r"(subprocess|socket|socketserver|ssl|ftplib|smtplib|imaplib|poplib|telnetlib|xmlrpc|requests|httpx|aiohttp"
    r"|urllib3|boto3|botocore|paramiko|websocket|websockets|grpc|psycopg|psycopg2|pymysql|redis|pymongo|docker"
    r"|multiprocessing|signal|webbrowser|getpass|pty|ctypes|openai|anthropic)\..+"
    r"|os\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*|fork\w*|kill\w*|remove\w*|unlink|rmdir|renames?|replace"
    r"|chdir|chmod|chown|mkdir|makedirs|mkfifo|symlink|link|truncate|putenv|unsetenv|_exit|abort|setuid|setgid)"
    r"|shutil\.(rmtree|move|copy\w*|chown|make_archive|unpack_archive)"
    r"|urllib\.request\.\w+|http\.(client|server)\..+"
    r"|asyncio\.(create_subprocess_\w+|open_connection|start_server)"
    r"|threading\.(Thread|Timer)|concurrent\.futures\.\w+|time\.sleep"
    r"|sys\.(exit|stdin)(\..+)?|builtins\.(input|exit|quit|breakpoint|SystemExit)"
)
HARMLESS = re.compile(r"(Error|Exception|Warning|Timeout|__\w+__)$")
DELETING = frozenset({"unlink", "rmdir", "symlink_to", "hardlink_to"})
WRITING = frozenset({"write_text", "write_bytes", "mkdir", "touch", "chmod"})
OPENERS = frozenset({"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open"})


def find_danger(function: Function, sources: Sources) -> str | None:
    """Name the first unsafe call that the function makes, itself or through the project's own code."""
    given = {parameter.name for parameter in function.parameters}
    pending: list[tuple[Module, ast.AST, frozenset[str]]] = [
        (function.module, function.node, frozenset(given))
    ]
    seen: set[tuple[str, int]] = {(function.module.name, function.node.lineno)}
    while pending and len(seen) < FARTHEST:
        module, node, own = pending.pop(0)
        danger = _danger(module, node, own, sources)
        if danger is not None:
            return danger if module is function.module else f"{danger} (in {module.path})"
        for found in _followed(module, node, sources):
            key = (found[0].name, getattr(found[1], "lineno", 0))
            if key not in seen:
                seen.add(key)
                pending.append((*found, frozenset()))
    return None


@dataclass(frozen=True)
class _Scope:
    """Resolve names inside one definition, whose own variables and imports hide the module's."""

    module: Module
    sources: Sources
    variables: frozenset[str]
    imported: dict[str, str]

    @classmethod
    def of(cls, module: Module, node: ast.AST, sources: Sources) -> _Scope:
        parts = list(ast.walk(node))
        variables = {part.arg for part in parts if isinstance(part, ast.arg)}
        variables |= {
            part.id for part in parts if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        inside: list[ast.stmt] = [part for part in parts if isinstance(part, ast.Import | ast.ImportFrom)]
        return cls(module, sources, frozenset(variables), origins(inside, module.package))

    def origin(self, name: str) -> str:
        """Say what a name stands for; empty for a variable."""
        first, _, rest = name.partition(".")
        if first in self.imported:
            return f"{self.imported[first]}.{rest}" if rest else self.imported[first]
        if not name or first in self.variables:
            return ""
        return self.sources.origin(self.module, name)


def _danger(module: Module, node: ast.AST, given: frozenset[str], sources: Sources) -> str | None:
    scope = _Scope.of(module, node, sources)
    for part in ast.walk(node):
        if isinstance(part, ast.Name | ast.Attribute) and isinstance(part.ctx, ast.Load):
            spelled = dotted(part)
            origin = scope.origin(spelled)
            if BANNED.fullmatch(origin) and not HARMLESS.search(origin):
                return origin.removeprefix("builtins.")
        if isinstance(part, ast.Call) and (name := _touches_files(scope, part, given)):
            return name
        if isinstance(part, ast.Assign | ast.Delete):
            targets = [dotted(target.value) for target in part.targets if isinstance(target, ast.Subscript)]
            if any(scope.origin(name) == "os.environ" for name in targets):
                return "os.environ[...]"
    return None


def _touches_files(scope: _Scope, call: ast.Call, given: frozenset[str]) -> str | None:
    name = dotted(call.func)
    if scope.origin(name) in OPENERS:
        mode = call.args[1] if len(call.args) > 1 else _keyword(call, "mode")
        return _unless_given(f"{name} for writing", call.args[0] if call.args else None, given, _writes(mode))
    if not isinstance(call.func, ast.Attribute):
        return None
    method, owner = call.func.attr, call.func.value
    shown = f".{method}()"
    if method in DELETING:
        return shown
    if method in WRITING:
        return _unless_given(shown, owner, given, True)
    if method == "open" and (call.args or call.keywords):
        mode = call.args[0] if call.args else _keyword(call, "mode")
        return _unless_given(f"{shown} for writing", owner, given, _writes(mode))
    return None


def _unless_given(what: str, target: ast.expr | None, given: frozenset[str], writes: bool) -> str | None:
    if not writes:
        return None
    names = (
        {part.id for part in ast.walk(target) if isinstance(part, ast.Name)} if target is not None else set()
    )
    return None if names & given else what


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((word.value for word in call.keywords if word.arg == name), None)


def _writes(mode: ast.expr | None) -> bool:
    if mode is None:
        return False
    return not isinstance(mode, ast.Constant) or bool(set(str(mode.value)) & set("wax+"))


def _followed(module: Module, node: ast.AST, sources: Sources) -> Iterator[tuple[Module, ast.AST]]:
    """Find the project's own functions, and the methods of its classes, that a definition names."""
    scope = _Scope.of(module, node, sources)
    attributes = {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
    attributes |= {"__init__", "__post_init__", "__new__", "__enter__", "__exit__", "__call__"}
    for part in ast.walk(node):
        if not isinstance(part, ast.Name | ast.Attribute) or not isinstance(part.ctx, ast.Load):
            continue
        found = sources.definition(scope.origin(dotted(part)))
        if found is None:
            continue
        where, definition = found
        if isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
            yield where, definition
        elif isinstance(definition, ast.ClassDef):
            for method in definition.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name in attributes:
                    yield where, method
