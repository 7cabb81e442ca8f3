"""Each made-up repository has the states that its own text says it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from fresh.domain.feature import Inventory
from fresh.inventory.paths import strong_path
from tests.inventory.example import example, feature_of, files_of, inventory_of, states_of

EXPECTED = {
    "click_app": {
        "notes.cli:cli": "hooked",
        "notes.cli:show": "hooked",
        "notes.extra:extra": "hooked",
        "notes.store:Base": "hooked",
        "notes.store:Store": "hooked",
        "notes.store:load": "hooked",
        "notes.store:pretty": "hooked",
        "notes.store:remove_old": "unhooked",
        "notes.formats:as_text": "hooked",
        "notes.formats:as_html": "unhooked",
        "notes.formats:escape": "unhooked",
        "notes.formats:only_tested": "test-only",
        "notes.formats:backup_all": "api-only",
        "notes.formats:export": "unhooked",
        "notes.formats:later": "unhooked",
    },
    "typer_src": {
        "pocket.main:run": "hooked",
        "pocket.main:add": "hooked",
        "pocket.reports:total": "hooked",
        "pocket.reports:summary": "hooked",
        "pocket.reports:average": "unhooked",
    },
    "argparse_flat": {
        "tool:main": "hooked",
        "workers.jobs:pack": "hooked",
        "workers.jobs:unpack": "hooked",
        "workers.jobs:repack": "unhooked",
        "workers.legacy:start": "hooked",
        "workers.plugins:JsonPlugin": "hooked",
        "workers.plugins:XmlPlugin": "unhooked",
        "workers.serving:serve": "hooked",
        "workers.status:report": "hooked",
        "workers.tidying:tidy": "hooked",
    },
    "library": {
        "shapes.core:Shape": "api-only",
        "shapes.core:Circle": "api-only",
        "shapes.core:area": "api-only",
        "shapes.core:measure": "api-only",
        "shapes.core:hidden": "unhooked",
        "shapes.draw:draw": "api-only",
        "shapes.draw:brush": "api-only",
        "shapes.draw:erase": "unhooked",
        "shapes.visit:Visitor": "api-only",
        "shapes.visit:roll": "api-only",
        "shapes.visit:stop": "unhooked",
        "shapes.by_name:choose": "test-only",
        "shapes.engines:quick": "test-only",
        "shapes.gallery:hang": "api-only",
        "shapes.gallery:store": "unhooked",
    },
    "broken": {
        "app.used:maybe": "unknown",
        "app.used:never": "unhooked",
        "app.twice:pick": "hooked",
        "app.twice:shared": "unhooked",
        "app.twice:run": "unhooked",
        "app.other:run": "unhooked",
        "app.plugins:find": "api-only",
        "app.plugins.one:plugged": "unknown",
        "app.tables:handle_a": "unhooked",
        "app.tables:handle": "unhooked",
        "app.computed:look": "unknown",
        "app.computed:found_by_look": "unknown",
    },
    "web": {
        "shop.api:read_price": "hooked",
        "shop.api:home": "hooked",
        "shop.api:plain": "unhooked",
        "shop.prices:price": "hooked",
        "shop.tasks:sweep": "hooked",
        "shop.tasks:nightly": "hooked",
        "shop.tasks:remembered": "hooked-weak",
        "shop.tasks:forgotten": "unhooked",
        "shop.registry:remember": "hooked",
        "shop.management.commands.refill:Command": "hooked",
        "shop.stock:refill": "hooked",
        "shop.readers:Reader": "hooked-weak",
        "shop.readers:CsvReader": "hooked-weak",
        "shop.readers:Plain": "unhooked",
        "shop.conftest_like:pytest_configure": "hooked",
        "shop.conftest_like:hook_body": "hooked",
    },
}


def take(name: str, cache: Path) -> Inventory:
    """Take the inventory of a made-up repository; the one script in them is executable."""
    files = example(name)
    return inventory_of(files, cache, executable=[path for path in files if path.startswith("bin/")])


@pytest.mark.parametrize("name", EXPECTED)
def test_every_feature_has_the_state_that_the_rules_give_it(name: str, tmp_path: Path) -> None:
    assert states_of(take(name, tmp_path)) == EXPECTED[name]


def test_the_evidence_of_a_hooked_feature_is_the_shortest_path_from_a_root(tmp_path: Path) -> None:
    inventory = take("click_app", tmp_path)
    assert strong_path(inventory, "notes.formats:as_text") == (
        "click command: cli.add_command(extra) (notes/cli.py:18)",
        "notes.extra:extra (notes/extra.py:6)",
        "-> uses: notes.formats:as_text (notes/formats.py:1)",
    )
    assert strong_path(inventory, "notes.formats:as_html") is None


def test_a_weak_path_says_why_it_is_weak(tmp_path: Path) -> None:
    feature = feature_of(take("web", tmp_path), "shop.tasks:remembered")
    assert feature.evidence[0] == "decorated: @remember (shop/tasks.py:17)"


def test_an_export_or_a_document_is_the_evidence_of_an_interface(tmp_path: Path) -> None:
    documented = feature_of(take("click_app", tmp_path / "a"), "notes.formats:backup_all")
    exported = feature_of(take("library", tmp_path / "b"), "shapes.core:area")
    shown = feature_of(take("library", tmp_path / "b"), "shapes.gallery:hang")
    assert documented.evidence[0] == "named in README.md:3"
    assert exported.evidence[0] == "__all__ of shapes.core (shapes/core.py)"
    assert shown.evidence[0] == "used by the example examples/show.py"


def test_an_unhooked_feature_lists_every_rule_that_was_tried(tmp_path: Path) -> None:
    feature = feature_of(take("argparse_flat", tmp_path), "workers.jobs:repack")
    assert feature.evidence == (
        "no strong or weak path from 8 entry points (argparse handler 1, console script 2, named in a command line 1, "
        "plug-in entry point 1, runs as __main__ 1, script of the project 2)",
        "not among 0 exported names, and reached from none of them",
        "not named as code in 1 file of documentation and settings",
        "not reached from 0 test modules",
    )


def test_what_can_not_be_known_names_the_reason(tmp_path: Path) -> None:
    inventory = take("broken", tmp_path)
    assert feature_of(inventory, "app.used:maybe").evidence == (
        "app/bad.py names it and could not be parsed",
    )
    assert feature_of(inventory, "app.plugins.one:plugged").evidence == (
        "app/plugins/__init__.py:5 reaches code by a computed name: iter_modules(…)",
    )
    assert feature_of(inventory, "app.computed:found_by_look").evidence == (
        "app/computed.py:5 reaches code by a computed name: getattr(…, <name>)",
    )


def test_a_file_that_does_not_parse_is_reported_and_holds_no_features(tmp_path: Path) -> None:
    inventory = take("broken", tmp_path)
    assert [(each.path, each.why) for each in inventory.unparsed] == [
        ("app/bad.py", "invalid syntax (line 2)")
    ]
    assert not [feature for feature in inventory.features if feature.path == "app/bad.py"]
    assert inventory.limits[0] == "1 file could not be parsed; what is used there is not known"


def test_entry_points_name_their_rule_and_the_place_that_declares_it(tmp_path: Path) -> None:
    inventory = take("argparse_flat", tmp_path)
    assert {(entry.key, entry.rule, entry.path) for entry in inventory.entry_points} == {
        ("tool:main", "console script: tool = tool:main (setup.cfg:3)", "tool.py"),
        (
            "workers.legacy:start",
            "console script: other = workers.legacy:start (setup.py:3)",
            "workers/legacy.py",
        ),
        (
            "workers.plugins:JsonPlugin",
            "plug-in entry point: tool.plugins json = workers.plugins:JsonPlugin (setup.py:3)",
            "workers/plugins.py",
        ),
        ("workers.jobs:pack", "argparse handler: one.set_defaults(pack) (tool.py:10)", "workers/jobs.py"),
        (
            "workers.serving:<module>",
            "named in a command line: python -m = workers.serving (Makefile:2)",
            "workers/serving.py",
        ),
        ("workers.__main__:<module>", "runs as __main__: workers.__main__", "workers/__main__.py"),
        ("bin/tidy:<module>", "script of the project: bin/tidy", "bin/tidy"),
        ("setup:<module>", "script of the project: setup", "setup.py"),
    }


def test_a_new_command_is_a_strong_path_in_the_next_commit(tmp_path: Path) -> None:
    before = example("typer_src")
    main = (
        before["src/pocket/main.py"]
        + "\n\n@app.command()\ndef mean(amount: float):\n    print(reports.average([amount]))\n"
    )
    after = inventory_of({**before, "src/pocket/main.py": main}, tmp_path)
    path = strong_path(after, "pocket.reports:average")
    assert path is not None
    assert path[0].startswith("typer command: @app.command (src/pocket/main.py:")
    assert path[-1] == "-> uses: pocket.reports:average (src/pocket/reports.py:9)"


def test_importing_or_naming_a_function_is_no_hookup(tmp_path: Path) -> None:
    before = example("typer_src")
    main = "from pocket.reports import average\n# average\n" + before["src/pocket/main.py"]
    after = inventory_of({**before, "src/pocket/main.py": main}, tmp_path)
    assert strong_path(after, "pocket.reports:average") is None


NEUTRAL_CASES = {
    "a local variable of the same name is no use": "def go(parse):\n    return parse\n",
    "a method of a literal is no use": "def go():\n    return ''.parse()\n",
    "an attribute of another project is no use": "import lxml\n\ndef go():\n    return lxml.parse()\n",
}


@pytest.mark.parametrize("why", NEUTRAL_CASES)
def test_names_that_mean_something_else_reach_nothing(why: str, tmp_path: Path) -> None:
    files = files_of(
        f"=== app/__init__.py\n=== app/__main__.py\nfrom app.go import go\n\ngo()\n=== app/go.py\n{NEUTRAL_CASES[why]}"
        "=== app/text.py\ndef parse():\n    return 1\n"
    )
    assert states_of(inventory_of(files, tmp_path))["app.text:parse"] == "unhooked"


REACHING_CASES = {
    "through a typed parameter": (
        "from app.box import Box\n\ndef go(box: Box):\n    return box.open()\n",
        "hooked",
    ),
    "through a local instance": (
        "from app.box import Box\n\ndef go():\n    box = Box()\n    return box.open()\n",
        "hooked",
    ),
    "through a chained call": ("from app.box import Box\n\ndef go():\n    return Box().open()\n", "hooked"),
    "through an attribute of self": (
        "from app.box import Box\n\nclass go:\n    def __init__(self):\n        self.box = Box()\n"
        "        self.run()\n\n    def run(self):\n        return self.box.open()\n",
        "hooked",
    ),
    "through a subclass and super": (
        "from app.box import Box\n\nclass go(Box):\n    def __init__(self):\n        super().open()\n",
        "hooked",
    ),
    "through an inherited method": (
        "from app.box import Box\n\nclass go(Box):\n    def __init__(self):\n        self.open()\n",
        "hooked",
    ),
    "through a class that inherits the method": (
        "from app.box import Small\n\ndef go():\n    return Small.open\n",
        "hooked",
    ),
    "by attribute name alone": ("def go(box=None):\n    return box.open_lid()\n", "hooked-weak"),
    "by a string alone": ("def go(box=None):\n    return getattr(box, 'open')\n", "hooked-weak"),
    "by a format prefix": ("def go(box=None):\n    return getattr(box, 'open_%s' % 1)()\n", "hooked-weak"),
    "by an f-string suffix": ("def go(box=None):\n    return getattr(box, f'{1}_lid')()\n", "hooked-weak"),
}


def test_an_inherited_member_of_a_class_is_a_use_of_that_class(tmp_path: Path) -> None:
    files = files_of(
        "=== app/__main__.py\nfrom app.box import Small\n\nSmall.open()\n"
        "=== app/box.py\nclass Box:\n    def open(self):\n        return 1\n\n\nclass Small(Box):\n    pass\n"
    )
    assert set(states_of(inventory_of(files, tmp_path)).values()) == {"hooked"}


@pytest.mark.parametrize("how", REACHING_CASES)
def test_methods_are_reached(how: str, tmp_path: Path) -> None:
    code, expected = REACHING_CASES[how]
    files = files_of(
        f"=== app/__init__.py\n=== app/__main__.py\nfrom app.go import go\n\ngo()\n=== app/go.py\n{code}"
        "=== app/box.py\nclass Box:\n    def open(self):\n        return lid()\n\n"
        "    def open_lid(self):\n        return lid()\n\n\nclass Small(Box):\n    pass\n"
        "=== app/box_lid.py\ndef lid():\n    return 1\n"
    )
    files["app/box.py"] = "from app.box_lid import lid\n\n\n" + files["app/box.py"]
    assert states_of(inventory_of(files, tmp_path))["app.box_lid:lid"] == expected
