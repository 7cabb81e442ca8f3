"""The whole path: observe a feature of a small project, write its test, prove it."""

from __future__ import annotations

import subprocess
import sysconfig
from pathlib import Path

import pytest

from fresh.domain.evidence import Check, CheckState, Evidence
from fresh.domain.work import Plan
from fresh.engines.codemod import cases
from fresh.errors import Declined
from tests.engines.cases.pocket import bench_for, project, write_test

SLUGIFY = '''
import re

def slugify(text: str, sep: str = "-") -> str:
    """Make a slug.

    >>> slugify("Hello, World!")
    'hello-world'
    >>> slugify("a b", sep="_")
    'a_b'
    """
    if not sep:
        raise ValueError("sep must not be empty")
    return re.sub(r"[^a-z0-9]+", sep, text.lower()).strip(sep)
'''
STACK = """
class Stack:
    def __init__(self, items=None):
        self.items = list(items or [])
    def push(self, item):
        self.items.append(item)
    def pop(self):
        if not self.items:
            raise IndexError("empty stack")
        return self.items.pop()
    def __len__(self):
        return len(self.items)
"""
CODEC = """
def encode(text: str) -> bytes:
    return text.encode()[::-1]

def decode(raw: bytes) -> str:
    return raw[::-1].decode()
"""
CLIPPER = """
def normalize(text: str) -> str:
    return text[:-1] if len(text) == 9 else text.strip()
"""

pytestmark = pytest.mark.slow


def is_formatted(text: str) -> bool:
    """Ask ruff whether it would change the layout or the imports of a file."""
    ruff = str(Path(sysconfig.get_path("scripts")) / "ruff")
    for arguments in (
        ["format", "--check"],
        ["check", "--select=E,F,I,W,B,SIM" + (",PT" if "import pytest" in text else "")],
    ):
        own = ["--config=lint.isort.known-first-party=['pocket']"] if arguments[0] == "check" else []
        argv = [ruff, *arguments, *own, "--isolated", "--no-cache", "--stdin-filename=test_x.py", "-"]
        if subprocess.run(argv, input=text, capture_output=True, text=True, check=False).returncode:
            return False
    return True


def test_documented_examples_errors_and_properties_become_tests(tmp_path: Path) -> None:
    bench = bench_for(project(SLUGIFY), "slugify", tmp_path)
    work, text = write_test(bench)
    assert 'assert slugify("Hello, World!") == "hello-world"' in text
    assert 'assert slugify("a b", sep="_") == "a_b"' in text
    assert 'pytest.raises(ValueError, match="sep must not be empty")' in text
    assert "assert slugify(once) == once" in text
    assert is_formatted(text)
    assert {test.exercises for test in work.new_tests} == {"pocket.text:slugify"}
    assert all(test.node_id.startswith("tests/test_text_slugify.py::") for test in work.new_tests)
    assert "tests/test_text_slugify.py" in bench.tree_files()
    assert set(bench.tree_files()) - set(bench.files) == {"tests/test_text_slugify.py"}


def test_documents_and_tests_that_are_links_say_nothing_and_are_in_nobody_s_way(tmp_path: Path) -> None:
    files = {**project(SLUGIFY), "README.md": "", "docs/index.md": "", "tests/test_linked.py": ""}
    bench = bench_for(files, "slugify", tmp_path)
    for link in ("README.md", "tests/test_linked.py"):
        (bench.tree / link).unlink()
        (bench.tree / link).symlink_to(bench.tree / "docs" / "index.md")
    assert 'assert slugify("Hello, World!") == "hello-world"' in write_test(bench)[1]


def test_the_written_test_fails_when_the_code_is_broken(tmp_path: Path) -> None:
    bench = bench_for(project(SLUGIFY), "slugify", tmp_path)
    write_test(bench)
    for broken in (SLUGIFY.replace("text.lower()", "text"), SLUGIFY.replace("if not sep", "if sep")):
        bench.write("pocket/text.py", broken)
        assert bench.run_tests(["tests/test_text_slugify.py"]).failing


