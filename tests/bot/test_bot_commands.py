"""`/fresh`, mentions and the Home tab: the same verbs as in the terminal."""

from __future__ import annotations

import pytest

from fresh.deciding import who_started
from fresh.domain.approval import Answer
from fresh.domain.order import RunOrder
from fresh.domain.stopping import WhyStopped
from fresh.errors import OperatorMistake
from tests.bot.stage import RUN, Stage, now


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[RunOrder, str]]:
    """Note the orders that would go to Prefect."""
    orders: list[tuple[RunOrder, str]] = []

    def place(order: RunOrder, run_id: str) -> str:
        if order.agents == 13:
            raise OperatorMistake(
                "The Prefect server has no deployment run/interactive.", hint="`fresh up` makes it"
            )
        orders.append((order, run_id))
        return f"http://prefect.test/runs/flow-run/{run_id}"

    monkeypatch.setattr("bot.opening.place_order", place)
    return orders


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note whose host would be killed: here that is the process of the tests."""
    runs: list[str] = []
    monkeypatch.setattr("bot.listeners.actions.kill_host", lambda claim, home: runs.append(claim.run_id))
    monkeypatch.setattr("bot.listeners.actions.FORCED_AFTER", 0.3)
    return runs


@pytest.fixture
def world(stage: Stage, placed: list[tuple[RunOrder, str]], killed: list[str]) -> Stage:
    stage.open_run()
    stage.add_agent("abc12345")
    stage.bot()
    return stage


def told(stage: Stage, user: str, words: str) -> str:
    """Wait until somebody was told something."""

    def found() -> list[str]:
        return [text for text in stage.slack.told(user) if words in text]

    stage.slack.until(found, 8, f"the answer {words!r} (told: {stage.slack.told(user)})")
    return found()[-1]


def test_every_verb_is_answered(world: Stage) -> None:
    question = world.ask()
    for typed, words in (
        ("help", "/fresh approve ID"),
        ("", "/fresh approve ID"),
        ("status", "fresh approve abc12345"),
        (f"status {RUN[:3]}", "Running: Yes"),
        ("status zzz", "No run has an id that starts with 'zzz'"),
        ("approve", "Which agent?"),
        ("approve zzz", "No agent with a question has an id"),
        ("changes abc", "An agent needs words"),
        ("report", "has no report"),
        ("diff abc", "has not made a commit"),
        ("frobnicate <!channel>", "is no command"),
    ):
        assert world.slack.slash("UADA", typed).milliseconds is not None, typed
        told(world, "UADA", words)
    assert world.journal.decision(question.id) is None
    world.slack.slash("UADA", "changes abc use a table")
    told(world, "UADA", "you asked for changes")
    decided = world.journal.decision(question.id)
    assert decided is not None
    assert (decided.answer, decided.text) == (Answer.CHANGES, "use a table")
    world.slack.slash("UBOB", "approve abc")
    told(world, "UBOB", "Already decided")


def test_who_may_not_look_is_told_nothing(world: Stage) -> None:
    world.ask()
    for typed in ("status", "report", "diff abc"):
        world.slack.slash("UEVE", typed)
    told(world, "UEVE", "not among those who may look")
    assert not any("abc12345" in text for text in world.slack.told("UEVE"))
    world.slack.slash("UCAROL", "status")
    told(world, "UCAROL", "abc12345")
    world.slack.slash("UCAROL", "approve abc")
    told(world, "UCAROL", "not among those who may decide")


def test_stopping_asks_the_run_to_end_and_force_sees_to_it(world: Stage, killed: list[str]) -> None:
    world.slack.slash("UCAROL", "stop")
    told(world, "UCAROL", "not among those who may stop")
    assert world.journal.stop_requests(RUN) == ()
    world.slack.slash("UADA", "stop")
    told(world, "UADA", "asked to stop")
    world.slack.slash("UADA", f"stop {RUN[:4]} --force")
    told(world, "UADA", "everything is killed")
    world.slack.until(lambda: killed == [RUN], 5, "the end of a host that does not end by itself")
    requests = world.journal.stop_requests(RUN)
    assert [(one.force, one.through) for one in requests] == [(False, "slack"), (True, "slack")]
    assert all("UADA" in one.by for one in requests)
    world.slack.until(lambda: world.cards(RUN, "run") and "stopping" in world.cards(RUN, "run")[0].words, 8)


def test_stop_on_the_card_asks_first_and_then_stops(world: Stage) -> None:
    world.slack.until(lambda: world.cards(RUN, "run"), 8, "the run card")
    card = world.cards(RUN, "run")[0]
    assert (card.button("stop_run") or {})["confirm"]["title"]["text"] == f"Stop run {RUN}?"
    world.slack.click("UEVE", card, "stop_run")
    told(world, "UEVE", "not among those who may stop")
    world.slack.click("UADA", card, "stop_run")
    told(world, "UADA", "asked to stop")
    assert len(world.journal.stop_requests(RUN)) == 1


def test_a_run_is_ordered_in_a_form_once(world: Stage, placed: list[tuple[RunOrder, str]]) -> None:
    world.slack.slash("UBOB", "start")
    told(world, "UBOB", "not among those who may start")
    world.journal.close_run(RUN, WhyStopped.DONE, now(), None)
    world.slack.slash("UADA", "start")
    world.slack.until(lambda: world.slack.views, 5, "the form")
    view = world.slack.newest_view()

    def order(**more: str) -> dict[str, dict[str, object]]:
        typed = {"agents": "3", "budget": "2.50", "hours": "4", "feature": "", **more}
        chosen = {"repository": "0", "strategy": "safest", "mode": "overnight, ask"}
        return {
            **{name: {"type": "plain_text_input", "value": value} for name, value in typed.items()},
            **{
                name: {"type": "static_select", "selected_option": {"value": value}}
                for name, value in chosen.items()
            },
        }

    wrong = world.slack.submit("UADA", view, order(agents="many", budget="-1"))
    assert wrong.payload is not None
    assert set(wrong.payload["errors"]) == {"agents", "budget"}
    assert placed == []
    for _ in range(2):
        world.slack.submit("UADA", view, order())
    told(world, "UADA", "begins within seconds")
    world.slack.until(lambda: len(placed) == 2, 5)
    assert len({run for _, run in placed}) == 1, "submitted twice, it is the same run"
    ordered, run = placed[0]
    assert (ordered.agents, str(ordered.budget), ordered.overnight, ordered.approval) == (
        3,
        "$2.50",
        True,
        True,
    )
    assert ordered.repo == str(world.repository)
    starter = who_started(world.journal, run)
    assert starter is not None
    assert starter.id == "UADA"
    world.slack.submit("UADA", view, order(agents="13"))
    told(world, "UADA", "no deployment run/interactive")
    world.slack.submit("UEVE", view, order())
    told(world, "UEVE", "not among those who may start")


def test_a_mention_and_the_home_tab_show_what_is_going_on(world: Stage) -> None:
    question = world.ask()
    card = world.card(question)
    root = world.slack.methods.answer("chat.postMessage", {"channel": "C1", "text": "hey"})
    world.slack.event("UADA", type="app_mention", channel="C1", ts=root["ts"], text="<@UBOT> status")
    message = world.slack.messages["C1", root["ts"]]
    world.slack.until(lambda: any("abc12345" in m.text for m in world.slack.thread(message)), 5, "the answer")
    world.slack.event("UADA", type="app_mention", channel="C1", ts=root["ts"], text="<@UBOT> what can you do")
    world.slack.until(
        lambda: any("/fresh help" in m.text for m in world.slack.thread(message)), 5, "the help"
    )

    link = f"p{card.ts.replace('.', '')}"

    def is_at_home() -> bool:
        """Open the tab: the card is there at once, its permanent link when Slack has told it."""
        world.slack.event("UADA", type="app_home_opened", tab="home", channel="DUADA")
        return link in str(world.slack.homes.get("UADA"))

    world.slack.until(is_at_home, 10, "the Home tab with a link to the card")
    shown = str(world.slack.homes["UADA"])
    assert "Your open approvals" in shown
    assert "Spent today" in shown
    world.slack.event("UEVE", type="app_home_opened", tab="home", channel="DUEVE")
    world.slack.until(lambda: "UEVE" in world.slack.homes, 5, "the other Home tab")
    assert "not among those who may look" in str(world.slack.homes["UEVE"])


def test_the_diff_of_a_question_opens_in_a_window(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bot.listeners.showing.patch_of", lambda *_: "diff --git a/x b/x\n-old <!channel>\n+new\n"
    )
    question = world.ask()
    world.slack.click("UADA", world.card(question), "diff")
    world.slack.until(lambda: world.slack.views and "+new" in str(world.slack.newest_view()), 5, "the diff")
    assert "<!channel>" not in str(world.slack.newest_view())
    world.slack.click("UEVE", world.card(question), "diff")
    told(world, "UEVE", "not among those who may look")
