"""Pull requests at GitHub: one for each agent, right label, nothing over anybody's commits, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fresh.adapters.githubbing.access import Credentials
from fresh.errors import ForgeRefused, ForgeUnclear, FreshError, OperatorMistake, Refusal
from tests.fakes.github import Fate, Fault, GitHubServer, github
from tests.fakes.github.bench import GitHubBench


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github(tmp_path / "hub") as running:
        yield running


@pytest.fixture
def bench(server: GitHubServer, tmp_path: Path) -> GitHubBench:
    return GitHubBench.set_up(server, tmp_path)


def posts(bench: GitHubBench, end: str) -> int:
    return sum(
        seen.method == "POST" and seen.path.endswith(end) and seen.status < 300
        for seen in bench.server.world.requests
    )


def assert_one_labelled_pull_request(bench: GitHubBench, commit: str | None) -> None:
    (pull,) = bench.hub.pulls
    assert pull.pull is not None
    assert pull.pull.draft
    assert (pull.pull.head_sha, pull.pull.base) == (commit, "main")
    assert pull.labels == ["autonomous", "tests"]
    assert [name for name in bench.hub.git.heads() if name.startswith("autonomous/")] == [pull.pull.head]
    assert bench.hub.open_pulls("autonomous") == [pull]


def test_a_change_becomes_a_labelled_draft_on_its_branch(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    assert bench.forge().ready(ticket.base) == (
        "Pull requests are opened at 127.0.0.1 in acme/shop, against main.",
    )
    made = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert made.number == 1
    assert made.address.endswith("/acme/shop/pull/1")
    assert_one_labelled_pull_request(bench, report.commit)
    body = bench.hub.pulls[0].body or ""
    assert "Evidence." in body
    assert "agent=abc12345 run=run00001" in body


def test_publishing_again_changes_nothing_and_writes_nothing(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    first = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    before = len(bench.server.world.requests)
    assert bench.forge().publish(ticket, report, "Test total", "Evidence.") == first
    after = [seen for seen in bench.server.world.requests[before:] if ".git/" not in seen.path]
    assert {seen.method for seen in after} == {"GET"}
    assert_one_labelled_pull_request(bench, report.commit)


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.CUT, Fate.DROPPED, Fate.ANSWERED, Fate.DONE_AND_ANSWERED])
@pytest.mark.parametrize("path", [r"/pulls$", r"/labels$", r"issues/\d+/labels$"])
def test_a_reply_that_never_came_is_asked_for_again_and_nothing_is_made_twice(
    bench: GitHubBench, fate: Fate, path: str
) -> None:
    ticket, report = bench.work()
    bench.server.world.faults.append(Fault("POST", path, fate, times=2))
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


@pytest.mark.parametrize("path", [r"/pulls$", r"labels/autonomous$", r"repos/acme/shop$"])
def test_reading_is_tried_again_too(bench: GitHubBench, path: str) -> None:
    ticket, report = bench.work()
    bench.server.world.faults.append(Fault("GET", path, Fate.ANSWERED, times=3))
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)
    assert sum(bench.clock.slept) < 20


def test_an_outage_ends_with_a_sentence_and_a_later_process_finishes(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    fault = Fault("POST", r"/pulls$", Fate.ANSWERED, times=99)
    bench.server.world.faults.append(fault)
    with pytest.raises(ForgeUnclear, match=r"could not open a pull request \(502\)"):
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert sum(bench.clock.slept) <= 120
    assert ticket.branch in bench.hub.git.heads()
    fault.times = 0
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


def test_the_second_rate_limit_is_waited_out_as_long_as_it_says(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    limited = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
    bench.server.world.faults.append(
        Fault("POST", r"/pulls$", Fate.ANSWERED, status=403, body=limited, headers={"Retry-After": "37"})
    )
    bench.server.world.faults.append(
        Fault("POST", r"/labels$", Fate.ANSWERED, status=429, body=limited, headers={"Retry-After": "5"})
    )
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert bench.clock.slept == [38.0, 6.0]
    assert_one_labelled_pull_request(bench, report.commit)


def test_a_rate_limit_beyond_the_bound_ends_with_a_sentence(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    limited = {"message": "You have exceeded a secondary rate limit."}
    bench.server.world.faults.append(
        Fault("POST", r"/pulls$", Fate.ANSWERED, status=403, body=limited, headers={"Retry-After": "7200"})
    )
    with pytest.raises(ForgeRefused, match="7200 s of rest"):
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert bench.clock.slept == []


def test_a_refused_label_is_said_with_the_pull_request_and_set_later(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    fault = Fault("POST", r"issues/\d+/labels$", Fate.ANSWERED, status=403, times=99)
    fault.body = {"message": "Resource not accessible by personal access token"}
    bench.server.world.faults.append(fault)
    with pytest.raises(ForgeRefused, match=r"#1 is open without it") as raised:
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert raised.value.status == 403
    fault.times = 0
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


def test_a_branch_that_was_pushed_but_not_opened_is_opened_by_a_later_process(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    forge = bench.forge()
    place = forge.places.place()
    assert report.commit is not None
    place.remote.push(forge.places.git, report.commit, ticket.branch, None)
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


def test_a_branch_that_somebody_else_moved_is_left_and_said(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    theirs = bench.hub.git.commit(ticket.branch, {"theirs.py": "x = 1\n"})
    with pytest.raises(Refusal, match=f"moved by somebody else to {theirs[:12]}"):
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert bench.hub.git.heads()[ticket.branch] == theirs
    assert bench.hub.pulls == []


def test_a_person_who_pushed_onto_the_pull_request_keeps_their_commit(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    theirs = bench.hub.git.commit(ticket.branch, {"theirs.py": "x = 1\n"})
    again = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert (again.number, again.note) == (1, f"Somebody has pushed to {ticket.branch} since.")
    assert bench.hub.git.heads()[ticket.branch] == theirs


def test_an_earlier_commit_of_ours_is_replaced(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    workspace = bench.workspace
    tree = workspace.plant("again", ticket.base)
    workspace.write(tree, "other.py", b"y = 2\n")
    newer = workspace.commit(tree, "Other", ticket.base)
    assert newer is not None
    workspace.keep("abc12345-1", newer)
    bench.forge().publish(ticket, report.model_copy(update={"commit": newer}), "Test total", "More.")
    assert_one_labelled_pull_request(bench, newer)
    assert "More." in (bench.hub.pulls[0].body or "")


def test_the_page_is_replaced_and_what_a_person_wrote_around_it_stays(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    pull = bench.hub.pulls[0]
    pull.body = f"Please hurry.\r\n{pull.body}\r\nThanks!"
    bench.forge().publish(ticket, report, "Test total", "Better evidence.")
    body = bench.hub.pulls[0].body or ""
    assert body.startswith("Please hurry.\n")
    assert body.endswith("Thanks!")
    assert "Better evidence." in body
    assert "\nEvidence." not in body


def test_a_pull_request_that_a_person_opened_from_the_branch_is_labelled_and_its_text_left(
    bench: GitHubBench,
) -> None:
    ticket, report = bench.work()
    bench.server.world.faults.append(Fault("POST", r"/pulls$", Fate.ANSWERED, status=422, times=9))
    with pytest.raises(FreshError):
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    bench.server.world.faults.clear()
    heads = bench.hub.git.heads()
    issue = bench.server.world.open_issue(bench.hub, "ben", "Mine", "By hand.")
    from tests.fakes.github.world import Pull

    issue.pull = Pull(ticket.branch, "main", heads[ticket.branch], heads["main"], draft=True)
    made = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert made.note == "#1 was opened by ben; its text was left as it is."
    assert issue.body == "By hand."
    assert_one_labelled_pull_request(bench, report.commit)


@pytest.mark.parametrize("end", ["closed", "merged"])
def test_a_pull_request_that_is_over_is_found_and_said_and_not_opened_again(
    bench: GitHubBench, end: str
) -> None:
    ticket, report = bench.work()
    first = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    if end == "closed":
        bench.server.world.close(bench.hub, 1, "ben")
    else:
        assert bench.server.world.merge(bench.hub, 1, "ben") is not None
    again = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert again.address == first.address
    assert again.note == f"#1 was {end} already; it is not opened again."
    bench.hub.git.run("update-ref", "-d", f"refs/heads/{ticket.branch}")
    assert bench.forge().publish(ticket, report, "Test total", "Evidence.") == again
    assert len(bench.hub.pulls) == 1
    other = report.model_copy(update={"commit": bench.work("def67890")[1].commit})
    with pytest.raises(Refusal, match=f"was {end} with another commit"):
        bench.forge().publish(ticket, other, "Test total", "Evidence.")


def test_a_plan_without_drafts_gets_a_pull_request_that_says_so(bench: GitHubBench) -> None:
    bench.hub.drafts = False
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    (pull,) = bench.hub.pulls
    assert pull.title == "[Draft] Test total"
    assert pull.labels == ["autonomous", "tests"]


def test_a_base_that_was_never_pushed_is_refused_before_anything_is_done(bench: GitHubBench) -> None:
    (bench.repository / "mine.py").write_text("secret = 1\n")
    bench.git("add", ".")
    bench.git("commit", "-qm", "Mine")
    ticket, report = bench.work()
    with pytest.raises(Refusal, match="your own commits that were never pushed"):
        bench.forge().ready(ticket.base)
    with pytest.raises(Refusal, match="never pushed"):
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert bench.hub.pulls == []


def test_a_base_behind_the_moved_main_is_fine_and_another_branch_is_taken_where_it_is_checked_out(
    bench: GitHubBench,
) -> None:
    ticket, _report = bench.work()
    bench.hub.git.commit("main", {"later.py": "z = 3\n"})
    assert bench.forge().ready(ticket.base)[0].endswith("against main.")
    bench.memory.texts.clear()
    bench.git("checkout", "-q", "-b", "develop")
    bench.hub.git.run("branch", "develop", ticket.base)
    assert bench.forge().ready(ticket.base)[0].endswith("against develop.")
    bench.git("checkout", "-q", "main")
    assert bench.forge().ready(ticket.base)[0].endswith("against develop."), "it is chosen once"


def test_open_pull_requests_of_agents_are_counted_and_nobody_elses(bench: GitHubBench) -> None:
    for number in range(3):
        ticket, report = bench.work(f"abc1234{number}")
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    world, hub = bench.server.world, bench.hub
    world.close(hub, 1, "ben")
    hub.pulls[0].labels.clear()
    person = world.open_issue(hub, "ben", "Mine", "By hand.", ["autonomous"])
    from tests.fakes.github.world import Pull

    heads = hub.git.heads()
    person.pull = Pull("topic", "main", heads["main"], heads["main"], tracked=False)
    assert bench.forge().waiting() == 2


def test_the_list_by_label_through_the_api_is_exactly_the_agents(bench: GitHubBench) -> None:
    for number in range(2):
        ticket, report = bench.work(f"abc1234{number}")
        bench.forge().publish(ticket, report, "Test total", "Evidence.")
    bench.server.world.open_issue(bench.hub, "ben", "An issue", None, ["bug"])
    from fresh.adapters.githubbing.hub import Hub

    hub: Hub = bench.forge().places.place().hub
    shown = hub.ask("list", "GET", "issues", parameters={"labels": "autonomous"}).text
    import json

    assert sorted(item["number"] for item in json.loads(shown) if "pull_request" in item) == [1, 2]


def test_without_a_remote_a_token_or_a_known_host_the_page_is_local(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    none = bench.forge(token="")
    assert none.ready(ticket.base) == ("No GitHub token is set, so pull requests are written as pages.",)
    assert none.waiting() is None
    assert Path(none.publish(ticket, report, "Test total", "Evidence.").address).exists()
    bench.git("remote", "set-url", "origin", "https://gitlab.example/acme/shop.git")
    assert "set GITHUB_API_URL=https://gitlab.example/api/v3" in bench.forge().ready(ticket.base)[0]
    bench.git("remote", "remove", "origin")
    assert "no remote `origin`" in bench.forge().ready(ticket.base)[0]
    assert bench.server.world.requests == []


def test_a_token_that_may_not_is_told_what_it_lacks(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    blind = bench.server.world.add_token("ada", scopes={"gist"})
    with pytest.raises(ForgeRefused, match="404"):
        bench.forge(token=blind).ready(ticket.base)
    narrow = bench.server.world.add_token("ada", permissions={"contents": "write", "issues": "write"})
    with pytest.raises(ForgeRefused, match="It wants pull_requests=write"):
        bench.forge(token=narrow).publish(ticket, report, "Test total", "Evidence.")
    reader = bench.server.world.add_token("ada", permissions={"contents": "read"})
    with pytest.raises(ForgeRefused, match="did not let this token push"):
        bench.forge(token=reader).publish(*bench.work("def67890"), "Test total", "Evidence.")
    with pytest.raises(ForgeRefused, match="401"):
        bench.forge(token="ghp_wrong").ready(ticket.base)


def test_a_renamed_repository_is_published_to_under_its_name_of_today(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    world = bench.server.world
    bench.hub.name = "store"
    world.repositories["acme/store"] = world.repositories.pop("acme/shop")
    world.moved["acme/shop"] = "acme/store"
    made = bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert made.address.endswith("/acme/store/pull/1")
    assert_one_labelled_pull_request(bench, report.commit)


def test_a_page_of_a_hundred_thousand_characters_is_cut_where_github_would_refuse_it(
    bench: GitHubBench,
) -> None:
    ticket, report = bench.work()
    page = "<details>\n\n```text\n" + "😀 line of output\n" * 9_000 + "```\n\n</details>\n"
    bench.forge().publish(ticket, report, "T" * 100, page)
    body = bench.hub.pulls[0].body or ""
    assert len(body) <= 65_536
    assert "The rest was left out" in body
    assert body.count("```") == 2
    bench.forge().publish(ticket, report, "T" * 100, page)
    assert posts(bench, "/pulls") == 1


def test_the_newest_base_is_the_one_at_github_and_not_the_operators(bench: GitHubBench) -> None:
    ticket, _report = bench.work()
    assert bench.forge().newest(ticket.base) == ticket.base
    later = bench.hub.git.commit("main", {"later.py": "z = 3\n"})
    (bench.repository / "mine.py").write_text("secret = 1\n")
    bench.git("add", ".")
    bench.git("commit", "-qm", "Mine")
    assert bench.forge().newest(ticket.base) == later
    assert bench.workspace.contains(later, ticket.base)
    assert bench.forge(token="").newest(ticket.base) is None


@pytest.fixture(scope="module")
def app_keys() -> tuple[str, str]:
    """The private and the public key of an App, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("as_file", [True, False])