@pytest.mark.night
def test_a_class_is_tested_by_what_its_methods_return_change_and_refuse(tmp_path: Path) -> None:
    _, text = write_test(bench_for(project(STACK), "Stack", tmp_path))
    assert "assert len(Stack()) == 0" in text
    assert "assert Stack(items=[3, 1, 2]).pop() == 2" in text
    assert 'pytest.raises(IndexError, match="empty stack")' in text
    assert "stack.push(" in text
    assert is_formatted(text)


def test_inverse_functions_are_tested_as_a_round_trip(tmp_path: Path) -> None:
    _, text = write_test(bench_for(project(CODEC), "encode", tmp_path))
    assert "assert decode(encode(text)) == text" in text
    assert "@given" not in text


@pytest.mark.night
def test_hypothesis_is_used_where_the_project_uses_it_and_only_for_laws_that_it_can_t_refute(
    tmp_path: Path,
) -> None:
    files = project(CODEC) | {"requirements-dev.txt": "hypothesis\n"}
    _, text = write_test(bench_for(files, "encode", tmp_path / "codec"))
    assert "@given(st.text())" in text
    assert is_formatted(text)


def test_a_law_that_fails_for_some_input_is_not_claimed(tmp_path: Path) -> None:
    source = CODEC.replace("raw[::-1].decode()", "raw[::-1].decode().strip()")
    _, text = write_test(bench_for(project(source), "encode", tmp_path))
    assert "decode(encode" not in text


def test_printed_text_changed_arguments_files_and_coroutines_are_observed(tmp_path: Path) -> None:
    source = (
        "def greet(name: str):\n    print(f'hello {name}')\n\n"
        "def order(items: list[int]):\n    items.sort()\n\n"
        "def first_line(path):\n    with open(path) as file:\n        return file.readline().strip()\n\n"
        "async def later(x: int) -> int:\n    return x + 1\n"
    )
    wanted = {
        "greet": "assert capsys.readouterr().out ==",
        "order": "order(items)",
        "first_line": '(tmp_path / "sample.txt").write_text("alpha\\nbeta\\n", encoding="utf-8")',
        "later": "asyncio.run(later(x))",
    }
    for name, line in wanted.items():
        _, text = write_test(bench_for(project(source), name, tmp_path / name))
        assert line in text
        assert is_formatted(text)


def test_a_unittest_suite_gets_a_unittest_class_that_runs(tmp_path: Path) -> None:
    suite = "import unittest\n\n\nclass ElsewhereTest(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(1)\n"
    files = project(SLUGIFY) | {"tests/test_elsewhere.py": suite}
    work, text = write_test(bench_for(files, "slugify", tmp_path))
    assert "class SlugifyTest(unittest.TestCase):" in text
    assert 'self.assertEqual(slugify("Hello, World!"), "hello-world")' in text
    assert "pytest" not in text
    assert is_formatted(text)
    assert work.new_tests


@pytest.mark.night
def test_objects_are_made_as_the_project_s_own_tests_make_them(tmp_path: Path) -> None:
    source = (
        "from dataclasses import dataclass\n\n@dataclass\nclass Entry:\n    cents: int\n    category: str\n\n"
        "def describe(entry: Entry) -> str:\n    return f'{entry.category}: {entry.cents}'\n"
    )
    files = project(source)
    files["tests/test_elsewhere.py"] = (
        "from pocket.text import Entry\n\n\ndef test_it():\n    assert Entry(320, 'groceries').cents == 320\n"
    )
    _, text = write_test(bench_for(files, "describe", tmp_path))
    assert '(Entry(320, "groceries"), "groceries: 320")' in text


def test_a_call_that_changes_what_its_module_keeps_is_declined(tmp_path: Path) -> None:
    source = "KNOWN = {}\n\ndef register(name: str) -> int:\n    KNOWN[name] = 1\n    return len(KNOWN)\n"
    with pytest.raises(Declined, match="changes the module's `KNOWN`"):
        write_test(bench_for(project(source), "register", tmp_path))


def test_a_function_whose_values_nothing_explains_is_declined(tmp_path: Path) -> None:
    source = "def blend(thing):\n    return thing.mixed_with(3).first\n"
    with pytest.raises(Declined, match="nothing says what values `thing` takes"):
        write_test(bench_for(project(source), "blend", tmp_path))


