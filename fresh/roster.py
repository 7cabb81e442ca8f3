"""Who is named to act from elsewhere than this machine's terminal: from the environment, else from a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from fresh.domain.people import Circle, People, SelfApproval
from fresh.errors import OperatorMistake
from fresh.settings import Settings

FILE = "people.toml"
ROLES = ("viewers", "operators", "approvers")
_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_GROUP = re.compile(r"S[A-Z0-9]{2,}")
_TEAM = re.compile(r"[TE][A-Z0-9]{2,}")


def read_people(settings: Settings, home: Path) -> People:
    """Read who may do what; what the environment leaves unset is read from `people.toml` in the state directory.

    Raises OperatorMistake for anything that is no id: a name or an address proves nothing.
    """
    written = _read(home / FILE)
    named = {
        "viewers": settings.slack_viewers,
        "operators": settings.slack_operators,
        "approvers": settings.slack_approvers,
    }
    circles = {
        role: _circle(_split(given) if (given := named[role]) is not None else _list(written, role), role)
        for role in ROLES
    }
    team = settings.slack_team if settings.slack_team is not None else _text(written, "team")
    if team and not _TEAM.fullmatch(team):
        raise OperatorMistake(f"{team!r} is no id of a Slack team.", hint="It begins with T, e.g. T024BE7LD.")
    allowed = settings.self_approval or _text(written, "self_approval") or SelfApproval.ALLOW.value
    if allowed not in [choice.value for choice in SelfApproval]:
        raise OperatorMistake(f"self_approval is {allowed!r} in {home / FILE}.", hint="Write allow or block.")
    form = settings.prefect_decisions or _text(written, "prefect_decisions") or "allow"
    if form not in ("allow", "refuse"):
        raise OperatorMistake(
            f"prefect_decisions is {form!r} in {home / FILE}.", hint="Write allow or refuse."
        )
    return People(team=team, **circles, self_approval=SelfApproval(allowed), prefect=form == "allow")


def demand_approvers(people: People) -> None:
    """Refuse to open a door through which nobody could decide. Raises OperatorMistake."""
    if people.approvers.is_empty:
        raise OperatorMistake(
            "Nobody is named who may approve in Slack.",
            hint="Set FRESH_SLACK_APPROVERS to ids of users (U...) or user groups (S...), separated by commas.",
        )


def _read(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as trouble:
        raise OperatorMistake(
            f"{file} can't be read: {trouble}.", hint="Nobody is let in until it is right."
        ) from trouble


def _split(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text) if word]


def _list(written: Mapping[str, object], role: str) -> list[str]:
    found = written.get(role, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise OperatorMistake(f"{role} in {FILE} is no list of ids.", hint='E.g. approvers = ["U024BE7LH"]')
    return [str(name) for name in found]


def _text(written: Mapping[str, object], key: str) -> str:
    found = written.get(key, "")
    if not isinstance(found, str):
        raise OperatorMistake(f"{key} in {FILE} is no text.", hint="Put it in quotation marks.")
    return found


def _circle(ids: Iterable[str], role: str) -> Circle:
    users, groups = set(), set()
    for name in ids:
        if _USER.fullmatch(name):
            users.add(name)
        elif _GROUP.fullmatch(name):
            groups.add(name)
        else:
            raise OperatorMistake(
                f"{name!r} among the {role} is no id of a Slack user or user group.",
                hint="Users begin with U or W, groups with S; names and addresses are not taken.",
            )
    return Circle(users=frozenset(users), groups=frozenset(groups))
