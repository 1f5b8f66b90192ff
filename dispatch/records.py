"""Between an order's row and what others may see of it."""

from typing import TypeVar

from hotline.db.tables import OrderRow
from hotline.domain.codes import Coded, HubState, OrderState, Urgency
from hotline.domain.orders import OrderView
from hotline.privacy import place

C = TypeVar("C", bound=Coded)


def order_place(column: str, order_no: str) -> bytes:
    """Name of a sealed field of an order."""
    return place("orders", column, order_no)


def view_of(row: OrderRow, *, duplicate: bool = False) -> OrderView:
    """The order without personal data."""
    return OrderView(
        order_no=row.order_no,
        state=member(OrderState, row.state),
        hub_state=member(HubState, row.hub_state),
        hub_receipt=row.hub_receipt,
        topic=row.topic,
        urgency=member(Urgency, row.urgency),
        title=row.title,
        created_at=row.created_at,
        updated_at=row.updated_at,
        duplicate=duplicate,
    )


def member(codes: type[C], code: str) -> C:
    """The member of a code table with this code. Raises ValueError."""
    for entry in codes:
        if entry.value == code:
            return entry
    raise ValueError(f"{code} is no {codes.__name__}")
