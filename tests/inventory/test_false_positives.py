"""What was once said to be unhooked and is not, found on published projects; each as small as it gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

MAIN = '=== pyproject.toml\n[project.scripts]\napp = "app.main:main"\n=== app/__init__.py\n'
LIVE: dict[str, str] = {
    "a mixin overrides a method of the class that it stands beside (changedetection.io)": """=== app/main.py
from app.models import Watch
def main():
    Watch().commit()
=== app/models.py
from app.saving import Saving
class Basis:
    def commit(self):
        self._save()
    def _save(self):
        raise NotImplementedError
class Watch(Saving, Basis):
    pass
=== app/saving.py
from app.disk import live
class Saving:
    def _save(self):
        live()
=== app/disk.py
def live():
    return 1
""",
    "a mixin may override what it stands beside, where that is another project's": """=== app/main.py
from app.views import Page
def main():
    Page().run()
=== app/views.py
from web import View
from app.saving import Saving
class Page(Saving, View):
    pass
=== app/saving.py
from app.disk import live
class Saving:
    def context(self):
        return live()
=== app/disk.py
def live():
    return 1
""",
}


@pytest.mark.parametrize("case", LIVE)
def test_what_is_reached_is_not_unhooked(case: str, tmp_path: Path) -> None:
    states = states_of(inventory_of(files_of(MAIN + LIVE[case]), tmp_path))
    assert states["app.disk:live"] == "hooked"


def test_a_method_of_a_class_that_stands_beside_nothing_is_not_live(tmp_path: Path) -> None:
    case = LIVE["a mixin overrides a method of the class that it stands beside (changedetection.io)"]
    alone = case.replace("class Watch(Saving, Basis):\n    pass", "class Watch(Basis):\n    kind = Saving")
    assert alone != case
    states = states_of(inventory_of(files_of(MAIN + alone), tmp_path))
    assert states["app.disk:live"] != "hooked"
