"""The roster in the database: filled by hand, by file and by the planner."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.accounts.errors import PersonNotFoundError
from hotline.accounts.institutions import all_institutions, get_institution, with_windows
from hotline.accounts.records import Saved
from hotline.db import Database, audit_log
from hotline.db.digests import duty_digest
from hotline.db.order_tables import DutyRow, InstitutionRow, PersonRow
from hotline.domain.order_codes import DutySource
from hotline.domain.regions import covers
from hotline.privacy import KeyRing
from hotline.roster.errors import DutyInputError, DutyNotFoundError, DutyOverlapError
from hotline.roster.plan import (
    CHINA,
    Duty,
    Gap,
    OnDuty,
    WorkingDays,
    check_duty,
    gaps,
    open_spans,
)


class Roster:
    """Who is on duty where and when."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring

    async def save(self, duties: Sequence[Duty], *, actor: str, now: datetime) -> list[Saved]:
        """Put duties in, all or none; one of the same person and start is changed to the new one.

        Raises DutyInputError, DutyOverlapError, PersonNotFoundError, InstitutionNotFoundError.
        """
        checked = [check_duty(duty) for duty in duties]

        def work(session: Session) -> list[Saved]:
            return [save_duty(session, self._ring, one, actor=actor, now=now) for one in checked]

        return await self._db.write(work)

    async def remove(self, duty_id: int, *, actor: str, now: datetime) -> Duty:
        """Take a duty out. Raises DutyNotFoundError."""

        def work(session: Session) -> Duty:
            row = session.get(DutyRow, duty_id)
            if row is None:
                raise DutyNotFoundError(f"没有编号为{duty_id}的值班，请查值班表")
            gone = duty_of(row, session.get_one(PersonRow, row.person_id).staff_no)
            session.delete(row)
            _note(session, self._ring, row, "duty.removed", actor, now)
            return gone

        return await self._db.write(work)

    async def clear(
        self, institution: str, since: datetime, until: datetime, *, actor: str, now: datetime
    ) -> int:
        """Take out what begins at the institution from ``since`` up to ``until``; how many."""

        def work(session: Session) -> int:
            query = select(DutyRow).where(
                col(DutyRow.institution) == institution,
                col(DutyRow.starts_at) >= since,
                col(DutyRow.starts_at) < until,
            )
            rows = session.scalars(query).all()
            for row in rows:
                session.delete(row)
                _note(session, self._ring, row, "duty.removed", actor, now)
            return len(rows)

        return await self._db.write(work)

    async def listed(
        self, since: datetime, until: datetime, *, institution: str | None = None
    ) -> list[Duty]:
        """Duties that touch the time from ``since`` up to ``until``, by start."""

        def work(session: Session) -> list[Duty]:
            query = (
                select(DutyRow, col(PersonRow.staff_no))
                .join(PersonRow, col(PersonRow.person_id) == col(DutyRow.person_id))
                .where(col(DutyRow.starts_at) < until, col(DutyRow.ends_at) > since)
                .order_by(col(DutyRow.starts_at), col(DutyRow.id))
            )
            if institution is not None:
                query = query.where(
                    col(DutyRow.institution).in_(with_windows(session, [institution]))
                )
            return [duty_of(row, staff_no) for row, staff_no in session.execute(query)]

        return await self._db.read(work)

    async def on_duty(
        self, at: datetime, *, institution: str | None = None, region: str | None = None
    ) -> list[OnDuty]:
        """See ``on_duty``."""
        return await self._db.read(
            lambda session: on_duty(session, at, institution=institution, region=region)
        )

    async def next_on_duty(
        self, after: datetime, *, institution: str | None = None, region: str | None = None
    ) -> OnDuty | None:
        """The first whose duty begins after a moment; None when nobody's does."""
        return await self._db.read(
            lambda session: next_on_duty(session, after, institution=institution, region=region)
        )

    async def gaps(
        self,
        since: datetime,
        until: datetime,
        working: WorkingDays,
        *,
        institution: str | None = None,
        region: str | None = None,
    ) -> list[Gap]:
        """When institutions are open and nobody is on duty there, at their windows included.

        Without ``institution``: of every institution in use that has duties in this time, and of
        every desk. ``working``: hours of those that name none.
        """

        def work(session: Session) -> list[Gap]:
            return _gaps(session, since, until, working, institution, region)

        return await self._db.read(work)


def save_duty(session: Session, ring: KeyRing, duty: Duty, *, actor: str, now: datetime) -> Saved:
    """Put one checked duty in inside the caller's transaction.

    Raises DutyOverlapError, PersonNotFoundError, InstitutionNotFoundError, DutyInputError.
    """
    # the lock holds off another process that puts the same person on duty meanwhile
    query = select(PersonRow).where(col(PersonRow.staff_no) == duty.staff_no).with_for_update()
    person = session.scalar(query)
    if person is None:
        raise PersonNotFoundError(f"没有工号为“{duty.staff_no[:40]}”的人员，请查人员列表")
    if not person.active:
        raise DutyInputError(f"staff_no：{duty.staff_no}已不在岗，不能排班", field="staff_no")
    if not get_institution(session, duty.institution).active:
        raise DutyInputError("institution：机构已停用，不能排班", field="institution")
    row = _clash(session, person.person_id, duty)
    if row is not None and duty_of(row, duty.staff_no, source=duty.source) == _with_id(duty, row):
        return Saved.SAME
    saved = Saved.CHANGED if row else Saved.CREATED
    if row is None:
        row = DutyRow(
            institution=duty.institution,
            person_id=person.person_id,
            starts_at=duty.starts_at,
            ends_at=duty.ends_at,
            source=duty.source.value,
        )
        session.add(row)
    row.institution, row.ends_at, row.source = duty.institution, duty.ends_at, duty.source.value
    session.flush()
    _note(session, ring, row, f"duty.{saved.value}", actor, now)
    return saved


