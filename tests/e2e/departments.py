"""A shop with as many untested functions as are wanted, each in a file of its own, and a model that can test them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.operator import Operator
from tests.fakes.openai_script import Asked, Called, Step

MODEL = {
    "OPENAI_API_KEY": "sk-very-secret-of-ada",
    "FRESH_MODEL": "gpt-5-mini",
    "FRESH_KNOWS_OPENAI": "true",
    "FRESH_PRICE_INPUT": "1",
    "FRESH_PRICE_OUTPUT": "10",
}
"""What a command needs to know of a provider, but its address."""


def _module(number: int) -> str:
    return (
        f'"""Prices of department {number}."""\n\n\n'
        f"def price_{number:02}(amount, pieces):\n"
        f'    """Say what so many pieces cost in department {number}."""\n'
        "    if pieces < 0:\n"
        '        raise ValueError("pieces must not be negative")\n'
        f"    total = amount * pieces + {number}\n"
        "    return total if pieces < 10 else total * 0.9\n"
    )


def lay_out_shop(place: Path, departments: int, more: dict[str, str] | None = None) -> Operator:
    """Make the repository, with one commit on `main`."""
    files = {
        "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[tool.setuptools]\npackages = ["shop"]\n',
        "shop/__init__.py": "",
        "shop/rates.py": "def vat(country):\n    return {'AT': 0.2, 'DE': 0.19}.get(country, 0.21)\n",
        "tests/test_rates.py": "from shop.rates import vat\n\n\ndef test_vat():\n    assert vat('AT') == 0.2\n",
        **{f"shop/part_{number:02}.py": _module(number) for number in range(departments)},
        **(more or {}),
    }
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content)
    somebody = Operator(place, {})
    somebody.git("init", "-q", "-b", "main")
    somebody.git("add", ".")
    somebody.git("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-qm", "shop")
    return somebody


def able(asked: Asked) -> Step:
    """Work like a model that knows its trade, and takes a moment for each answer."""
    found = re.search(r"`[\w.]+:(price_(\d\d))`", asked.opening)
    assert found is not None, asked.opening[:2000]
    name, number = found[1], int(found[2])
    path = f"tests/test_{name}.py"
    test = (
        f"from shop.part_{number:02} import {name}\n\n\n"
        f"def test_{name}():\n"
        f"    assert {name}(10, 2) == {20 + number}\n"
        f"    assert {name}(10, 10) == {(100 + number) * 0.9!r}\n"
    )
    steps = (
        Called(name="finish_plan", arguments={"summary": f"Test {name}", "files": [path]}),
        Called(name="write_file", arguments={"path": path, "content": test}),
        Called(name="finish", arguments={"summary": f"{name} is tested"}),
    )
    return Step(calls=(steps[min(asked.turn, len(steps) - 1)],), output=200, sleep=0.5)
