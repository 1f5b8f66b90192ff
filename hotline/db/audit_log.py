"""The audit chain in the database: appended in the transaction of the thing audited."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.audit import AuditLink, AuditReport, Head, head_data, next_link, verify_chain
from hotline.db import late
from hotline.db.engine import Database
from hotline.db.tables import AuditHeadRow, AuditRow
from hotline.privacy import KeyRing
from hotline.settings import Settings

log = structlog.get_logger(__name__)
_LOCK = 12348_002
"""PostgreSQL advisory lock: one process at a time adds a link (SQLite: the write lock does it)."""


def append(
    session: Session,
    ring: KeyRing,
    *,
    actor: str,
    action: str,
    subject: str,
    digest: str,
    at: datetime,
) -> int:
    """Add a link inside the caller's transaction; returns its number."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    session.flush()
    row = session.get(AuditHeadRow, 1, populate_existing=True)
    head = Head(row.seq, row.hash, row.mac) if row else None
    link = next_link(head, at, actor, action, subject, digest)
    mac = ring.audit_mac(head_data(link.seq, link.hash))
    session.add(
        AuditRow(
            seq=link.seq,
            at=link.at,
            actor=link.actor,
            action=link.action,
            subject=link.subject,
            digest=link.digest,
            prev_hash=link.prev_hash,
            hash=link.hash,
        )
    )
    if row is None:
        session.add(AuditHeadRow(id=1, seq=link.seq, hash=link.hash, mac=mac))
    else:
        row.seq, row.hash, row.mac = link.seq, link.hash, mac
    return link.seq


def append_late(
    session: Session,
    ring: KeyRing,
    *,
    actor: str,
    action: str,
    subject: str,
    digest: str,
    at: datetime,
) -> None:
    """``append`` just before the commit.

    The chain's lock is then taken last: a transaction over several orders cannot hold it while it
    waits for a row that somebody else has, who waits for the chain.
    """
    link = partial(append, session, ring, actor=actor, action=action, subject=subject)
    late.before_commit(session, lambda: _ignore(link(digest=digest, at=at)))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a link is made of."""

    actor: str
    action: str
    subject: str
    digest: str
    at: datetime


def append_many(session: Session, ring: KeyRing, entries: Sequence[Entry]) -> None:
    """Add links, in sequence, in a few statements. For work that settles hundreds at once."""
    if not entries:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    session.flush()
    row = session.get(AuditHeadRow, 1, populate_existing=True)
    head = Head(row.seq, row.hash, row.mac) if row else None
    rows = []
    for entry in entries:
        link = next_link(head, entry.at, entry.actor, entry.action, entry.subject, entry.digest)
        head = Head(link.seq, link.hash, "")
        rows.append({name: getattr(link, name) for name in AuditLink.__slots__})
    assert head is not None
    session.execute(insert(AuditRow), rows)
    mac = ring.audit_mac(head_data(head.seq, head.hash))
    if row is None:
        session.add(AuditHeadRow(id=1, seq=head.seq, hash=head.hash, mac=mac))
    else:
        row.seq, row.hash, row.mac = head.seq, head.hash, mac


class AuditLog:
    """Verifies the chain and keeps its anchor file (``<data_dir>/audit.anchor``)."""

    def __init__(self, db: Database, ring: KeyRing, anchor: Path) -> None:
        self._db = db
        self._ring = ring
        self._anchor = anchor

    @classmethod
    def of(cls, settings: Settings, db: Database, ring: KeyRing) -> "AuditLog":
        """The audit log of these settings."""
        return cls(db, ring, settings.data_dir / "audit.anchor")

    async def append(
        self, *, actor: str, action: str, subject: str, digest: str, at: datetime
    ) -> int:
        """Add a link in a transaction of its own (for things that change no other row)."""
        return await self._db.write(
            lambda session: append(
                session,
                self._ring,
                actor=actor,
                action=action,
                subject=subject,
                digest=digest,
                at=at,
            )
        )

    async def verify(self) -> AuditReport:
        """Go through the whole chain; the report names every bad link."""
        anchor, problem = self._read_anchor()
        report = await self._db.read(lambda session: _verify(session, self._ring, anchor))
        return AuditReport(report.links, (*report.problems, *problem))

    async def anchor(self) -> None:
        """Write the chain's present end to the anchor file; never goes back."""
        head = await self._db.read(read_head)
        known, _ = self._read_anchor()
        if head is None or (known is not None and known.seq >= head.seq):
            return
        self._write_anchor(head)

    def reset_anchor(self, head: Head | None) -> None:
        """Set the anchor to ``head`` whatever it was: for a restore, itself audited."""
        if head is None:
            self._anchor.unlink(missing_ok=True)
        else:
            self._write_anchor(head)

    def _write_anchor(self, head: Head) -> None:
        temporary = self._anchor.with_suffix(".new")
        data = {"seq": head.seq, "hash": head.hash, "mac": head.mac}
        temporary.write_text(json.dumps(data), encoding="ascii")
        temporary.replace(self._anchor)

    def _read_anchor(self) -> tuple[Head | None, tuple[str, ...]]:
        try:
            data = json.loads(self._anchor.read_text(encoding="ascii"))
            return Head(int(data["seq"]), str(data["hash"]), str(data["mac"])), ()
        except FileNotFoundError:
            return None, ()
        except (ValueError, KeyError, TypeError):
            return None, ("the anchor file is damaged",)


def read_head(session: Session) -> Head | None:
    """The chain's present end; None while it is empty."""
    row = session.get(AuditHeadRow, 1)
    return Head(row.seq, row.hash, row.mac) if row else None


def _ignore(seq: int) -> None:
    """A late link's number is of no use to anybody."""


def _links(session: Session) -> Iterator[AuditLink]:
    query = select(AuditRow).order_by(col(AuditRow.seq)).execution_options(yield_per=1000)
    for row in session.scalars(query):
        session.expunge(row)
        yield AuditLink(
            row.seq,
            row.at,
            row.actor,
            row.action,
            row.subject,
            row.digest,
            row.prev_hash,
            row.hash,
        )


def _verify(session: Session, ring: KeyRing, anchor: Head | None) -> AuditReport:
    return verify_chain(_links(session), read_head(session), anchor, ring.audit_mac)
