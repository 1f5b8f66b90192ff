"""Order numbers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.numbers import china_day, is_order_no, luhn_digit, make_order_no

pytestmark = pytest.mark.unit


def test_a_number_is_day_sequence_and_check_digit() -> None:
    number = make_order_no("20260305", 42)
    assert number[:13] == "2026030500042"
    assert len(number) == 14
    assert is_order_no(number)


def test_luhn_as_published() -> None:
    assert luhn_digit("7992739871") == "3"


def test_the_day_is_chinas() -> None:
    assert china_day(datetime(2026, 3, 4, 15, 59, tzinfo=UTC)) == "20260304"
    assert china_day(datetime(2026, 3, 4, 16, 0, tzinfo=UTC)) == "20260305"


@given(st.integers(1, 99_999), st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(sequence: int, place: int, by: int) -> None:
    number = make_order_no("20260305", sequence)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert not is_order_no(wrong)


@pytest.mark.parametrize(
    "junk", ["", "1", "2026030500042", "２０２６０３０５０００４２７", "a" * 14]
)
def test_junk_is_no_number(junk: str) -> None:
    assert not is_order_no(junk)


@pytest.mark.parametrize("sequence", [0, 100_000])
def test_the_sequence_has_five_digits(sequence: int) -> None:
    with pytest.raises(ValueError, match="five digits"):
        make_order_no("20260305", sequence)
