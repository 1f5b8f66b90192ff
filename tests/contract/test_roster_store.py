"""The roster over both databases: no overlaps, who is on duty, who is next, gaps."""

import asyncio
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from hotline.accounts.errors import InstitutionNotFoundError, PersonNotFoundError
from hotline.accounts.institutions import Institutions
from hotline.accounts.people import People
from hotline.accounts.records import Person, Saved
from hotline.db import Database
from hotline.domain.order_codes import DutySource, InstitutionKind
from hotline.domain.people import Institution
from hotline.knowledge.load import load_region_names
from hotline.privacy import KeyRing
from hotline.roster.errors import DutyInputError, DutyNotFoundError, DutyOverlapError
from hotline.roster.plan import CHINA, Duty, Weekdays
from hotline.roster.store import Roster

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
MONDAY = datetime(2026, 3, 2, tzinfo=CHINA)
OFFICE = Weekdays(((time(8, 30), time(12)), (time(14), time(17, 30))))
REGIONS = load_region_names()


def at(hour: float) -> datetime:
    return MONDAY + timedelta(hours=hour)


def duty(start: float, end: float, who: str = "A1", where: str = "hefei") -> Duty:
    return Duty(who, where, at(start), at(end))


@pytest.fixture
async def roster(db: Database, ring: KeyRing) -> Roster:
    institutions = Institutions(db, ring, REGIONS)
    kind = InstitutionKind.LEGAL_SERVICE_CENTRE
    for one in (
        Institution("hefei", "合肥中心", kind, "340100", is_desk=True),
        Institution("hefei.w1", "一号窗口", InstitutionKind.WINDOW, "340104", "hefei"),
        Institution("wuhu", "芜湖中心", kind, "340200", is_desk=True),
        Institution("shut", "旧址", kind, "340100", active=False),
    ):
        await institutions.save(one, actor="operator", now=MONDAY)
    people = People(db, ring, REGIONS)
    for staff_no in ("A1", "B2", "C3"):
        await people.save(Person(staff_no, "某人"), actor="operator", now=MONDAY)
    await people.set_active("C3", False, actor="operator", now=MONDAY)
    return Roster(db, ring)


async def put(roster: Roster, *duties: Duty) -> list[Saved]:
    return await roster.save(duties, actor="operator", now=MONDAY)


async def test_the_same_duty_again_changes_nothing(roster: Roster) -> None:
    assert await put(roster, duty(8, 12), duty(12, 17)) == [Saved.CREATED] * 2
    assert await put(roster, duty(8, 12), duty(12, 17)) == [Saved.SAME] * 2
    assert await put(roster, duty(8, 11.5, where="wuhu")) == [Saved.CHANGED]
    found = await roster.listed(at(0), at(24))
    assert [(one.institution, one.ends_at) for one in found] == [
        ("wuhu", at(11.5)),
        ("hefei", at(17)),
    ]
    assert {one.source for one in found} == {DutySource.HAND}


@pytest.mark.parametrize("span", [(7, 9), (9, 10), (11, 13), (7, 13)])
async def test_nobody_is_on_duty_twice_at_a_time(roster: Roster, span: tuple[float, float]) -> None:
    await put(roster, duty(8, 12))
    with pytest.raises(DutyOverlapError, match="A1在2026-03-02 08:00至2026-03-02 12:00"):
        await put(roster, duty(17, 18), duty(*span, where="wuhu"))
    assert len(await roster.listed(at(0), at(24))) == 1, "all or none"
    await put(roster, duty(*span, who="B2"))


async def test_two_who_put_the_same_person_on_duty_at_once_do_not_both_succeed(
    roster: Roster,
) -> None:
    wanted = [duty(8 + step / 4, 12 + step / 4) for step in range(8)]
    results = await asyncio.gather(*(put(roster, one) for one in wanted), return_exceptions=True)
    assert sum(isinstance(result, list) for result in results) == 1
    assert sum(isinstance(result, DutyOverlapError) for result in results) == 7


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"staff_no": "nobody"}, PersonNotFoundError),
        ({"staff_no": "C3"}, DutyInputError),
        ({"institution": "nowhere"}, InstitutionNotFoundError),
        ({"institution": "shut"}, DutyInputError),
        ({"ends_at": at(1)}, DutyInputError),
    ],
)
async def test_a_wrong_duty_is_refused(
    roster: Roster, changed: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await put(roster, replace(duty(8, 12), **changed))  # type: ignore[arg-type]
    assert await roster.listed(at(0), at(24)) == []


async def test_who_is_on_duty_by_institution_and_region(roster: Roster) -> None:
    await put(
        roster,
        duty(8, 12, "A1", "hefei.w1"),
        duty(9, 13, "B2", "wuhu"),
    )
    assert len(await roster.on_duty(at(10))) == 2
    [window] = await roster.on_duty(at(10), institution="hefei")
    assert (window.institution, window.region, window.ends_at) == ("hefei.w1", "340104", at(12))
    assert [one.institution for one in await roster.on_duty(at(10), region="340200")] == ["wuhu"]
    assert [one.institution for one in await roster.on_duty(at(10), region="340100")] == [
        "hefei.w1"
    ]
    assert len(await roster.on_duty(at(10), region="340000")) == 2
    assert await roster.on_duty(at(7.9)) == []
    assert len(await roster.on_duty(at(8))) == 1
    assert len(await roster.on_duty(at(12))) == 1, "a duty ends at its end"


async def test_next_on_duty(roster: Roster) -> None:
    await put(roster, duty(8, 12), duty(14, 18, "B2", "wuhu"), duty(32, 36))

    async def coming(hour: float, **where: str) -> datetime | None:
        found = await roster.next_on_duty(at(hour), **where)  # type: ignore[arg-type]
        return found.starts_at if found else None

    assert await coming(0) == at(8)
    assert await coming(8) == at(14)
    assert await coming(8, institution="hefei") == at(32)
    assert await coming(8, region="340100") == at(32)
    assert await coming(40) is None


async def test_gaps_of_desks_and_of_whoever_has_a_roster(roster: Roster) -> None:
    await put(roster, duty(8, 12, "A1", "hefei.w1"), duty(14, 16, "B2", "hefei"))
    found = await roster.gaps(at(0), at(24), OFFICE)
    assert [(gap.institution, gap.starts_at, gap.ends_at) for gap in found] == [
        ("hefei", at(16), at(17.5)),
        ("hefei.w1", at(14), at(17.5)),
        ("wuhu", at(8.5), at(12)),
        ("wuhu", at(14), at(17.5)),
    ]
    assert await roster.gaps(at(0), at(24), OFFICE, region="340200") == found[2:]
    assert await roster.gaps(at(0), at(24), OFFICE, institution="hefei") == found[:1]


async def test_a_duty_is_taken_out(roster: Roster) -> None:
    await put(roster, duty(8, 12), duty(32, 36), duty(32, 36, "B2", "wuhu"))
    [first, *_] = await roster.listed(at(0), at(24))
    assert first.duty_id is not None
    assert (await roster.remove(first.duty_id, actor="operator", now=MONDAY)).staff_no == "A1"
    with pytest.raises(DutyNotFoundError):
        await roster.remove(first.duty_id, actor="operator", now=MONDAY)
    assert await roster.clear("hefei", at(24), at(48), actor="operator", now=MONDAY) == 1
    assert [one.institution for one in await roster.listed(at(0), at(48))] == ["wuhu"]
