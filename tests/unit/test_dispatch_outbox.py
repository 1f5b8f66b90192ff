"""When messages are sent again: decisions without I/O."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.hub.outbox import (
    Answer,
    Breaker,
    Policy,
    Verdict,
    decide,
    delay,
    parse_retry_after,
    read_answer,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
POLICY = Policy(max_attempts=4, first_s=1, factor=2, cap_s=60, jitter=0.2)
FAILED = Answer(Verdict.FAILED, code="http-500")
AWAY = Answer(Verdict.UNREACHABLE, code="connect")
TAKEN = Answer(Verdict.ACKNOWLEDGED, receipt="AH1")


def middle() -> float:
    return 0.5


@pytest.mark.parametrize(
    ("status", "data", "verdict", "code"),
    [
        (201, {"receipt": "AH1"}, Verdict.ACKNOWLEDGED, ""),
        (200, {"receipt": "AH1", "duplicate": True}, Verdict.ACKNOWLEDGED, ""),
        (200, {}, Verdict.FAILED, "no-receipt"),
        (200, None, Verdict.FAILED, "no-receipt"),
        (200, {"receipt": 7}, Verdict.FAILED, "no-receipt"),
        (200, {"receipt": "x" * 81}, Verdict.FAILED, "no-receipt"),
        (302, None, Verdict.FAILED, "http-302"),
        (401, {"error": {"code": "bad-signature"}}, Verdict.FAILED, "bad-signature"),
        (404, None, Verdict.FAILED, "http-404"),
        (409, {"error": {"code": "sequence-gap"}}, Verdict.FAILED, "sequence-gap"),
        (409, {"error": {"code": "idempotency-conflict"}}, Verdict.REFUSED, "idempotency-conflict"),
        (413, None, Verdict.REFUSED, "http-413"),
        (422, {"error": {"code": "bad-message"}}, Verdict.REFUSED, "bad-message"),
        (422, {"error": "text"}, Verdict.REFUSED, "http-422"),
        (429, None, Verdict.BUSY, "http-429"),
        (500, {"error": {"code": 7}}, Verdict.FAILED, "http-500"),
        (502, None, Verdict.BUSY, "http-502"),
        (503, None, Verdict.BUSY, "http-503"),
    ],
)
def test_every_response_has_one_meaning(
    status: int, data: object, verdict: Verdict, code: str
) -> None:
    answer = read_answer(POLICY, status, data, None, NOW)
    assert (answer.verdict, answer.code) == (verdict, code)


def test_retry_after_is_seconds_or_a_date_and_has_a_limit() -> None:
    assert parse_retry_after("7", NOW, 100) == 7
    assert parse_retry_after("100000", NOW, 100) == 100
    assert parse_retry_after("Thu, 05 Mar 2026 08:00:30 GMT", NOW, 100) == 30
    assert parse_retry_after("Thu, 05 Mar 2026 07:00:00 GMT", NOW, 100) == 0
    assert parse_retry_after("soon", NOW, 100) is None
    assert parse_retry_after(None, NOW, 100) is None


def test_failures_back_off_and_end_with_a_person() -> None:
    attempts, waits = 0, []
    while True:
        following = decide(POLICY, attempts, FAILED, NOW, middle)
        attempts = following.attempts
        if following.next_at is None:
            break
        waits.append((following.next_at - NOW).total_seconds())
    assert waits == [1, 2, 4]
    assert (following.state, attempts, following.error) == ("dead", 4, "http-500")


def test_delays_grow_to_a_cap_and_vary_by_a_fifth() -> None:
    plain = [delay(POLICY, count, POLICY.cap_s, middle) for count in range(1, 12)]
    assert plain[:4] == [1, 2, 4, 8]
    assert plain[-1] == 60
    assert delay(POLICY, 3, 60, lambda: 0.0) == pytest.approx(3.2)
    assert delay(POLICY, 3, 60, lambda: 1.0) == pytest.approx(4.8)
    assert delay(POLICY, 10_000, 60, middle) == 60


def test_the_hubs_wish_to_wait_is_kept() -> None:
    asked = Answer(Verdict.FAILED, code="x", retry_after=45.0)
    following = decide(POLICY, 0, asked, NOW, middle)
    assert following.next_at == NOW + timedelta(seconds=45)


@pytest.mark.parametrize("verdict", [Verdict.UNREACHABLE, Verdict.BUSY])
def test_a_hub_that_is_away_or_busy_costs_no_attempt_and_no_place(verdict: Verdict) -> None:
    following = decide(POLICY, 3, Answer(verdict, code="x"), NOW, middle)
    assert (following.state, following.attempts, following.next_at) == ("pending", 3, None)


def test_acknowledged_and_refused_end_it() -> None:
    assert decide(POLICY, 2, TAKEN, NOW).state == "sent"
    refused = decide(POLICY, 0, Answer(Verdict.REFUSED, code="bad-message"), NOW)
    assert (refused.state, refused.error) == ("dead", "bad-message")


def test_the_breaker_lets_one_through_to_look() -> None:
    breaker = Breaker(POLICY, middle)
    assert breaker.allowance(16, NOW) == 16
    assert not breaker.note(AWAY, NOW)
    assert breaker.allowance(16, NOW) == 0
    assert breaker.wait(NOW) == 1
    later = NOW + timedelta(seconds=1)
    assert breaker.allowance(16, later) == 1
    breaker.note(AWAY, later)
    assert breaker.wait(later) == 2
    assert breaker.note(TAKEN, later)
    assert breaker.allowance(16, later) == 16
    assert not breaker.note(TAKEN, later)


def test_single_failures_do_not_hold_others_up_a_row_of_them_does() -> None:
    breaker = Breaker(POLICY, middle)
    breaker.note(FAILED, NOW)
    breaker.note(FAILED, NOW)
    breaker.note(TAKEN, NOW)
    breaker.note(FAILED, NOW)
    breaker.note(FAILED, NOW)
    assert not breaker.is_open
    breaker.note(FAILED, NOW)
    assert breaker.is_open


def test_the_longest_pause_is_short_so_that_a_returning_hub_is_seen_soon() -> None:
    breaker = Breaker(POLICY, middle)
    for _ in range(500):
        breaker.note(AWAY, NOW)
    assert breaker.wait(NOW) == POLICY.outage_cap_s


def test_busy_waits_as_long_as_the_hub_asks() -> None:
    breaker = Breaker(POLICY, middle)
    breaker.note(Answer(Verdict.BUSY, code="busy", retry_after=33.0), NOW)
    assert breaker.wait(NOW) == 33
