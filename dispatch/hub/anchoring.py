"""The audit chain's end, kept by the hub: what we cannot rewrite even with our own keys."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.hub.client import HubClient
from dispatch.hub.errors import HubAnswerError
from hotline.db import Database
from hotline.db.audit_log import read_head
from hotline.db.tables import AuditRow
from hotline.settings_orders import HubSettings

log = structlog.get_logger(__name__)
PATH = "/api/v1/anchors"


@dataclass(frozen=True, slots=True)
class AnchorReport:
    """Our chain against the hub's anchors."""

    anchors: int
    latest: datetime | None
    problems: tuple[str, ...]


class Anchors:
    """Sends the chain's end to the hub, and compares the chain with what the hub kept."""

    def __init__(self, db: Database, settings: HubSettings, client: HubClient) -> None:
        self._db = db
        self._settings = settings
        self._client = client

    async def send(self, now: datetime) -> bool:
        """Send the chain's end. False when there is none, or the hub says it saw another chain.

        Raises HubDownError, HubAnswerError.
        """
        head = await self._db.read(read_head)
        if head is None:
            return False
        data = {
            "version": 1,
            "message": "audit.anchor",
            "sender": self._settings.terminal,
            "seq": head.seq,
            "hash": head.hash,
            "at": now.isoformat(timespec="milliseconds"),
        }
        reply = await self._client.call("POST", PATH, json.dumps(data).encode())
        if reply.status in (200, 201):
            log.info("audit_anchored", link=head.seq)
            return True
        if reply.status == 409:
            log.error("audit_anchor_conflict", link=head.seq)
            return False
        raise HubAnswerError(f"the hub answered {reply.status} to the audit anchor")

    async def compare(self) -> AnchorReport:
        """Every anchor the hub kept is a link of our chain. Raises HubDownError, HubAnswerError."""
        data = await self._client.get(f"{PATH}?sender={quote(self._settings.terminal)}&limit=4000")
        try:
            kept = [(int(entry["seq"]), str(entry["hash"])) for entry in data["anchors"]]
            stamps = [datetime.fromisoformat(entry["at"]) for entry in data["anchors"]]
        except (KeyError, TypeError, ValueError):
            raise HubAnswerError("the hub's anchors are not what the protocol says") from None
        hashes = await self._db.read(lambda session: _hashes(session, [seq for seq, _ in kept]))
        problems = [_problem(seq, seen, hashes) for seq, seen in sorted(kept)]
        told = tuple(problem for problem in problems if problem)
        return AnchorReport(len(kept), max(stamps, default=None), told)


def _hashes(session: Session, seqs: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(seqs), 500):
        part = seqs[start : start + 500]
        query = select(col(AuditRow.seq), col(AuditRow.hash)).where(col(AuditRow.seq).in_(part))
        for row in session.execute(query):
            found[row[0]] = row[1]
    return found


def _problem(seq: int, seen: str, hashes: dict[int, Any]) -> str | None:
    if seq not in hashes:
        return f"links up to {seq} existed when the hub was told, link {seq} is not there"
    if hashes[seq] != seen:
        return f"link {seq} is not the one the hub was told of"
    return None
