"""Regions understood from a sentence; offices told without ever telling what is not confirmed."""

from dataclasses import replace
from datetime import date

import pytest

from hotline.knowledge.models import Office, OfficeKind
from hotline.knowledge.search import KnowledgeBase
from hotline.knowledge.speech import speak_office

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    return KnowledgeBase.load()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("我在肥西县", ["肥西县"]),
        ("我在肥西", ["肥西县"]),
        ("家住合肥市蜀山区，老房子", ["蜀山区"]),
        ("在合肥打工，老家是太和县", ["太和县", "合肥市"]),
        ("我是无为的", ["无为市"]),
        ("无为", ["无为市"]),
        ("讲究无为而治", []),
        ("天长地久", []),
        ("我是天长市人", ["天长市"]),
        ("老家来安", ["来安县"]),
        ("我回来安排一下", []),
        ("去黄山旅游被骗了", ["黄山市"]),
        ("黄山市黄山区", ["黄山区"]),
        ("黄山区的", ["黄山区"]),
        ("马鞍山和县", ["和县"]),
        ("他和县里的人打架", []),
        ("铜陵郊区", ["郊区"]),
        ("住在郊区", []),
        ("太湖边上", []),
        ("安庆太湖", ["太湖县"]),
        ("合肥高新区", ["合肥市"]),
        ("上海市黄浦区", []),
        ("老板不给钱", []),
        ("", []),
    ],
)
def test_a_place_is_found_as_people_say_it(
    knowledge: KnowledgeBase, text: str, names: list[str]
) -> None:
    assert [region.name for region in knowledge.find_region(text)] == names


@pytest.mark.parametrize(
    ("heard", "name"),
    [
        ("我在飞西县", "肥西县"),
        ("陆安", "六安市"),
        ("除州市", "滁州市"),
        ("领璧县", "灵璧县"),
        ("经县", "泾县"),
    ],
)
def test_a_misheard_place_is_found_by_its_sound(
    knowledge: KnowledgeBase, heard: str, name: str
) -> None:
    assert [region.name for region in knowledge.find_region(heard)] == [name]


@pytest.mark.parametrize("text", ["我在苏州", "苏州", "惠州"])
def test_places_elsewhere_that_sound_like_ours_are_not_ours(
    knowledge: KnowledgeBase, text: str
) -> None:
    assert knowledge.find_region(text) == []


def test_every_region_is_found_by_its_full_name(knowledge: KnowledgeBase) -> None:
    for region in knowledge.regions:
        assert region in knowledge.find_region(f"我家在安徽省{region.city}{region.name}")


OFFICE = Office(
    id="test.legal_aid",
    kind=OfficeKind.LEGAL_AID,
    city="合肥市",
    county=None,
    name="示例法律援助中心",
    address="示例路1号",
    telephone="0551-00000000",
    hours="工作日上午九点到下午五点",
    source="测试",
    source_date=date(2026, 11, 23),
    confirmed=True,
)


def test_a_confirmed_office_is_told_in_full() -> None:
    assert speak_office(OFFICE) == (
        "示例法律援助中心，地址在示例路1号，电话是0551-00000000，办公时间是工作日上午九点到下午五点。"
    )
    assert "电话" not in speak_office(replace(OFFICE, telephone=None))


def test_an_unconfirmed_office_gives_away_nothing() -> None:
    said = speak_office(replace(OFFICE, confirmed=False))
    assert "示例路" not in said and "0551" not in said and "九点" not in said
    assert "转人工" in said and "12348" in said


def test_offices_of_a_county_fall_back_to_its_city(knowledge: KnowledgeBase) -> None:
    (office,) = knowledge.offices("肥西", OfficeKind.LEGAL_AID)
    assert (office.city, office.county) == ("合肥市", None)
    assert knowledge.offices("合肥市", OfficeKind.NOTARY)[0].kind is OfficeKind.NOTARY
    assert knowledge.offices("火星", OfficeKind.NOTARY) == []


def test_nothing_unconfirmed_in_the_stock_carries_a_telephone(knowledge: KnowledgeBase) -> None:
    for region in knowledge.regions:
        for kind in OfficeKind:
            for office in knowledge.offices(region.name, kind):
                assert office.confirmed or not (office.telephone or office.address)
