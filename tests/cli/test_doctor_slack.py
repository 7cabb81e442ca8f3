"""`fresh doctor` on Slack: every fault is named with its fix, and no token is ever shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.doctor import finding_line
from cli.examining import Finding, Mark
from cli.examining_slack import examine_slack
from cli.place import Place
from fresh.settings import Settings
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.scopes import EVERY
from tests.fakes.slack.server import APP_TOKEN, BOT_TOKEN


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    fake = FakeSlack().start()
    yield fake
    fake.stop()


def examined(slack: FakeSlack, folder: Path, **more: str) -> dict[str, Finding]:
    given = {
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "slack_api_url": slack.base_url,
        "slack_channel": "C1",
        "slack_approvers": "UADA",
        **more,
    }
    place = Place(folder, folder / ".fresh")
    return {finding.name: finding for finding in examine_slack(place, Settings.model_validate(given))}


def test_a_whole_set_up_is_all_right(slack: FakeSlack, tmp_path: Path) -> None:
    findings = examined(slack, tmp_path)
    assert {name: finding.mark for name, finding in findings.items()} == {
        "Slack app": Mark.OK,
        "Slack requests": Mark.OK,
        "Slack channel": Mark.OK,
        "Slack people": Mark.OK,
    }
    shown = "\n".join(finding_line(finding) for finding in findings.values())
    assert BOT_TOKEN not in shown
    assert APP_TOKEN not in shown


@pytest.mark.parametrize(
    ("more", "name", "fact", "fix"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-of-yesterday"}, "Slack app", "invalid_auth", "Install the app again"),
        ({"SLACK_APP_TOKEN": ""}, "Slack requests", "SLACK_APP_TOKEN is not set", "connections:write"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "Slack requests", "apps.connections.open", "tokens"),
        ({"slack_channel": "C9"}, "Slack channel", "channel_not_found", "FRESH_SLACK_CHANNEL"),
        ({"slack_channel": "C2"}, "Slack channel", "not in channel C2", "/invite @fresh"),
        ({"slack_approvers": ""}, "Slack people", "Nobody is named", "FRESH_SLACK_APPROVERS"),
        ({"slack_team": "T999"}, "Slack people", "team T999", "FRESH_SLACK_TEAM"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(
    slack: FakeSlack, tmp_path: Path, more: dict[str, str], name: str, fact: str, fix: str
) -> None:
    slack.channels["C2"] = False
    finding = examined(slack, tmp_path, **more)[name]
    assert finding.mark is Mark.MISSING
    assert fact in finding.fact
    assert fix in finding.fix


def test_a_missing_scope_is_named(slack: FakeSlack, tmp_path: Path) -> None:
    slack.scopes = EVERY - {"usergroups:read", "im:write"}
    finding = examined(slack, tmp_path)["Slack app"]
    assert finding.mark is Mark.MISSING
    assert "im:write, usergroups:read" in finding.fact
    assert "slack-manifest.yaml" in finding.fix


def test_without_a_token_slack_is_optional(slack: FakeSlack, tmp_path: Path) -> None:
    findings = examined(slack, tmp_path, SLACK_BOT_TOKEN="")
    assert [finding.mark for finding in findings.values()] == [Mark.OPTIONAL]
