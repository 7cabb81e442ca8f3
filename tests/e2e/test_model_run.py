"""A whole run with a language model: the real command, a stand-in for the provider that keeps its own books."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.operator import Operator
from tests.fakes.openai_script import Asked, Called, Step
from tests.fakes.openai_server import OpenAIServer, Rules, serving

pytestmark = pytest.mark.slow

SHOP = '''"""Prices of a small shop."""


def net(gross, rate):
    """Take the tax out of a price."""
    return round(gross / (1 + rate), 2)


def discounted(price, percent):
    """Lower a price by some percent, never below zero."""
    if percent >= 100:
        return 0.0
    return round(price * (100 - percent) / 100, 2)


def shipping(weight):
    """Say what it costs to send so many kilograms."""
    if weight <= 0:
        raise ValueError("weight must be positive")
    return 4.5 if weight < 5 else 9.0
'''
PROJECT = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[tool.setuptools]\npackages = ["shop"]\n',
    "shop/__init__.py": "",
    "shop/prices.py": SHOP,
    "shop/rates.py": "def vat(country):\n    return {'AT': 0.2, 'DE': 0.19}.get(country, 0.21)\n",
    "tests/test_rates.py": "from shop.rates import vat\n\n\ndef test_vat():\n    assert vat('AT') == 0.2\n",
}
ASSERTIONS = {
    "net": "assert net(120, 0.2) == 100",
    "discounted": "assert discounted(50, 10) == 45\n    assert discounted(50, 120) == 0",
    "shipping": "assert (shipping(1), shipping(5)) == (4.5, 9.0)",
}
"""What a model that understands the code would assert of each function."""


def feature_of(asked: Asked) -> str:
    found = re.search(r"Your task: (\w+) of `([^`]+)`", asked.opening)
    assert found is not None, asked.opening[:2000]
    return found.group(2).rpartition(":")[2]


def able(asked: Asked) -> Step:
    """Work like a model that knows its trade: plan, write a test, run it, finish."""
    name = feature_of(asked)
    path = f"tests/test_{name}.py"
    test = f"from shop.prices import {name}\n\n\ndef test_{name}():\n    {ASSERTIONS[name]}\n"
    steps = (
        Called(name="finish_plan", arguments={"summary": f"Test {name}", "files": [path]}),
        Called(name="write_file", arguments={"path": path, "content": test}),
        Called(name="run_tests", arguments={"select": [path]}),
        Called(name="finish", arguments={"summary": f"{name} is tested"}),
    )
    return Step(calls=(steps[min(asked.turn, len(steps) - 1)],), output=200)


@pytest.fixture
def provider() -> Iterator[OpenAIServer]:
    with serving(Rules(answer=able)) as server:
        yield server


@pytest.fixture
def shopkeeper(tmp_path: Path, operator: Operator, provider: OpenAIServer) -> Operator:
    """Somebody with a small shop, a key, and a server that is not OpenAI's but knows what theirs do."""
    repository = tmp_path.resolve() / "shop"
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
            "FRESH_PRICE_INPUT": "1",
            "FRESH_PRICE_OUTPUT": "10",
        },
    )
    somebody.git("init", "-q")
    somebody.git("add", ".")
    somebody.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", "shop")
    return somebody


def leaks(somebody: Operator, secret: str) -> list[str]:
    """Find the files of a run that hold a secret."""
    found = [path for path in (somebody.repository / ".fresh").rglob("*") if path.is_file()]
    return [str(path) for path in found if secret.encode() in path.read_bytes()]


def test_a_model_earns_three_changes_and_every_cent_is_where_the_provider_has_it(
    shopkeeper: Operator, provider: OpenAIServer
) -> None:
    before = shopkeeper.belongings()
    done = shopkeeper.fresh(
        "auto", "start", "--agents", "3", "--kind", "tests", "--budget", "2", "--no-approval", timeout=400
    )
    report = shopkeeper.report()
    assert [agent["outcome"] for agent in report["agents"]] == ["completed"] * 3, done.stdout  # type: ignore[index, attr-defined]
    assert report["engine"] == "llm"
    assert len(shopkeeper.branches()) == len(shopkeeper.pages()) == 3
    assert shopkeeper.belongings() == before

    spending = report["spending"]
    assert isinstance(spending, dict)
    assert spending["requests"] == len(provider.seen) == 12
    assert spending["forfeited"] == spending["held"] == 0
    assert spending["cached"] <= spending["input"]
    # Prices of one's own know no cheaper cached tokens, so the books of the provider can only be lower.
    assert provider.billed <= round(spending["spent"] * 1e6) <= 2_000_000
    assert spending["input"] == sum(entry.input for entry in provider.seen)
    assert spending["output"] == 12 * 200

    status = json.loads(shopkeeper.fresh("auto", "status", "--format", "json").stdout)
    assert status["cost"] == {"spent": spending["spent"], "held": 0.0, "budget": 2.0}
    assert round(sum(agent["cost_usd"] for agent in status["agents"]), 6) == spending["spent"]
    page = shopkeeper.fresh("auto", "report").stdout
    assert "Tokens in" in page
    assert leaks(shopkeeper, "sk-very-secret-of-ada") == []

    replayed = shopkeeper.fresh("auto", "replay", str(report["run_id"])).stdout
    assert replayed.count("4 replies played again") == replayed.count("Everything went as it did then.") == 3
    assert len(provider.seen) == 12


@pytest.mark.night
def test_a_model_that_claims_success_without_a_change_completes_nothing(
    shopkeeper: Operator, provider: OpenAIServer
) -> None:
    def idle(asked: Asked) -> Step:
        plan = Called(name="finish_plan", arguments={"summary": "Do it", "files": []})
        finish = Called(name="finish", arguments={"summary": "Everything is done and tested"})
        return Step(calls=(plan if asked.turn == 0 else finish,))

    provider.answers(idle)
    shopkeeper.fresh(
        "auto",
        "start",
        "--agents",
        "1",
        "--feature",
        "net",
        "--kind",
        "tests",
        "--no-approval",
        timeout=400,
        check=False,
    )
    report = shopkeeper.report()
    assert {agent["outcome"] for agent in report["agents"]} <= {"declined", "failed"}  # type: ignore[index, attr-defined]
    assert shopkeeper.branches() == {}


@pytest.mark.night
def test_a_model_without_a_price_is_refused_before_anything_exists(
    shopkeeper: Operator, provider: OpenAIServer
) -> None:
    for name in ("FRESH_PRICE_INPUT", "FRESH_PRICE_OUTPUT"):
        del shopkeeper.environment[name]
    done = shopkeeper.fresh("auto", "start", "--model", "home-grown-7b", check=False, timeout=100)
    assert done.returncode == 2
    assert "No price is known for the model 'home-grown-7b'." in done.stderr
    assert "FRESH_PRICE_INPUT" in done.stderr
    assert (provider.seen, shopkeeper.branches()) == ([], {})


@pytest.mark.night
def test_a_cap_that_covers_not_even_the_first_request_is_refused_with_the_arithmetic(
    shopkeeper: Operator, provider: OpenAIServer
) -> None:
    done = shopkeeper.fresh("auto", "start", "--cap", "0.05", check=False, timeout=100)
    assert done.returncode == 1
    assert "The first request to gpt-5-mini can cost up to $0." in done.stderr
    assert "--cap $0.05 doesn't cover" in done.stderr
    assert provider.seen == []
