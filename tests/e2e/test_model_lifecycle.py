"""The guide's whole lifecycle for each kind of work, with a model behind a server that keeps its own books.

The real command on a real project; only the model is a script. What the server billed, what the journal charged and what
the report says must agree, and nothing but an earned change may be called completed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.operator import Operator
from tests.fakes.openai_script import Asked, Called, Fate, Step
from tests.fakes.openai_server import OpenAIServer, Rules, serving
from tests.lean import lean_python

pytestmark = [pytest.mark.night, pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(1200)]

TEXT = '''"""Text."""

import os


def shout(words):
    """Raise the voice."""
    return words.upper()


def whisper(words):
    """Lower the voice: all letters become small."""
    raise NotImplementedError


def spell(words):
    """Put a dash between letters."""
    return "-".join(words)
'''
CLI = """import argparse


def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument('words')
    given = parser.parse_args(argv)
    print(given.words)
    return 0
"""
PROJECT = {
    "pyproject.toml": '[project]\nname = "pocket"\nversion = "1"\n[project.scripts]\npocket = "pocket.cli:main"\n[tool.setuptools]\npackages = ["pocket"]\n',
    "pocket/__init__.py": "",
    "pocket/text.py": TEXT,
    "pocket/cli.py": CLI,
    "tests/test_cli.py": "from pocket.cli import main\n\n\ndef test_main(capsys):\n    assert main(['hi']) == 0\n    assert capsys.readouterr().out == 'hi\\n'\n",
}


def step(name: str, **arguments: object) -> Step:
    return Step(calls=(Called.model_validate({"name": name, "arguments": arguments}),), output=150)


def plan(*files: str) -> Step:
    return step("finish_plan", summary="Improve the text", files=list(files))


TESTS, FINISH = step("run_tests"), step("finish", summary="It is done")
SCRIPTS: dict[str, tuple[Step, ...]] = {
    "hookup": (
        plan("pocket/cli.py", "tests/test_shout.py"),
        step("edit_file", path="pocket/cli.py", old="import argparse\n", new="import argparse\n\nfrom pocket.text import shout\n"),
        step("edit_file", path="pocket/cli.py", old="    given =", new="    parser.add_argument('--shout', action='store_true')\n    given ="),
        step("edit_file", path="pocket/cli.py", old="print(given.words)", new="print(shout(given.words) if given.shout else given.words)"),
        step("write_file", path="tests/test_shout.py", content="from pocket.cli import main\n\n\ndef test_shout(capsys):\n    assert main(['--shout', 'hi']) == 0\n    assert capsys.readouterr().out == 'HI\\n'\n"),
        TESTS,
        FINISH,
    ),
    "tests": (
        plan("tests/test_text.py"),
        step("write_file", path="tests/test_text.py", content="from pocket.text import spell\n\n\ndef test_spell():\n    assert spell('abc') == 'a-b-c'\n"),
        TESTS,
        FINISH,
    ),
    "stub": (
        plan("pocket/text.py"),
        step("edit_file", path="pocket/text.py", old="raise NotImplementedError", new="return words.lower()"),
        step("write_file", path="tests/test_whisper.py", content="from pocket.text import whisper\n\n\ndef test_whisper():\n    assert whisper('Hi') == 'hi'\n"),
        TESTS,
        FINISH,
    ),
    "quality": (
        plan("pocket/text.py"),
        step("edit_file", path="pocket/text.py", old="\nimport os\n\n", new=""),
        TESTS,
        FINISH,
    ),
}  # fmt: skip
FEATURES = {"hookup": "shout", "tests": "spell", "stub": "whisper", "quality": "shout"}


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    with serving(Rules(answer=lambda asked: Step())) as server:
        yield server


@pytest.fixture(params=["responses", "chat"])
def owner(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    operator: Operator,
    provider: OpenAIServer,
    prefect_url: str,
) -> Operator:
    repository = tmp_path.resolve() / "texts"
    for path, text in PROJECT.items():
        (repository / path).parent.mkdir(parents=True, exist_ok=True)
        (repository / path).write_text(text)
    somebody = Operator(
        repository,
        {
            **operator.environment,
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-very-secret-of-ada",
            "FRESH_MODEL": "gpt-5-mini",
            "FRESH_KNOWS_OPENAI": "true",
            "FRESH_WIRE": request.param,
            "FRESH_PRICE_INPUT": "1",
            "FRESH_PRICE_OUTPUT": "10",
            "FRESH_MAX_OUTPUT_TOKENS": "2000",
            "FRESH_REPLY_SECONDS": "5",
            "PREFECT_API_URL": prefect_url,
        },
    )
    somebody.git("init", "-q")
    somebody.git("add", ".")
    somebody.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", "texts")
    return somebody


def scripted(asked: Asked) -> Step:
    """Work each kind as its script says."""
    steps = SCRIPTS[kind_of(asked)]
    return steps[min(asked.turn, len(steps) - 1)]


def kind_of(asked: Asked) -> str:
    found = re.search(r"Your task: (\w+) of `", asked.opening)
    assert found is not None, asked.opening[:2000]
    return found.group(1)


def worked(owner: Operator, *kinds: str) -> list[dict[str, object]]:
    """Let one agent work each kind; give what the report says of them."""
    words = [word for kind in kinds for word in ("--kind", kind)]
    names = [word for kind in kinds for word in ("--feature", FEATURES[kind])]
    owner.fresh(
        "auto", "start", "--agents", str(len(kinds)), *words, *names, "--budget", "3", "--no-approval",
        "--approval-timeout", "1", "--python", lean_python(), timeout=900, check=False,
    )  # fmt: skip
    agents = owner.report()["agents"]
    assert isinstance(agents, list)
    return agents


def demand_equal_books(owner: Operator, provider: OpenAIServer, *, exact: bool) -> None:
    """What the provider billed is charged to the cent, or more where a reply was lost; nothing stays held."""
    spending = owner.report()["spending"]
    assert isinstance(spending, dict)
    charged = round(spending["spent"] * 1e6)
    assert spending["requests"] == len(provider.seen)
    assert spending["held"] == 0
    assert provider.billed <= charged <= 3_000_000
    if exact:
        # Prices of one's own know no cheaper cached tokens.
        cached = sum(entry.cached for entry in provider.seen)
        assert charged - provider.billed <= round(cached * 0.9) + len(provider.seen)
        assert spending["forfeited"] == 0
    status = json.loads(owner.fresh("auto", "status", "--format", "json").stdout)
    assert status["cost"]["spent"] == spending["spent"]


def demand_the_same_again(owner: Operator, provider: OpenAIServer) -> None:
    """The run's conversations are played again, with what went wrong in them, and nobody is asked for anything."""
    asked, branches = len(provider.seen), owner.branches()
    environment = {**owner.environment, "OPENAI_BASE_URL": "http://127.0.0.1:1", "PREFECT_API_URL": ""}
    away = Operator(owner.repository, environment)
    shown = away.fresh("auto", "replay", str(owner.report()["run_id"]))
    assert "Everything went as it did then." in shown.stdout
    assert (len(provider.seen), owner.branches()) == (asked, branches)


