"""An order's row as triage and matching see it: no personal data."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from hotline.db.order_tables import OfferRow, OutcomeRow
from hotline.db.tables import OrderRow
from hotline.domain.codes import ServiceType, Urgency
from hotline.domain.handling import OrderFacts


@dataclass(frozen=True, slots=True)
class Barred:
    """Who shall not get an order."""

    people: frozenset[str]
    """Gave it back, or declined it."""
    institutions: frozenset[str]
    """Gave it back."""
    rounds: int
    """How often it was put up for claim already."""


NOBODY = Barred(frozenset(), frozenset(), 0)


def facts_of(session: Session, row: OrderRow) -> OrderFacts:
    """What the row says."""
    last = None
    if row.returned:
        last = session.scalar(
            select(col(OutcomeRow.institution))
            .where(
                col(OutcomeRow.order_no) == row.order_no, col(OutcomeRow.returned_at).is_not(None)
            )
            .order_by(col(OutcomeRow.id).desc())
            .limit(1)
        )
    return OrderFacts(
        order_no=row.order_no,
        service_type=ServiceType(row.service_type),
        act=row.act,
        topic=row.topic,
        urgency=Urgency(row.urgency),
        region=row.region,
        terminal=row.terminal,
        emergency=row.emergency,
        callback=row.callback,
        language=row.language,
        confidential=row.confidential,
        returned=row.returned,
        reopened=row.reopened,
        last_institution=last,
    )


def barred_of(session: Session, row: OrderRow) -> Barred:
    """Who had their chance."""
    returned = session.execute(
        select(col(OutcomeRow.person_id), col(OutcomeRow.institution)).where(
            col(OutcomeRow.order_no) == row.order_no, col(OutcomeRow.returned_at).is_not(None)
        )
    ).all()
    offers = session.execute(
        select(col(OfferRow.person_id), col(OfferRow.answer), col(OfferRow.round)).where(
            col(OfferRow.order_no) == row.order_no
        )
    ).all()
    people = {person for person, _ in returned if person}
    people |= {person for person, answer, _ in offers if answer == "declined"}
    return Barred(
        frozenset(people),
        frozenset(place for _, place in returned if place),
        max((number for _, _, number in offers), default=0),
    )
