"""Where rows of institutions and people go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.checks import clean_institution, clean_person, wrong
from hotline.accounts.errors import NotAllowedError
from hotline.accounts.institutions import (
    DEEPEST,
    all_institutions,
    institution_of,
    save_institution,
)
from hotline.accounts.people import people_of, save_person
from hotline.accounts.records import Person, Saved
from hotline.accounts.rights import may_grant, reach
from hotline.db import Database
from hotline.db.order_tables import InstitutionRow, PersonRow
from hotline.domain.order_codes import InstitutionKind, Right
from hotline.domain.people import Actor, Institution
from hotline.errors import HotlineError
from hotline.exchange.fields import INSTITUTIONS, PEOPLE
from hotline.privacy import KeyRing

Values = Mapping[str, Any]
Errors = list[HotlineError | None]


@dataclass(frozen=True, slots=True)
class Desk:
    """What every target works with."""

    db: Database
    ring: KeyRing
    regions: Mapping[str, str]
    actor: Actor
    now: datetime


@dataclass
class InstitutionsTarget:
    """Institutions; a window may stand before what it belongs to."""

    desk: Desk
    record = INSTITUTIONS
    _parents: list[tuple[str, str | None]] = field(default_factory=list)
    """(code, parent) of every item checked."""
    _held: Mapping[str, Institution] = field(default_factory=dict)
    _waiting: list[Institution] = field(default_factory=list)

    def key(self, values: Values) -> str:
        """See ``Target``."""
        return str(values["code"])

    async def existing(self, keys: Sequence[str]) -> Mapping[str, Institution]:
        """See ``Target``."""

        def work(session: Session) -> dict[str, Institution]:
            query = select(InstitutionRow).where(col(InstitutionRow.code).in_(keys))
            return {row.code: institution_of(row) for row in session.scalars(query)}

        self._held = await self.desk.db.read(work)
        return self._held

    def assemble(self, values: Values, old: Institution | None) -> Institution:
        """See ``Target``."""
        base = old or Institution(values["code"], "", InstitutionKind.WINDOW, "")
        given = dict(values)
        if "kind" in given:
            given["kind"] = InstitutionKind(given["kind"])
        for name in ("skills", "languages"):
            if name in given:
                given[name] = given[name] or frozenset()
        for name, default in (("hours", ()), ("is_desk", False), ("active", True)):
            if given.get(name, ...) is None:
                given[name] = default
        return clean_institution(replace(base, **given), self.desk.regions)

    async def check(self, items: Sequence[Institution]) -> Errors:
        """See ``Target``."""
        self._parents += [(item.code, item.parent) for item in items]
        return [None if self._may(item) else _barred() for item in items]

    async def at_end(self) -> Sequence[tuple[int, HotlineError]]:
        """Parents that are neither in the file nor kept; rings of parents."""
        kept = await self.desk.db.read(lambda session: all_institutions(session))
        parents = {**{one.code: one.parent for one in kept}, **dict(self._parents)}
        found: list[tuple[int, HotlineError]] = []
        for place, (code, parent) in enumerate(self._parents):
            if parent is not None and parent not in parents:
                found.append(
                    (place, wrong("parent", "没有这个机构，请先登记上级机构或写在本文件中"))
                )
            elif _too_deep(code, parents):
                mend = f"上级机构绕成了圈或超过{DEEPEST}层，请检查"
                found.append((place, wrong("parent", mend)))
        return found

    async def write(self, items: Sequence[Institution], *, last: bool) -> Sequence[Saved]:
        """See ``Target``."""
        self._waiting += items
        if not last:
            return []

        def work(session: Session) -> list[Saved]:
            written: set[str] = set()
            saved: list[Saved] = []
            waiting = self._waiting
            inside = {item.code for item in waiting}
            while waiting:
                ready = [i for i in waiting if i.parent not in inside or i.parent in written]
                for item in ready:
                    saved.append(
                        save_institution(
                            session, desk.ring, item, actor=desk.actor.id, now=desk.now
                        )
                    )
                written |= {item.code for item in ready}
                waiting = [item for item in waiting if item.code not in written]
            return saved

        desk = self.desk
        return await desk.db.write(work)

    def _may(self, item: Institution) -> bool:
        """Whether who imports manages the place, both as it was and as it shall be."""
        own = reach(self.desk.actor, Right.PEOPLE)
        old = self._held.get(item.code, item)
        return all(
            own.holds(region=one.region, institution=one.parent or one.code) for one in (old, item)
        )


@dataclass
class PeopleTarget:
    """People with their roles."""

    desk: Desk
    record = PEOPLE
    _places: dict[str, str] | None = None
    """Region of every institution."""
    _held: dict[str, Person] = field(default_factory=dict)

    def key(self, values: Values) -> str:
        """See ``Target``."""
        return str(values["staff_no"])

    async def existing(self, keys: Sequence[str]) -> Mapping[str, Person]:
        """See ``Target``."""

        def work(session: Session) -> dict[str, Person]:
            query = select(PersonRow).where(col(PersonRow.staff_no).in_(keys))
            rows = session.scalars(query).all()
            found = people_of(session, self.desk.ring, rows, reveal=True)
            return {person.staff_no: person for person in found}

        self._held = await self.desk.db.read(work)
        return self._held

    def assemble(self, values: Values, old: Person | None) -> Person:
        """See ``Target``."""
        given = dict(values)
        if "*" in given["name"]:
            raise wrong("name", "是打码的姓名，请填全名（导出时加 --reveal）")
        defaults: dict[str, Any] = {
            **{"skills": frozenset(), "languages": frozenset(), "grants": ()},
            **{"capacity": 20, "active": True},
        }
        for name, default in defaults.items():
            if given.get(name, ...) is None:
                given[name] = default
        base = old or Person(values["staff_no"], "")
        return clean_person(replace(base, **given), self.desk.regions)

    async def check(self, items: Sequence[Person]) -> Errors:
        """See ``Target``."""
        if self._places is None:
            every = await self.desk.db.read(lambda session: all_institutions(session))
            self._places = {one.code: one.region for one in every}
        return [self._wrong_with(item, self._places) for item in items]

    async def at_end(self) -> Sequence[tuple[int, HotlineError]]:
        """Nothing between rows."""
        return ()

    async def write(self, items: Sequence[Person], *, last: bool) -> Sequence[Saved]:
        """See ``Target``."""
        desk = self.desk

        def work(session: Session) -> list[Saved]:
            return [
                save_person(session, desk.ring, item, actor=desk.actor.id, now=desk.now)
                for item in items
            ]

        return await desk.db.write(work) if items else []

    def _wrong_with(self, item: Person, places: Mapping[str, str]) -> HotlineError | None:
        named = [("institution", item.institution)]
        named += [("grants", grant.institution) for grant in item.grants]
        for name, code in named:
            if code is not None and code not in places:
                return wrong(name, f"没有代码为“{code}”的机构，请先登记机构")
        old = self._held.get(item.staff_no)
        own = reach(self.desk.actor, Right.PEOPLE)
        for place in {item.institution, old.institution if old else item.institution}:
            region = places.get(place) if place else None
            if not own.holds(region=region, institution=place):
                return _barred()
        given = set(item.grants) ^ set(old.grants if old else ())
        for grant in given:
            if not may_grant(self.desk.actor, grant):
                return wrong("grants", f"您不能给出或收回“{grant.role.label}”这一角色")
        return None


def _barred() -> NotAllowedError:
    return NotAllowedError("没有管理这个机构或区域的权限")


def _too_deep(code: str, parents: Mapping[str, str | None]) -> bool:
    at, steps = parents.get(code), 0
    while at is not None and steps <= DEEPEST:
        at, steps = parents.get(at), steps + 1
    return steps > DEEPEST
