"""Programs that call parts of a project by their name, their base or their place, and what only looks like such a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.inventory.example import files_of, inventory_of, states_of

CORE = "=== app/__init__.py\n=== app/core.py\ndef load(): return 1\ndef lost(): return 1\n"
FOUND: dict[str, str] = {
    "a filter that Django's templates ask for": """=== app/templatetags/money.py
from django import template
from app.core import load
register = template.Library()
def euro(v): return load()
register.filter("euro", euro)
""",
    "hooks of wagtail": "=== app/wagtail_hooks.py\nfrom wagtail import hooks\nfrom app.core import load\ndef css(): return load()\nhooks.register('x', css)\n",
    "settings that a container names": """=== docker-compose.yml
environment:
  DJANGO_SETTINGS_MODULE: config.settings.production
=== config/__init__.py
=== config/settings/__init__.py
=== config/settings/production.py
MIDDLEWARE = ["app.secure.Secure"]
=== app/secure.py
from app.core import load
class Secure:
    def __call__(self, request): return load()
""",
    "a model of odoo": "=== app/models/sale.py\nfrom odoo import models\nfrom app.core import load\nclass Sale(models.Model):\n    def create(self): return load()\n",
    "a flow of Home Assistant": "=== custom_components/lamp/config_flow.py\nfrom homeassistant import config_entries\nfrom app.core import load\nclass LampFlow(config_entries.ConfigFlow, domain='lamp'):\n    async def async_step_user(self): return load()\n",
    "a user of locust": "=== load/work.py\nfrom locust import HttpUser\nfrom app.core import load\nclass Visitor(HttpUser):\n    def on_start(self): return load()\n",
    "filters of ansible": "=== filter_plugins/mine.py\nfrom app.core import load\nclass FilterModule:\n    def filters(self): return {'load': load}\n",
    "a part of pyramid": "=== app/routes.py\nfrom app.core import load\ndef includeme(config): load()\n",
    "the surroundings of behave": "=== features/environment.py\nfrom app.core import load\ndef before_all(context): load()\n",
    "an extension of sphinx": "=== app/ext.py\nfrom app.core import load\ndef setup(app): load()\n",
    "a migration": "=== migrations/env.py\nfrom alembic import context\n=== migrations/versions/a.py\nfrom app.core import load\nrevision = '1'\ndef upgrade(): load()\n",
    "a module of kubernetes": '=== k8s/job.yaml\ncommand: ["python", "-m", "app.job"]\n=== app/job.py\nfrom app.core import load\nload()\n',
    "a module of uwsgi": "=== uwsgi.ini\n[uwsgi]\nmodule = app.web:application\n=== app/web.py\nfrom app.core import load\napplication = load()\n",
    "an application of celery": "=== Makefile\nrun:\n\tcelery -A proj worker -l info\n=== proj/__init__.py\n=== proj/celery.py\nfrom app.core import load\nload()\n",
    "settings that are put together": "=== setup.py\nfrom setuptools import setup\nconfig = dict(entry_points={'console_scripts': ['x = app.core:load']})\nsetup(**config)\n",
    "a module under another name": "=== main.py\nfrom app import core\ndef main():\n    it = core\n    it.load()\nif __name__ == '__main__':\n    main()\n",
    "a hook of pytest": "=== app/plug.py\nfrom app.core import load\ndef pytest_configure(config): load()\n",
}


@pytest.mark.parametrize("case", FOUND)
def test_what_a_host_finds_is_hooked(case: str, tmp_path: Path) -> None:
    states = states_of(inventory_of(files_of(CORE + FOUND[case]), tmp_path))
    assert states["app.core:load"].startswith("hooked"), states
    assert states["app.core:lost"] == "unhooked"


SEEMING: dict[str, str] = {
    "an upgrade of its own": "def upgrade(): return load()",
    "a registration that nobody makes": "def build(parser): parser.set_defaults(func=load)",
    "a route that nobody adds": "def build(app): app.router.add_get('/', load)",
    "a default of a field": "import attr\nclass Size:\n    size = attr.ib()\n    @size.default\n    def _size(self): return load()",
    "a case of a function that nobody calls": "from functools import singledispatch\n@singledispatch\ndef show(x): return 1\n@show.register\ndef _(x: int): return load()",
    "a setting up of its own": "def setup(): return load()",
}


@pytest.mark.parametrize("case", SEEMING)
def test_what_only_seems_to_be_found_is_not_surely_hooked(case: str, tmp_path: Path) -> None:
    code = f"=== app/old.py\nfrom app.core import load\n{SEEMING[case]}\n"
    assert states_of(inventory_of(files_of(CORE + code), tmp_path))["app.core:load"] != "hooked"


def test_a_registration_counts_where_its_code_is_reached(tmp_path: Path) -> None:
    code = "=== app/__main__.py\nfrom app.cli import build\nbuild()\n=== app/cli.py\nimport argparse\nfrom app.core import load\ndef build():\n    parser = argparse.ArgumentParser()\n    parser.set_defaults(func=load)\n"
    inventory = inventory_of(files_of(CORE + code), tmp_path)
    assert states_of(inventory)["app.core:load"] == "hooked"
    assert [each.rule.split(":")[0] for each in inventory.entry_points if each.key == "app.core:load"] == [
        "argparse handler"
    ]


def test_a_module_that_is_only_called_like_a_test_may_be_part_of_the_product(tmp_path: Path) -> None:
    code = (
        "=== app/__main__.py\nfrom app.ab_test import split\nsplit()\n"
        "=== app/ab_test.py\nfrom app.core import load\ndef split(): return load()\n"
        "=== app/core_test.py\nfrom app.core import lost\ndef test_lost(): assert lost()\n"
    )
    states = states_of(inventory_of(files_of(CORE + code), tmp_path))
    assert (states["app.core:load"], states["app.core:lost"]) == ("hooked", "test-only")


@pytest.mark.timeout(20)
def test_many_declared_entry_points_are_found_in_no_time(tmp_path: Path) -> None:
    lines = "".join(f"    x{n} = app.core:load\n" for n in range(20_000))
    files = {
        "setup.cfg": f"[options.entry_points]\nconsole_scripts =\n{lines}",
        "app/core.py": "def load(): return 1\n",
    }
    inventory = inventory_of(files, tmp_path)
    assert states_of(inventory) == {"app.core:load": "hooked"}
    assert inventory.features[0].evidence[0].endswith("(setup.cfg:3)")
