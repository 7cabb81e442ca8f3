"""Start the project's command line once and say what came out. Runs on the target's Python, 3.8 or later.

argv: the nonce before the answer, and {"module", "attribute", "way", "keyword", "program", "setup", "words"}; `way`
is `object` for a click or typer object, `main` for a function that takes the words, `argv` for one that reads
sys.argv. `setup` and `words` are Python source; `tmp_path` in them is an empty directory.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pathlib
import sys
import tempfile
from typing import Any


def start(order: dict[str, Any], words: list[str]) -> object:
    target: Any = importlib.import_module(order["module"])
    for part in order["attribute"].split("."):
        target = getattr(target, part)
    if order["way"] == "object":
        return target(words, prog_name=order["program"])
    if order["way"] == "main":
        return target(**{order["keyword"]: words}) if order["keyword"] else target(words)
    sys.argv = [order["program"], *words]
    return target()


def main(order: dict[str, Any], nonce: str) -> None:
    os.environ.update(COLUMNS="200", TERMINAL_WIDTH="200", TERM="dumb", NO_COLOR="1", LANG="C.UTF-8")
    printed, complained = io.StringIO(), io.StringIO()
    answer: dict[str, object] = {"error": "", "exited": False, "code": None}
    try:
        with tempfile.TemporaryDirectory() as folder:
            scope = {"tmp_path": pathlib.Path(folder)}
            for line in order["setup"]:
                exec(line, scope)
            words = [eval(word, scope) for word in order["words"]]
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(complained):
                returned = start(order, words)
        answer["code"] = returned if isinstance(returned, (int, type(None))) else repr(returned)[:80]
    except SystemExit as stop:
        answer["exited"] = True
        answer["code"] = stop.code if isinstance(stop.code, (int, type(None))) else str(stop.code)[:300]
    except BaseException as error:  # noqa: BLE001 - the target may raise anything
        answer["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    answer["out"], answer["err"] = printed.getvalue()[-60000:], complained.getvalue()[-4000:]
    sys.stdout.flush()
    print("\n" + nonce + json.dumps(answer))


if __name__ == "__main__":
    main(json.loads(sys.argv[2]), sys.argv[1])