def on_duty(
    session: Session, at: datetime, *, institution: str | None = None, region: str | None = None
) -> list[OnDuty]:
    """Who is on duty at a moment, at an institution and its windows, or in a region; by end.

    People out of work and institutions out of use do not count.
    """
    query = _everybody(session, institution).where(
        col(DutyRow.starts_at) <= at, col(DutyRow.ends_at) > at
    )
    rows = session.execute(query.order_by(col(DutyRow.ends_at), col(DutyRow.id)))
    found = [_on_duty(row, place) for row, place in rows]
    return [one for one in found if region is None or covers(region, one.region)]


def next_on_duty(
    session: Session,
    after: datetime,
    *,
    institution: str | None = None,
    region: str | None = None,
) -> OnDuty | None:
    """The first whose duty begins after a moment."""
    query = (
        _everybody(session, institution)
        .where(col(DutyRow.starts_at) > after)
        .order_by(col(DutyRow.starts_at), col(DutyRow.id))
    )
    if region is None:
        query = query.limit(1)
    for row, place in session.execute(query):
        one = _on_duty(row, place)
        if region is None or covers(region, one.region):
            return one
    return None


def duty_of(row: DutyRow, staff_no: str, *, source: DutySource | None = None) -> Duty:
    """The duty of a row."""
    return Duty(
        staff_no=staff_no,
        institution=row.institution,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        source=source or DutySource(row.source),
        duty_id=row.id,
    )


def _with_id(duty: Duty, row: DutyRow) -> Duty:
    return Duty(duty.staff_no, duty.institution, duty.starts_at, duty.ends_at, duty.source, row.id)


def _clash(session: Session, person_id: str, duty: Duty) -> DutyRow | None:
    """The person's duty that begins at the same moment. Raises DutyOverlapError for any other."""
    query = select(DutyRow).where(
        col(DutyRow.person_id) == person_id,
        col(DutyRow.starts_at) < duty.ends_at,
        col(DutyRow.ends_at) > duty.starts_at,
    )
    same = None
    for row in session.scalars(query):
        if row.starts_at == duty.starts_at:
            same = row
            continue
        raise DutyOverlapError(
            f"starts_at：{duty.staff_no}在{_shown(row.starts_at)}至{_shown(row.ends_at)}"
            f"已在{row.institution}值班，请改时间或先删去原来的班",
            field="starts_at",
        )
    return same


def _everybody(session: Session, institution: str | None) -> Select[DutyRow, InstitutionRow]:
    query = (
        select(DutyRow, InstitutionRow)
        .join(InstitutionRow, col(InstitutionRow.code) == col(DutyRow.institution))
        .join(PersonRow, col(PersonRow.person_id) == col(DutyRow.person_id))
        .where(col(PersonRow.active), col(InstitutionRow.active))
    )
    if institution is None:
        return query
    return query.where(col(DutyRow.institution).in_(with_windows(session, [institution])))


def _on_duty(row: DutyRow, place: InstitutionRow) -> OnDuty:
    return OnDuty(row.person_id, row.institution, place.region, row.starts_at, row.ends_at)


def _gaps(
    session: Session,
    since: datetime,
    until: datetime,
    working: WorkingDays,
    institution: str | None,
    region: str | None,
) -> list[Gap]:
    query = _everybody(session, institution).where(
        col(DutyRow.starts_at) < until, col(DutyRow.ends_at) > since
    )
    manned: dict[str, list[tuple[datetime, datetime]]] = {}
    places = {one.code: one for one in all_institutions(session, active=True)}
    for row, place in session.execute(query):
        code: str | None = place.code
        while code is not None:  # a window's duty mans what is above it as well
            manned.setdefault(code, []).append((row.starts_at, row.ends_at))
            code = places[code].parent if code in places else None
    found: list[Gap] = []
    for code, one in sorted(places.items()):
        if institution not in (None, code) or (region and not covers(region, one.region)):
            continue
        if institution is None and code not in manned and not one.is_desk:
            continue
        opened = open_spans(one, since, until, working)
        found += gaps(code, opened, manned.get(code, ()))
    return found


def _note(
    session: Session, ring: KeyRing, row: DutyRow, action: str, actor: str, now: datetime
) -> None:
    digest = duty_digest(ring, row)
    subject = f"duty:{row.person_id}/{row.starts_at.isoformat(timespec='seconds')}"
    audit_log.append(
        session, ring, actor=actor, action=action, subject=subject, digest=digest, at=now
    )


def _shown(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
