"""Numbers in one form, masks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.privacy import (
    hide_text,
    mask_address,
    mask_id_number,
    mask_name,
    mask_phone,
    normalise_id_number,
    normalise_phone,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("13800138000", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("138-0013-8000", "13800138000"),
        ("+86 138 0013 8000", "13800138000"),
        ("0086-13800138000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("013800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("0551-6288 1234", "055162881234"),
        ("(0551)62881234", "055162881234"),
        ("+86 551 62881234", "055162881234"),
        ("+86 10 62881234", "01062881234"),
        ("+1 650 253 0000", "0016502530000"),
        ("4008123123", "4008123123"),
        ("110", "110"),
        ("12348", "12348"),
    ],
)
def test_every_way_of_writing_a_number_is_one_number(written: str, plain: str) -> None:
    assert normalise_phone(written) == plain
    assert normalise_phone(plain) == plain


@pytest.mark.parametrize(
    "junk", ["", "12", "anonymous", "138001380001380013800", "1380013800x", "一三八"]
)
def test_what_is_no_number_is_none(junk: str) -> None:
    assert normalise_phone(junk) is None


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise_phone(text)
    if once is not None:
        assert once.isascii()
        assert once.isdigit()
        assert normalise_phone(once) == once


def test_id_numbers_are_checked_by_their_last_character() -> None:
    assert normalise_id_number("11010519491231002x") == "11010519491231002X"
    assert normalise_id_number("110105 1949 1231 002X") == "11010519491231002X"
    assert normalise_id_number("110105194912310021") is None
    assert normalise_id_number("1101051949123100") is None


def test_masks_keep_what_helps_and_hide_the_rest() -> None:
    assert mask_phone("13812341234") == "138****1234"
    assert mask_phone("055162881234") == "055****1234"
    assert mask_phone("62881234") == "62****34"
    assert mask_phone("110") == "***"
    assert mask_name("王小明") == "王*"
    assert mask_name("欧阳小明") == "欧阳*"
    assert mask_name("欧阳") == "欧*"
    assert mask_id_number("11010519491231002X") == "110***********002X"
    assert mask_address("合肥市蜀山区长江西路88号") == "合肥市蜀山区****"
    assert mask_address("某地") == "****"
    assert hide_text("我叫王小明") == "（5字，无权查看）"
    assert [mask_phone(None), mask_name(None), hide_text(None)] == [None, None, None]


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_masked_mobile_hides_its_middle(phone: str) -> None:
    masked = mask_phone(phone)
    assert masked is not None
    assert masked[3:7] == "****"
    assert len(masked) == len(phone)
