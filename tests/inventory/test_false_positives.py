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
    "a method that nobody calls takes and gives it (locust)": """=== app/main.py
from app.client import Client
def main():
    Client()
=== app/client.py
from app.disk import live
class Client:
    def put(self, *, size: int, **more: Unpack[live]) -> None:
        return None
=== app/disk.py
class live(TypedDict):
    size: int
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

WAYS: dict[str, str] = {
    "gunicorn finds its hooks by their names": """=== gunicorn.conf.py
def on_starting(server): return 1
def post_fork(server, worker): return 1
=== app/__init__.py
""",
    "a package loads its parts when they are asked for": """=== app/__init__.py
import lazy_loader as lazy
__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=["u"], submod_attrs={"deep": ["live"]})
=== app/deep.py
def live(): return 1
=== app/u.py
x=1
""",
    "a name stands beside the module that holds it": """=== pyproject.toml
[project.scripts]
app = "app.main:main"
=== app/__init__.py
=== app/main.py
import click, importlib
class Lazy(click.Group):
    COMMANDS = {"show": "app.cmds:show", "hide": "app.cmds2"}
    def list_commands(self, ctx): return sorted(self.COMMANDS)
    def get_command(self, ctx, name):
        module, _, attr = self.COMMANDS[name].partition(":")
        return getattr(importlib.import_module(module), attr or name)
@click.group(cls=Lazy)
def main(): pass
=== app/cmds.py
import click
from app.comp import complete, KIND
@click.command()
@click.option("--x", shell_complete=complete, type=KIND)
def show(x): return 1
=== app/comp.py
import click
def complete(ctx, param, text): return []
class Kind(click.ParamType):
    name="kind"
    def convert(self, v, p, c): return v
KIND = Kind()
=== app/cmds2.py
def hide(): return 1
""",
    "build back ends are called by name": """=== pyproject.toml
[tool.hatch.build.hooks.custom]
path = "build_hook.py"
[tool.setuptools.cmdclass]
build_x = "bld.cmd.BuildX"
[build-system]
build-backend = "backend"
backend-path = ["_b"]
=== build_hook.py
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class CustomBuildHook(BuildHookInterface):
    def initialize(self, v, d): return 1
=== _b/backend.py
def build_wheel(d, c=None, m=None): return 1
def build_sdist(d, c=None): return 1
=== bld/__init__.py
=== bld/cmd.py
class BuildX: pass
""",
    "Home Assistant calls what a platform is called": """=== custom_components/lamp/__init__.py
async def async_setup_entry(hass, entry): return 1
async def async_unload_entry(hass, entry): return 1
=== custom_components/lamp/light.py
from homeassistant.components.light import LightEntity
async def async_setup_entry(hass, entry, add): add([Lamp()])
class Lamp(LightEntity):
    def turn_on(self): return 1
=== custom_components/lamp/manifest.json
{"domain": "lamp"}
""",
    "the same name is imported from several modules": """=== pyproject.toml
[project.scripts]
app = "app.main:main"
=== app/__init__.py
=== app/main.py
try:
    from app.fast import go
except ImportError:
    from app.slow import go
import sys
if sys.platform == "win32":
    from app.win import place
else:
    from app.nix import place
def main(): go(); place()
=== app/fast.py
def go(): return 1
=== app/slow.py
def go(): return 1
=== app/win.py
def place(): return 1
=== app/nix.py
def place(): return 1
""",
    "Scrapy finds spiders by their base, and the rest by its settings": """=== scrapy.cfg
[settings]
default = shop.settings
=== shop/__init__.py
=== shop/settings.py
SPIDER_MODULES = ["shop.spiders"]
ITEM_PIPELINES = {"shop.pipe.Clean": 300}
=== shop/spiders/__init__.py
=== shop/spiders/one.py
import scrapy
class One(scrapy.Spider):
    name = "one"
    def parse(self, r): return pick(r)
def pick(r): return r
=== shop/pipe.py
class Clean:
    def process_item(self, i, s): return i
""",
    "a folder that is named like a root of sources is a package of its own": """=== Home.py
import streamlit as st
from lib.ui import draw
draw()
=== pages/1_More.py
import streamlit as st
from lib.ui import more
more()
=== lib/ui.py
def draw(): return 1
def more(): return 1
""",
    "a string names what is taken from a module that is loaded by its name": """=== pyproject.toml
[project.scripts]
app = "app.main:main"
=== app/__init__.py
=== app/main.py
import importlib
def main():
    mod = importlib.import_module("app.plug.one")
    mod.start()
    cls = getattr(importlib.import_module("app.plug.two"), "Two")
    from importlib.metadata import entry_points
    __import__("app.plug.three").plug.three.three()
=== app/plug/__init__.py
=== app/plug/one.py
def start(): return 1
=== app/plug/two.py
class Two: pass
=== app/plug/three.py
def three(): return 1
""",
    "functions are called by computed names of the module itself": """=== app/__main__.py
import argparse
from app import cmds
def main():
    p = argparse.ArgumentParser(); p.add_argument("cmd"); a = p.parse_args()
    getattr(cmds, "cmd_" + a.cmd)()
    globals()["do_%s" % a.cmd]()
def do_x(): return 1
if __name__ == "__main__": main()
=== app/cmds.py
def cmd_a(): return 1
def cmd_b(): return 1
""",
}


@pytest.mark.parametrize("case", WAYS)
def test_nothing_that_may_be_reached_is_said_to_be_dead(case: str, tmp_path: Path) -> None:
    states = states_of(inventory_of(files_of(WAYS[case]), tmp_path))
    assert states
    assert {key: state for key, state in states.items() if state in ("unhooked", "test-only")} == {}


@pytest.mark.parametrize("case", LIVE)
def test_what_is_reached_is_not_unhooked(case: str, tmp_path: Path) -> None:
    states = states_of(inventory_of(files_of(MAIN + LIVE[case]), tmp_path))
    assert states["app.disk:live"] == "hooked"


def test_what_waits_in_tornado_s_manner_is_no_route_by_that(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/waits.py": "from tornado import gen\n\n\n@gen.coroutine\ndef wait():\n    yield 1\n",
    }
    assert states_of(inventory_of(files, tmp_path)) == {"app.waits:wait": "unhooked"}


def test_a_method_of_a_class_that_stands_beside_nothing_is_not_live(tmp_path: Path) -> None:
    case = LIVE["a mixin overrides a method of the class that it stands beside (changedetection.io)"]
    alone = case.replace("class Watch(Saving, Basis):\n    pass", "class Watch(Basis):\n    kind = Saving")
    assert alone != case
    states = states_of(inventory_of(files_of(MAIN + alone), tmp_path))
    assert states["app.disk:live"] != "hooked"
