"""What every tidier must do: the fake and ruff alike."""

from __future__ import annotations

import pytest

from fresh.adapters.ruff_tidier import RuffTidier
from fresh.errors import Mishap
from fresh.ports import Tidier, TidyRules
from tests.fakes.tidier import FakeTidier

UNTIDY = "import os;\n\n\ndef f(x):  \n    return x;\n   \n\nVALUE = os.sep \n"
BOTH = TidyRules(("W291", "W293", "E703"))


@pytest.fixture(params=[FakeTidier, RuffTidier])
def tidier(request: pytest.FixtureRequest) -> Tidier:
    """Give each tidier in turn."""
    made: Tidier = request.param()
    return made


def test_findings_come_in_the_order_of_their_lines_with_fixes(tidier: Tidier) -> None:
    found = tidier.find("pocket/text.py", UNTIDY, BOTH)
    assert [(finding.line, finding.code, finding.fixable) for finding in found] == [
        (1, "E703", True),
        (4, "W291", True),
        (5, "E703", True),
        (6, "W293", True),
        (8, "W291", True),
    ]


def test_after_fixing_nothing_is_left_to_find(tidier: Tidier) -> None:
    fixed = tidier.fix("pocket/text.py", UNTIDY, BOTH)
    assert fixed == "import os\n\n\ndef f(x):\n    return x\n\n\nVALUE = os.sep\n"
    assert tidier.find("pocket/text.py", fixed, BOTH) == ()


def test_only_the_rules_that_were_asked_for_speak(tidier: Tidier) -> None:
    rules = TidyRules(("E703",))
    assert {finding.code for finding in tidier.find("pocket/text.py", UNTIDY, rules)} == {"E703"}
    assert "def f(x):  \n" in tidier.fix("pocket/text.py", UNTIDY, rules)


def test_fixing_twice_is_fixing_once(tidier: Tidier) -> None:
    once = tidier.fix("pocket/text.py", UNTIDY, BOTH)
    assert tidier.fix("pocket/text.py", once, BOTH) == once


def test_a_text_without_valid_syntax_stays_as_it_is(tidier: Tidier) -> None:
    assert tidier.fix("pocket/text.py", "def f(:\n    x\n", BOTH) == "def f(:\n    x\n"


def test_line_ends_and_letters_of_every_script_survive(tidier: Tidier) -> None:
    text = "TEXT = 'naïve 日本';\n"
    assert tidier.fix("pocket/text.py", text, BOTH) == "TEXT = 'naïve 日本'\n"


def test_a_fix_that_ruff_calls_unsafe_is_never_applied() -> None:
    text = "def f(x):\n    return x == None\n"
    assert RuffTidier().fix("a.py", text, TidyRules(("E711",))) == text


def test_words_from_a_project_s_configuration_can_t_become_options() -> None:
    with pytest.raises(Mishap, match="no rule and no version"):
        RuffTidier().find("a.py", "x = 1\n", TidyRules(("E703 --config=/etc/passwd",)))
    with pytest.raises(Mishap, match="no rule and no version"):
        RuffTidier().find("a.py", "x = 1\n", TidyRules(("E703",), target="py39\n--fix"))


def test_an_unused_import_of_a_package_is_kept_as_an_export_and_of_a_module_removed() -> None:
    rules = TidyRules(("F401",))
    assert RuffTidier().fix("pocket/text.py", "import os\n", rules) == ""
    assert "import os" in RuffTidier().fix("pocket/__init__.py", "import os\n", rules)


def test_imports_are_sorted_with_the_project_s_own_ones_last() -> None:
    rules = TidyRules(("I001",), first_party=("pocket",))
    fixed = RuffTidier().fix("a.py", "import pocket\nimport yaml\nimport os\n", rules)
    assert fixed == "import os\n\nimport yaml\n\nimport pocket\n"
