"""Signed links: short, nothing personal, any change is noticed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.numbers import CHINA, make_order_no
from dispatch.tracking.errors import LinkError, LinkExpiredError
from dispatch.tracking.links import LENGTH, LinkMaker, LinkSigner, Purpose
from hotline.privacy import KeyRing

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
ORDER_NO = make_order_no("20260305", 1)
SIGNER = LinkSigner(bytes(range(32)))
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
ORDERS = st.builds(
    make_order_no,
    st.dates(date(2020, 1, 1), date(2060, 1, 1)).map("{:%Y%m%d}".format),
    st.integers(1, 99_999),
)
PURPOSES = st.sampled_from(list(Purpose))


@given(ORDERS, PURPOSES, st.integers(0, 3650))
def test_a_link_says_what_was_put_in(order_no: str, purpose: Purpose, days: int) -> None:
    token = SIGNER.make(order_no, purpose, NOW, days)
    link = SIGNER.read(token, NOW)
    assert (link.order_no, link.purpose) == (order_no, purpose)
    assert link.last_day == NOW.astimezone(CHINA).date() + timedelta(days=days)
    assert len(token) == LENGTH
    assert set(token) <= set(ALPHABET)
    assert SIGNER.read(token.upper(), NOW) == link, "typed in capitals it is the same"


@given(ORDERS, PURPOSES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_changed_character_is_noticed(
    order_no: str, purpose: Purpose, position: int, letter: str
) -> None:
    token = SIGNER.make(order_no, purpose, NOW, 90)
    changed = token[:position] + letter + token[position + 1 :]
    if changed != token:
        with pytest.raises(LinkError):
            SIGNER.read(changed, NOW)


@given(st.text(max_size=40) | st.text(alphabet=ALPHABET, min_size=LENGTH, max_size=LENGTH))
def test_made_up_links_are_refused(token: str) -> None:
    with pytest.raises(LinkError, match="12348"):
        SIGNER.read(token, NOW)


@given(ORDERS, PURPOSES)
def test_another_key_makes_other_links(order_no: str, purpose: Purpose) -> None:
    with pytest.raises(LinkError):
        LinkSigner(bytes(32)).read(SIGNER.make(order_no, purpose, NOW, 90), NOW)


def test_the_last_day_is_a_whole_day_in_china() -> None:
    token = SIGNER.make(ORDER_NO, Purpose.PROGRESS, NOW, 1)
    assert SIGNER.read(token, datetime(2026, 3, 6, 15, 59, 59, tzinfo=UTC))
    with pytest.raises(LinkExpiredError, match="过期"):
        SIGNER.read(token, datetime(2026, 3, 6, 16, 0, tzinfo=UTC))


@pytest.mark.parametrize("wrong", ["", "20260305000011", make_order_no("20191231", 1), "abc"])
def test_only_order_numbers_are_signed(wrong: str) -> None:
    with pytest.raises(ValueError):
        SIGNER.make(wrong, Purpose.RATING, NOW, 90)


def test_every_key_ring_has_links_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "a.json")
    other = KeyRing.create(tmp_path / "b.json")
    token = LinkSigner.of(ring).make(ORDER_NO, Purpose.RATING, NOW, 90)
    ring.rotate()
    assert LinkSigner.of(KeyRing(tmp_path / "a.json")).read(token, NOW).purpose is Purpose.RATING
    with pytest.raises(LinkError):
        LinkSigner.of(other).read(token, NOW)
    assert "key" not in repr(LinkSigner.of(ring))


def test_an_address_is_short_and_holds_no_number_in_clear() -> None:
    maker = LinkMaker(SIGNER, "https://www.example.gov.cn/", 90)
    address = maker.address(ORDER_NO, Purpose.PROGRESS, NOW)
    assert address.startswith("https://www.example.gov.cn/p/")
    assert len(address) == len("https://www.example.gov.cn/p/") + LENGTH
    assert "20260305" not in address