@pytest.mark.parametrize(
    ("source", "name", "reason"),
    [
        (
            "import datetime\ndef f():\n    return [datetime.datetime][0].now().isoformat()",
            "f",
            "reads the clock",
        ),
        (
            "import os\ndef f(x: str):\n    return getattr(os, 'system')(x)",
            "f",
            r"starts a process \(os\.system\)",
        ),
        (
            "def f(x: str):\n    open('/tmp/out.txt', 'w').write(x)",
            "f",
            "writes a file outside its arguments",
        ),
        ("def f(x: int):\n    return object()", "f", "no literal form"),
        ("def f(x: int):\n    raise SystemExit(2)", "f", "ends the program"),
        ("def f(x: int):\n    while True:\n        pass", "f", "does not end"),
        ("def f(x: int):\n    return None", "f", "returns nothing and changes nothing"),
        (
            "def f(xs: list):\n    return [None for x in xs if x is f]",
            "f",
            "nothing but empty or false results",
        ),
        ("def f(x: int):\n    return 'always'", "f", "one and the same result"),
        ("raise RuntimeError('no import')\ndef f(x):\n    return x", "f", "RuntimeError: no import"),
        ("import os\ndef f(x: str):\n    return hash(x) % 1000 + os.getpid()", "f", "process id"),
        (
            "def f(x: str):\n    return sorted({x, 'a', 'b'}, key=hash)",
            "f",
            "change from one process to the next",
        ),
        (
            "import abc\nclass F(abc.ABC):\n    @abc.abstractmethod\n    def f(self):\n        return 1",
            "F",
            "abstract",
        ),
    ],
)
def test_what_can_t_be_tested_well_is_declined_with_the_reason(
    tmp_path: Path, source: str, name: str, reason: str
) -> None:
    bench = bench_for(project(source + "\n"), name, tmp_path)
    with pytest.raises(Declined, match=reason):
        write_test(bench)


def test_a_function_that_tests_nearby_already_run_is_declined_with_the_number(tmp_path: Path) -> None:
    files = project("def double(x: int) -> int:\n    return x * 2\n")
    files["tests/test_text.py"] = (
        "from pocket.text import double\n\n\ndef test_it():\n    assert double(2) == 4\n"
    )
    with pytest.raises(Declined, match=r"existing tests run every line of double already \(1\)"):
        write_test(bench_for(files, "double", tmp_path))


def test_documentation_that_contradicts_the_code_is_reported_and_not_pinned(tmp_path: Path) -> None:
    source = (
        'def double(x: int) -> int:\n    """Double.\n\n    >>> double(2)\n    5\n    """\n    return x * 2\n'
    )
    work, text = write_test(bench_for(project(source), "double", tmp_path))
    assert "(2, " not in text
    assert any("Documentation says `5` where the code gives `4`" in said for said in work.unchecked)


def test_words_of_a_person_and_failed_checks_are_declined_honestly(tmp_path: Path) -> None:
    bench = bench_for(project(SLUGIFY), "slugify", tmp_path)
    plan = Plan(summary="test it", files=("tests/test_text_slugify.py",))
    with pytest.raises(Declined, match="request in words"):
        cases.work(bench, plan, None, "please use more cases")
    failed = Check(name="tests", state=CheckState.FAILED, fact="1 test failed")
    with pytest.raises(Declined, match="1 test failed"):
        cases.work(bench, plan, Evidence(base="b", commit="c", checks=(failed,)), "")


@pytest.mark.night
def test_the_same_project_gives_the_same_file(tmp_path: Path) -> None:
    first = write_test(bench_for(project(CLIPPER), "normalize", tmp_path / "one"))[1]
    assert write_test(bench_for(project(CLIPPER), "normalize", tmp_path / "two"))[1] == first


@pytest.mark.slow
def test_a_reason_never_names_a_directory_that_only_existed_meanwhile(tmp_path: Path) -> None:
    source = (
        "from pathlib import Path\n\n\ndef open_up(place: Path) -> int:\n"
        '    return len((place / "inner" / "none.txt").read_text())\n'
    )
    with pytest.raises(Declined, match=r"fails with \w+Error: .*'tmp_path/.*inner/none\.txt'") as declined:
        write_test(bench_for(project(source), "open_up", tmp_path))
    assert "/tmp/" not in declined.value.message
