"""Between the decisions about a step and the tables."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import FieldWrongError
from dispatch.life.engine import Snapshot, plain_value
from dispatch.records import member, order_place
from hotline.db.digests import order_key
from hotline.db.order_tables import InstitutionRow, OfferRow, OrderClockRow, PersonRow
from hotline.db.tables import OrderEventRow, OrderRow
from hotline.domain.codes import OrderState
from hotline.domain.order_codes import Clock
from hotline.privacy import KeyRing, RowKey

_SEALED = {name for name in OrderRow.model_fields if name.endswith(("_enc", "_hash"))}
_ENDING_OFFERS = frozenset(
    {"claimed", "assigned", "reassigned", "answered", "closed", "merged", "withdrawn"}
)
Note = Mapping[str, str]


def snapshot(session: Session, row: OrderRow, now: datetime, *, new: bool = False) -> Snapshot:
    """The order for a decision. ``new``: its row is not in the database yet."""
    columns = row.model_dump(exclude=_SEALED | {"row_key"})
    if new:
        return Snapshot(row.order_no, None, 0, columns)
    return Snapshot(
        row.order_no,
        member(OrderState, row.state),
        row.version,
        columns,
        erased=row.erased_at is not None,
        return_over=_return_over(session, row.order_no, now),
        asked=_asked(session, row, now),
    )


def _return_over(session: Session, order_no: str, now: datetime) -> bool:
    clock = session.get(OrderClockRow, (order_no, Clock.RETURN.value))
    return clock is not None and clock.paused_at is None and now > clock.due_at


def _asked(session: Session, row: OrderRow, now: datetime) -> frozenset[str]:
    if row.state != OrderState.TRIAGED.value:
        return frozenset()
    query = select(col(OfferRow.person_id)).where(
        col(OfferRow.order_no) == row.order_no,
        col(OfferRow.answer).is_(None),
        col(OfferRow.until) >= now,
    )
    return frozenset(session.scalars(query))


def check_known(session: Session, public: Mapping[str, Any]) -> None:
    """Whoever a step names must exist. Raises FieldWrongError."""
    institution, handler = public.get("institution"), public.get("handler")
    if institution is not None:
        found = session.get(InstitutionRow, institution)
        if found is None or not found.active:
            raise FieldWrongError(
                "institution：没有这个在用的机构，请查机构表", field="institution"
            )
    if handler is not None:
        _check_person(session, handler, institution, "handler")
    for person in public.get("people", ()):
        _check_person(session, person, None, "people")


def _check_person(session: Session, person: str, institution: str | None, name: str) -> None:
    found = session.get(PersonRow, person)
    if found is None or not found.active or found.institution is None:
        raise FieldWrongError(f"{name}：没有这个在岗人员，请查人员表", field=name)
    if institution is not None and found.institution != institution:
        raise FieldWrongError(f"{name}：该人员不属于所选机构，请核对", field=name)


def keep_offers(
    session: Session, order_no: str, step: str, public: Mapping[str, Any], person: str | None,
    now: datetime,
) -> None:  # fmt: skip
    """Write the offers a step makes, and answer those it ends."""
    if step == "offered":
        _make_offers(session, order_no, public["people"], public["until"], now)
    elif step in _ENDING_OFFERS:
        for offer in _open_offers(session, order_no):
            won = step == "claimed" and offer.person_id == person
            late = offer.until < now
            offer.answer = "claimed" if won else "expired" if late else "lost"
            offer.answered_at = now


def _open_offers(session: Session, order_no: str) -> list[OfferRow]:
    query = select(OfferRow).where(
        col(OfferRow.order_no) == order_no, col(OfferRow.answer).is_(None)
    )
    return list(session.scalars(query))


def _make_offers(
    session: Session, order_no: str, people: tuple[str, ...], until: datetime, now: datetime
) -> None:
    asked = {offer.person_id for offer in _open_offers(session, order_no) if offer.until >= now}
    last = session.scalar(
        select(func.max(col(OfferRow.round))).where(col(OfferRow.order_no) == order_no)
    )
    for person in people:
        if person not in asked:
            session.add(
                OfferRow(
                    order_no=order_no,
                    round=(last or 0) + 1,
                    person_id=person,
                    made_at=now,
                    until=until,
                )
            )


def seal_note(key: RowKey, order_no: str, seq: int, note: Note) -> bytes | None:
    """A step's texts for ``order_events.note_enc``."""
    if not note:
        return None
    return key.seal_text(json.dumps(dict(note), ensure_ascii=False), _note_place(order_no, seq))


def open_note(key: RowKey, event: OrderEventRow) -> dict[str, str]:
    """A step's texts (personal data): field → text; empty when there are none, or erased."""
    text = key.open_text(event.note_enc, _note_place(event.order_no, event.seq))
    return {} if text is None else dict(json.loads(text))


def _note_place(order_no: str, seq: int) -> bytes:
    return order_place("note", f"{order_no}/{seq}")


def fields_json(public: Mapping[str, Any]) -> str:
    """A step's public fields for ``order_events.fields_json``."""
    plain = {name: plain_value(value) for name, value in public.items()}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def order_document(ring: KeyRing, row: OrderRow) -> dict[str, Any]:
    """The order as the hub gets it (``order.received``). Personal data."""
    key = order_key(ring, row)

    def opened(column: str) -> str | None:
        return key.open_text(getattr(row, f"{column}_enc"), order_place(column, row.order_no))

    extra = json.loads(opened("extra") or "{}")
    return {
        "state": row.state,
        "terminal": row.terminal,
        "service_type": row.service_type,
        "act": row.act,
        "topic": row.topic,
        "urgency": row.urgency,
        "emergency": row.emergency,
        "region": row.region,
        "title": row.title,
        "description": opened("description"),
        "since": extra.get("since"),
        "callback": row.callback,
        "confidential": row.confidential,
        "contact": {"name": opened("name"), "phone": opened("phone")},
        "caller_number": opened("caller"),
        "call_id": row.call_id,
        "outside_no": row.outside_no,
        "extra": extra.get("extra", {}),
    }
