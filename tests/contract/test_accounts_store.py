"""Institutions and people: kept, sealed, changed, erased; over both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hotline.accounts.errors import (
    AccountInputError,
    InstitutionNotFoundError,
    PersonNotFoundError,
    SessionOverError,
)
from hotline.accounts.institutions import Institutions
from hotline.accounts.people import People, handlers
from hotline.accounts.records import Person, Saved
from hotline.accounts.rights import allowed
from hotline.accounts.seed import UNCONFIRMED, institutions_of
from hotline.accounts.sessions import Sessions
from hotline.backup import backup, restore
from hotline.db.audit_content import changed_records
from hotline.db.opening import Store, open_store
from hotline.db.order_tables import DutyRow, GrantRow, InstitutionRow
from hotline.db.rekey import finish_rotation, rotate_keys
from hotline.domain.order_codes import InstitutionKind, Right, Role
from hotline.domain.people import Grant, Institution
from hotline.domain.regions import city_of, is_city
from hotline.knowledge.load import load_region_names, load_stock
from hotline.settings import Settings

pytestmark = pytest.mark.contract
pytest_plugins = ("pg",)
NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)
REGIONS = load_region_names()
CENTRE = Institution(
    code="hefei.service",
    name="合肥市公共法律服务中心",
    kind=InstitutionKind.LEGAL_SERVICE_CENTRE,
    region="340100",
    skills=frozenset({"wages"}),
    languages=frozenset({"jianghuai"}),
    hours=((1, "08:30", "12:00"), (1, "14:00", "17:30"), (6, "09:00", "24:00")),
    is_desk=True,
)
WINDOW = Institution(
    code="hefei.service.w1",
    name="一号窗口",
    kind=InstitutionKind.WINDOW,
    region="340104",
    parent="hefei.service",
)
ZHAO = Person(
    staff_no="HF0001",
    name="赵敏华",
    phone="0551-6288 1234",
    institution="hefei.service.w1",
    skills=frozenset({"wages"}),
    grants=(Grant(Role.HANDLER, institution="hefei.service"),),
)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    opened = await asyncio.to_thread(open_store, settings)
    yield opened
    await opened.aclose()


@pytest.fixture
async def institutions(store: Store) -> Institutions:
    kept = Institutions(store.db, store.ring, REGIONS)
    for one in (CENTRE, WINDOW):
        await kept.save(one, actor="operator", now=NOW)
    return kept


@pytest.fixture
def people(store: Store, institutions: Institutions) -> People:
    return People(store.db, store.ring, REGIONS)


async def save(people: People, person: Person = ZHAO) -> Saved:
    return await people.save(person, actor="operator", now=NOW)


async def test_an_institution_comes_back_as_it_was_kept(institutions: Institutions) -> None:
    assert await institutions.get("hefei.service") == CENTRE
    assert await institutions.save(CENTRE, actor="x", now=NOW) is Saved.SAME
    shut = replace(CENTRE, active=False)
    assert await institutions.save(shut, actor="x", now=NOW) is Saved.CHANGED
    assert [one.code for one in await institutions.listed(active=True)] == ["hefei.service.w1"]
    assert [one.code for one in await institutions.listed(region="340104")] == ["hefei.service.w1"]
    assert len(await institutions.listed(region="340100")) == 2
    assert await institutions.listed(region="340200") == []
    with pytest.raises(InstitutionNotFoundError):
        await institutions.get("nowhere")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("code", {"code": "Hefei Centre"}),
        ("name", {"name": " \t"}),
        ("name", {"name": "中心\n二"}),
        ("region", {"region": "340199"}),
        ("region", {"region": "34"}),
        ("parent", {"parent": "hefei.service"}),
        ("parent", {"parent": "nowhere"}),
        ("parent", {"parent": "hefei.service.w1"}),
        ("skills", {"skills": frozenset({"cooking"})}),
        ("languages", {"languages": frozenset({"latin"})}),
        ("hours", {"hours": ((8, "08:00", "09:00"),)}),
        ("hours", {"hours": ((1, "09:00", "08:00"),)}),
        ("hours", {"hours": ((1, "8:00", "09:00"),)}),
        ("hours", {"hours": ((1, "08:00", "10:00"), (1, "09:00", "11:00"))}),
    ],
)
async def test_a_wrong_institution_is_refused_with_its_field(
    institutions: Institutions, field: str, changed: dict[str, object]
) -> None:
    with pytest.raises(AccountInputError, match=f"^{field}：") as caught:
        await institutions.save(replace(CENTRE, **changed), actor="x", now=NOW)  # type: ignore[arg-type]
    assert caught.value.field == field
    assert await institutions.get("hefei.service") == CENTRE


async def test_a_person_is_kept_sealed_and_shown_masked(people: People, store: Store) -> None:
    assert await save(people) is Saved.CREATED
    assert await save(people) is Saved.SAME
    found = await people.get("HF0001", reveal=True)
    assert (found.name, found.phone) == ("赵敏华", "055162881234")
    assert found.grants == ZHAO.grants
    shown = await people.get("HF0001")
    assert (shown.name, shown.phone) == ("赵*", "055****1234")

    def dump(session: Session) -> str:
        rows = [session.execute(text(f"SELECT * FROM {n}")).all() for n in ("people", "audit")]
        return repr(rows)

    told = await store.db.read(dump)
    assert "赵敏华" not in told
    assert "62881234" not in told
    assert repr("赵敏华".encode())[2:-1] not in told


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("staff_no", {"staff_no": "工号一"}),
        ("name", {"name": ""}),
        ("phone", {"phone": "请打我手机"}),
        ("institution", {"institution": "nowhere"}),
        ("capacity", {"capacity": -1}),
        ("skills", {"skills": frozenset({"x"})}),
        ("grants", {"grants": (Grant(Role.AGENT, region="340199"),)}),
        ("grants", {"grants": (Grant(Role.AGENT, institution="nowhere"),)}),
    ],
)
async def test_a_wrong_person_is_refused_with_the_field(
    people: People, field: str, changed: dict[str, object]
) -> None:
    with pytest.raises(AccountInputError) as caught:
        await save(people, replace(ZHAO, **changed))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert await people.listed() == []


async def test_a_grant_in_an_institution_holds_for_its_windows(people: People) -> None:
    await save(people)
    person_id = (await people.get("HF0001")).person_id
    actor = await people.actor(person_id)
    assert (actor.id, actor.institution) == (f"person:{person_id}", "hefei.service.w1")
    for at in ("hefei.service", "hefei.service.w1"):
        assert allowed(actor, Right.HANDLE, region="340104", institution=at)
    assert not allowed(actor, Right.HANDLE, region="340104", institution="other")
    grant = Grant(Role.MANAGER, region="340100")
    await people.grant("HF0001", grant, actor="operator", now=NOW)
    await people.grant("HF0001", grant, actor="operator", now=NOW)
    assert allowed(await people.actor(person_id), Right.PEOPLE, region="340123", institution=None)
    await people.grant("HF0001", grant, given=False, actor="operator", now=NOW)
    assert (await people.get("HF0001")).grants == ZHAO.grants


async def test_who_is_out_of_work_does_not_act(people: People, store: Store) -> None:
    await save(people)
    await save(people, replace(ZHAO, staff_no="HF0002", grants=(Grant(Role.AGENT),)))
    person_id = (await people.get("HF0001")).person_id
    [handler] = await store.db.read(handlers)
    assert (handler.person_id, handler.institution, handler.region, handler.skills) == (
        person_id,
        "hefei.service.w1",
        "340104",
        frozenset({"wages"}),
    )
    assert await people.set_active("HF0001", False, actor="x", now=NOW) is Saved.CHANGED
    with pytest.raises(PersonNotFoundError):
        await people.actor(person_id)
    assert await store.db.read(handlers) == []
    assert [one.staff_no for one in await people.listed(active=True)] == ["HF0002"]
    assert [one.staff_no for one in await people.listed(limit=1)] == ["HF0001"]
    assert [one.staff_no for one in await people.listed(after="HF0001")] == ["HF0002"]


async def test_an_erased_colleague_is_an_id_and_nothing_else(
    people: People, store: Store, settings: Settings
) -> None:
    await save(people)
    person_id = (await people.get("HF0001")).person_id
    spans = ((-3, -2), (-1, 1), (2, 3))

    def on_duty(session: Session) -> None:
        for start, end in spans:
            session.add(
                DutyRow(
                    institution="hefei.service",
                    person_id=person_id,
                    starts_at=NOW + timedelta(hours=start),
                    ends_at=NOW + timedelta(hours=end),
                    source="hand",
                )
            )

    await store.db.write(on_duty)
    assert await people.erase("HF0001", settings, actor="dpo", now=NOW) == person_id
    with pytest.raises(PersonNotFoundError):
        await people.get("HF0001")
    [left] = await people.listed(reveal=True)
    assert (left.name, left.phone, left.active) == ("（已删除）", None, False)
    assert left.grants == ()

    def ends(session: Session) -> list[datetime]:
        return [row.ends_at for row in session.scalars(select(DutyRow).order_by(text("id")))]

    assert await store.db.read(ends) == [NOW - timedelta(hours=2), NOW]
    assert (await store.audit.verify()).ok
    assert await changed_records(store.db, store.ring) == []


async def test_who_was_erased_stays_erased_after_a_restore(
    people: People, store: Store, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await save(people)
    target = tmp_path_factory.mktemp("safe") / "backup"
    await asyncio.to_thread(backup, settings, target)
    await people.erase("HF0001", settings, actor="dpo", now=NOW)
    await store.aclose()
    report = await asyncio.to_thread(restore, settings, target, overwrite=True)
    assert report.erased_again == 1
    back = await asyncio.to_thread(open_store, settings)
    try:
        [left] = await People(back.db, back.ring, REGIONS).listed(reveal=True)
        assert left.name == "（已删除）"
    finally:
        await back.aclose()


async def test_who_signed_out_stays_out_after_a_restore(
    people: People, store: Store, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    await save(people)
    person_id = (await people.get("HF0001")).person_id
    sessions = Sessions(store.db, settings.accounts)
    new = await sessions.begin(person_id, NOW)
    target = tmp_path_factory.mktemp("safe") / "backup"
    await asyncio.to_thread(backup, settings, target)
    await sessions.end(new.session_id, NOW)
    await store.aclose()
    await asyncio.to_thread(restore, settings, target, overwrite=True)
    back = await asyncio.to_thread(open_store, settings)
    try:
        with pytest.raises(SessionOverError):
            await Sessions(back.db, settings.accounts).identify(new.token, NOW, "/work")
    finally:
        await back.aclose()


async def test_rotation_seals_people_anew(people: People, store: Store) -> None:
    await save(people)
    await save(people, replace(ZHAO, staff_no="HF0002", phone=None))
    rotate_keys(store.db, store.ring, "sm4-gcm")
    report = await finish_rotation(store.db, store.ring, store.settings.recordings_dir)
    assert report.rows == 2
    assert set(store.ring.fingerprints()) == {"d2"}
    assert (await people.get("HF0001", reveal=True)).name == "赵敏华"
    assert await changed_records(store.db, store.ring) == []


async def test_a_right_written_into_the_database_is_found(people: People, store: Store) -> None:
    await save(people)
    person_id = (await people.get("HF0001")).person_id
    assert await changed_records(store.db, store.ring) == []

    def forge(session: Session) -> None:
        session.add(GrantRow(person_id=person_id, role="administrator"))
        session.get_one(InstitutionRow, "hefei.service").is_desk = False

    await store.db.write(forge)
    assert await changed_records(store.db, store.ring) == ["hefei.service", person_id]


async def test_the_first_institutions_give_every_region_a_desk(store: Store) -> None:
    kept = Institutions(store.db, store.ring, REGIONS)
    found = institutions_of(load_stock().offices, REGIONS)
    for one in found:
        assert await kept.save(one, actor="seed", now=NOW) is Saved.CREATED
    desks = {one.region for one in await kept.listed(active=True) if one.is_desk}
    for region in REGIONS:
        assert region in desks or city_of(region) in desks, region
    assert sum(is_city(region) for region in desks) == 16
    offices = [one for one in found if one.kind is not InstitutionKind.HOTLINE]
    assert all(one.name.endswith(UNCONFIRMED) for one in offices)
