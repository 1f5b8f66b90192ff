"""When an utterance begins, pauses and ends, with a scripted VAD."""

from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.endpoint import (
    CHUNK_BYTES,
    CHUNK_S,
    Act,
    Began,
    Closed,
    Endpointer,
    Kind,
    Listen,
    Stopped,
    Tuning,
)
from asr.patience import Patience

T = TypeVar("T")
pytestmark = pytest.mark.unit

PATIENCE = Patience(complete_s=0.5, incomplete_s=1.25, hanging_s=1.6, speculate_s=0.22, max_s=28.0)


class Caller:
    """Feeds an endpointer and remembers its acts; ``words`` says how complete each look is."""

    def __init__(self, core: Endpointer, words: float | None = None) -> None:
        self.core = core
        self.words = words
        self.acts: list[Act] = []

    def sound(self, seconds: float, likelihood: float, level: int = 1) -> None:
        for _ in range(round(seconds / CHUNK_S)):
            self.take(self.core.step(bytes([level]) * CHUNK_BYTES, likelihood))

    def speak(self, seconds: float) -> None:
        self.sound(seconds, 0.9, level=2)

    def pause(self, seconds: float) -> None:
        self.sound(seconds, 0.02)

    def take(self, acts: list[Act]) -> None:
        for act in acts:
            self.acts.append(act)
            if isinstance(act, Listen) and act.kind is Kind.SPECULATIVE and self.words is not None:
                self.take(self.core.judged(act.piece, self.words))

    def of(self, kind: type[T]) -> list[T]:
        return [act for act in self.acts if isinstance(act, kind)]

    def looks(self, kind: Kind) -> list[Listen]:
        return [act for act in self.of(Listen) if act.kind is kind]


def caller(words: float | None = None, **options: object) -> Caller:
    return Caller(Endpointer(PATIENCE, partials=False, **options), words)  # type: ignore[arg-type]


def test_complete_words_close_after_the_short_silence() -> None:
    one = caller(words=1.0)
    one.pause(1.0)
    one.speak(1.0)
    one.pause(2.0)
    closed = one.of(Closed)
    assert [c.reason for c in closed] == ["complete"]
    assert closed[0].start == pytest.approx(1.0, abs=0.05)
    assert closed[0].end == pytest.approx(2.0, abs=0.05)
    assert len(one.looks(Kind.SPECULATIVE)) == 1
    assert not one.looks(Kind.FINAL), "the look ahead is the final's text: nothing is decoded again"


def silence_before_close(words: float | None) -> float:
    one = caller(words)
    one.speak(1.0)
    for count in range(100):
        if one.of(Closed):
            return count * CHUNK_S
        one.pause(CHUNK_S)
    raise AssertionError("never closed")


