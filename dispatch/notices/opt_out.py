"""Who wants no text messages: by reply, by telephone, by link; and who wants them again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from dispatch.errors import OrderNotFoundError
from dispatch.notices.desk import reach_of
from dispatch.notices.errors import NotMobileError
from dispatch.notices.rules import Wish, is_mobile, read_reply
from hotline.db import Database, audit_log
from hotline.db.order_tables import OptOutRow
from hotline.db.tables import OrderRow
from hotline.privacy import KeyRing, normalise_phone


@dataclass(frozen=True, slots=True)
class OptState:
    """Whether a telephone gets messages."""

    possible: bool
    """It is a mobile number at all."""
    wanted: bool


class OptOuts:
    """The list of telephones that want no messages. Numbers are kept as keyed hashes only."""

    def __init__(self, db: Database, ring: KeyRing) -> None:
        self._db = db
        self._ring = ring

    async def by_phone(self, phone: str, wanted: bool, *, via: str, now: datetime) -> OptState:
        """Somebody whose number is known (a call, a counter) says so.

        ``via``: who told us, as kept in the audit chain (``terminal:phone_bot``).
        Raises NotMobileError.
        """
        number = normalise_phone(phone)
        if number is None or not is_mobile(number):
            raise NotMobileError("phone：只有手机号码能收短信，请核对11位手机号", field="phone")
        hashed = self._ring.index("phone", number)
        await self._db.write(lambda session: self._set(session, hashed, wanted, via, now))
        return OptState(True, wanted)

    async def by_reply(self, phone: str, text: str, now: datetime) -> Wish | None:
        """Somebody answered a message. None: the reply asks neither to stop nor to start."""
        wish = read_reply(text)
        if wish is not None:
            await self.by_phone(phone, wish is Wish.START, via="terminal:sms", now=now)
        return wish

    async def by_order(self, order_no: str, wanted: bool, *, via: str, now: datetime) -> OptState:
        """The party of an order says so (by a signed link). Raises OrderNotFoundError."""

        def work(session: Session) -> OptState:
            hashed = self._hash_of(session, order_no)
            if hashed is None:
                return OptState(False, False)
            self._set(session, hashed, wanted, via, now)
            return OptState(True, wanted)

        return await self._db.write(work)

    async def of_order(self, order_no: str) -> OptState:
        """Whether the party of an order gets messages. Raises OrderNotFoundError."""

        def work(session: Session) -> OptState:
            hashed = self._hash_of(session, order_no)
            if hashed is None:
                return OptState(False, False)
            return OptState(True, session.get(OptOutRow, hashed) is None)

        return await self._db.read(work)

    def _hash_of(self, session: Session, order_no: str) -> str | None:
        order = session.get(OrderRow, order_no)
        if order is None:
            raise OrderNotFoundError("没有这个编号的工单，请核对编号")
        reach = reach_of(self._ring, order)
        return reach.hash if reach.number is not None and is_mobile(reach.number) else None

    def _set(self, session: Session, hashed: str, wanted: bool, via: str, now: datetime) -> None:
        row = session.get(OptOutRow, hashed)
        if wanted == (row is None):
            return
        if row is None:
            session.add(OptOutRow(phone_hash=hashed, at=now))
        else:
            session.delete(row)
        action = "notices.opted_in" if wanted else "notices.opted_out"
        audit_log.append(
            session,
            self._ring,
            actor=via,
            action=action,
            subject=f"phone:{hashed[:16]}",
            digest=self._ring.audit_mac(f"{action}/{hashed}".encode()),
            at=now,
        )
