"""How soon a click is acknowledged: by a bot process of its own, in every weather."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from tests.bot.stage import Stage, percentile

ACK_P99 = 250.0
ACK_MOST = 3000.0
"""Milliseconds; after three seconds Slack shows a warning for good."""


def click_all(stage: Stage, number: int, apart: float) -> list[float]:
    """Click on every open card in turn, so many times, and measure every ack."""
    questions = [standing.question for standing in stage.journal.standings(undecided=True)]
    cards = [stage.card(question, 90) for question in questions]
    payloads = []
    for index in range(number):
        card = cards[index % len(cards)]
        payloads.append(
            ("interactive", stage.slack.gestures.click(("UADA", "UBOB")[index % 2], card, "approve"))
        )
    acks = stage.slack.send_all(payloads, apart)
    assert all(ack.milliseconds is not None for ack in acks), "every click is acknowledged"
    return [ack.milliseconds or 0.0 for ack in acks]


def lock_for(stage: Stage, seconds: float, after: float) -> threading.Thread:
    """Hold the journal's write lock for a while, as a slow disk would."""

    def hold() -> None:
        time.sleep(after)
        connection = sqlite3.connect(stage.home / "journal.db", timeout=30, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    return thread


def told(name: str, took: list[float]) -> None:
    print(
        f"ack, {name}, {len(took)} clicks: p50 {percentile(took, 0.5):.0f} ms, p99 {percentile(took, 0.99):.0f} ms,"
        f" max {max(took):.0f} ms"
    )


@pytest.mark.slow
def test_a_hundred_clicks_are_acknowledged_in_time_while_the_journal_is_locked_for_a_second(
    stage: Stage,
) -> None:
    stage.open_run()
    stage.agents_ask(4)
    stage.start_bot()
    held = lock_for(stage, 1.0, 0.7)
    took = click_all(stage, 100, 0.05)
    held.join()
    told("journal locked for 1 s", took)
    assert max(took) < ACK_MOST
    assert all(standing.decision is not None for standing in stage.journal.standings())
    stage.slack.until(
        lambda: len(stage.slack.told("UADA")) + len(stage.slack.told("UBOB")) == 100, 30, "answers"
    )


@pytest.mark.night
@pytest.mark.parametrize("weather", ["healthy", "prefect_down", "prefect_black_hole", "journal_locked"])
def test_a_thousand_clicks_are_acknowledged_in_time(stage: Stage, weather: str) -> None:
    stage.open_run()
    stage.agents_ask(50)
    environment = {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    if weather == "prefect_black_hole":
        environment["PREFECT_API_URL"] = "http://10.255.255.1:4200/api"
    stage.start_bot(**environment)
    for standing in stage.journal.standings():
        stage.card(standing.question, 120)
    held = lock_for(stage, 1.0, 20.0) if weather == "journal_locked" else None
    took = click_all(stage, 1000, 0.15)
    if held is not None:
        held.join()
    told(weather, took)
    assert percentile(took, 0.99) < ACK_P99
    assert max(took) < ACK_MOST
    assert all(standing.decision is not None for standing in stage.journal.standings())
