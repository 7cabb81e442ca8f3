"""What `fresh doctor` examines of Slack: tokens, scopes, the channel, and who may decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import SecretStr

from cli.examining import Finding, Mark, tried
from cli.place import Place
from fresh.errors import OperatorMistake
from fresh.settings import Settings

if TYPE_CHECKING:
    from fresh.adapters.slack_app import SlackApp

START = "python -m bot; `fresh up` starts it as well"


def examine_slack(place: Place, settings: Settings) -> Iterator[Finding]:
    """Try what the bot needs, one question each; without a token Slack is simply not used."""
    token = _clear(settings.slack_bot_token)
    if not token:
        unset = "SLACK_BOT_TOKEN is not set; questions are answered in the terminal and in Prefect"
        yield Finding("Slack", Mark.OPTIONAL, unset, "see Slack in README.md")
        return
    from fresh.adapters.slack_app import SlackApp

    app = SlackApp(settings.slack_api_url, token, _clear(settings.slack_app_token))
    yield from tried("Slack app", lambda: _installed(app), "")
    yield from tried("Slack requests", lambda: _reachable(settings, app), "")
    yield from tried("Slack channel", lambda: _channel(settings, app), "")
    yield from tried("Slack people", lambda: _people(place, settings, app), "")


def _clear(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""


def _installed(app: SlackApp) -> str:
    workspace = app.workspace()
    return f"{workspace.bot} in {workspace.name} ({workspace.team}), with every scope"


def _reachable(settings: Settings, app: SlackApp) -> str:
    """See how Slack's clicks get here: through sockets, or by HTTP with a secret that proves them."""
    if settings.slack_http_port is not None:
        if not _clear(settings.slack_signing_secret):
            raise OperatorMistake(
                "FRESH_SLACK_HTTP_PORT is set and SLACK_SIGNING_SECRET is not, so nothing could be believed.",
                hint="export SLACK_SIGNING_SECRET=...: Basic Information of the app",
            )
        return f"by HTTP on port {settings.slack_http_port}, path /slack/events"
    if not _clear(settings.slack_app_token):
        raise OperatorMistake(
            "SLACK_APP_TOKEN is not set.",
            hint="Make one with the scope connections:write: Basic Information of the app, App-Level Tokens.",
        )
    app.sockets()
    return f"through sockets; start it: {START}"


def _channel(settings: Settings, app: SlackApp) -> str:
    if settings.slack_channel is None:
        raise OperatorMistake(
            "FRESH_SLACK_CHANNEL is not set.",
            hint="Give the id of a channel (C...): its details show it at the end.",
        )
    return f"#{app.channel(settings.slack_channel)} ({settings.slack_channel})"


def _people(place: Place, settings: Settings, app: SlackApp) -> str:
    from fresh.roster import demand_approvers, read_people

    people = read_people(settings, place.home)
    demand_approvers(people)
    team = app.workspace().team
    if people.team and people.team != team:
        raise OperatorMistake(
            f"The people are of team {people.team}, and the token is of team {team}.",
            hint="Correct FRESH_SLACK_TEAM.",
        )
    approvers = sorted(people.approvers.users | people.approvers.groups)
    return f"{', '.join(approvers)} may decide"
