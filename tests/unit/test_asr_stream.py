"""From frames to events, with a scripted VAD and a decoder that answers when told."""

import asyncio
from collections.abc import Callable

import pytest

from asr import stream as stream_module
from asr.endpoint import CHUNK_S, Kind, Piece
from asr.engines.base import Hypothesis
from asr.patience import Patience
from asr.schedule import Job, Priority
from asr.stream import RecognizerStream
from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechEvent, SpeechStart

pytestmark = pytest.mark.unit

FRAME = 640


class ScriptedVad:
    """Takes the sound itself for the likelihood: bytes of 2 are speech."""

    def step(self, chunk: bytes) -> float:
        return 0.9 if chunk[0] == 2 else 0.0


class Decoder:
    """Keeps jobs until the test answers them."""

    def __init__(self, hears: bool = True) -> None:
        self.hears = hears
        self.jobs: list[Job] = []
        self.promoted: list[Piece] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def promote(self, stream: str, pieces: tuple[Piece, ...]) -> None:
        self.promoted += pieces

    def forget(self, stream: str) -> None:
        self.jobs.clear()

    def finished(self, stream: str, utterance: int) -> None:
        pass

    def closed(self, stream: RecognizerStream) -> None:
        pass


class Call:
    """One stream and what it told."""

    def __init__(
        self,
        *,
        hears: bool = True,
        complete: Callable[[str], float] | None = None,
        priority: Priority = Priority.BOT,
    ) -> None:
        self.decoder = Decoder(hears)
        self.events: list[SpeechEvent] = []
        self.stream = RecognizerStream(
            "s",
            self.decoder,
            ScriptedVad(),
            self.events.append,
            priority=priority,
            patience=Patience(complete_s=0.5, incomplete_s=1.25, hanging_s=1.25),
            completeness=complete,
            partials=True,
            incremental=False,
        )

    def sound(self, seconds: float, level: int) -> None:
        total = round(seconds / CHUNK_S) * 1024
        for at in range(0, total, FRAME):
            self.stream.feed(bytes([level]) * min(FRAME, total - at))

    def speak(self, seconds: float = 1.0) -> None:
        self.sound(seconds, 2)

    def pause(self, seconds: float) -> None:
        self.sound(seconds, 1)

    def answer(self, text: str, kind: Kind | None = None, confidence: float = 0.8) -> None:
        """Answer the oldest job (of a kind)."""
        job = next(j for j in self.decoder.jobs if kind is None or j.kind is kind)
        self.decoder.jobs.remove(job)
        self.stream.heard(job, Hypothesis(text, confidence))

    def finals(self) -> list[Final]:
        return [e for e in self.events if isinstance(e, Final)]

    def kinds(self) -> list[str]:
        return [type(e).__name__ for e in self.events]


async def test_a_short_answer_from_start_to_final() -> None:
    call = Call(complete=lambda text: 1.0)
    call.pause(0.5)
    call.speak(0.8)
    call.answer("是", Kind.PARTIAL)
    call.pause(0.3)
    call.answer("是的", Kind.SPECULATIVE)
    assert not call.finals()
    call.pause(0.3)
    assert call.kinds() == ["SpeechStart", "Partial", "SpeechEnd", "Partial", "Final"]
    final = call.finals()[0]
    assert final.text == "是的"
    assert final.reason == "complete"
    assert final.confidence == 0.8
    assert final.start == pytest.approx(0.5, abs=0.05)
    assert final.end == pytest.approx(1.3, abs=0.05)
    assert not call.decoder.jobs, "no second decode"


async def test_incomplete_words_are_given_time() -> None:
    call = Call(complete=lambda text: 0.0 if text.endswith("因为") else 1.0)
    call.speak()
    call.pause(0.3)
    call.answer("我想离婚因为", Kind.SPECULATIVE)
    call.pause(0.8)
    assert not call.finals()
    call.speak()
    call.pause(0.3)
    call.answer("我想离婚因为他打我", Kind.SPECULATIVE)
    call.pause(0.4)
    assert [f.text for f in call.finals()] == ["我想离婚因为他打我"]


async def test_a_final_waits_for_a_late_decode_and_is_promoted() -> None:
    call = Call(complete=lambda text: 1.0)
    call.speak()
    call.pause(2.0)
    assert not call.finals()
    assert call.decoder.promoted
    call.answer("转人工", Kind.SPECULATIVE)
    assert [f.text for f in call.finals()] == ["转人工"]


async def test_finals_keep_their_order_and_a_new_start_is_told_at_once() -> None:
    call = Call()
    call.speak()
    call.pause(1.5)
    call.speak()
    assert call.kinds() == ["SpeechStart", "SpeechEnd", "SpeechStart"]
    call.pause(2.0)
    first, second = [j for j in call.decoder.jobs if j.kind is Kind.SPECULATIVE]
    call.stream.heard(second, Hypothesis("第二句", 0.9))
    assert not call.finals()
    call.stream.heard(first, Hypothesis("第一句", 0.9))
    assert [f.text for f in call.finals()] == ["第一句", "第二句"]


