"""Deadlines: how long, warned of and escalated when; pauses, new deadlines, jumping clocks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.clocks.limits import Facts, Limits
from dispatch.clocks.policy import Due, Escalate, Expire, GiveCard, Policy, Running
from hotline.calendar import CHINA, Calendar
from hotline.domain.order_codes import Card, Clock
from hotline.errors import SettingsError
from hotline.settings_orders import DeadlineRule, DeadlineSettings

pytestmark = pytest.mark.unit
CALENDAR = Calendar()
for year in range(2024, 2031):
    CALENDAR.year(year)  # loaded before examples are timed
POLICY = Policy(DeadlineSettings(), CALENDAR)
NORMAL = Facts("normal", "consultation", "wages", "340104", "simple")
COMPLEX = replace(NORMAL, complexity="complex")
URGENT = replace(NORMAL, urgency="urgent")
EMERGENCY = replace(NORMAL, urgency="emergency")
AGAIN = replace(NORMAL, reopened=True)
YELLOW, RED = GiveCard(Clock.FEEDBACK, Card.YELLOW), GiveCard(Clock.FEEDBACK, Card.RED)

minutes = st.integers(0, 3 * 365 * 1440)
moments = minutes.map(lambda m: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
waits = st.integers(1, 40 * 1440).map(lambda m: timedelta(minutes=m))
carded = st.sampled_from([c for c in Clock if c not in (Clock.CLAIM, Clock.RETURN)])
cases = st.sampled_from([NORMAL, COMPLEX, URGENT, EMERGENCY, AGAIN])


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def live(clock: Running, moments: list[datetime]) -> tuple[Running, list[Due]]:
    """Scan at these moments, doing what is due as the scan does."""
    acts: list[Due] = []
    for now in moments:
        while due := POLICY.decide(clock, now):
            acts.append(due[0])
            clock = replace(clock, level=due[0].level)
    return clock, acts


@pytest.mark.parametrize(
    ("clock", "facts", "limit"),
    [
        (Clock.DISPATCH, NORMAL, "1wd"),
        (Clock.FEEDBACK, NORMAL, "5wd"),
        (Clock.FEEDBACK, COMPLEX, "15wd"),
        (Clock.FEEDBACK, URGENT, "1h"),
        (Clock.FEEDBACK, EMERGENCY, "1h"),
        (Clock.FEEDBACK, replace(URGENT, complexity="complex", reopened=True), "1h"),
        (Clock.FEEDBACK, AGAIN, "1wd"),
        (Clock.FEEDBACK, replace(AGAIN, complexity="complex"), "1wd"),
        (Clock.RETURN, URGENT, "2wd"),
        (Clock.ACCEPT, NORMAL, "1wd"),
        (Clock.ACCEPT, URGENT, "30m"),
        (Clock.FOLLOW_UP, NORMAL, "1wd"),
        (Clock.EXTENSION, NORMAL, "1wd"),
        (Clock.ARCHIVE, NORMAL, "5wd"),
        (Clock.TRIAGE, NORMAL, "4wh"),
        (Clock.CLAIM, NORMAL, "2wh"),
    ],
)
def test_the_usual_deadlines(clock: Clock, facts: Facts, limit: str) -> None:
    assert str(POLICY.limit(clock, facts)) == limit


@given(st.sampled_from(list(Clock)), cases)
def test_every_clock_has_a_deadline_for_every_order(clock: Clock, facts: Facts) -> None:
    assert POLICY.limit(clock, facts).amount > 0


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        (replace(NORMAL, region="341822"), "5wd"),
        (replace(NORMAL, region=None), "5wd"),
        (NORMAL, "7wd"),  # its city's
        (replace(NORMAL, region="340122"), "8wd"),  # its county's before its city's
        (replace(NORMAL, topic="land"), "10wd"),  # the topic before the place
        (replace(NORMAL, topic="land", region="340122"), "10wd"),
        (replace(NORMAL, service_type="legal_aid", region="341822"), "3wd"),
        (URGENT, "1h"),  # urgent stays urgent where a region has more time
        (replace(COMPLEX, topic="land"), "15wd"),  # complex is more particular than a topic
        (replace(URGENT, topic="domestic_violence"), "30m"),
    ],
)
def test_the_most_particular_rule_wins(facts: Facts, limit: str) -> None:
    own = [
        {"clock": "feedback", "region": "340100", "limit": "9wd"},
        {"clock": "feedback", "region": "340100", "limit": "7wd"},  # the later of two alike
        {"clock": "feedback", "region": "340122", "limit": "8wd"},
        {"clock": "feedback", "topic": "land", "limit": "10wd"},
        {"clock": "feedback", "service_type": "legal_aid", "limit": "3wd"},
        {
            "clock": "feedback",
            "topic": "domestic_violence",
            "urgency": "urgent",
            "limit": "30m",
        },
    ]
    limits = Limits(DeadlineRule.model_validate(rule) for rule in own)
    assert str(limits.of(Clock.FEEDBACK, facts)) == limit


def test_a_rule_for_the_province_covers_it_all() -> None:
    rule = DeadlineRule(clock=Clock.ACCEPT, region="340000", limit="2wd")
    limits = Limits([rule])
    assert str(limits.of(Clock.ACCEPT, NORMAL)) == "2wd"
    assert str(limits.of(Clock.ACCEPT, replace(NORMAL, region="320100"))) == "1wd"


def test_a_limit_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match="above 0"):
        Limits([DeadlineRule(clock=Clock.ACCEPT, limit="0wd")])


@pytest.mark.parametrize(
    ("clock", "facts", "start", "warn", "due"),
    [
        # Thursday; yellow one working day before
        (Clock.FEEDBACK, NORMAL, "2026-03-05 09:00", "2026-03-11 17:30", "2026-03-12 17:30"),
        # over the National Day
        (Clock.FEEDBACK, NORMAL, "2026-09-28 09:00", "2026-10-09 17:30", "2026-10-10 17:30"),
        # one working day is short: yellow when three quarters of its 13.5 hours are gone
        (Clock.DISPATCH, NORMAL, "2026-03-05 09:00", "2026-03-06 14:07:30", "2026-03-06 17:30"),
        # an hour, at night and in the holidays
        (Clock.FEEDBACK, URGENT, "2026-10-01 23:30", "2026-10-02 00:15", "2026-10-02 00:30"),
    ],
)
def test_yellow_cards(clock: Clock, facts: Facts, start: str, warn: str, due: str) -> None:
    begun = POLICY.start(clock, facts, china(start))
    assert (begun.warn_at, begun.due_at) == (china(warn), china(due))
    assert POLICY.next_at(begun) == begun.warn_at


def test_cards_and_escalations_in_sequence() -> None:
    clock = POLICY.start(Clock.FEEDBACK, NORMAL, china("2026-03-05 09:00"))
    seen = []
    while (at := POLICY.next_at(clock)) is not None:
        (due,) = POLICY.decide(clock, at)
        assert POLICY.decide(clock, at - timedelta(seconds=1)) == ()
        clock = replace(clock, level=due.level)
        seen.append((at.astimezone(CHINA).strftime("%m-%d %H:%M"), due.act, clock.card))
    assert seen == [
        ("03-11 17:30", YELLOW, 1),
        ("03-12 17:30", RED, 2),
        ("03-13 17:30", Escalate(Clock.FEEDBACK, 1), 2),
        ("03-17 17:30", Escalate(Clock.FEEDBACK, 2), 2),
        ("03-19 17:30", Escalate(Clock.FEEDBACK, 3), 2),
    ]


def test_an_urgent_order_is_escalated_within_hours() -> None:
    clock = POLICY.start(Clock.ACCEPT, URGENT, china("2026-10-01 23:30"))
    _, acts = live(clock, [china("2026-10-02 01:00")])
    assert [due.act for due in acts] == [
        GiveCard(Clock.ACCEPT, Card.RED),
        Escalate(Clock.ACCEPT, 1),
        Escalate(Clock.ACCEPT, 2),
    ]


def test_an_offer_expires_and_a_right_to_return_just_lapses() -> None:
    now = china("2026-03-05 09:00")
    offer = POLICY.start(Clock.CLAIM, NORMAL, now, now + timedelta(minutes=30))
    assert POLICY.next_at(offer) == now + timedelta(minutes=30)
    done, acts = live(offer, [now + timedelta(hours=9)])
    assert [due.act for due in acts] == [Expire(Clock.CLAIM)]
    assert (POLICY.next_at(done), done.card) == (None, 0)
    right = POLICY.start(Clock.RETURN, NORMAL, now)
    assert right.due_at == china("2026-03-09 17:30")
    assert POLICY.next_at(right) is None


def test_what_is_not_to_be_escalated_has_cards_only() -> None:
    clock = POLICY.start(Clock.ARCHIVE, NORMAL, china("2026-03-05 09:00"))
    _, acts = live(clock, [china("2026-03-11 17:30"), china("2027-03-11 17:30")])
    assert [type(due.act) for due in acts] == [GiveCard, GiveCard]


def test_a_pause_over_a_weekend() -> None:
    begun = POLICY.start(Clock.FEEDBACK, NORMAL, china("2026-03-05 09:00"))
    paused = POLICY.pause(begun, china("2026-03-06 11:30"))
    assert POLICY.next_at(paused) is None
    assert paused.left_s == (0.5 + 3.5 + 4 * 7) * 3600  # the rest of Friday and four days
    resumed = POLICY.resume(paused, china("2026-03-10 15:00"))
    assert resumed.due_at == china("2026-03-17 10:00")
    assert resumed.warn_at == china("2026-03-16 10:00")


@given(carded, cases, moments, waits, waits, waits)
def test_pauses_conserve_what_is_used_and_left(
    name: Clock, facts: Facts, start: datetime, a: timedelta, b: timedelta, c: timedelta
) -> None:
    begun = POLICY.start(name, facts, start)

    def count(clock: Running, x: datetime, y: datetime) -> float:
        return (y - x).total_seconds() if clock.elapsed else CALENDAR.between(x, y)

    pause, resume, later = start + a, start + a + b, start + a + b + c
    resumed = POLICY.resume(POLICY.pause(begun, pause), resume)
    assert count(begun, pause, begun.due_at) == pytest.approx(
        count(resumed, resume, resumed.due_at), abs=1e-3
    )
    assert count(begun, start, pause) == pytest.approx(
        count(resumed, resumed.started_at, resume), abs=1e-3
    )
    again = POLICY.resume(POLICY.pause(resumed, later), later)
    assert count(again, later, again.due_at) == pytest.approx(
        count(resumed, later, resumed.due_at), abs=1e-3
    )
    twice = POLICY.pause(POLICY.pause(begun, pause), later)
    assert twice == POLICY.pause(begun, pause)
    assert POLICY.resume(begun, later) == begun


@given(carded, cases, moments, st.lists(waits, max_size=12), st.data())
def test_whatever_the_clock_does_each_level_comes_once_and_none_is_lost(
    name: Clock, facts: Facts, start: datetime, jumps: list[timedelta], data: st.DataObject
) -> None:
    """Scans at moments forward and back, restarts in between: the row is all there is."""
    clock = POLICY.start(name, facts, start)
    back = data.draw(st.lists(st.booleans(), min_size=len(jumps), max_size=len(jumps)))
    now, looks = start, []
    for jump, backwards in zip(jumps, back, strict=True):
        now += -jump if backwards else jump
        looks.append(now)
    clock, acts = live(clock, looks)
    levels = [due.level for due in acts]
    assert levels == sorted(set(levels))
    latest = max(looks, default=start)
    for due in acts:
        assert due.level <= clock.level
    assert POLICY.decide(clock, latest) == ()
    end = start + timedelta(days=400)
    clock, rest = live(clock, [end, end])
    levels += [due.level for due in rest]
    escalated = name in DeadlineSettings().escalate
    assert set(levels) - {1} == ({2, 3, 4, 5} if escalated else {2})
    assert levels == sorted(set(levels))
    assert POLICY.next_at(clock) is None


@given(carded, cases, moments)
def test_warned_before_due_and_after_the_start(name: Clock, facts: Facts, start: datetime) -> None:
    clock = POLICY.start(name, facts, start)
    assert clock.warn_at is not None
    assert start < clock.warn_at < clock.due_at


def test_an_extension_takes_cards_back() -> None:
    begun = POLICY.start(Clock.FEEDBACK, NORMAL, china("2026-03-05 09:00"))
    red, _ = live(begun, [china("2026-03-12 18:00")])
    assert red.card == 2
    longer = POLICY.extend(red, china("2026-03-20 17:30"))
    assert (longer.card, longer.warn_at) == (0, china("2026-03-19 17:30"))
    assert POLICY.reckon(longer, NORMAL, china("2026-03-13 09:00")) == longer


def test_a_paused_clock_can_be_extended() -> None:
    begun = POLICY.start(Clock.FEEDBACK, NORMAL, china("2026-03-05 09:00"))
    paused = POLICY.pause(begun, china("2026-03-12 10:00"))
    longer = POLICY.extend(paused, china("2026-03-13 10:00"))
    assert longer.left_s == 7 * 3600
    resumed = POLICY.resume(longer, china("2026-03-16 08:30"))
    assert resumed.due_at == china("2026-03-16 17:30")


@pytest.mark.parametrize(
    ("start", "facts", "now", "becomes", "due"),
    [
        # found complex on the second day: from when it began
        ("2026-03-05 09:00", NORMAL, "2026-03-06 10:00", COMPLEX, "2026-03-26 17:30"),
        # found urgent within the hour: what is left of it
        ("2026-03-05 09:00", NORMAL, "2026-03-05 09:20", URGENT, "2026-03-05 10:00"),
        # found urgent on the third day: an hour from then
        ("2026-03-05 09:00", NORMAL, "2026-03-09 20:00", URGENT, "2026-03-09 21:00"),
        # ten minutes before it was due anyway: not later than it was
        ("2026-03-05 09:00", NORMAL, "2026-03-12 17:20", URGENT, "2026-03-12 17:30"),
        # not so urgent after all
        ("2026-03-05 09:00", URGENT, "2026-03-05 10:30", NORMAL, "2026-03-12 17:30"),
        # something else was corrected
        ("2026-03-05 09:00", NORMAL, "2026-03-06 10:00", NORMAL, "2026-03-12 17:30"),
    ],
)
def test_reckoning_anew(start: str, facts: Facts, now: str, becomes: Facts, due: str) -> None:
    clock = POLICY.start(Clock.FEEDBACK, facts, china(start))
    assert POLICY.reckon(clock, becomes, china(now)).due_at == china(due)


def test_reckoning_anew_while_paused() -> None:
    begun = POLICY.start(Clock.FEEDBACK, NORMAL, china("2026-03-05 09:00"))
    paused = POLICY.pause(begun, china("2026-03-06 10:00"))
    urgent = POLICY.reckon(paused, URGENT, china("2026-03-09 10:00"))
    assert (urgent.left_s, POLICY.next_at(urgent)) == (3600, None)
    assert POLICY.resume(urgent, china("2026-03-09 22:00")).due_at == china("2026-03-09 23:00")


@given(moments, waits, cases, cases)
def test_reckoning_never_gives_a_late_order_more_than_it_is_due(
    start: datetime, wait: timedelta, was: Facts, becomes: Facts
) -> None:
    clock = POLICY.start(Clock.FEEDBACK, was, start)
    now = start + wait
    due = POLICY.reckon(clock, becomes, now).due_at
    whole = CALENDAR.add(start, POLICY.limit(Clock.FEEDBACK, becomes))
    assert due <= max(clock.due_at, whole)
