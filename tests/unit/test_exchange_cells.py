"""Single values of files: read, refused, written and read again."""

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.order_codes import Role
from hotline.domain.people import Grant
from hotline.domain.standard import code_tables
from hotline.exchange.cells import CHINA, parse, plain, render
from hotline.exchange.errors import CellError
from hotline.exchange.fields import DUTIES, INSTITUTIONS, INTAKES, PEOPLE, Field
from hotline.knowledge.load import load_region_names

pytestmark = pytest.mark.unit
TABLES = code_tables(load_region_names())
KIND, REGION = INSTITUTIONS.field("kind"), INSTITUTIONS.field("region")
SKILLS, HOURS = INSTITUTIONS.field("skills"), INSTITUTIONS.field("hours")
DESK, CAPACITY = INSTITUTIONS.field("is_desk"), PEOPLE.field("capacity")
PHONE, GRANTS = PEOPLE.field("phone"), PEOPLE.field("grants")
START, EXTRA, TITLE = DUTIES.field("starts_at"), INTAKES.field("extra"), INTAKES.field("title")
MORNING = datetime(2026, 3, 5, 8, 30, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        (KIND, "window", "window"),
        (KIND, " 服务窗口 ", "window"),
        (KIND, "window 服务窗口", "window"),
        (REGION, 340123.0, "340123"),
        (REGION, "肥西县", "340123"),
        (SKILLS, "wages、notary", frozenset({"wages", "notary"})),
        (SKILLS, "wages, 公证;wages", frozenset({"wages", "notary"})),
        (SKILLS, ["wages"], frozenset({"wages"})),
        (SKILLS, [], frozenset()),
        (DESK, "是", True),
        (DESK, False, False),
        (DESK, 0.0, False),
        (CAPACITY, 12.0, 12),
        (CAPACITY, "7", 7),
        (PHONE, 13955512345.0, "13955512345"),
        (PHONE, "0551-6288 1234", "0551-6288 1234"),
        (START, "2026-03-05 08:30", MORNING),
        (START, "2026/3/5 8:30", MORNING),
        (START, "2026-03-05T00:30:00Z", MORNING),
        (START, datetime(2026, 3, 5, 8, 30), MORNING),  # noqa: DTZ001
        (HOURS, "1-2 08:30-12:00", ((1, "08:30", "12:00"), (2, "08:30", "12:00"))),
        (HOURS, "周一至周二 8:30-12:00", ((1, "08:30", "12:00"), (2, "08:30", "12:00"))),
        (HOURS, [[6, "09:00", "24:00"]], ((6, "09:00", "24:00"),)),
        (GRANTS, "manager@340100", (Grant(Role.MANAGER, region="340100"),)),
        (
            GRANTS,
            "办理人员@hefei.w1; agent@*",
            (Grant(Role.HANDLER, "hefei.w1"), Grant(Role.AGENT)),
        ),
        (GRANTS, [{"role": "agent", "region": None}], (Grant(Role.AGENT),)),
        (EXTRA, "住址=合肥；id_number=1", {"住址": "合肥", "id_number": "1"}),
        (TITLE, "  ", None),
        (TITLE, None, None),
    ],
)
def test_values_are_read(field: Field, cell: object, value: Any) -> None:
    assert parse(field, cell, TABLES) == value


@pytest.mark.parametrize(
    ("field", "cell", "told"),
    [
        (KIND, "castle", "“castle”不是已定义的代码，可填：bureau 司法局"),
        (KIND, "13955512345", "所填内容不是已定义的代码"),
        (KIND, "张三丰", "所填内容不是已定义的代码"),
        (KIND, ["window"], "须为代码"),
        (SKILLS, "wages、cooking", "“cooking”不是已定义的代码"),
        (DESK, "也许", "只能填 是 或 否"),
        (CAPACITY, "3.5", "须为整数"),
        (CAPACITY, "９９９９９９９９９９９", "须为整数"),
        (PHONE, 55162881234.0, "文本格式"),
        (START, "明天", "2026-03-05 08:30"),
        (START, "2026-02-30 08:30", "没有这个时间"),
        (START, date(2026, 3, 5), "只有日期"),
        (START, 46086.5, "2026-03-05 08:30"),
        (HOURS, "上午", "08:30-12:00"),
        (HOURS, "1-2 08:30-12:00 外加下午", "08:30-12:00"),
        (HOURS, [["1"]], "须为 [星期"),
        (GRANTS, "manager", "角色@机构"),
        (GRANTS, "king@*", "“king”不是已定义的代码"),
        (GRANTS, [{"role": "agent", "power": 1}], "role"),
        (EXTRA, "没有等号", "名称=内容"),
        (TITLE, "长" * 121, "最长120字，现有121字"),
        (TITLE, "有\x07铃", "控制字符"),
        (TITLE, "半\ud83d", "控制字符"),
        (TITLE, {"a": 1}, "须为文字"),
    ],
)
def test_a_wrong_value_is_refused_with_field_and_mend(
    field: Field, cell: object, told: str
) -> None:
    with pytest.raises(CellError) as caught:
        parse(field, cell, TABLES)
    assert str(caught.value).startswith(f"{field.label} {field.name}：")
    assert told in str(caught.value)
    assert caught.value.field == field.name


def test_what_belongs_to_a_person_is_not_repeated_in_the_error() -> None:
    for field, cell in ((PHONE, 55162881234.0), (TITLE, "赵敏华" * 50), (EXTRA, "身份证110105")):
        with pytest.raises(CellError) as caught:
            parse(field, cell, TABLES)
        assert not any(word in str(caught.value) for word in ("62881234", "赵敏华", "110105"))


SPANS = st.sampled_from([("08:30", "12:00"), ("14:00", "17:30"), ("18:00", "24:00")])
HOURS_VALUES = st.sets(st.tuples(st.integers(1, 7), SPANS)).map(
    lambda found: tuple(sorted((day, start, end) for day, (start, end) in found))
)
GRANT_VALUES = st.builds(
    Grant,
    st.sampled_from(list(Role)),
    st.none() | st.sampled_from(["hefei.w1", "a-b"]),
    st.none() | st.sampled_from(["340100", "340123"]),
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=timezone(timedelta(hours=3)))
)


@given(HOURS_VALUES, st.lists(GRANT_VALUES, unique=True).map(tuple), MOMENTS)
def test_what_is_written_is_read_again(hours: Any, grants: Any, moment: datetime) -> None:
    for field, value in ((HOURS, hours), (GRANTS, grants), (START, moment)):
        for written in (render(field, value), plain(field, value)):
            again = parse(field, written, TABLES)
            assert again == value or (not value and not again)


@given(st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text()), st.data())
def test_any_cell_is_taken_or_refused_in_words(cell: object, data: st.DataObject) -> None:
    fields = [*INSTITUTIONS.fields, *PEOPLE.fields, *DUTIES.fields, *INTAKES.fields]
    field = data.draw(st.sampled_from(fields))
    try:
        parse(field, cell, TABLES)
    except CellError as error:
        assert error.field == field.name
