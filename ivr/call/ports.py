"""What a call needs from the other rooms; the composition root joins them."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Protocol

from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome
from hotline.domain.orders import Intake, OrderView
from hotline.domain.speech import SpeechEvent
from ivr.bot.api import OrderRated, RateOrder


class Stream(Protocol):
    """One recognizer stream."""

    def feed(self, frame: bytes) -> None:
        """Give 20 ms of 16 kHz s16le; never blocks."""

    def set_patience(self, patience: str, expect: str) -> None:
        """How long a pause may last, and what kind of answer is waited for."""

    def set_doubt(self, doubt: bool) -> None:
        """While our voice speaks: words over it have to be told as soon as there are any."""

    async def close(self) -> None:
        """Give the stream up."""


class Ears(Protocol):
    """The recognizer."""

    @property
    def available(self) -> bool:
        """Words can be recognised (else keys only)."""

    @property
    def engine(self) -> str | None:
        """Name of the engine that hears."""

    def open(self, stream_id: str, on_event: Callable[[SpeechEvent], None]) -> Stream:
        """A stream for one caller; events come on the event loop, in order."""

    def open_beside(self, stream_id: str, on_event: Callable[[SpeechEvent], None]) -> Stream:
        """A stream for one side of a talk between people: heard after those who wait for us."""


class Mouth(Protocol):
    """The voice."""

    def say(self, text: str, *, slow: bool) -> AsyncIterator[bytes]:
        """Sound of a text in pieces, 16 kHz s16le, the first as early as possible."""


class Records(Protocol):
    """Where calls are kept."""

    async def start(self, record: CallRecord) -> None:
        """A call has come in."""

    async def answered(self, call_id: str, at: datetime) -> None:
        """The call was answered."""

    async def adopted(self, call_id: str, node: str) -> int:
        """A restarted hotline has taken the live call over."""

    async def update(self, call_id: str, **fields: Any) -> None:
        """Facts of a running call, named as in CallRecord."""

    async def add_turn(self, call_id: str, turn: Turn) -> None:
        """Something was said."""

    async def save_state(self, call_id: str, state: str) -> None:
        """The dialogue's state, so that a restarted hotline can go on."""

    async def load_state(self, call_id: str) -> str | None:
        """The state saved last."""

    async def finish(
        self,
        call_id: str,
        outcome: CallOutcome,
        ended_at: datetime,
        hangup_by: str | None = None,
    ) -> bool:
        """The call is over; a second time changes nothing."""

    async def open_calls(self, node: str | None = None) -> list[CallRecord]:
        """Calls (of this node) that have not ended, with their turns."""


class Orders(Protocol):
    """Work orders, as a call needs them."""

    async def file(self, intake: Intake) -> OrderView:
        """Store an order; the same idempotency key never makes a second one."""

    async def look_up(
        self, order_no: str | None, phone: str | None, tail: str | None
    ) -> tuple[OrderView, ...]:
        """Find orders, newest first."""

    async def rate(self, wanted: RateOrder) -> OrderRated:
        """Keep how the party of a telephone rates a finished order; asked twice, kept once."""


class Recording(Protocol):
    """A recording being written: stereo, left the caller, right our voice."""

    def write(self, sound: bytes) -> None:
        """Append; may raise OSError or HotlineError when the disk is full."""

    def close(self) -> None:
        """End it."""
