"""Erases somebody who worked here: what they did keeps their id, which leads to nobody any more."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db import audit_log
from hotline.db.desk_tables import PasswordRow, SeatRow, SessionRow
from hotline.db.digests import api_key_digest, person_digest
from hotline.db.engine import Database
from hotline.db.erased import note_erased
from hotline.db.order_tables import ApiKeyRow, DutyRow, GrantRow, PersonRow
from hotline.privacy import KeyRing, place
from hotline.settings import Settings

log = structlog.get_logger(__name__)
_GONE = "erased-"


async def erase_staff(
    db: Database, ring: KeyRing, settings: Settings, person_id: str, *, actor: str, now: datetime
) -> None:
    """Destroy name, telephone and staff number; end rights, keys and duties that have not begun."""
    await asyncio.to_thread(note_erased, settings.data_dir, {"people": [person_id]}, now)
    await db.write(
        lambda session: erase_staff_rows(session, ring, [person_id], actor=actor, now=now)
    )
    await asyncio.to_thread(db.scrub)
    log.info("staff_erased", person_id=person_id)


def staff_alive(session: Session, ids: Iterable[str]) -> list[str]:
    """Those of ``ids`` that are not erased."""
    rows = [session.get(PersonRow, person_id) for person_id in ids]
    return [row.person_id for row in rows if row is not None and not _is_gone(row)]


def erase_staff_rows(
    session: Session, ring: KeyRing, ids: Sequence[str], *, actor: str, now: datetime
) -> None:
    """Erase inside the caller's transaction."""
    for person_id in ids:
        row = session.get_one(PersonRow, person_id, with_for_update=True)
        row.name_enc = ring.seal("（已删除）".encode(), place("people", "name", person_id))
        row.phone_enc = None
        row.staff_no = f"{_GONE}{person_id}"
        row.active, row.updated_at = False, now
        session.execute(delete(GrantRow).where(col(GrantRow.person_id) == person_id))
        coming = (col(DutyRow.person_id) == person_id, col(DutyRow.starts_at) > now)
        session.execute(delete(DutyRow).where(*coming))
        running = (col(DutyRow.person_id) == person_id, col(DutyRow.ends_at) > now)
        session.execute(update(DutyRow).where(*running).values(ends_at=now))
        _end_keys(session, ring, person_id, actor, now)
        session.execute(delete(SessionRow).where(col(SessionRow.person_id) == person_id))
        session.execute(delete(SeatRow).where(col(SeatRow.person_id) == person_id))
        session.execute(delete(PasswordRow).where(col(PasswordRow.person_id) == person_id))
        digest = person_digest(ring, row, [])
        action = "person.erased"
        audit_log.append(
            session, ring, actor=actor, action=action, subject=person_id, digest=digest, at=now
        )


def _end_keys(session: Session, ring: KeyRing, person_id: str, actor: str, now: datetime) -> None:
    query = select(ApiKeyRow).where(
        col(ApiKeyRow.person_id) == person_id, col(ApiKeyRow.revoked_at).is_(None)
    )
    for key in session.scalars(query):
        key.revoked_at = now
        digest = api_key_digest(ring, key)
        audit_log.append(
            session,
            ring,
            actor=actor,
            action="key.revoked",
            subject=key.key_id,
            digest=digest,
            at=now,
        )


def _is_gone(row: PersonRow) -> bool:
    return row.staff_no.startswith(_GONE)
