"""Old outputs are taken out in batches, rarely, and the same way in every process."""

from __future__ import annotations

from fresh.domain.conversation import Call, Output, Reply, Told, Usage
from fresh.domain.transcript import Round
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
