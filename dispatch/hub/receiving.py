"""Takes the hub's messages in: checked, once each, in sequence, applied as steps of the order.

The shell around ``dispatch.hub.inbox``. A message that an order's state does not allow is kept as
refused and uses up its number: the hub learns why, and its next message is not held up by it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from dispatch.errors import OrderNotFoundError, StepError
from dispatch.hub.client import utc_now
from dispatch.hub.errors import RefusedError
from dispatch.hub.inbox import APPLIED, Known, Wish, judge, read_wish
from dispatch.hub.signing import NONCE_S, SignatureError, Signed, check_signature
from dispatch.life.actors import HUB
from dispatch.life.ports import Steps
from hotline import metrics
from hotline.db import Database
from hotline.db.order_tables import InboxRow, NonceRow
from hotline.settings_orders import HubSettings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message from the hub."""

    order_no: str
    seq: int
    state: str
    """The order's state now."""
    duplicate: bool


class HubInbox:
    """Where the hub's messages arrive, by webhook or fetched by a reconcile."""

    def __init__(
        self,
        db: Database,
        steps: Steps,
        settings: HubSettings,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._db = db
        self._steps = steps
        self._settings = settings
        self._clock = clock

    async def receive(
        self, headers: Mapping[str, str], target: str, raw: bytes, key: str | None
    ) -> Taken:
        """A signed message. ``target``: path with query as sent; ``key``: its Idempotency-Key.

        Raises RefusedError, and the database's errors (the hub tries again).
        """
        now = self._clock()
        keys = self._settings.accepted_keys
        try:
            signed = check_signature(keys, headers, "POST", target, raw, now)
        except SignatureError as error:
            raise _counted(RefusedError(401, error.code, str(error))) from None
        wish = read_wish(raw)
        if key != wish.key:
            mend = "Idempotency-Key is <order_no>-<seq>"
            raise _counted(RefusedError(400, "bad-idempotency-key", mend))
        return await self._take(wish, signed, now)

    async def fetched(self, raw: bytes) -> Taken:
        """A message out of a signed answer of the hub. Raises RefusedError."""
        return await self._take(read_wish(raw), None, self._clock())

    async def last_seqs(self, order_nos: list[str]) -> dict[str, int]:
        """Number of the latest message taken of each of these orders; 0 when there was none."""

        def work(session: Session) -> dict[str, int]:
            number = col(InboxRow.order_no)
            query = (
                select(number, func.max(col(InboxRow.seq)))
                .where(number.in_(order_nos))
                .group_by(number)
            )
            found = {order_no: int(seq) for order_no, seq in session.execute(query)}
            return {order_no: found.get(order_no, 0) for order_no in order_nos}

        return await self._db.read(work)

    async def _take(self, wish: Wish, signed: Signed | None, now: datetime) -> Taken:
        def work(session: Session) -> Taken | RefusedError:
            # a refusal is a result here: what it used up (nonce, number) is kept
            try:
                if signed is not None:
                    _use_nonce(session, signed.nonce, now)
                return self._apply(session, wish, now)
            except RefusedError as error:
                return error

        result = await self._db.write(work)
        if isinstance(result, RefusedError):
            log.warning("hub_message_refused", order_no=wish.order_no, code=result.reason)
            raise _counted(result)
        metrics.HUB_INBOUND.labels("duplicate" if result.duplicate else APPLIED).inc()
        return result

    def _apply(self, session: Session, wish: Wish, now: datetime) -> Taken:
        try:
            order = self._steps.lock(session, wish.order_no)
        except OrderNotFoundError:
            raise RefusedError(404, "order-not-found", "no such order here", "order_no") from None
        if not judge(wish, _known(session, wish), _last(session, wish.order_no)):
            return Taken(wish.order_no, wish.seq, order.state, True)
        refusal = None
        savepoint = session.begin_nested()
        try:
            self._steps.apply(session, order, wish.step, HUB, wish.fields, now)
            savepoint.commit()
        except StepError as error:
            savepoint.rollback()
            refusal = RefusedError(error.status, error.code, str(error), error.field)
        session.add(
            InboxRow(
                key=wish.key,
                order_no=wish.order_no,
                seq=wish.seq,
                kind=wish.kind,
                body_hash=wish.digest,
                result=refusal.reason if refusal else APPLIED,
                received_at=now,
            )
        )
        session.flush()
        if refusal:
            raise refusal
        return Taken(wish.order_no, wish.seq, order.state, False)


def _use_nonce(session: Session, nonce: str, now: datetime) -> None:
    old = now - timedelta(seconds=NONCE_S)
    session.execute(delete(NonceRow).where(col(NonceRow.at) < old))
    if session.get(NonceRow, nonce) is not None:
        raise RefusedError(401, "replayed-nonce", "this nonce was used before")
    session.add(NonceRow(nonce=nonce, at=now))
    session.flush()


def _known(session: Session, wish: Wish) -> Known | None:
    row = session.get(InboxRow, wish.key)
    return Known(row.body_hash, row.result) if row else None


def _last(session: Session, order_no: str) -> int:
    query = select(func.max(col(InboxRow.seq))).where(col(InboxRow.order_no) == order_no)
    return session.scalar(query) or 0


def _counted(error: RefusedError) -> RefusedError:
    metrics.HUB_INBOUND.labels("refused").inc()
    return error
