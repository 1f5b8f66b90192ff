"""What the party and staff read of each step."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispatch.life.ports import OrderEvent
from dispatch.life.steps import STEPS
from dispatch.notices.templates import Templates
from dispatch.tracking import timeline
from dispatch.tracking.timeline import for_party, for_staff, headline
from hotline.domain.codes import OrderState

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
NAMES = {"aid-340100": "合肥市法律援助中心", "aid-340200": "芜湖市法律援助中心"}
NO = "20260305000024"


def an_event(step: str, seq: int = 1, actor: str = "person:anna", **fields: Any) -> OrderEvent:
    return OrderEvent(
        NO,
        seq,
        step,
        OrderState.TRIAGED,
        OrderState.ASSIGNED,
        actor,
        NOW + timedelta(hours=seq),
        fields,
    )


def words(step: str, *, confidential: bool = False, **fields: Any) -> str | None:
    entries = for_party([an_event(step, **fields)], NAMES, confidential=confidential)
    return entries[0].text if entries else None


def test_for_every_step_it_is_said_what_the_party_reads() -> None:
    assert set(timeline._PARTY) == set(STEPS)


def test_every_state_has_its_headline() -> None:
    assert {headline(state).text for state in OrderState}
    assert all(headline(state).next for state in OrderState)


def test_every_notice_of_a_step_has_a_text() -> None:
    wanted = {step.notice for step in STEPS.values() if step.notice}
    assert wanted <= set(Templates.load().texts)


@pytest.mark.parametrize(
    ("step", "fields", "text"),
    [
        ("assigned", {"institution": "aid-340100"}, "已转交合肥市法律援助中心办理"),
        ("assigned", {"institution": "unknown"}, "已转交承办单位办理"),
        ("reassigned", {"institution": "aid-340200"}, "已改由芜湖市法律援助中心办理"),
        ("extension_granted", {"until": "2026-03-12T16:30:00+00:00"}, "办理期限延长至3月13日"),
        ("extension_granted", {}, "办理期限已延长"),
        ("rated", {"level": "2"}, "您的评价：不满意"),
        ("closed", {"reason": "referred"}, "已办结：已告知其他途径"),
        ("merged", {"into": "20260305000032"}, "与您的另一件工单合并办理，编号20260305000032"),
        ("carded", {"clock": "feedback", "card": "2"}, None),
        ("noted", {}, None),
        ("a_step_of_the_future", {}, None),
    ],
)
def test_the_party_reads_plain_words(step: str, fields: dict[str, Any], text: str | None) -> None:
    assert words(step, **fields) == text


def test_of_a_confidential_order_the_institution_is_not_named() -> None:
    assert words("assigned", confidential=True, institution="aid-340100") == "已转交承办单位办理"


def test_no_word_for_the_party_is_a_code_or_a_name() -> None:
    for step in STEPS:
        text = words(step, level="4", reason="resolved", institution="x", until=NOW.isoformat())
        assert text is None or not re.search(r"[A-Za-z{}]", text)


def test_staff_read_everything_in_words_but_texts_only_with_the_right() -> None:
    events = [
        an_event(
            "assigned",
            institution="aid-340100",
            mode="assign",
            reasons=[{"rule": "region", "text": "同在合肥"}],
        ),
        an_event("extension_granted", seq=2, until="2026-03-12T09:30:00+00:00"),
        an_event("supplemented", seq=3, callback=True),
        an_event("carded", seq=4, actor="system", clock="feedback", card="2"),
    ]
    entries = for_staff(events, NAMES, None)
    assert [entry.label for entry in entries] == ["派送", "同意延期", "补充诉求", "亮牌预警"]
    assert entries[0].fields == (
        ("承办机构", "合肥市法律援助中心"),
        ("派单方式", "直接派送"),
        ("依据", "同在合肥"),
    )
    assert entries[1].fields == (("延期至", "2026-03-12 17:30"),)
    assert entries[2].fields == (("等待回拨", "是"),)
    assert entries[3].fields == (("时限", "反馈"), ("预警", "红牌"))
    assert all(entry.texts is None for entry in entries)
    entries = for_staff(events, NAMES, {3: {"note": "合同找到了"}})
    assert [entry.texts for entry in entries] == [(), (), (("说明", "合同找到了"),), ()]


def test_a_text_that_came_among_the_fields_is_not_shown() -> None:
    [entry] = for_staff([an_event("resolved", result="给孙大勇打了电话")], NAMES, None)
    assert entry.fields == ()
