"""Quiet hours, refusals, replies: hypothesis over whole years of moments."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.daytime import DailyWindow, china_midnight
from dispatch.notices.desk import policy_of
from dispatch.notices.errors import NoticeSettingsError
from dispatch.notices.rules import (
    NoticePolicy,
    Party,
    Refusal,
    Wish,
    earliest,
    is_full,
    is_mobile,
    is_stale,
    read_reply,
    refuse,
)
from hotline.privacy import normalise_phone
from hotline.settings_orders import NoticeSettings

pytestmark = pytest.mark.unit
DAY = 86_400
MOMENTS = st.integers(0, 200_000_000_000_000).map(
    lambda microseconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)
WINDOWS = (
    st.tuples(st.integers(0, DAY - 1), st.integers(0, DAY))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: DailyWindow(*pair))
)
NIGHT = DailyWindow.parse("22:00-08:00")
POLICY = NoticePolicy(
    NIGHT, 5, timedelta(hours=72), frozenset({"domestic_violence"}), frozenset({"violence"})
)


def china(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


@given(WINDOWS, MOMENTS)
def test_the_first_moment_inside_is_inside_and_none_is_earlier(
    window: DailyWindow, at: datetime
) -> None:
    found = window.first_inside(at)
    assert window.holds(found)
    assert at <= found < at + timedelta(days=1)
    if found > at:
        assert not window.holds(at)
        assert not window.holds(found - timedelta(microseconds=1))


@given(WINDOWS.filter(lambda window: not window.whole), MOMENTS)
def test_the_first_moment_outside_is_outside_and_none_is_earlier(
    window: DailyWindow, at: datetime
) -> None:
    found = window.first_outside(at)
    assert not window.holds(found)
    assert at <= found < at + timedelta(days=1)
    if found > at:
        assert window.holds(at)
        assert window.holds(found - timedelta(microseconds=1))


@given(WINDOWS, MOMENTS)
def test_a_window_is_the_same_every_day(window: DailyWindow, at: datetime) -> None:
    assert window.holds(at) == window.holds(at + timedelta(days=1))
    assert china_midnight(at) <= at < china_midnight(at) + timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        ("2026-03-05T21:59:59", "2026-03-05T21:59:59"),
        ("2026-03-05T22:00:00", "2026-03-06T08:00:00"),
        ("2026-03-06T00:00:00", "2026-03-06T08:00:00"),
        ("2026-03-06T07:59:59", "2026-03-06T08:00:00"),
        ("2026-03-06T08:00:00", "2026-03-06T08:00:00"),
        ("2026-12-31T23:30:00", "2027-01-01T08:00:00"),
    ],
)
def test_at_night_a_message_waits_for_the_morning(at: str, goes: str) -> None:
    assert earliest(POLICY, False, china(at)) == china(goes)
    assert earliest(POLICY, True, china(at)) == china(at), "emergencies do not wait"


@pytest.mark.parametrize(
    "text", ["", "22-8", "24:00-08:00", "08:00-25:00", "08:00-08:00", "8:00-9:00", "22:00－08:00"]
)
def test_a_window_written_wrong_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="window"):
        DailyWindow.parse(text)


def test_settings_of_quiet_hours() -> None:
    assert policy_of(NoticeSettings(quiet=" ")).quiet is None
    assert policy_of(NoticeSettings()).quiet == NIGHT
    for wrong in ("night", "00:00-24:00"):
        with pytest.raises(NoticeSettingsError, match=r"notices\.quiet"):
            policy_of(NoticeSettings(quiet=wrong))


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({}, None),
        ({"number": None}, Refusal.NO_NUMBER),
        ({"number": "055162881234"}, Refusal.NOT_MOBILE),
        ({"number": "110"}, Refusal.NOT_MOBILE),
        ({"opted_out": True}, Refusal.OPTED_OUT),
        ({"opted_out": True, "urgent": True}, Refusal.OPTED_OUT),
        ({"topic": "domestic_violence"}, Refusal.UNSAFE),
        ({"emergency": "violence", "urgent": True}, Refusal.UNSAFE),
        ({"emergency": "suicide", "urgent": True}, None),
    ],
)
def test_who_is_not_written_to(changed: dict[str, object], refusal: Refusal | None) -> None:
    base: dict[str, object] = {"number": "13955512345", "topic": "wages", "urgent": False}
    assert refuse(POLICY, Party(**(base | changed))) is refusal  # type: ignore[arg-type]


@given(st.text(alphabet="0123456789+- ()", max_size=20))
def test_only_eleven_digits_from_13_to_19_are_a_mobile_number(text: str) -> None:
    number = normalise_phone(text)
    if number is not None and is_mobile(number):
        assert len(number) == 11
        assert 13 <= int(number[:2]) <= 19


def test_a_full_day_and_a_stale_message() -> None:
    now = china("2026-03-05T10:00:00")
    assert [is_full(POLICY, count) for count in (4, 5, 6)] == [False, True, True]
    assert not is_stale(POLICY, now - timedelta(hours=72), now)
    assert is_stale(POLICY, now - timedelta(hours=72, seconds=1), now)


@pytest.mark.parametrize("text", ["TD", "td", " T D ", "退订", "退订。", "回复TD", "拒收"])
def test_replies_that_stop(text: str) -> None:
    assert read_reply(text) is Wish.STOP


@pytest.mark.parametrize("text", ["DY", "恢复", "订阅！"])
def test_replies_that_start_again(text: str) -> None:
    assert read_reply(text) is Wish.START


@pytest.mark.parametrize("text", ["", "谢谢", "我要退订单", "TDD", "不要退订"])
def test_other_replies_change_nothing(text: str) -> None:
    assert read_reply(text) is None
