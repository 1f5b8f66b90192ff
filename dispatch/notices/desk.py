"""Adds text messages inside a step's transaction (``dispatch.life.ports.Notices``)."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.daytime import DailyWindow, china_midnight
from dispatch.life.ports import NoticeEffect, OrderEvent
from dispatch.notices.errors import NoticeSettingsError
from dispatch.notices.rules import NoticePolicy, Party, Refusal, earliest, is_full, refuse
from dispatch.notices.templates import Links, Templates
from dispatch.records import order_place
from hotline.db.digests import order_key
from hotline.db.order_tables import NoticeRow, OptOutRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import Urgency
from hotline.privacy import KeyRing, place
from hotline.settings_orders import NoticeSettings

Linker = Callable[[str, datetime], Links]
"""(order number, now) → its links."""


def policy_of(settings: NoticeSettings) -> NoticePolicy:
    """The rules these settings ask for. Raises NoticeSettingsError."""
    try:
        quiet = DailyWindow.parse(settings.quiet) if settings.quiet.strip() else None
    except ValueError as error:
        raise NoticeSettingsError(f"notices.quiet: {error}, or leave it empty") from None
    if quiet is not None and quiet.whole:
        raise NoticeSettingsError("notices.quiet: the whole day is quiet; set notices.gateway=off")
    return NoticePolicy(
        quiet=quiet,
        per_day=settings.per_day,
        keep=timedelta(hours=settings.keep_h),
        silent_topics=frozenset(settings.silent_topics),
        silent_emergencies=frozenset(settings.silent_emergencies),
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """The number a party is written to, and its hash; both None: there is none."""

    number: str | None
    hash: str | None


def reach_of(ring: KeyRing, order: OrderRow) -> Reach:
    """The contact's number, or the caller's when no contact was given."""
    if order.row_key is None:
        return Reach(None, None)
    key = order_key(ring, order)
    if order.phone_enc is not None:
        return Reach(
            key.open_text(order.phone_enc, order_place("phone", order.order_no)), order.phone_hash
        )
    return Reach(
        key.open_text(order.caller_enc, order_place("caller", order.order_no)), order.caller_hash
    )


def is_urgent(order: OrderRow) -> bool:
    """An emergency: does not wait for the morning."""
    return order.urgency == Urgency.EMERGENCY.value or order.emergency is not None


def party_of(session: Session, order: OrderRow, reach: Reach) -> Party:
    """What the rules look at."""
    out = reach.hash is not None and session.get(OptOutRow, reach.hash) is not None
    return Party(
        number=reach.number,
        topic=order.topic,
        urgent=is_urgent(order),
        emergency=order.emergency,
        opted_out=out,
    )


def notice_place(key: str) -> bytes:
    """Name of a message's sealed body."""
    return place("notices", "body", key)


class NoticeDesk:
    """Writes messages beside the step they tell of."""

    def __init__(
        self, ring: KeyRing, templates: Templates, policy: NoticePolicy, links: Linker
    ) -> None:
        self._ring = ring
        self._templates = templates
        self._policy = policy
        self._links = links

    def add(
        self,
        session: Session,
        order: OrderRow,
        event: OrderEvent,
        effects: Sequence[NoticeEffect],
        now: datetime,
    ) -> None:
        """See ``dispatch.life.ports.Notices``."""
        for effect in effects:
            key = f"{order.order_no}-{event.seq}-{effect.template}"
            self.add_one(session, order, effect, key, now)

    def add_one(
        self, session: Session, order: OrderRow, effect: NoticeEffect, key: str, now: datetime
    ) -> None:
        """One message under an idempotency key of the caller's; a known key adds nothing.

        One that may not go is kept without text, with the reason.
        """
        known = select(col(NoticeRow.id)).where(col(NoticeRow.key) == key)
        if session.scalar(known) is not None:
            return
        reach = reach_of(self._ring, order)
        party = party_of(session, order, reach)
        at = earliest(self._policy, party.urgent, now)
        refusal = refuse(self._policy, party)
        if refusal is None and is_full(self._policy, _planned(session, reach.hash or "", at)):
            refusal = Refusal.DAY_FULL
        text = None
        if refusal is None:
            links = self._links(order.order_no, now)
            text = self._templates.render(effect.template, order.order_no, links, effect.data)
            refusal = Refusal.NO_TEXT if text is None else None
        session.add(self._row(order, effect.template, key, reach, text, refusal, at, now))

    def _row(
        self,
        order: OrderRow,
        template: str,
        key: str,
        reach: Reach,
        text: str | None,
        refusal: Refusal | None,
        at: datetime,
        now: datetime,
    ) -> NoticeRow:
        sealed = None
        if refusal is None:
            body = json.dumps({"phone": reach.number, "text": text}, ensure_ascii=False)
            sealed = order_key(self._ring, order).seal_text(body, notice_place(key))
        return NoticeRow(
            key=key,
            order_no=order.order_no,
            template=template,
            body_enc=sealed,
            state="pending" if refusal is None else "suppressed",
            next_at=at,
            last_error=refusal,
            created_at=now,
            finished_at=None if refusal is None else now,
        )


def _planned(session: Session, phone_hash: str, at: datetime) -> int:
    """Messages of the day ``at`` lies in that went, or will go, to this telephone."""
    start = china_midnight(at)
    mine = or_(
        col(OrderRow.phone_hash) == phone_hash,
        and_(col(OrderRow.phone_hash).is_(None), col(OrderRow.caller_hash) == phone_hash),
    )
    query = (
        select(func.count())
        .select_from(NoticeRow)
        .join(OrderRow, col(OrderRow.order_no) == col(NoticeRow.order_no))
        .where(
            mine,
            col(NoticeRow.state).in_(("pending", "sent")),
            col(NoticeRow.next_at) >= start,
            col(NoticeRow.next_at) < start + timedelta(days=1),
        )
    )
    return session.scalar(query) or 0
