"""Many changes at once, within Slack's limits: nothing fails, the newest state wins, and nobody waits long to see it."""

from __future__ import annotations

import threading
import time

import pytest

from fresh.domain.approval import Answer, Why
from fresh.domain.phase import Phase
from tests.bot.stage import RUN, Stage, now, percentile
from tests.fakes.slack import FakeSlack
from tests.fakes.slack.trouble import Fault, limited

BEHIND = 3.0
"""Seconds that a card may be behind the run, for 95 of 100 changes."""


@pytest.fixture
def busy(stage: Stage) -> Stage:
    """A stage on a Slack that refuses whoever is too fast."""
    stage.slack.limits.enforced = True
    return stage


def change_once_a_second(stage: Stage, agents: int, seconds: float) -> list[float]:
    """Let agents change once a second; say how far behind the card was each time it was looked at."""
    names = [f"{index:03d}b{index:04x}" for index in range(agents)]
    for name in names:
        stage.add_agent(name)
    stage.bot()
    stage.slack.until(lambda: stage.cards(RUN, "run"), 10, "the run card")
    card = stage.cards(RUN, "run")[0]
    changed: list[float] = []
    over = threading.Event()

    def work() -> None:
        ordinal = 0
        while not over.wait(1.0):
            ordinal += 1
            for index, name in enumerate(names):
                stage.journal.begin_step(name, ("implement", "verify")[ordinal % 2], ordinal, now())
                stage.move(name, (Phase.IMPLEMENTING, Phase.TESTING)[ordinal % 2])
                if index == len(names) - 1:
                    changed.append(time.time())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(seconds)
    over.set()
    thread.join()
    time.sleep(4)
    seen = [at for at, _, _ in card.edits] + [time.time()]
    # A change is on the card with the first edit after it that the bot could have made of it.
    return [min(at for at in seen if at >= moment) - moment for moment in changed[:-1]]


def failed_updates(slack: FakeSlack) -> list[str]:
    return [call.error for call in slack.calls if call.method == "chat.update" and call.error]


def test_twenty_agents_that_change_once_a_second_do_not_outrun_the_card(busy: Stage) -> None:
    busy.open_run()
    behind = change_once_a_second(busy, 20, 6)
    print(
        f"20 agents, 6 s: card behind p95 {percentile(behind, 0.95):.1f} s, {len(busy.slack.called('chat.update'))} updates"
    )
    assert failed_updates(busy.slack) == []
    assert busy.slack.limits.hits == 0
    root = busy.cards(RUN, "run")[0]
    told = "\n".join(message.words for message in busy.slack.thread(root))
    assert told.count("testing") >= 20


@pytest.mark.night
def test_twenty_agents_for_two_minutes(busy: Stage) -> None:
    busy.open_run()
    behind = change_once_a_second(busy, 20, 120)
    print(
        f"20 agents, 120 s: card behind p50 {percentile(behind, 0.5):.1f} s, p95 {percentile(behind, 0.95):.1f} s, max {max(behind):.1f} s,"
        f" {len(busy.slack.called('chat.update'))} updates, {len(busy.slack.called('chat.postMessage'))} posts"
    )
    assert failed_updates(busy.slack) == []
    assert percentile(behind, 0.95) < BEHIND


def test_a_question_goes_before_progress(busy: Stage) -> None:
    busy.open_run()
    questions = busy.agents_ask(3)
    for name in range(6):
        busy.add_agent(f"{name:03d}c{name:04x}")
        busy.move(f"{name:03d}c{name:04x}", Phase.TESTING)
    busy.bot()
    for question in questions:
        busy.card(question, 20)
    posts = [
        call.given["metadata"]["event_payload"]["kind"] for call in busy.slack.called("chat.postMessage")
    ]
    assert posts[:3] == ["question"] * 3


def test_a_deadline_fires_within_five_seconds_and_does_what_the_card_said(stage: Stage) -> None:
    stage.open_run()
    stage.add_agent("abc12345")
    stage.add_agent("bcd12345")
    ready = stage.ask(within=4)
    parks = stage.ask("bcd12345", Why.POLICY, within=4)
    stage.bot()
    card = stage.card(ready)
    assert "becomes a draft pull request marked unreviewed" in card.words
    assert "parked until somebody answers" in stage.card(parks).words
    with stage.going_on():
        stage.slack.until(lambda: stage.journal.decision(ready.id) is not None, 12, "the clock")
        decided = stage.journal.decision(ready.id)
        assert decided is not None
        assert (decided.answer, decided.through) == (Answer.EXPIRED, "clock")
        late = (decided.at - ready.deadline).total_seconds()
        print(f"the clock answered {late:.1f} s after the deadline")
        stage.slack.until(
            lambda: "Deadline passed" in card.words and "approve" not in card.buttons, 12, "the card"
        )
    assert stage.journal.decision(parks.id) is None
    stage.slack.click("UADA", stage.card(parks), "approve")
    assert stage.journal.decision(parks.id) is not None


@pytest.mark.night
@pytest.mark.timeout(1800)
def test_ten_minutes_of_a_slack_that_mostly_fails_deliver_every_question_once(busy: Stage) -> None:
    busy.open_run()
    busy.bot()
    faults = (
        Fault(status=500, error="internal_error"),
        Fault(status=500, error="internal_error", done=True),
        Fault(done=True),
        Fault(),
        limited(2),
    )
    began = time.monotonic()
    asked = []
    number = 0
    while time.monotonic() - began < 600:
        busy.slack.trouble.next("chat.postMessage", faults[number % 5])
        busy.slack.trouble.next("chat.update", faults[(number + 2) % 5])
        if number % 60 == 30:
            busy.slack.go_away()
        if number % 60 == 50:
            busy.slack.come_back()
        if number % 10 == 0 and len(asked) < 40:
            asked.append(busy.ask(busy.add_agent(f"{len(asked):03d}d{len(asked):04x}").agent_id))
        number += 1
        time.sleep(1)
    busy.slack.come_back()
    busy.slack.trouble.coming.clear()
    for question in asked:
        busy.card(question, 120)
    time.sleep(15)
    assert [len(busy.cards(question.id)) for question in asked] == [1] * len(asked)
    print(f"{len(asked)} questions through 10 bad minutes: each exactly once")
    click = busy.slack.click("UADA", busy.card(asked[0]), "approve")
    assert click.milliseconds is not None
