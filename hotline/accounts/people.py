"""The people who work with orders: names and telephones sealed, roles and scope beside them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.checks import clean_person, wrong
from hotline.accounts.errors import PersonNotFoundError
from hotline.accounts.institutions import with_windows
from hotline.accounts.records import AtSeat, Person, Saved
from hotline.accounts.rights import ROLE_RIGHTS
from hotline.db import Database, audit_log
from hotline.db.digests import person_digest
from hotline.db.erase_staff import erase_staff
from hotline.db.order_tables import GrantRow, InstitutionRow, PersonRow
from hotline.domain.order_codes import Right, Role
from hotline.domain.people import Actor, Grant, Handler
from hotline.ids import new_id
from hotline.privacy import KeyRing, mask_name, mask_phone, place
from hotline.settings import Settings


class People:
    """Keeps the people. Given out masked unless ``reveal``."""

    def __init__(self, db: Database, ring: KeyRing, regions: Mapping[str, str]) -> None:
        """``regions``: name of every known region by code."""
        self._db = db
        self._ring = ring
        self.regions = regions

    async def save(self, person: Person, *, actor: str, now: datetime) -> Saved:
        """Add, or change to these values whoever has the staff number. Raises AccountInputError."""
        clean = clean_person(person, self.regions)
        return await self._db.write(
            lambda session: save_person(session, self._ring, clean, actor=actor, now=now)
        )

    async def grant(
        self, staff_no: str, grant: Grant, *, given: bool = True, actor: str, now: datetime
    ) -> Saved:
        """Give a role, or with ``given`` False take it back.

        Raises PersonNotFoundError, AccountInputError.
        """

        def work(session: Session) -> Saved:
            person = get_person(session, self._ring, staff_no, reveal=True)
            others = tuple(one for one in person.grants if one != grant)
            new = replace(person, grants=(*others, grant) if given else others)
            clean = clean_person(new, self.regions)
            return save_person(session, self._ring, clean, actor=actor, now=now)

        return await self._db.write(work)

    async def set_active(self, staff_no: str, active: bool, *, actor: str, now: datetime) -> Saved:
        """Put in or out of work; keys of whoever is out are refused. Raises PersonNotFoundError."""

        def work(session: Session) -> Saved:
            new = replace(get_person(session, self._ring, staff_no, reveal=True), active=active)
            return save_person(session, self._ring, new, actor=actor, now=now)

        return await self._db.write(work)

    async def get(self, staff_no: str, *, reveal: bool = False) -> Person:
        """Raises PersonNotFoundError."""
        return await self._db.read(
            lambda session: get_person(session, self._ring, staff_no, reveal=reveal)
        )

    async def known(self, staff_no: str) -> bool:
        """Whether somebody has this staff number."""
        return await self._db.read(lambda session: _row(session, staff_no) is not None)

    async def listed(
        self,
        *,
        institution: str | None = None,
        active: bool | None = None,
        after: str = "",
        limit: int = 500,
        reveal: bool = False,
    ) -> list[Person]:
        """By staff number, those behind ``after``."""

        def work(session: Session) -> list[Person]:
            key = col(PersonRow.staff_no)
            query = select(PersonRow).where(key > after).order_by(key).limit(limit)
            if institution is not None:
                query = query.where(col(PersonRow.institution) == institution)
            if active is not None:
                query = query.where(col(PersonRow.active) == active)
            rows = session.scalars(query).all()
            return people_of(session, self._ring, rows, reveal=reveal)

        return await self._db.read(work)

    async def actor(self, person_id: str) -> Actor:
        """Whoever this is, ready to act. Raises PersonNotFoundError, also when out of work."""
        return await self._db.read(lambda session: actor_of(session, person_id))

    async def at_seat(self, person_id: str) -> AtSeat:
        """Whoever takes a seat. Raises PersonNotFoundError, also when out of work."""

        def work(session: Session) -> AtSeat:
            row = session.get(PersonRow, person_id)
            if row is None or not row.active:
                raise PersonNotFoundError("没有这位在岗人员，请联系本单位管理人员")
            place_ = session.get(InstitutionRow, row.institution) if row.institution else None
            person = _of(self._ring, row, {}, reveal=True)
            region = place_.region if place_ else None
            return AtSeat(person_id, person.name, region, person.skills, person.languages)

        return await self._db.read(work)

    async def erase(self, staff_no: str, settings: Settings, *, actor: str, now: datetime) -> str:
        """Destroy name, telephone and staff number, take rights, keys and coming duties away.

        What the person did keeps their id. Returns the id. Raises PersonNotFoundError.
        """
        person = await self.get(staff_no)
        await erase_staff(self._db, self._ring, settings, person.person_id, actor=actor, now=now)
        return person.person_id


def save_person(
    session: Session, ring: KeyRing, person: Person, *, actor: str, now: datetime
) -> Saved:
    """Add or change inside the caller's transaction. The person is clean.

    Raises AccountInputError when an institution they work at or a grant names does not exist.
    """
    row = _row(session, person.staff_no)
    if row is not None:
        person = replace(person, person_id=row.person_id)
        if _of(ring, row, _grants(session, [row.person_id]), reveal=True) == person:
            return Saved.SAME
    _check_places(session, person)
    saved = Saved.CHANGED if row else Saved.CREATED
    if row is None:
        person = replace(person, person_id=new_id(now))
        row = PersonRow(
            person_id=person.person_id, staff_no=person.staff_no, name_enc=b"", updated_at=now
        )
        session.add(row)
    _fill(ring, row, person, now)
    session.flush()
    grants = _set_grants(session, person)
    audit_log.append(
        session,
        ring,
        actor=actor,
        action=f"person.{saved.value}",
        subject=row.person_id,
        digest=person_digest(ring, row, grants),
        at=now,
    )
    return saved


def get_person(session: Session, ring: KeyRing, staff_no: str, *, reveal: bool) -> Person:
    """Raises PersonNotFoundError."""
    row = _row(session, staff_no)
    if row is None:
        raise PersonNotFoundError(f"没有工号为“{staff_no[:40]}”的人员，请查人员列表")
    return _of(ring, row, _grants(session, [row.person_id]), reveal=reveal)


def people_of(
    session: Session, ring: KeyRing, rows: Sequence[PersonRow], *, reveal: bool
) -> list[Person]:
    """The people of these rows."""
    grants = _grants(session, [row.person_id for row in rows])
    return [_of(ring, row, grants, reveal=reveal) for row in rows]


def actor_of(session: Session, person_id: str) -> Actor:
    """Whoever this is, ready to act; a grant in an institution holds for its windows too.

    Raises PersonNotFoundError, also when the person is out of work.
    """
    row = session.get(PersonRow, person_id)
    if row is None or not row.active:
        raise PersonNotFoundError("没有这位在岗人员，请联系本单位管理人员")
    grants = []
    for grant in _grants(session, [person_id]).get(person_id, ()):
        if grant.institution is None:
            grants.append(grant)
            continue
        below = sorted(with_windows(session, [grant.institution]))
        grants += [replace(grant, institution=code) for code in below]
    return Actor(
        id=f"person:{person_id}",
        grants=tuple(grants),
        person_id=person_id,
        institution=row.institution,
    )


def handlers(session: Session) -> list[Handler]:
    """Everybody at work who may handle orders, as matching sees them; by id."""
    roles = [role.value for role in Role if Right.HANDLE in ROLE_RIGHTS[role]]
    may = select(col(GrantRow.person_id)).where(col(GrantRow.role).in_(roles))
    query = (
        select(PersonRow, InstitutionRow)
        .join(InstitutionRow, col(InstitutionRow.code) == col(PersonRow.institution))
        .where(col(PersonRow.active), col(InstitutionRow.active), col(PersonRow.person_id).in_(may))
        .order_by(col(PersonRow.person_id))
    )
    return [
        Handler(
            person_id=person.person_id,
            institution=place.code,
            region=place.region,
            skills=frozenset(json.loads(person.skills_json) or json.loads(place.skills_json)),
            languages=frozenset(json.loads(person.languages_json)),
            capacity=person.capacity,
        )
        for person, place in session.execute(query)
    ]


def _row(session: Session, staff_no: str) -> PersonRow | None:
    return session.scalar(select(PersonRow).where(col(PersonRow.staff_no) == staff_no))


def _grants(session: Session, ids: Sequence[str]) -> dict[str, tuple[Grant, ...]]:
    query = select(GrantRow).where(col(GrantRow.person_id).in_(ids))
    found: dict[str, tuple[Grant, ...]] = {}
    # sorted here: databases sort texts by the rules of their own language
    for row in sorted(session.scalars(query), key=_grant_order):
        grant = Grant(Role(row.role), row.institution or None, row.region or None)
        found[row.person_id] = (*found.get(row.person_id, ()), grant)
    return found


def _grant_order(row: GrantRow) -> tuple[str, str, str]:
    return row.role, row.institution, row.region


def _of(
    ring: KeyRing, row: PersonRow, grants: Mapping[str, tuple[Grant, ...]], *, reveal: bool
) -> Person:
    name = ring.unseal(row.name_enc, place("people", "name", row.person_id)).decode()
    phone = None
    if row.phone_enc is not None:
        phone = ring.unseal(row.phone_enc, place("people", "phone", row.person_id)).decode()
    return Person(
        staff_no=row.staff_no,
        name=name if reveal else mask_name(name) or "",
        phone=phone if reveal else mask_phone(phone),
        institution=row.institution,
        skills=frozenset(json.loads(row.skills_json)),
        languages=frozenset(json.loads(row.languages_json)),
        capacity=row.capacity,
        active=row.active,
        grants=grants.get(row.person_id, ()),
        person_id=row.person_id,
    )


def _fill(ring: KeyRing, row: PersonRow, person: Person, now: datetime) -> None:
    where = place("people", "name", person.person_id)
    row.name_enc = ring.seal(person.name.encode(), where)
    where = place("people", "phone", person.person_id)
    row.phone_enc = None if person.phone is None else ring.seal(person.phone.encode(), where)
    row.institution = person.institution
    row.skills_json = json.dumps(sorted(person.skills))
    row.languages_json = json.dumps(sorted(person.languages))
    row.capacity = person.capacity
    row.active = person.active
    row.updated_at = now


def _set_grants(session: Session, person: Person) -> list[GrantRow]:
    session.execute(delete(GrantRow).where(col(GrantRow.person_id) == person.person_id))
    rows = [
        GrantRow(
            person_id=person.person_id,
            role=grant.role.value,
            institution=grant.institution or "",
            region=grant.region or "",
        )
        for grant in person.grants
    ]
    session.add_all(rows)
    session.flush()
    return rows


def _check_places(session: Session, person: Person) -> None:
    named = {grant.institution for grant in person.grants} | {person.institution}
    codes = {code for code in named if code is not None}
    query = select(col(InstitutionRow.code)).where(col(InstitutionRow.code).in_(codes))
    missing = codes - set(session.scalars(query))
    if missing:
        field = "institution" if person.institution in missing else "grants"
        raise wrong(field, f"没有代码为“{min(missing)}”的机构，请先登记机构")
