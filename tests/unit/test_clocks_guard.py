"""Telling a clock that was set from time that passed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clocks.guard import HOLD_S, JUMP_S, ClockGuard

pytestmark = pytest.mark.unit
START = datetime(2026, 3, 5, 9, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@given(st.lists(st.floats(0.01, 3600), max_size=20), st.floats(-1, 1))
def test_time_that_passes_is_believed(waits: list[float], drift: float) -> None:
    guard, now = ClockGuard(), 0.0
    guard.jump(at(0), 0)
    for wait in waits:
        now += wait
        assert guard.jump(at(now + drift), now) == 0
        assert guard.wait(now) == 0


def test_a_clock_set_forward_is_believed_after_a_minute() -> None:
    guard = ClockGuard()
    guard.jump(at(0), 0)
    assert guard.jump(at(86_410), 10) == 86_400
    assert guard.wait(10) == HOLD_S
    assert guard.jump(at(86_425), 25) == 0
    assert guard.wait(25) == HOLD_S - 15
    assert guard.wait(10 + HOLD_S) == 0


def test_a_slip_put_right_in_time_is_forgotten() -> None:
    guard = ClockGuard()
    guard.jump(at(0), 0)
    guard.jump(at(86_410), 10)
    assert guard.jump(at(20), 20) == -86_400
    assert guard.wait(20) == 0


def test_a_clock_set_back_needs_no_wait() -> None:
    guard = ClockGuard()
    guard.jump(at(0), 0)
    assert guard.jump(at(-3590), 10) == -3600
    assert guard.wait(10) == 0
    assert guard.jump(at(-3580 + JUMP_S / 2), 20) == 0
