"""The same trouble told again is known; another one is not taken for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispatch.similar import MERGE_FROM, Comparison, Told, Verdict, compare, likeness
from hotline.domain.codes import ServiceType, Topic

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
ROWS = [
    line.split("\t")
    for line in (Path(__file__).parent / "similar_pairs.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
FIRST = Told(
    topic="wages",
    service_type=ServiceType.LEGAL_AID,
    region="340123",
    text="老板姓赵，欠了我们七个人四个月的工钱，一直不给。",
    name="孙大勇",
    id_hash=None,
    phones=frozenset({"p1"}),
    at=NOW - timedelta(days=3),
)
AGAIN = replace(FIRST, text="赵老板还是没给我们工钱，七个人四个月了。", at=NOW)


def rules(found: Comparison) -> set[str]:
    return {reason.rule for reason in found.reasons}


@pytest.mark.parametrize(("same", "topic", "first", "later"), ROWS)
def test_labelled_pairs(same: str, topic: str, first: str, later: str) -> None:
    assert topic in {member.value for member in Topic}
    old = replace(FIRST, topic=topic, text=first)
    new = replace(AGAIN, topic=topic, text=later)
    found = compare(new, old)
    assert found.verdict is (Verdict.SAME if same == "1" else Verdict.RELATED), found
    assert compare(replace(old, at=NOW), replace(new, at=FIRST.at)).verdict is found.verdict


def test_the_threshold_lies_between_what_must_and_what_must_not_be_merged() -> None:
    """Pairs whose words alone decide; those that only facts tell apart are left out."""
    scores = {"0": [], "1": []}  # type: dict[str, list[float]]
    for same, topic, first, later in ROWS:
        found = compare(
            replace(AGAIN, topic=topic, text=later), replace(FIRST, topic=topic, text=first)
        )
        if not rules(found) & {"amount", "people", "counterpart"}:
            scores[same].append(found.likeness)
    assert max(scores["0"]) < MERGE_FROM - 0.05
    assert min(scores["1"]) > MERGE_FROM + 0.04


def test_reasons_say_why_and_nothing_personal() -> None:
    found = compare(AGAIN, FIRST)
    assert found.verdict is Verdict.SAME
    text = "".join(reason.text for reason in found.reasons)
    assert "电话和姓名相同" in text and "3天" in text and "%" in text
    assert "赵" not in text and "孙" not in text


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"topic": "debt"}, "topic"),
        ({"region": "340207"}, "region"),
        ({"at": NOW + timedelta(days=40)}, "days"),
        ({"text": "我女儿在幼儿园被别的小朋友抓伤了脸。"}, "likeness"),
        ({"service_type": ServiceType.COMPLAINT}, "service"),
        ({"text": "李老板还是没给我们工钱，七个人四个月了。"}, "counterpart"),
        ({"text": "赵老板还是没给我们工钱，九个人四个月了。"}, "people"),
    ],
)
def test_what_speaks_against_merging(changed: dict[str, object], rule: str) -> None:
    found = compare(replace(AGAIN, **changed), FIRST)  # type: ignore[arg-type]
    assert found.verdict is Verdict.RELATED
    assert rule in rules(found)


def test_another_person_on_the_same_phone_is_another_party() -> None:
    assert compare(replace(AGAIN, name="孙小丽"), FIRST).verdict is Verdict.OTHER
    assert compare(replace(AGAIN, phones=frozenset({"p2"})), FIRST).verdict is Verdict.OTHER
    assert compare(replace(AGAIN, phones=frozenset()), FIRST).verdict is Verdict.OTHER
    one, two = replace(FIRST, id_hash="i1"), replace(AGAIN, id_hash="i2")
    assert compare(two, one).verdict is Verdict.OTHER
    moved = replace(AGAIN, id_hash="i1", phones=frozenset({"p9"}))
    assert compare(moved, one).verdict is Verdict.SAME


@pytest.mark.parametrize("name", [None, "孙先生", "孙*", "孙大永", "孙"])
def test_a_name_heard_otherwise_may_be_the_same_person(name: str | None) -> None:
    assert compare(replace(AGAIN, name=name), FIRST).verdict is Verdict.SAME


@pytest.mark.parametrize("region", [None, "340100", "340000", "340123"])
def test_a_county_is_in_its_city(region: str | None) -> None:
    assert compare(replace(AGAIN, region=region), FIRST).verdict is Verdict.SAME


def test_nothing_is_like_nothing() -> None:
    assert likeness("", "") == 0
    assert likeness("。。。", FIRST.text) == 0
    assert likeness(FIRST.text, FIRST.text) == 1
