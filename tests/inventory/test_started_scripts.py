"""Files that are started as they are, in whatever words a shell, a container or a person starts them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

CORE = """=== app/__init__.py
=== app/core.py
def go(): return helper()
def helper(): return 1
def lost(): return 1
"""
RUN = (
    "=== svc/run.py\nfrom app.core import go\ngo()\n=== other/__init__.py\n=== other/use.py\nimport svc.run\n"
)
STARTED = {
    "a script that only calls what it imports": "=== main.py\nfrom app.core import go\ngo()\n",
    "a script that only calls a module's function": "=== main.py\nimport app.core\napp.core.go()\n",
    "a module of a server that names it without its variable": """=== Procfile
web: gunicorn wsgi
=== wsgi.py
from app.core import go
application = go()
""",
    "a script of a desktop": "=== gui.pyw\nfrom app.core import go\ngo()\n",
    "a file by its place in a container": RUN
    + '=== Dockerfile\nCOPY . /srv\nCMD ["python", "/srv/svc/run.py"]\n',
    "a file by a path that a shell puts together": RUN
    + '=== run.sh\n#!/bin/sh\nexec python3 "$(dirname "$0")/svc/run.py" "$@"\n',
    "a file by a path that a shell cuts out": RUN
    + '=== bin/run.sh\nexec python3 "${BASH_SOURCE%/*}/../svc/run.py" "$@"\n',
    "a file by a variable": RUN + '=== run.sh\nexec python3 "$HOME/work/svc/run.py"\n',
    "a file beside the file that starts it": RUN + '=== svc/Dockerfile\nCMD ["python", "-u", "run.py"]\n',
    "a variable of a module beside the file that starts it": """=== svc/Dockerfile
CMD ["uvicorn", "main:web", "--port", "80"]
=== svc/main.py
from app.core import go
web = go()
=== other/__init__.py
=== other/use.py
import svc.main
""",
}


@pytest.mark.parametrize("case", STARTED)
def test_what_a_started_file_calls_is_hooked(case: str, tmp_path: Path) -> None:
    states = states_of(inventory_of(files_of(CORE + STARTED[case]), tmp_path))
    assert states["app.core:helper"].startswith("hooked"), states
    assert states["app.core:lost"] == "unhooked"


def test_a_file_that_only_derives_classes_from_others_is_no_script(tmp_path: Path) -> None:
    text = "=== base.py\nclass Base: pass\n=== kinds.py\nfrom base import Base\nclass Kind(Base): pass\n"
    assert states_of(inventory_of(files_of(text), tmp_path)) == {
        "base:Base": "unhooked",
        "kinds:Kind": "unhooked",
    }


def test_the_place_of_another_file_starts_nothing(tmp_path: Path) -> None:
    text = CORE + RUN + '=== Dockerfile\nCMD ["python", "/srv/svc/xrun.py"]\n'
    assert states_of(inventory_of(files_of(text), tmp_path))["app.core:helper"] == "unhooked"


def test_a_script_without_a_suffix_lives_beside_a_module_of_its_name(tmp_path: Path) -> None:
    files = {
        "tool": "#!/usr/bin/env python3\nfrom tool import run\nfrom lib import draw\n\n\ndef start():\n    run(), draw()\n\n\nstart()\n",
        "tool.py": "def run():\n    return 1\n\n\ndef lost():\n    return 1\n",
        "lib.py": "def draw():\n    return 1\n",
    }
    inventory = inventory_of(files, tmp_path, executable=["tool"])
    states = states_of(inventory)
    assert states == {"tool:run": "hooked", "tool:lost": "unhooked", "lib:draw": "hooked"}
    assert inventory.files == 3


def test_a_script_without_a_suffix_imports_what_lies_beside_it(tmp_path: Path) -> None:
    files = {
        "cmds/tool": "#!/usr/bin/env python3\nfrom helping import run\n\nrun()\n",
        "cmds/helping.py": "def run():\n    return inner()\n\n\ndef inner():\n    return 1\n",
        "app/__init__.py": "",
    }
    states = states_of(inventory_of(files, tmp_path, executable=["cmds/tool"]))
    assert states == {"cmds.helping:run": "hooked", "cmds.helping:inner": "hooked"}