@pytest.mark.parametrize("kind", SCRIPTS)
def test_each_kind_is_completed_with_proof(owner: Operator, provider: OpenAIServer, kind: str) -> None:
    provider.answers(scripted)
    before = owner.belongings()
    agents = worked(owner, kind)

    assert [(agent["kind"], agent["outcome"]) for agent in agents] == [(kind, "completed")], agents
    assert len(owner.branches()) == len(owner.pages()) == 1
    assert owner.belongings() == before
    demand_equal_books(owner, provider, exact=True)
    demand_the_same_again(owner, provider)


FAULTS = (
    Step(status=429, headers={"Retry-After": "0"}),
    Step(status=500),
    Step(fate=Fate.VANISHED, text="x"),
    Step(fate=Fate.RESET, text="x"),
    Step(fate=Fate.BROKEN, text="x" * 500),
    Step(fate=Fate.TRUNCATED, text="x"),
    Step(fate=Fate.GARBAGE),
    Step(fate=Fate.HTML),
    Step(text="late", sleep=7),
    Step(text="", nulls_usage=True),
    step("apply_patch", patch="x"),
    Step(calls=(Called(name="edit_file", arguments='{"path": "pocket'),)),
)


def test_whatever_goes_wrong_on_the_way_the_change_is_made_and_nothing_is_uncounted(
    owner: Operator, provider: OpenAIServer
) -> None:
    given: list[Step] = []
    answered: list[Step] = []

    def faulty(asked: Asked) -> Step:
        """Put two faults before every answer; a third in a row would be given up."""
        if asked.attempt % 3 != 2 and len(given) < len(FAULTS):
            given.append(FAULTS[len(given)])
            return given[-1]
        steps = SCRIPTS["hookup"]
        answered.append(steps[min(len(answered), len(steps) - 1)])
        return answered[-1]

    provider.answers(faulty)
    agents = worked(owner, "hookup")

    assert [agent["outcome"] for agent in agents] == ["completed"], agents
    assert len(given) == len(FAULTS)
    demand_equal_books(owner, provider, exact=False)
    demand_the_same_again(owner, provider)


def cheat(*steps: Step) -> Callable[[Asked], Step]:
    return lambda asked: steps[min(asked.turn, len(steps) - 1)]


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        pytest.param("hookup", (plan("x"), FINISH), id="claims success without a change"),
        pytest.param(
            "stub",
            (
                plan("tests/test_cli.py"),
                step("edit_file", path="pocket/text.py", old="raise NotImplementedError", new="return words.title()"),
                step("write_file", path="tests/test_cli.py", content="def test_nothing():\n    pass\n"),
                TESTS,
                FINISH,
            ),
            id="deletes the failing test",
        ),
        pytest.param(
            "tests",
            (plan("x"), step("write_file", path="../../outside.py", content="x"), step("write_file", path="/etc/outside", content="x"), FINISH),
            id="edits outside of the tree",
        ),
        pytest.param("tests", (plan("x"), *[step("search", pattern=str(n)) for n in range(99)]), id="calls tools for ever"),
        pytest.param("tests", (plan("x"), step("read_file", path="pocket/cli.py")), id="goes in circles"),
        pytest.param("tests", (Step(text="I would love to help!"),), id="only talks"),
        pytest.param("tests", (Step(text="x", ended="cut_off"),), id="is always cut off"),
    ],
)  # fmt: skip
def test_no_model_talks_its_way_to_completed(
    owner: Operator, provider: OpenAIServer, kind: str, steps: tuple[Step, ...]
) -> None:
    provider.answers(cheat(*steps))
    before = owner.belongings()
    agents = worked(owner, kind)

    assert agents, "nobody worked"
    assert {agent["outcome"] for agent in agents} <= {"failed", "declined", "parked", "abandoned"}, agents
    assert all(agent["failure"] or agent["outcome"] == "parked" for agent in agents)
    assert owner.pages() == []
    assert owner.belongings() == before
    assert not (owner.repository.parent / "outside.py").exists()
    assert not Path("/etc/outside").exists()
    demand_equal_books(owner, provider, exact=False)
    demand_the_same_again(owner, provider)