def test_silence_needed_depends_on_how_complete_the_words_are() -> None:
    assert silence_before_close(1.0) == pytest.approx(0.5, abs=0.04)
    assert silence_before_close(0.9) == pytest.approx(0.5, abs=0.04)
    assert silence_before_close(0.75) == pytest.approx(0.875, abs=0.04)
    assert silence_before_close(0.5) == pytest.approx(1.25, abs=0.04)
    assert silence_before_close(None) == pytest.approx(1.25, abs=0.04)
    assert silence_before_close(0.05) == pytest.approx(1.6, abs=0.04)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_complete_words_never_wait_longer(one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert PATIENCE.needed(more) <= PATIENCE.needed(less) + 1e-9
    assert PATIENCE.complete_s <= PATIENCE.needed(one) <= PATIENCE.hanging_s


def test_a_pause_inside_a_sentence_does_not_end_it() -> None:
    one = caller(words=0.5)
    one.speak(1.0)
    one.pause(1.15)
    one.speak(1.0)
    one.pause(1.5)
    closed = one.of(Closed)
    assert len(closed) == 1
    assert closed[0].reason == "endpoint"
    assert closed[0].end == pytest.approx(3.15, abs=0.05)
    assert len(one.of(Began)) == 2
    assert len(one.of(Stopped)) == 2
    assert [look.piece.revision for look in one.looks(Kind.SPECULATIVE)] == [0, 1]


def test_a_caller_known_to_pause_is_given_more_time() -> None:
    one = caller(words=0.5)
    one.speak(1.0)
    one.pause(1.15)
    one.speak(1.0)
    one.pause(1.32)
    assert not one.of(Closed), "who paused for 1.15 s may pause for 1.3 s"
    one.pause(0.4)
    assert len(one.of(Closed)) == 1


def test_a_caller_who_was_cut_off_is_given_more_time() -> None:
    one = caller(words=0.5)
    one.speak(1.0)
    one.pause(1.4)
    assert len(one.of(Closed)) == 1
    one.speak(1.0)
    one.pause(1.4)
    assert len(one.of(Closed)) == 1
    one.pause(0.2)
    assert len(one.of(Closed)) == 2


def test_complete_words_end_the_wait_of_a_slow_caller_too() -> None:
    one = caller(words=0.5)
    one.speak(1.0)
    one.pause(1.2)
    one.speak(1.0)
    one.words = 0.95
    one.pause(0.6)
    assert len(one.of(Closed)) == 1


def test_a_late_look_ahead_is_ignored_when_speech_went_on() -> None:
    one = caller()
    one.speak(1.0)
    one.pause(0.3)
    stale = one.looks(Kind.SPECULATIVE)[0].piece
    one.speak(0.5)
    one.pause(0.6)
    assert one.core.judged(stale, 1.0) == []
    assert not one.of(Closed)


def test_a_late_judgement_closes_at_once_when_silence_was_long_enough() -> None:
    one = caller()
    one.speak(1.0)
    one.pause(0.8)
    assert not one.of(Closed)
    acts = one.core.judged(one.looks(Kind.SPECULATIVE)[0].piece, 1.0)
    assert [type(act) for act in acts] == [Closed]


def test_a_click_is_not_speech() -> None:
    one = caller()
    one.pause(1.0)
    one.sound(CHUNK_S, 0.99)
    one.pause(1.0)
    assert one.acts == []


def test_too_little_speech_is_closed_without_a_decode() -> None:
    one = caller(words=1.0)
    one.pause(1.0)
    one.sound(2 * CHUNK_S, 0.9)
    one.pause(2.0)
    assert len(one.of(Closed)) == 1
    assert one.of(Closed)[0].pieces == ()
    assert not one.of(Listen)


def test_pre_roll_and_tail_are_decoded_with_the_speech() -> None:
    one = caller()
    one.pause(2.0)
    one.speak(1.0)
    one.pause(2.0)
    pcm = one.looks(Kind.SPECULATIVE)[0].pcm
    voiced = pcm.count(2)
    before, after = pcm.index(2), len(pcm) - pcm.rindex(2) - 1
    assert voiced == round(1.0 / CHUNK_S) * CHUNK_BYTES
    assert before / 32_000 == pytest.approx(0.4, abs=0.04)
    assert after / 32_000 == pytest.approx(0.22, abs=0.04)


def test_the_next_utterance_has_the_silence_before_it_as_pre_roll() -> None:
    one = caller(words=1.0)
    one.speak(1.0)
    one.pause(0.6)
    one.speak(1.0)
    one.pause(2.0)
    first, second = one.looks(Kind.SPECULATIVE)
    assert second.piece.utterance == first.piece.utterance + 1
    assert second.pcm.index(2) > 0, "weak initials before the VAD wakes would be lost"


def test_an_endless_talker_is_closed_at_max_length_and_goes_on() -> None:
    one = caller()
    one.speak(60.0)
    one.pause(2.0)
    closed = one.of(Closed)
    assert [c.reason for c in closed] == ["max_length", "max_length", "endpoint"]
    assert closed[0].end - closed[0].start == pytest.approx(28.0, abs=0.1)
    assert closed[1].start == pytest.approx(closed[0].end, abs=0.1)
    assert len(one.of(Began)) == 1
    decoded = b"".join(one_.pcm for one_ in one.of(Listen))
    assert decoded.count(2) == round(60.0 / CHUNK_S) * CHUNK_BYTES, "no sound lost or doubled"


def test_a_long_story_is_decoded_piece_by_piece() -> None:
    one = caller(words=0.0)
    for _ in range(3):
        one.speak(7.0)
        one.pause(0.5)
    one.pause(2.0)
    closed = one.of(Closed)
    assert len(closed) == 1
    assert [piece.index for piece in closed[0].pieces] == [0, 1, 2]
    asked = {look.piece for look in one.of(Listen)}
    assert set(closed[0].pieces) <= asked
    last = max(one.of(Listen), key=lambda look: look.end)
    assert len(last.pcm) / 32_000 < 8.5, "only the last piece is left to decode at the end"


def test_partials_come_soon_and_then_rarely() -> None:
    one = Caller(Endpointer(PATIENCE))
    one.pause(1.0)
    one.speak(6.0)
    ends = [look.end - 1.0 for look in one.looks(Kind.PARTIAL)]
    assert ends[0] == pytest.approx(0.5, abs=0.05)
    assert 4 <= len(ends) <= 8


def test_flush_closes_what_is_open_and_only_that() -> None:
    one = caller()
    assert one.core.flush() == []
    one.speak(1.0)
    one.take(one.core.flush())
    assert [type(act) for act in one.acts] == [Began, Stopped, Listen, Closed]
    assert one.of(Closed)[0].reason == "flush"


def test_reset_forgets_the_running_utterance() -> None:
    one = caller()
    one.speak(1.0)
    one.core.reset()
    one.pause(3.0)
    assert not one.of(Closed)


def test_without_speculation_only_the_final_is_decoded() -> None:
    one = caller(speculate=False)
    one.speak(1.0)
    one.pause(2.0)
    assert [look.kind for look in one.of(Listen)] == [Kind.FINAL]
    assert one.of(Closed)[0].reason == "endpoint"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0.03, 20.0)), min_size=1, max_size=12),
    st.one_of(st.none(), st.floats(0.0, 1.0)),
)
def test_every_closed_piece_was_asked_for_and_no_sound_is_decoded_twice(
    script: list[tuple[bool, float]], words: float | None
) -> None:
    one = Caller(Endpointer(PATIENCE, tuning=Tuning(), partials=False), words)
    for speaking, seconds in script:
        (one.speak if speaking else one.pause)(seconds)
    one.pause(3.0)
    asked = {look.piece for look in one.of(Listen)}
    for closed in one.of(Closed):
        assert set(closed.pieces) <= asked
        assert closed.start <= closed.end <= one.core.now
        assert closed.end - closed.start <= PATIENCE.max_s + 0.1
    assert not one.core.open
    began, stopped = len(one.of(Began)), len(one.of(Stopped))
    assert began == stopped
