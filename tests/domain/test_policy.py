"""The rules on what an agent's change may do by itself; expected values come from the fact sheet on the PR gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fresh.domain.change import Change, FileChange, PolicyVerdict, Ruling
from fresh.domain.policy import is_git_like, judge, leaves
from fresh.domain.policy_rules import Rules, fits, read_rules
from fresh.errors import OperatorMistake

ORDER = [Ruling.ALLOW, Ruling.NEEDS_HUMAN, Ruling.BLOCK]


def file(path: str, status: str = "M", mode: str = "100644", **more: object) -> FileChange:
    old, new = {"A": ("000000", mode), "D": (mode, "000000")}.get(status, (mode, mode))
    facts = {
        "path": path,
        "status": status,
        "old_mode": old,
        "new_mode": new,
        "old_blob": "a" * 40,
        "new_blob": "b" * 40,
    }
    return FileChange.model_validate({**facts, **more})


def ruled(
    *files: FileChange, old: dict[str, str] | None = None, new: dict[str, str] | None = None, **more: object
) -> PolicyVerdict:
    before = {path: text.encode() for path, text in (old or {}).items()}
    after = {path: text.encode() for path, text in (new or {}).items()}
    change = Change(base="a" * 40, commit="b" * 40, files=files)
    return judge(change, before.__getitem__, after.__getitem__, **more)  # type: ignore[arg-type]


def test_a_small_change_of_product_code_is_allowed() -> None:
    verdict = ruled(file("pocket/text.py", added=3), new={"pocket/text.py": "x = 1\n"})
    assert verdict == PolicyVerdict()


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        ".circleci/config.yml",
        "Jenkinsfile",
        ".pre-commit-config.yaml",
        ".husky/pre-commit",
        ".githooks/pre-push",
        ".gitattributes",
        ".gitmodules",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        "Dockerfile.dev",
        "poetry.lock",
        "requirements-dev.txt",
        "requirements/base.txt",
        "setup.py",
        "setup.cfg",
        "web/package.json",
        "tests/conftest.py",
        "tox.ini",
        "noxfile.py",
        "makefile",
        "AGENTS.md",
        "CLAUDE.md",
        ".cursor/rules/x.md",
        ".fresh/journal.db",
    ],
)
def test_a_protected_path_needs_a_person(path: str) -> None:
    assert ruled(file(path), new={path: ""}).ruling is Ruling.NEEDS_HUMAN


def test_a_submodule_is_blocked() -> None:
    assert ruled(file("vendor", "A", "160000")).ruling is Ruling.BLOCK


@pytest.mark.parametrize(
    ("path", "target", "outside"),
    [
        ("link", "/etc/passwd", True),
        ("a/link", "../../x", True),
        ("a/link", "../x", False),
        ("link", "x/../../y", True),
        ("link", ".git/config", True),
        ("link", "README.md", False),
    ],
)
def test_a_link_that_leaves_is_blocked_and_any_other_needs_a_person(
    path: str, target: str, outside: bool
) -> None:
    assert leaves(path, target) is outside
    verdict = ruled(file(path, "A", "120000"), new={path: target})
    assert verdict.ruling is (Ruling.BLOCK if outside else Ruling.NEEDS_HUMAN)


@pytest.mark.parametrize(
    "name", [".git", ".GIT", ".Git ", "git~1", "GIT~2", ".g\u200cit", ".git.", ".git::$INDEX"]
)
def test_a_name_that_some_file_system_takes_for_git_is_blocked(name: str) -> None:
    assert is_git_like(name)
    assert ruled(file(f"sub/{name}/config", "A"), new={}).ruling is Ruling.BLOCK


@pytest.mark.parametrize("name", ["git", ".gitignore", "agit", ".github", "digit~1x"])
def test_a_name_that_only_resembles_git_is_not(name: str) -> None:
    assert not is_git_like(name)


@pytest.mark.parametrize("path", ["a\nb.py", "a\u202eb.py", "a\udc80.py", "../x.py", "a//b.py"])
def test_a_name_that_no_one_can_read_or_that_leaves_is_blocked(path: str) -> None:
    assert ruled(file(path, "A"), new={}).ruling is Ruling.BLOCK


def test_forty_files_pass_and_forty_one_do_not() -> None:
    files = [file(f"pkg/m{number}.py", added=1) for number in range(41)]
    assert ruled(*files[:40]).ruling is Ruling.ALLOW
    assert ruled(*files).ruling is Ruling.BLOCK


def test_1500_lines_pass_and_1501_do_not() -> None:
    assert ruled(file("a.py", added=1000, removed=500)).ruling is Ruling.ALLOW
    assert ruled(file("a.py", added=1000, removed=501)).ruling is Ruling.BLOCK


def test_a_binary_needs_a_person_and_a_large_one_is_blocked() -> None:
    small, large = "\0" * 100, "\0" * (256 * 1024 + 1)
    assert ruled(file("a.png", "A", binary=True), new={"a.png": small}).ruling is Ruling.NEEDS_HUMAN
    assert ruled(file("a.png", "A", binary=True), new={"a.png": large}).ruling is Ruling.BLOCK


def test_a_changed_mode_needs_a_person() -> None:
    changed = file("run.py", old_mode="100644", new_mode="100755")
    assert ruled(changed, new={"run.py": ""}).ruling is Ruling.NEEDS_HUMAN


PYPROJECT = (
    '[project]\nname = "pocket"\ndependencies = ["click"]\n[project.scripts]\npocket = "pocket.cli:main"\n'
)


def test_a_new_script_in_pyproject_is_harmless() -> None:
    new = PYPROJECT + 'pkt = "pocket.cli:main"\n'
    assert (
        ruled(file("pyproject.toml"), old={"pyproject.toml": PYPROJECT}, new={"pyproject.toml": new}).ruling
        is Ruling.ALLOW
    )


@pytest.mark.parametrize(
    ("more", "section"),
    [
        ('[tool.pytest.ini_options]\naddopts = "-k nothing"\n', "tool.pytest"),
        ('[build-system]\nrequires = ["evil"]\n', "build-system"),
        ("[tool.fresh.policy]\nmax_files = 1000\n", "tool.fresh"),
        ('[dependency-groups]\ndev = ["x"]\n', "dependency-groups"),
    ],
)
def test_other_sections_of_pyproject_need_a_person(more: str, section: str) -> None:
    verdict = ruled(
        file("pyproject.toml"), old={"pyproject.toml": PYPROJECT}, new={"pyproject.toml": PYPROJECT + more}
    )
    assert verdict.ruling is Ruling.NEEDS_HUMAN
    assert section in verdict.reasons[0]


def test_new_dependencies_need_a_person() -> None:
    new = PYPROJECT.replace('"click"', '"click", "left-pad"')
    verdict = ruled(file("pyproject.toml"), old={"pyproject.toml": PYPROJECT}, new={"pyproject.toml": new})
    assert verdict.reasons == ("pyproject.toml: project.dependencies changed",)


SECRETS = {
    "a private key": "-----BEGIN RSA PRIVATE KEY-----",
    "an AWS access key": "AKIA" + "Q3EGRJ7XYPLMNV2A",
    "a GitHub token": "ghp_" + "a1B2" * 9,
    "a Slack token": "xoxb-" + "1234567890-abcdefghij",
    "an OpenAI key": "sk-proj-" + "Ab1" * 10,
}


@pytest.mark.parametrize(("kind", "secret"), SECRETS.items())
def test_an_added_key_is_blocked_and_never_repeated(kind: str, secret: str) -> None:
    verdict = ruled(file("a.py"), old={"a.py": "x = 1\n"}, new={"a.py": f"x = 1\nkey = '{secret}'\n"})
    assert verdict.ruling is Ruling.BLOCK
    assert kind in verdict.reasons[0]
    assert secret not in "".join(verdict.reasons)


def test_a_key_that_was_there_before_is_not_the_agents() -> None:
    text = f"key = '{SECRETS['a GitHub token']}'\n"
    assert ruled(file("a.py"), old={"a.py": text}, new={"a.py": text + "x = 1\n"}).ruling is Ruling.ALLOW


TESTS = "def test_a():\n    assert f(1) == 2\n    assert f(2) == 3\n\ndef test_b():\n    assert g() == 1\n"


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (TESTS.replace("    assert f(2) == 3\n", ""), "assertions removed from test_a"),
        (TESTS.replace("assert f(2) == 3", "assert True"), "assertions removed from test_a"),
        (TESTS.replace("def test_b", "def check_b"), "1 test removed (test_b)"),
        ("import pytest\n\n@pytest.mark.skip\n" + TESTS, "1 skip or xfail added"),
        (TESTS + "\ndef test_c():\n    g()\n", "without any assertion (test_c)"),
        ("def broken(:\n", "can't be compared"),
    ],
)
def test_weaker_tests_need_a_person(new: str, said: str) -> None:
    path = "tests/test_x.py"
    verdict = ruled(file(path), old={path: TESTS}, new={path: new})
    assert verdict.ruling is Ruling.NEEDS_HUMAN
    assert any(said in reason for reason in verdict.reasons)


def test_more_tests_with_assertions_are_allowed() -> None:
    path = "tests/test_x.py"
    new = TESTS + "\ndef test_c():\n    assert h() == 3\n"
    assert ruled(file(path), old={path: TESTS}, new={path: new}).ruling is Ruling.ALLOW


def test_a_deleted_test_file_needs_a_person() -> None:
    assert ruled(file("tests/test_x.py", "D"), old={"tests/test_x.py": TESTS}).ruling is Ruling.NEEDS_HUMAN


def test_fewer_collected_tests_need_a_person() -> None:
    verdict = ruled(file("a.py"), new={"a.py": ""}, collected=(10, 8))
    assert verdict.reasons == ("2 fewer tests are collected than on base",)
    assert ruled(file("a.py"), new={"a.py": ""}, collected=(10, 10)).ruling is Ruling.ALLOW


def test_the_repository_may_change_limits_and_paths() -> None:
    rules = read_rules(
        '[tool.fresh.policy]\nmax_files = 1\nprotected = ["pocket/secret/**"]\nunprotected = ["Makefile"]\n'
    )
    assert ruled(file("a.py"), file("b.py"), rules=rules).ruling is Ruling.BLOCK
    assert ruled(file("pocket/secret/x.py"), rules=rules).ruling is Ruling.NEEDS_HUMAN
    assert ruled(file("Makefile"), rules=rules).ruling is Ruling.ALLOW


def test_an_allow_list_narrows_what_may_be_touched() -> None:
    rules = Rules(allowed=("pocket/**",))
    assert ruled(file("pocket/a.py"), rules=rules).ruling is Ruling.ALLOW
    assert ruled(file("other/a.py"), rules=rules).ruling is Ruling.NEEDS_HUMAN
    assert ruled(file("pocket/conftest.py"), rules=rules).ruling is Ruling.NEEDS_HUMAN


@pytest.mark.parametrize("text", ["max_file = 3", 'max_files = "many"', "max_files = 0"])
def test_a_typo_in_the_rules_is_the_operators_mistake(text: str) -> None:
    with pytest.raises(OperatorMistake, match=r"\[tool\.fresh\.policy\] max_file"):
        read_rules(f"[tool.fresh.policy]\n{text}\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.fresh]\nmax_files = 3\n", r"\[tool\.fresh\] has no key 'max_files'"),
        ("[tool.fresh.polcy]\nmax_files = 3\n", "has no key 'polcy'"),
        ("[tool]\nfresh = 3\n", "tool.fresh is int, not a table"),
        ("[tool.fresh]\npolicy = []\n", "tool.fresh.policy is list, not a table"),
        ("tool = 1\n", "tool is int, not a table"),
        ("[tool.fresh.policy\n", "can't be read"),
        ("a = " + "1" * 5_000 + "\n", "can't be read"),
        ("a = " + "[" * 5_000 + "\n", "can't be read"),
        ('[tool.fresh.policy]\nallowed = [""]\n', r"allowed\.0"),
        ('[tool.fresh.policy]\nprotected = ["/etc/**"]\n', r"protected\.0"),
        ('[tool.fresh.policy]\nprotected = "docs/**"\n', "protected"),
    ],
)
def test_rules_that_can_not_be_read_stop_everything_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(OperatorMistake, match=said) as refused:
        read_rules(text)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text", ["", "[project]\nname = 'x'\n", "[tool.fresh]\n", "[tool.ruff]\nfresh = 1\n"]
)
def test_a_repository_without_rules_has_the_usual_ones(text: str) -> None:
    assert read_rules(text) == Rules()


def test_patterns_fit_as_people_expect() -> None:
    assert fits("a/b/conftest.py", "conftest.py")
    assert fits("conftest.py", "conftest.py")
    assert not fits("my_conftest.py", "conftest.py")
    assert fits(".github/x/y.yml", ".github/**")
    assert not fits("a.github/x", ".github/**")
    assert fits("uv.lock", "*.lock")
    assert fits("a/requirements/x.txt", "**/requirements/**")
    assert fits("requirements/x.txt", "**/requirements/**")


paths = st.sampled_from(
    ["a.py", "pkg/b.py", "tests/test_c.py", "Makefile", "setup.py", "docs/x.md", "d.lock"]
)
changes = st.lists(
    st.builds(
        lambda path, status, added, removed: file(path, status, added=added, removed=removed),
        paths,
        st.sampled_from("AMD"),
        st.integers(0, 400),
        st.integers(0, 400),
    ),
    max_size=45,
)


@given(changes, st.sampled_from([".github/workflows/x.yml", "conftest.py", "requirements.txt", "tox.ini"]))
def test_touching_a_protected_path_too_never_lowers_the_ruling(
    files: list[FileChange], protected: str
) -> None:
    before, after = ruled(*files), ruled(*files, file(protected))
    assert ORDER.index(after.ruling) >= ORDER.index(before.ruling)
    assert after.ruling is not Ruling.ALLOW


@given(changes, changes)
def test_a_larger_change_is_never_ruled_more_mildly(some: list[FileChange], more: list[FileChange]) -> None:
    assert ORDER.index(ruled(*some, *more).ruling) >= ORDER.index(ruled(*some).ruling)


@given(changes)
def test_there_is_a_reason_exactly_when_something_is_not_allowed(files: list[FileChange]) -> None:
    verdict = ruled(*files)
    assert (verdict.ruling is Ruling.ALLOW) == (not verdict.reasons)


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=200), st.text(max_size=200))
def test_no_name_and_no_content_makes_the_rules_fail(names: list[str], old: str, new: str) -> None:
    files = [file(name or "x", status) for name, status in zip(names, "AMDM", strict=False)]
    surely = {f.path: old.encode("utf-8", "replace").decode() for f in files}
    after = {f.path: new.encode("utf-8", "replace").decode() for f in files}
    assert ruled(*files, old=surely, new=after).ruling in ORDER
