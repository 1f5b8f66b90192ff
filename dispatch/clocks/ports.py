"""What the scan needs of others."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from dispatch.life.ports import Steps
from hotline.db.tables import OrderRow
from hotline.domain.order_codes import Clock


class Expiry(Protocol):
    """What happens when an offer ends with nobody having claimed it (``dispatch.matching``)."""

    def expired(
        self, session: Session, steps: Steps, order: OrderRow, clock: Clock, now: datetime
    ) -> None:
        """Go on with the locked order in this transaction: offer again, assign, or give it to the
        desk, by steps. May raise: then the scan comes back to it later.
        """
