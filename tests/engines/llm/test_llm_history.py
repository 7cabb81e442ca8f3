"""Old outputs are taken out in batches, rarely, and the same way in every process."""

from __future__ import annotations

from datetime import datetime

from fresh.domain.conversation import Call, Output, Reply, Told, Usage
from fresh.domain.redaction import Redactor
from fresh.domain.transcript import Round, Turn
from fresh.engines.llm.history import HEAVY, LIGHT, History
from tests.fakes.story import NOON
from tests.fakes.transcripts import FakeTranscripts

ASKED = 60
BYTES = 12_000


def talk(history: History, number: int) -> None:
    call = Call(id=str(number), name="read_file", arguments=f'{{"path": "{number}"}}')
    reply = Reply(items=(call,), usage=Usage(input=100, output=10))
    history.answered(request_of(history), reply)
    history.give([Output(call_id=str(number), text=f"{number} " + "x" * BYTES)], done=1)


def request_of(history: History):  # type: ignore[no-untyped-def]
    from fresh.domain.conversation import Request

    return Request(model="m", instructions="i", items=tuple(history.items), max_output_tokens=1)


def outputs(history: History) -> list[str]:
    return [item.text for item in history.items if isinstance(item, Output)]


def test_outputs_stay_below_a_limit_and_are_rewritten_rarely() -> None:
    transcripts = FakeTranscripts()
    history = History(transcripts, "a", lambda: NOON)
    history.open(Round.WORK, 0, [Told(text="work")])
    rewritten = 0
    for number in range(ASKED):
        before = list(history.items)
        talk(history, number)
        rewritten += history.items[: len(before)] != before
        assert sum(len(text) for text in outputs(history)) <= HEAVY

    assert rewritten <= ASKED * BYTES // (HEAVY - LIGHT) + 1
    assert outputs(history)[0].startswith("[elided 12002 bytes, sha256 ")
    assert outputs(history)[-1].startswith("59 xx")
    assert len(outputs(history)) == ASKED


def test_another_process_takes_out_the_same() -> None:
    transcripts = FakeTranscripts()
    history = History(transcripts, "a", lambda: NOON)
    history.open(Round.WORK, 0, [Told(text="work")])
    for number in range(ASKED):
        talk(history, number)
        again = History(transcripts, "a", lambda: NOON)
        assert again.items == history.items
        assert again.anchor == history.anchor


def test_the_beginning_of_a_conversation_is_never_taken_out() -> None:
    history = History(FakeTranscripts(), "a", lambda: NOON)
    history.open(Round.WORK, 0, [Told(text="y" * HEAVY)])
    for number in range(20):
        talk(history, number)

    assert history.items[0] == Told(text="y" * HEAVY)


def test_a_key_in_an_id_or_a_model_s_name_makes_nobody_else_of_us() -> None:
    class Hiding(FakeTranscripts):
        """Hides the key in whatever it stores, as the journal does."""

        def add_turn(self, agent_id: str, number: int, turn: Turn, at: datetime) -> Turn:
            return super().add_turn(agent_id, number, Redactor(("lm-studio",)).model(turn), at)

    history = History(Hiding(), "a", lambda: NOON, secrets=("lm-studio",))
    history.open(Round.WORK, 0, [Told(text="work")])
    call = Call(id="call-lm-studio", name="read_file", arguments="{}")
    kept = history.answered(request_of(history), Reply(items=(call,), model="lm-studio/qwen3:8b"))
    history.give([Output(call_id=kept.calls[0].id, text="x")], done=1)
    assert not any("lm-studio" in item.model_dump_json() for item in history.items)
    ids = [getattr(item, "id", getattr(item, "call_id", "")) for item in history.items[1:]]
    assert len(set(ids)) == 1