def test_an_app_pushes_and_opens_with_the_token_of_its_installation(
    bench: GitHubBench, app_keys: tuple[str, str], named: bool, as_file: bool
) -> None:
    private, public = app_keys
    app, installation = bench.server.world.add_app(public, ["acme/shop"])
    pem = bench.folder / "app.pem"
    pem.write_text(private)
    key = str(pem) if as_file else private.replace("\n", "\\n")
    given = Credentials(app_id=str(app), private_key=key, installation=installation if named else None)
    ticket, report = bench.work()
    forge = bench.forge(credentials=given)
    assert forge.ready(ticket.base)
    forge.publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)
    assert bench.hub.pulls[0].author == "fresh-agents[bot]"


def test_an_app_with_a_wrong_key_or_that_is_not_installed_is_one_sentence(
    bench: GitHubBench, app_keys: tuple[str, str]
) -> None:
    private, public = app_keys
    app, _ = bench.server.world.add_app(public, ["acme/other"])
    ticket, _report = bench.work()
    missing = Credentials(app_id=str(app), private_key=private)
    with pytest.raises(ForgeRefused, match="404"):
        bench.forge(credentials=missing).ready(ticket.base)
    for wrong in ("/nowhere.pem", "-----BEGIN RSA PRIVATE KEY-----\nxx\n-----END RSA PRIVATE KEY-----"):
        with pytest.raises(OperatorMistake, match="GITHUB_APP_PRIVATE_KEY"):
            bench.forge(credentials=Credentials(app_id=str(app), private_key=wrong)).ready(ticket.base)


