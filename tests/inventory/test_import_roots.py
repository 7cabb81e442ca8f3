"""Imports mean what they mean where the program is started: the folders above the importer count, the nearest first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

ROOTS: dict[str, str] = {
    "a service in a folder, without package files": """=== backend/Dockerfile
WORKDIR /code
CMD ["uvicorn", "app.main:app"]
=== backend/app/main.py
from fastapi import FastAPI
from app.services.users import load
app = FastAPI()
@app.get("/")
def home(): return load()
=== backend/app/services/users.py
from app.db import live
def load(): return live()
=== backend/app/db.py
def live(): return 1
def lost(): return 1
""",
    "a service whose modules are imported whole": """=== backend/app/main.py
import app.services.users
if __name__ == "__main__":
    app.services.users.load()
=== backend/app/services/users.py
from app import db
def load(): return db.live()
=== backend/app/db.py
def live(): return 1
def lost(): return 1
""",
    "a service of packages": """=== backend/app/__init__.py
=== backend/app/main.py
from app.db import live
if __name__ == "__main__":
    live()
=== backend/app/db.py
def live(): return 1
def lost(): return 1
""",
    "a script that was given a folder beside its own": """=== jobs/run.py
import sys
sys.path.append("../common")
from helper import live
live()
=== common/helper.py
def live(): return 1
def lost(): return 1
""",
    "a name that two folders hold, one of which has what is asked for": """=== app/main.py
from api.views import show
if __name__ == "__main__":
    show()
=== app/api/views.py
from models import live
def show(): return live()
=== app/api/models.py
def other(): return 1
=== app/models.py
def live(): return 1
def lost(): return 1
""",
}


@pytest.mark.parametrize("case", ROOTS)
def test_an_import_is_found_from_the_folders_above(case: str, tmp_path: Path) -> None:
    states = {
        key.partition(":")[2]: each
        for key, each in states_of(inventory_of(files_of(ROOTS[case]), tmp_path)).items()
    }
    assert states["live"].startswith("hooked"), states
    assert states["lost"] == "unhooked"


@pytest.mark.parametrize("metadata", ["", '[project]\nname = "x"\n'])
@pytest.mark.parametrize("package", [True, False])
def test_two_services_with_packages_of_one_name_are_kept_apart(
    metadata: str, package: bool, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {}
    for name in ("a", "b", "c"):
        home = f"services/{name}"
        files[f"{home}/main.py"] = "from app.core import run\n\nif __name__ == '__main__':\n    run()\n"
        files[f"{home}/app/core.py"] = (
            f"from app.store import {name}_live as it\n\n\ndef run():\n    return it()\n"
        )
        files[f"{home}/app/store.py"] = (
            f"def {name}_live():\n    return 1\n\n\ndef {name}_lost():\n    return 1\n"
        )
        if package:
            files[f"{home}/app/__init__.py"] = ""
            files[f"{home}/app/core.py"] = str(files[f"{home}/app/core.py"]).replace(
                "from app.store", "from .store"
            )
        if metadata:
            files[f"{home}/pyproject.toml"] = metadata
    inventory = inventory_of(files, tmp_path)
    states = {
        feature.key.partition(":")[2] + feature.path[9:10]: feature.reachability.value
        for feature in inventory.features
    }
    for name in ("a", "b", "c"):
        found = [states[f"{what}{name}"] for what in ("run", f"{name}_live", f"{name}_lost")]
        assert found == ["hooked", "hooked", "unhooked"], (name, states)


def test_a_folder_named_like_another_project_is_not_that_project(tmp_path: Path) -> None:
    text = """=== worker/celery/tasks.py
from celery import Celery
import celery
import json
app = Celery("x")
@app.task
def live(): return json.dumps(1)
=== worker/json.py
def dumps(x): return 1
=== worker/main.py
print(1)
"""
    states = states_of(inventory_of(files_of(text), tmp_path))
    assert states["worker.celery.tasks:live"] == "hooked"
    assert states["worker.json:dumps"] == "unhooked"
