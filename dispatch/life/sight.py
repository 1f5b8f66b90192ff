"""Who sees what of an order."""

from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.errors import StepForbiddenError
from dispatch.life import rows
from dispatch.life.engine import Allowed, possible_steps
from dispatch.records import detail_of, hidden, view_of
from hotline.db import audit_log
from hotline.db.tables import OrderRow
from hotline.domain.order_codes import Right
from hotline.domain.orders import OrderDetail, OrderView
from hotline.domain.people import Actor
from hotline.privacy import KeyRing


class Sight:
    """Views of orders for actors. An order's own handler always sees what it is about."""

    def __init__(self, ring: KeyRing, allowed: Allowed) -> None:
        self._ring = ring
        self._allowed = allowed

    def view(self, row: OrderRow, actor: Actor) -> OrderView:
        """Without personal data; a confidential order is hidden from those without the right."""
        view = view_of(row)
        return hidden(view) if self._hides(row, actor) else view

    def detail(self, session: Session, row: OrderRow, actor: Actor, now: datetime) -> OrderDetail:
        """As the actor may see it; that personal data were seen is audited.

        Raises StepForbiddenError (no right to read it).
        """
        order = rows.snapshot(session, row, now)
        asked = actor.person_id in order.asked
        if not (asked or _has(row, actor) or self._may(actor, Right.READ, row)):
            raise StepForbiddenError("没有查看该工单的权限，请联系本单位管理人员")
        hide = self._hides(row, actor)
        reveal = not hide and self._may(actor, Right.REVEAL, row)
        if reveal and row.row_key is not None:
            self._audit(session, row, actor, now)
        steps = tuple(step.name for step in possible_steps(order, actor, self._allowed))
        return detail_of(self._ring, row, reveal=reveal, hide=hide, steps=steps)

    def _may(self, actor: Actor, right: Right, row: OrderRow) -> bool:
        return self._allowed(actor, right, region=row.region, institution=row.institution)

    def _hides(self, row: OrderRow, actor: Actor) -> bool:
        open_to = _has(row, actor) or self._may(actor, Right.CONFIDENTIAL, row)
        return row.confidential and not open_to

    def _audit(self, session: Session, row: OrderRow, actor: Actor, now: datetime) -> None:
        audit_log.append_late(
            session,
            self._ring,
            actor=actor.id,
            action="order.revealed",
            subject=row.order_no,
            digest=self._ring.audit_mac(f"{row.order_no}/{row.version}".encode()),
            at=now,
        )


def _has(row: OrderRow, actor: Actor) -> bool:
    return actor.person_id is not None and actor.person_id == row.handler
