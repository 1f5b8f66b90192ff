"""Rotation: new data under a new key, then everything older sealed anew, then the old key gone."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.engine import Database
from hotline.db.opening import check_keys
from hotline.db.order_tables import PersonRow
from hotline.db.tables import CallRow, KeyInUseRow, OrderRow, OutboxRow
from hotline.privacy import KeyRing, place
from hotline.privacy.ciphers import CipherName
from hotline.privacy.errors import RecordingError
from hotline.privacy.recording import reseal

_BATCH = 500


@dataclass(frozen=True, slots=True)
class RekeyReport:
    """What was sealed anew."""

    rows: int
    recordings: int
    unreadable: tuple[str, ...]
    """Recordings that could not be read; the old keys are kept because of them."""


def rotate_keys(db: Database, ring: KeyRing, cipher: CipherName | None = None) -> str:
    """Add a key for new data (of ``cipher``, or of the present one); returns its id.

    Running processes see it at once. ``finish_rotation`` then brings what is older under it.
    """
    key_id = ring.rotate(cipher)
    check_keys(db, ring)
    return key_id


async def finish_rotation(db: Database, ring: KeyRing, recordings: Path) -> RekeyReport:
    """Seal all that is older under the current key, then destroy the old keys.

    In small transactions, so that calls go on meanwhile; may be interrupted and repeated. Old
    keys are kept when a recording could not be read.
    """
    report = await reseal_all(db, ring, recordings)
    again = report
    while again.rows or again.recordings:  # what running calls sealed before they saw the new key
        again = await reseal_all(db, ring, recordings)
    if not report.unreadable:
        await _retire(db, ring)
    return report


async def reseal_all(db: Database, ring: KeyRing, recordings: Path) -> RekeyReport:
    """Seal every row's key, waiting message, colleague and recording under the current key."""
    rows = 0
    for step in (_calls, _orders, _outbox, _people):
        after: str | None = ""
        while after is not None:
            after, changed = await db.write(partial(step, ring=ring, after=after))
            rows += changed
    done, bad = await asyncio.to_thread(_reseal_files, ring, recordings)
    return RekeyReport(rows, done, bad)


def _reseal_files(ring: KeyRing, folder: Path) -> tuple[int, tuple[str, ...]]:
    done, bad = 0, []
    for path in sorted(folder.glob("*")):
        try:
            done += reseal(path, ring)
        except (OSError, RecordingError):
            bad.append(path.name)
    return done, tuple(bad)


async def _retire(db: Database, ring: KeyRing) -> None:
    old = [key_id for key_id in ring.fingerprints() if key_id != ring.current]

    def work(session: Session) -> None:
        session.execute(delete(KeyInUseRow).where(col(KeyInUseRow.key_id).in_(old)))

    await db.write(work)
    for key_id in old:
        ring.retire(key_id)


def _calls(session: Session, ring: KeyRing, after: str) -> tuple[str | None, int]:
    key = col(CallRow.call_id)
    rows = session.scalars(select(CallRow).where(key > after).order_by(key).limit(_BATCH)).all()
    changed = 0
    for row in rows:
        new = _again(ring, row.row_key, place("calls", "row_key", row.call_id))
        changed += new is not row.row_key
        row.row_key = new
    return (rows[-1].call_id if rows else None), changed


def _orders(session: Session, ring: KeyRing, after: str) -> tuple[str | None, int]:
    key = col(OrderRow.order_no)
    rows = session.scalars(select(OrderRow).where(key > after).order_by(key).limit(_BATCH)).all()
    changed = 0
    for row in rows:
        new = _again(ring, row.row_key, place("orders", "row_key", row.order_no))
        changed += new is not row.row_key
        row.row_key = new
    return (rows[-1].order_no if rows else None), changed


def _outbox(session: Session, ring: KeyRing, after: str) -> tuple[str | None, int]:
    key = col(OutboxRow.idempotency_key)
    waiting = col(OutboxRow.body_enc).is_not(None)
    query = select(OutboxRow).where(waiting, key > after).order_by(key).limit(_BATCH)
    rows = session.scalars(query).all()
    changed = 0
    for row in rows:
        new = _again(ring, row.body_enc, place("outbox", "body", row.idempotency_key))
        changed += new is not row.body_enc
        row.body_enc = new
    return (rows[-1].idempotency_key if rows else None), changed


def _people(session: Session, ring: KeyRing, after: str) -> tuple[str | None, int]:
    key = col(PersonRow.person_id)
    query = select(PersonRow).where(key > after).order_by(key).limit(_BATCH)
    rows = session.scalars(query).all()
    changed = 0
    for row in rows:
        name = _again(ring, row.name_enc, place("people", "name", row.person_id))
        phone = _again(ring, row.phone_enc, place("people", "phone", row.person_id))
        changed += name is not row.name_enc or phone is not row.phone_enc
        row.name_enc, row.phone_enc = name or b"", phone
    return (rows[-1].person_id if rows else None), changed


def _again(ring: KeyRing, blob: bytes | None, where: bytes) -> bytes | None:
    if blob is None or KeyRing.key_id_of(blob) == ring.current:
        return blob
    return ring.seal(ring.unseal(blob, where), where)