async def test_a_cough_ends_soon_and_without_words() -> None:
    call = Call(complete=lambda text: 0.0)
    call.speak(0.4)
    call.pause(0.3)
    call.answer("", Kind.SPECULATIVE, 0.0)
    call.pause(0.3)
    assert call.kinds() == ["SpeechStart", "SpeechEnd", "Final"]
    assert call.finals()[0].text == ""
    assert call.finals()[0].confidence == 0.0


async def test_pieces_of_a_story_are_one_final() -> None:
    call = Call(complete=lambda text: 0.0)
    call.speak(7.0)
    call.pause(0.5)
    call.answer("第一段", Kind.SPECULATIVE)
    call.speak(2.0)
    call.pause(0.3)
    call.answer("第二段", Kind.SPECULATIVE)
    call.pause(1.2)
    assert [f.text for f in call.finals()] == ["第一段第二段"]
    shown = [e.text for e in call.events if isinstance(e, Partial)]
    assert shown[-1] == "第一段第二段"


async def test_a_lost_decode_is_a_lost_final() -> None:
    call = Call()
    call.speak()
    call.pause(2.0)
    job = next(j for j in call.decoder.jobs if j.kind is Kind.SPECULATIVE)
    call.stream.lost(job)
    assert [(f.text, f.reason) for f in call.finals()] == [("", "lost")]


async def test_a_decode_that_never_comes_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stream_module._WAIT_S, Priority.BOT, 0.01)
    call = Call()
    call.speak()
    call.pause(2.0)
    assert not call.finals()
    await call.stream.drain()
    assert [f.reason for f in call.finals()] == ["lost"]
    call.answer("太晚了", Kind.SPECULATIVE)
    assert len(call.finals()) == 1


async def test_without_an_engine_only_sound_is_told() -> None:
    call = Call(hears=False)
    call.speak()
    call.pause(2.0)
    assert call.kinds() == ["SpeechStart", "SpeechEnd"]
    assert not call.decoder.jobs


async def test_reset_and_close_silence_what_was_heard_before() -> None:
    call = Call(complete=lambda text: 1.0)
    call.speak()
    call.pause(0.3)
    job = next(j for j in call.decoder.jobs if j.kind is Kind.SPECULATIVE)
    call.stream.reset()
    call.stream.heard(job, Hypothesis("迟到", 0.9))
    call.pause(2.0)
    assert not call.finals()
    call.speak()
    call.pause(0.3)
    call.answer("新的", Kind.SPECULATIVE)
    call.pause(0.3)
    assert [f.text for f in call.finals()] == ["新的"]
    call.stream.close()
    call.speak()
    assert call.kinds()[-1] == "Final"


async def test_a_listener_may_close_or_reset_inside_an_event() -> None:
    call = Call(complete=lambda text: 1.0)
    call.stream._on_event = lambda event: (  # type: ignore[method-assign,assignment]
        call.events.append(event),
        call.stream.close() if isinstance(event, SpeechStart) else None,
    )
    call.speak()
    call.pause(2.0)
    assert call.kinds() == ["SpeechStart"]


async def test_an_agents_call_is_not_looked_at_early() -> None:
    call = Call(priority=Priority.AGENT)
    call.speak()
    call.pause(1.3)
    assert [j.kind for j in call.decoder.jobs if j.kind is not Kind.PARTIAL] == [Kind.FINAL]


async def test_speech_end_tells_when_sound_stopped_not_when_it_was_noticed() -> None:
    call = Call()
    call.pause(1.0)
    call.speak(1.0)
    call.pause(0.5)
    end = next(e for e in call.events if isinstance(e, SpeechEnd))
    assert end.at == pytest.approx(2.0, abs=0.05)


async def test_drain_waits_for_the_last_final() -> None:
    call = Call()
    call.speak()
    call.stream.flush()
    waiting = asyncio.create_task(call.stream.drain())
    await asyncio.sleep(0)
    assert not waiting.done()
    call.answer("完", Kind.FINAL)
    await waiting
    assert call.finals()[0].reason == "flush"


@pytest.mark.parametrize(
    ("seconds", "refused", "reason"),
    [
        (0.6, "unlikely", "unheard"),
        (0.6, "too-fast", "unheard"),
        (0.6, "no-speech", "endpoint"),
        (0.15, "unlikely", "endpoint"),
    ],
)
async def test_speech_without_a_word_made_out_is_told_from_noise(
    seconds: float, refused: str, reason: str
) -> None:
    call = Call()
    call.pause(0.5)
    call.speak(seconds)
    call.pause(2.0)
    while call.decoder.jobs:
        job = call.decoder.jobs.pop(0)
        call.stream.heard(job, Hypothesis("", 0.0, refused=refused))
    (final,) = call.finals()
    assert (final.text, final.reason.replace("complete", "endpoint")) == ("", reason)


async def test_jobs_bear_what_was_asked() -> None:
    call = Call()
    call.stream.set_patience(Patience(), expect="region")
    call.speak(0.6)
    call.pause(0.4)
    assert {job.expect for job in call.decoder.jobs} == {"region"}
