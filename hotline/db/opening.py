"""Opens database and key ring together, and refuses a pair that does not belong together."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.db.audit_log import AuditLog
from hotline.db.calls import CallStore
from hotline.db.engine import Database
from hotline.db.tables import KeyInUseRow
from hotline.privacy import KeyRing
from hotline.privacy.errors import KeysMissingError
from hotline.settings import Settings


@dataclass(frozen=True, slots=True)
class Store:
    """What everybody who keeps data needs."""

    settings: Settings
    db: Database
    ring: KeyRing
    calls: CallStore
    audit: AuditLog

    async def aclose(self) -> None:
        """Write the audit anchor and close. May be called twice."""
        if not self.db.is_open:
            return
        try:
            await self.audit.anchor()
        finally:
            await self.db.aclose()


def open_store(settings: Settings) -> Store:
    """Open, migrate, and check the keys. Blocking: call it before the event loop has work.

    Raises DatabaseDownError, and KeysMissingError when the database holds data sealed under keys
    that the key ring does not have (it was lost, or belongs to another database).
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    db = Database(settings).open()
    try:
        db.migrate()
        known = db.read_now(_keys_in_use)
        if known and not settings.keys_path.exists():
            raise KeysMissingError(
                f"{settings.keys_path} is missing, but the database holds sealed data: "
                "bring the key file back from where it is kept"
            )
        ring = KeyRing.open(settings)
        check_keys(db, ring)
    except BaseException:
        db.close()
        raise
    return Store(settings, db, ring, CallStore(db, ring), AuditLog.of(settings, db, ring))


def check_keys(db: Database, ring: KeyRing) -> None:
    """Every key the database has data under is in the ring; the current one is noted as used.

    Raises KeysMissingError.
    """
    held = ring.fingerprints()
    for key_id, fingerprint in db.read_now(_keys_in_use).items():
        if held.get(key_id) != fingerprint:
            raise KeysMissingError(
                f"the database holds data under key {key_id}, but {ring.path} has another or none: "
                "bring back the key file that belongs to this database"
            )

    def note(session: Session) -> None:
        if session.get(KeyInUseRow, ring.current) is None:
            fingerprint = held[ring.current]
            now = datetime.now(UTC)
            session.add(KeyInUseRow(key_id=ring.current, fingerprint=fingerprint, since=now))

    db.write_now(note)


def _keys_in_use(session: Session) -> dict[str, str]:
    return {row.key_id: row.fingerprint for row in session.scalars(select(KeyInUseRow))}
