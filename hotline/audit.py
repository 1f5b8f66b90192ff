"""The audit chain, without a database: how a link is made and how a chain is judged.

Each link holds the hash of the one before, so that none can be changed, left out, put in or moved
without breaking all that follow. The end of the chain is sealed with a key kept outside the
database (``mac``), and its position is also written to a file: cutting links off the end shows.
Links hold ids and keyed digests, never personal data, so a person can be erased and the chain
still holds.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditLink:
    """One link: who did what to which record, and the keyed digest of what it then held."""

    seq: int
    at: datetime
    actor: str
    """A role, an account or a part of ours: bot, agent:17, hub, retention."""
    action: str
    """Dotted and stable: call.finished, order.received, person.erased."""
    subject: str
    """A call id or an order number."""
    digest: str
    """64 hex digits, keyed."""
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain, as the database or the anchor file has it."""

    seq: int
    hash: str
    mac: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What a verification found."""

    links: int
    problems: tuple[str, ...]
    """Each names the link concerned; empty when the chain holds."""

    @property
    def ok(self) -> bool:
        """The chain holds."""
        return not self.problems


def link_hash(
    seq: int, at: datetime, actor: str, action: str, subject: str, digest: str, prev_hash: str
) -> str:
    """SHA-256 over the canonical form of a link (64 hex digits)."""
    stamp = at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [seq, stamp, actor, action, subject, digest, prev_hash]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def next_link(
    head: Head | None, at: datetime, actor: str, action: str, subject: str, digest: str
) -> AuditLink:
    """The link that follows ``head`` (None: the first)."""
    seq = head.seq + 1 if head else 1
    prev = head.hash if head else GENESIS
    made = link_hash(seq, at, actor, action, subject, digest, prev)
    return AuditLink(seq, at, actor, action, subject, digest, prev, made)


def head_data(seq: int, hash_: str) -> bytes:
    """What the head's mac is made over."""
    return f"audit-head/{seq}/{hash_}".encode()


def verify_chain(
    links: Iterable[AuditLink],
    head: Head | None,
    anchor: Head | None,
    mac: Callable[[bytes], str],
) -> AuditReport:
    """Judge a chain given in the order of ``seq``. ``mac`` is the key ring's ``audit_mac``."""
    problems: list[str] = []
    count, expected, prev = 0, 1, GENESIS
    anchored: str | None = None
    for link in links:
        count += 1
        if link.seq != expected:
            problems.append(f"links {expected} to {link.seq - 1} are missing")
        elif link.prev_hash != prev:
            problems.append(f"link {link.seq} does not follow link {link.seq - 1}")
        made = link_hash(
            link.seq, link.at, link.actor, link.action, link.subject, link.digest, link.prev_hash
        )
        if made != link.hash:
            problems.append(f"link {link.seq} ({link.action}) was changed")
        if anchor and link.seq == anchor.seq:
            anchored = link.hash
        expected, prev = link.seq + 1, link.hash
    problems += _judge_ends(expected - 1, prev, head, anchor, anchored, mac)
    return AuditReport(count, tuple(problems))


def _judge_ends(
    last: int,
    last_hash: str,
    head: Head | None,
    anchor: Head | None,
    anchored: str | None,
    mac: Callable[[bytes], str],
) -> list[str]:
    problems = []
    if head is None:
        if last:
            problems.append("the chain's head is missing")
    elif head.mac != mac(head_data(head.seq, head.hash)):
        problems.append("the chain's head was forged")
    elif head.seq != last or head.hash != last_hash:
        problems.append(f"the chain ends at link {last}, its head says {head.seq}")
    if anchor is not None:
        if anchor.mac != mac(head_data(anchor.seq, anchor.hash)):
            problems.append("the anchor file was forged")
        elif anchored is None and anchor.seq:
            problems.append(f"links up to {anchor.seq} existed, the chain ends at link {last}")
        elif anchor.seq and anchored != anchor.hash:
            problems.append(f"link {anchor.seq} is not the one the anchor file saw")
    return problems
