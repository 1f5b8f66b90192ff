"""Pacing of our voice: nothing lost by a pause, silence at once, marks only when heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.media import FRAME_BYTES, FRAME_S
from ivr.media.control import FlowControl, KeyPressed, MediaStart, parse_control
from ivr.media.playout import LEAD_S, Flush, Played, Playout, Send

pytestmark = pytest.mark.unit


def frames(count: int, first: int = 1) -> bytes:
    return b"".join(bytes([first + i]) * FRAME_BYTES for i in range(count))


def run(playout: Playout, begin: float, end: float, step: float = 0.03) -> list[object]:
    out: list[object] = []
    now = begin
    while now <= end:
        out += playout.tick(now)
        now += step
    return out


def sent(outputs: list[object]) -> bytes:
    return b"".join(o.pcm for o in outputs if isinstance(o, Send))


def test_first_sound_goes_out_at_once_and_never_more_than_the_lead() -> None:
    playout = Playout()
    playout.add(frames(50))
    (first,) = playout.tick(10.0)
    assert isinstance(first, Send)
    assert first.at == 10.0
    assert len(first.pcm) == round(LEAD_S / FRAME_S) * FRAME_BYTES


def test_everything_is_sent_in_order_and_the_mark_comes_when_heard() -> None:
    playout = Playout()
    sound = frames(50)
    playout.add(sound)
    playout.mark("end")
    out = run(playout, 0.0, 1.2)
    assert sent(out) == sound
    (mark,) = [o for o in out if isinstance(o, Played)]
    assert mark.mark == "end"
    assert mark.at == pytest.approx(1.0)
    assert playout.idle


def test_odd_bytes_wait_and_are_padded_by_a_mark() -> None:
    playout = Playout()
    playout.add(b"\1" * (FRAME_BYTES + 100))
    playout.mark("end")
    data = sent(run(playout, 0.0, 0.3))
    assert data == b"\1" * (FRAME_BYTES + 100) + b"\0" * (FRAME_BYTES - 100)


def test_pause_takes_back_what_was_not_heard_and_resume_goes_on_there() -> None:
    playout = Playout()
    sound = frames(40)
    playout.add(sound)
    before = run(playout, 0.0, 0.30, step=0.02)
    paused = playout.pause(0.30)
    assert paused == [Flush()]
    heard = 15  # frames of 20 ms in 0.30 s
    assert playout.tick(5.0) == []
    playout.resume()
    after = run(playout, 5.0, 6.0)
    assert sent(before)[: heard * FRAME_BYTES] + sent(after) == sound


def test_flush_forgets_sound_and_marks() -> None:
    playout = Playout()
    playout.add(frames(40))
    playout.mark("never")
    playout.tick(0.0)
    assert playout.flush(0.1) == [Flush()]
    assert playout.idle
    assert run(playout, 0.1, 3.0) == []
    playout.add(frames(1))
    (again,) = playout.tick(3.0)
    assert isinstance(again, Send)
    assert again.at == 3.0


def test_no_standing_delay_after_a_late_tick() -> None:
    playout = Playout()
    playout.add(frames(30))
    playout.tick(0.0)
    (late,) = [o for o in playout.tick(1.0) if isinstance(o, Send)]
    assert late.at == 1.0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(1, 2000)),
            st.tuples(st.just("tick"), st.floats(0.001, 0.3)),
            st.tuples(st.just("pause"), st.floats(0.001, 0.3)),
            st.tuples(st.just("resume"), st.floats(0.001, 0.3)),
        ),
        max_size=40,
    )
)
def test_pauses_never_lose_or_repeat_a_heard_frame(steps: list[tuple[str, float]]) -> None:
    playout = Playout()
    now, count, heard = 0.0, 0, 0
    timeline: list[tuple[float, int]] = []
    for kind, value in steps:
        outs: list[object] = []
        if kind == "add":
            for _ in range(int(value) % 7):
                count += 1
                playout.add(count.to_bytes(2, "big") * (FRAME_BYTES // 2))
            outs = list(playout.tick(now))
        else:
            now += value
            if kind == "tick":
                outs = list(playout.tick(now))
            elif kind == "pause":
                outs = list(playout.pause(now))
            else:
                playout.resume()
                outs = list(playout.tick(now))
        for out in outs:
            if isinstance(out, Flush):
                timeline = [item for item in timeline if item[0] + FRAME_S <= now + 1e-6]
            if isinstance(out, Send):
                for i in range(0, len(out.pcm), FRAME_BYTES):
                    number = int.from_bytes(out.pcm[i : i + 2], "big")
                    timeline.append((out.at + i / FRAME_BYTES * FRAME_S, number))
    heard = [number for _, number in timeline]
    assert heard == list(range(1, len(heard) + 1))


def test_control_messages() -> None:
    start = parse_control('{"event":"MEDIA_START","optimal_frame_size":640,"format":"slin16"}')
    assert start == MediaStart(640, "slin16")
    assert parse_control('{"event":"DTMF_END","digit":"#"}') == KeyPressed("#")
    assert parse_control('{"event":"MEDIA_XOFF"}') == FlowControl(stop=True)
    for junk in ("", "[]", "nonsense", '{"event":7}', '{"event":"DTMF_END"}'):
        assert parse_control(junk) is None
