"""The institutions and their windows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.checks import clean_institution, wrong
from hotline.accounts.errors import InstitutionNotFoundError
from hotline.accounts.records import Saved
from hotline.db import Database, audit_log
from hotline.db.digests import institution_digest
from hotline.db.order_tables import InstitutionRow
from hotline.domain.order_codes import InstitutionKind
from hotline.domain.people import Institution
from hotline.domain.regions import covers
from hotline.privacy import KeyRing

DEEPEST = 5
"""Windows below windows, at most."""


class Institutions:
    """Keeps institutions. They are never deleted, only put out of use: orders name them."""

    def __init__(self, db: Database, ring: KeyRing, regions: Mapping[str, str]) -> None:
        """``regions``: name of every known region by code."""
        self._db = db
        self._ring = ring
        self.regions = regions

    async def save(self, institution: Institution, *, actor: str, now: datetime) -> Saved:
        """Add, or change to these values. Raises AccountInputError."""
        clean = clean_institution(institution, self.regions)
        return await self._db.write(
            lambda session: save_institution(session, self._ring, clean, actor=actor, now=now)
        )

    async def set_active(self, code: str, active: bool, *, actor: str, now: datetime) -> Saved:
        """Put in or out of use. Raises InstitutionNotFoundError."""

        def work(session: Session) -> Saved:
            new = replace(get_institution(session, code), active=active)
            return save_institution(session, self._ring, new, actor=actor, now=now)

        return await self._db.write(work)

    async def get(self, code: str) -> Institution:
        """Raises InstitutionNotFoundError."""
        return await self._db.read(lambda session: get_institution(session, code))

    async def listed(
        self, *, region: str | None = None, active: bool | None = None
    ) -> list[Institution]:
        """By code; those in ``region`` (a city has its counties')."""

        def work(session: Session) -> list[Institution]:
            found = all_institutions(session, active=active)
            return [one for one in found if region is None or covers(region, one.region)]

        return await self._db.read(work)


def get_institution(session: Session, code: str) -> Institution:
    """Raises InstitutionNotFoundError."""
    row = session.get(InstitutionRow, code)
    if row is None:
        raise InstitutionNotFoundError(f"没有代码为“{code[:40]}”的机构，请查机构列表")
    return institution_of(row)


def all_institutions(session: Session, *, active: bool | None = None) -> list[Institution]:
    """Every institution, by code."""
    query = select(InstitutionRow).order_by(col(InstitutionRow.code))
    if active is not None:
        query = query.where(col(InstitutionRow.active) == active)
    return [institution_of(row) for row in session.scalars(query)]


def with_windows(session: Session, codes: Iterable[str]) -> frozenset[str]:
    """These institutions and everything below them."""
    found = frozenset(codes)
    edge = found
    while edge:
        query = select(col(InstitutionRow.code)).where(col(InstitutionRow.parent).in_(edge))
        edge = frozenset(session.scalars(query)) - found
        found |= edge
    return found


def save_institution(
    session: Session, ring: KeyRing, institution: Institution, *, actor: str, now: datetime
) -> Saved:
    """Add or change inside the caller's transaction. The institution is clean.

    Raises AccountInputError: the parent does not exist, or is below the institution itself.
    """
    row = session.get(InstitutionRow, institution.code)
    if row is not None and institution_of(row) == institution:
        return Saved.SAME
    _check_parent(session, institution)
    saved = Saved.CHANGED if row else Saved.CREATED
    if row is None:
        row = InstitutionRow(code=institution.code, name="", kind="", region="", updated_at=now)
        session.add(row)
    _fill(row, institution, now)
    audit_log.append(
        session,
        ring,
        actor=actor,
        action=f"institution.{saved.value}",
        subject=row.code,
        digest=institution_digest(ring, row),
        at=now,
    )
    return saved


def institution_of(row: InstitutionRow) -> Institution:
    """The institution of a row."""
    hours: dict[str, list[list[str]]] = json.loads(row.hours_json)
    return Institution(
        code=row.code,
        name=row.name,
        kind=InstitutionKind(row.kind),
        region=row.region,
        parent=row.parent,
        skills=frozenset(json.loads(row.skills_json)),
        languages=frozenset(json.loads(row.languages_json)),
        hours=tuple(
            sorted((int(day), start, end) for day, spans in hours.items() for start, end in spans)
        ),
        is_desk=row.is_desk,
        active=row.active,
    )


def _fill(row: InstitutionRow, institution: Institution, now: datetime) -> None:
    hours: dict[str, list[list[str]]] = {}
    for day, start, end in institution.hours:
        hours.setdefault(str(day), []).append([start, end])
    row.name = institution.name
    row.kind = institution.kind.value
    row.region = institution.region
    row.parent = institution.parent
    row.skills_json = json.dumps(sorted(institution.skills))
    row.languages_json = json.dumps(sorted(institution.languages))
    row.hours_json = json.dumps(hours)
    row.is_desk = institution.is_desk
    row.active = institution.active
    row.updated_at = now


def _check_parent(session: Session, institution: Institution) -> None:
    above, steps = institution.parent, 0
    while above is not None:
        steps += 1
        row = session.get(InstitutionRow, above)
        if row is None:
            raise wrong("parent", f"没有代码为“{above}”的机构，请先登记上级机构")
        if above == institution.code or steps > DEEPEST:
            raise wrong("parent", f"上级机构绕成了圈或超过{DEEPEST}层，请检查")
        above = row.parent
