"""Signed links of a text message: order, purpose and last day in 24 characters. No I/O.

A token is base 32 (RFC 4648, lower case, so that it can be typed from paper) of 15 bytes:

    3 bits purpose | 14 bits order's day | 17 bits its sequence | 14 bits last day | 72 bits MAC

Days count from 2020-01-01. The MAC is HMAC-SHA256 over the first six bytes under a key used for
nothing else, cut to 72 bits: guesses can only be made against our server, one request each.
Nothing about the person is in it.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum

from dispatch.numbers import CHINA, is_order_no, make_order_no
from dispatch.tracking.errors import LinkError, LinkExpiredError
from hotline.privacy import KeyRing

LENGTH = 24
_EPOCH = date(2020, 1, 1)
_HEAD, _MAC = 6, 9
_DAYS = 1 << 14
_BAD = "链接不完整或有误，请从短信中完整打开，或拨打12348查询"


class Purpose(IntEnum):
    """What a link is for; a code, once sent out, keeps its meaning."""

    PROGRESS = 1
    RATING = 2
    """Shows the progress as well."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a good token says."""

    order_no: str
    purpose: Purpose
    last_day: date
    """The last day (in China) it is good for."""


@dataclass(frozen=True, slots=True)
class LinkSigner:
    """Makes and reads tokens under one key."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, ring: KeyRing) -> "LinkSigner":
        """The signer of a key ring: its key is derived for this purpose alone."""
        return cls(bytes.fromhex(ring.index("purpose", "order-link/1")))

    def make(self, order_no: str, purpose: Purpose, now: datetime, days: int) -> str:
        """A token for the order, good until the end of the day ``days`` days from now.

        Raises ValueError for what is no order number.
        """
        if not is_order_no(order_no):
            raise ValueError("not an order number")
        day = datetime.strptime(order_no[:8], "%Y%m%d").replace(tzinfo=CHINA).date()
        last = now.astimezone(CHINA).date() + timedelta(days=days)
        number = int(purpose)
        for value, bits in ((_count(day), 14), (int(order_no[8:13]), 17), (_count(last), 14)):
            number = number << bits | value
        head = number.to_bytes(_HEAD, "big")
        return base64.b32encode(head + self._mac(head)).decode().lower()

    def read(self, token: str, now: datetime) -> Link:
        """What the token says. Raises LinkError (not ours, changed) and LinkExpiredError."""
        link = self._open(token)
        if now.astimezone(CHINA).date() > link.last_day:
            raise LinkExpiredError("链接已过期，请拨打12348查询进度")
        return link

    def _open(self, token: str) -> Link:
        if len(token) != LENGTH or not token.isascii():
            raise LinkError(_BAD)
        try:
            raw = base64.b32decode(token.upper())
        except binascii.Error:
            raise LinkError(_BAD) from None
        head = raw[:_HEAD]
        if not hmac.compare_digest(raw[_HEAD:], self._mac(head)):
            raise LinkError(_BAD)
        number = int.from_bytes(head, "big")
        last, number = number % _DAYS, number >> 14
        sequence, number = number % (1 << 17), number >> 17
        day, purpose = number % _DAYS, number >> 14
        try:
            order_no = make_order_no(f"{_date(day):%Y%m%d}", sequence)
            return Link(order_no, Purpose(purpose), _date(last))
        except ValueError:  # rightly signed by a later version of ours
            raise LinkError(_BAD) from None

    def _mac(self, head: bytes) -> bytes:
        return hmac.digest(self.key, b"link/1/" + head, "sha256")[:_MAC]


def _count(day: date) -> int:
    days = (day - _EPOCH).days
    if not 0 <= days < _DAYS:
        raise ValueError("a day before 2020 or after 2064")
    return days


def _date(days: int) -> date:
    return _EPOCH + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """Whole addresses for text messages."""

    signer: LinkSigner
    base_url: str
    days: int

    def address(self, order_no: str, purpose: Purpose, now: datetime) -> str:
        """``https://…/p/<token>``."""
        return (
            f"{self.base_url.rstrip('/')}/p/{self.signer.make(order_no, purpose, now, self.days)}"
        )
