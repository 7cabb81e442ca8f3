"""What a function's own source does that no unattended test should do."""

from __future__ import annotations

import ast

DANGERS = (
    ("subprocess.", "starts a process"), ("os.system", "starts a process"), ("os.popen", "starts a process"),
    ("os.exec", "replaces the process"), ("os.spawn", "starts a process"), ("os.fork", "forks"),
    ("os.kill", "kills a process"), ("os._exit", "ends the program"), ("os.abort", "ends the program"),
    ("multiprocessing.", "starts a process"), ("concurrent.futures.", "starts workers"),
    ("threading.Thread", "starts a thread"), ("threading.Timer", "starts a thread"),
    ("socket.", "uses the network"), ("requests.", "uses the network"), ("httpx.", "uses the network"),
    ("aiohttp.", "uses the network"), ("urllib.request.", "uses the network"), ("urllib3.", "uses the network"),
    ("http.client.", "uses the network"), ("smtplib.", "uses the network"), ("ftplib.", "uses the network"),
    ("paramiko.", "uses the network"), ("boto3.", "uses the network"), ("webbrowser.", "opens a browser"),
    ("os.remove", "deletes files"), ("os.unlink", "deletes files"), ("os.rmdir", "deletes files"),
    ("os.removedirs", "deletes files"), ("shutil.rmtree", "deletes files"), ("shutil.move", "moves files"),
    ("os.rename", "moves files"), ("os.replace", "moves files"), ("os.chdir", "changes the working directory"),
    ("time.sleep", "sleeps"), ("asyncio.sleep", "sleeps"), ("signal.", "changes how signals are taken"),
    ("builtins.input", "waits for a person's input"), ("getpass.", "waits for a person's input"),
    ("sys.exit", "ends the program"), ("builtins.exit", "ends the program"), ("builtins.quit", "ends the program"),
    ("random.", "is random"), ("secrets.", "is random"), ("uuid.uuid1", "is random"), ("uuid.uuid4", "is random"),
    ("numpy.random.", "is random"), ("os.urandom", "is random"),
    ("datetime.datetime.now", "reads the clock"), ("datetime.datetime.utcnow", "reads the clock"),
    ("datetime.datetime.today", "reads the clock"), ("datetime.date.today", "reads the clock"),
    ("time.time", "reads the clock"), ("os.environ.", "uses the environment"),
    ("os.getenv", "reads the environment"), ("os.putenv", "changes the environment"),
)  # fmt: skip
HARMLESS = ("random.Random", "socket.inet_", "socket.hton", "socket.ntoh", "signal.Signals")
ALONE = ("input", "exit", "quit")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def danger_in(function: Function, module: ast.Module) -> str | None:
    """Name the first call that reaches outside or the module's state; None when the source shows none."""
    names = _imported(module)
    for node in ast.walk(function):
        if isinstance(node, ast.Global):
            return f"changes the module's global `{node.names[0]}` (line {node.lineno})"
        if not isinstance(node, ast.Call):
            continue
        dotted = _dotted(node.func, names)
        if not dotted or dotted.startswith(HARMLESS):
            continue
        for prefix, why in DANGERS:
            if dotted == prefix or (prefix.endswith((".", "exec", "spawn")) and dotted.startswith(prefix)):
                return f"{why} with {dotted.removeprefix('builtins.')}() (line {node.lineno})"
    return None


def _imported(module: ast.Module) -> dict[str, str]:
    """Map the names that a module binds by imports to what they stand for."""
    names = {name: f"builtins.{name}" for name in ALONE}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for item in node.names:
                first = item.name.split(".")[0]
                names[item.asname or first] = item.name if item.asname else first
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                names[item.asname or item.name] = f"{node.module}.{item.name}"
    defined = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    return {name: meaning for name, meaning in names.items() if name not in defined}


def _dotted(node: ast.expr, names: dict[str, str]) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in names:
        return None
    return ".".join([names[node.id], *reversed(parts)])