def test_an_api_at_the_root_of_its_host_does_as_well(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge(api=bench.server.web).publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


def test_a_base_branch_that_was_renamed_meanwhile_is_found_again(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    assert bench.forge().ready(ticket.base)
    bench.hub.git.run("branch", "-m", "main", "trunk")
    bench.hub.default_branch = "trunk"
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    (pull,) = bench.hub.pulls
    assert pull.pull is not None
    assert pull.pull.base == "trunk"


def test_a_kind_label_that_may_not_be_made_does_not_keep_the_one_that_counts_away(bench: GitHubBench) -> None:
    from tests.fakes.github.world import Label

    bench.hub.labels["autonomous"] = Label(1, "autonomous")
    refused = Fault("POST", r"shop/labels$", Fate.ANSWERED, status=403, times=9)
    refused.body = {"message": "Resource not accessible by personal access token"}
    bench.server.world.faults.append(refused)
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert bench.hub.pulls[0].labels == ["autonomous"]


SECTION = "## Landing together\n\nMerge this as number 1 of 2.\n"


def patches(bench: GitHubBench) -> int:
    return sum(seen.method == "PATCH" and seen.status < 300 for seen in bench.server.world.requests)


def test_a_section_is_put_below_the_page_once_also_when_a_reply_is_lost(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    (pull,) = bench.hub.pulls
    pull.body = f"{pull.body}\r\nA person's words."
    bench.server.world.faults.append(Fault("PATCH", r"pulls/1$", Fate.LOST))
    bench.forge().amend(ticket, SECTION)
    assert bench.forge().amend(ticket, SECTION) is not None
    assert patches(bench) == 1
    body = pull.body or ""
    assert body.count("Merge this as number 1 of 2.") == 1
    assert body.index("Evidence.") < body.index("Merge this") < body.index("A person's words.")
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert (pull.body or "").count("Merge this as number 1 of 2.") == 1


def test_a_pull_request_that_is_over_or_a_persons_is_not_amended(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    bench.server.world.close(bench.hub, 1, "ben")
    bench.forge().amend(ticket, SECTION)
    other, its = bench.work("def67890")
    bench.forge().publish(other, its, "Test total", "Evidence.")
    bench.hub.pulls[0].body = "Rewritten by hand."
    bench.forge().amend(other, SECTION)
    assert patches(bench) == 0


def test_branches_that_are_open_at_github_alone_are_brought_into_the_mirror(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    theirs = bench.hub.git.commit("main-is-not-moved", {"x.py": "x = 1\n"})
    bench.hub.git.run("update-ref", "refs/heads/autonomous/deadbeef-x", theirs)
    issue = bench.server.world.open_issue(bench.hub, "ben", "Theirs", "By hand.", ["autonomous"])
    from tests.fakes.github.world import Pull

    issue.pull = Pull("autonomous/deadbeef-x", "main", theirs, ticket.base)
    person = bench.server.world.open_issue(bench.hub, "ben", "A person's", None, ["bug"])
    person.pull = Pull("main-is-not-moved", "main", theirs, ticket.base)

    assert bench.forge().standing() == {"autonomous/deadbeef-x": theirs, ticket.branch: report.commit}
    assert bench.workspace.read(theirs, "x.py") == b"x = 1\n"
    asked = len([seen for seen in bench.server.world.requests if seen.path.endswith("git-upload-pack")])
    bench.forge().standing()
    again = len([seen for seen in bench.server.world.requests if seen.path.endswith("git-upload-pack")])
    assert again == asked, "what the mirror has is not fetched again"
    bench.server.world.close(bench.hub, issue.number, "ben")
    assert set(bench.forge().standing()) == {ticket.branch}


def test_a_wait_at_a_rate_limit_ends_within_a_second_when_the_run_is_to_stop(bench: GitHubBench) -> None:
    ticket, report = bench.work()
    limited = {"message": "You have exceeded a secondary rate limit."}
    bench.server.world.faults.append(
        Fault("POST", r"/pulls$", Fate.ANSWERED, status=403, body=limited, headers={"Retry-After": "800"})
    )
    forge = bench.forge(halted=lambda: sum(bench.clock.slept) >= 20)
    with pytest.raises(ForgeRefused, match="800 s of rest"):
        forge.publish(ticket, report, "Test total", "Evidence.")
    assert sum(bench.clock.slept) == 20
    assert max(bench.clock.slept) <= 1
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert_one_labelled_pull_request(bench, report.commit)


@pytest.mark.parametrize(
    ("fate", "seconds", "said"),
    [
        (Fate.POURING, 0.0, "Unbounded: its answer has more than 32 MiB"),
        (Fate.DRIPPING, 0.1, "Unbounded: its answer had no end after 1 s"),
    ],
)
def test_an_answer_without_an_end_is_given_up_and_asked_for_again(
    bench: GitHubBench, monkeypatch: pytest.MonkeyPatch, fate: Fate, seconds: float, said: str
) -> None:
    monkeypatch.setattr("fresh.adapters.githubbing.bounded.LONGEST", 1.0)
    ticket, report = bench.work()
    fault = Fault("POST", r"/pulls$", fate, seconds=seconds)
    bench.server.world.faults.append(fault)
    bench.forge().publish(ticket, report, "Test total", "Evidence.")
    assert fault.times == 0
    assert_one_labelled_pull_request(bench, report.commit)
    bench.server.world.faults.append(Fault("GET", r"acme/shop$", fate, seconds=seconds, times=99))
    with pytest.raises(ForgeUnclear) as told:
        bench.forge(halted=lambda: True).ready(ticket.base)
    assert said in told.value.message


def test_a_connection_is_kept_open_from_one_request_to_the_next(bench: GitHubBench) -> None:
    from fresh.adapters.githubbing.hub import Hub

    hub: Hub = bench.forge().places.place().hub
    before = bench.server.accepted
    for _ in range(5):
        hub.ask("list", "GET", "issues")
    assert bench.server.accepted - before == 0
