"""Intake documents are checked at the edge: every refusal names the field and the mend."""

from dataclasses import replace
from typing import Any

import pytest

from dispatch.errors import IntakeError
from dispatch.validation import clean_intake
from hotline.domain.codes import ServiceType, Terminal, Urgency
from hotline.domain.orders import Intake

pytestmark = pytest.mark.unit
GOOD = Intake(
    terminal=Terminal.WEB,
    idempotency_key="web-1",
    service_type=ServiceType.MEDIATION,
    act="apply",
    topic="neighbour",
    urgency=Urgency.NORMAL,
    title="邻里漏水，芜湖市镜湖区",
    description="楼上漏水，把我家天花板泡坏了，找过几次都不管。",
    contact_name="钱秀兰",
    contact_phone="138 0553 1234",
    caller_number=None,
    region="340202",
)


def test_a_good_document_is_brought_into_form() -> None:
    clean = clean_intake(replace(GOOD, contact_phone="+86 138-0553-1235", title="  邻里漏水 "))
    assert clean.contact_phone == "13805531235"
    assert clean.title == "邻里漏水"
    assert clean_intake(replace(GOOD, contact_phone=" ")).contact_phone is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("idempotency_key", ""),
        ("idempotency_key", "x" * 121),
        ("idempotency_key", "with blank"),
        ("act", "unknown"),
        ("topic", "unknown"),
        ("emergency", "fire"),
        ("region", "34"),
        ("region", "合肥"),
        ("title", "   "),
        ("title", "长" * 121),
        ("description", ""),
        ("description", "很" * 10_001),
        ("description", "坏字符\x00"),
        ("description", "坏字符\x1b[2J"),
        ("description", "半个\ud800"),
        ("contact_name", "名" * 61),
        ("contact_phone", "没有电话"),
        ("contact_phone", "1380553123413805531234"),
        ("caller_number", "abc"),
        ("since", "久" * 61),
        ("extra", {str(number): "x" for number in range(21)}),
        ("extra", {"note": "\x07"}),
    ],
)
def test_a_wrong_field_is_named_with_its_mend(field: str, value: Any) -> None:
    with pytest.raises(IntakeError) as caught:
        clean_intake(replace(GOOD, **{field: value}))
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}：")
    assert caught.value.status == 422
    if isinstance(value, str) and len(value) > 3:
        assert value not in str(caught.value), "the message repeats no personal data"


def test_line_breaks_are_no_control_characters() -> None:
    assert clean_intake(replace(GOOD, description="第一行\n第二行")).description.count("\n") == 1


def test_an_id_number_is_checked() -> None:
    good = clean_intake(replace(GOOD, extra={"id_number": "11010519491231002x"}))
    assert good.extra["id_number"] == "11010519491231002X"
    with pytest.raises(IntakeError) as caught:
        clean_intake(replace(GOOD, extra={"id_number": "110105194912310021"}))
    assert caught.value.field == "extra.id_number"
