"""A caller with a person: hold, mute, what both say, and what comes after.

What the agent asks for is done by Asterisk first and told afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from hotline.domain.codes import Speaker
from hotline.domain.speech import Final, Partial
from ivr.call.handover import Found
from ivr.call.legs import CallLegs
from ivr.call.messages import Control, Overheard
from ivr.call.record import CallBook
from ivr.call.taps import Taps
from ivr.desk.desk import SeatDesk
from ivr.errors import SeatStepError


@dataclass(frozen=True, slots=True)
class TalkState:
    """How a talk stands, as Asterisk has confirmed it."""

    person_id: str | None
    since: datetime
    """When the person picked up."""
    held: bool = False
    muted: bool = False
    hearing: tuple[tuple[Speaker, str], ...] = ()
    """Words being said now, not yet final (personal data)."""


class PersonTalk:
    """One agent's part in a call, from pick-up to the end."""

    def __init__(
        self,
        legs: CallLegs,
        book: CallBook,
        found: Found,
        *,
        desk: SeatDesk | None,
        taps: Taps | None,
        on_change: Callable[[], None],
        now: datetime,
    ) -> None:
        self._legs = legs
        self._book = book
        self.channel = found.channel
        self._desk = desk
        self._taps = taps
        self._on_change = on_change
        self.state = TalkState(found.person_id, now)

    @property
    def person_id(self) -> str | None:
        """Whose seat it is; None for a configured telephone."""
        return self.state.person_id

    async def listen(self, caller: str) -> None:
        """Begin to write down what both say."""
        if self._taps is not None:
            await self._taps.open({Speaker.CALLER: caller, Speaker.AGENT: self.channel})

    def entered(self, channel: str) -> None:
        """A channel of the taps has entered Stasis."""
        if self._taps is not None:
            self._taps.entered(channel)

    def overheard(self, said: Overheard, answered_at: float) -> None:
        """Take what one of both has said."""
        hearing = {who: text for who, text in self.state.hearing if who is not said.speaker}
        match said.event:
            case Partial(text):
                hearing[said.speaker] = text
            case Final() as final if final.text:
                begin = said.at - answered_at
                self._book.turn(
                    said.speaker,
                    final.text,
                    begin + final.start,
                    begin + final.end,
                    confidence=round(final.confidence, 3),
                )
            case Final():
                pass
            case _:
                return
        self._set(hearing=tuple(hearing.items()))

    async def do(self, control: Control) -> None:
        """Hold, resume, mute or unmute. Raises SeatStepError, IvrError."""
        match control:
            case Control.HOLD | Control.RESUME:
                await self._hold(control is Control.HOLD)
            case Control.MUTE | Control.UNMUTE:
                muted = control is Control.MUTE
                await self._legs.mute(self.channel, muted)
                self._set(muted=muted)
            case _:
                raise SeatStepError("现在不能这样操作")

    async def move_to(self, channel: str) -> None:
        """The agent goes on with another telephone. Raises IvrError."""
        old, self.channel = self.channel, channel
        if not self.state.held:
            await self._legs.bridge_in(channel)
        await self._legs.hang_up(old)
        self._set(muted=False)
        if self._taps is not None:
            await self._taps.open({Speaker.AGENT: channel})

    async def end(self, *, hang_up: bool = True) -> None:
        """The agent's part is over; safe at any time."""
        if self._taps is not None:
            await self._taps.close()
        if hang_up:
            await self._legs.hang_up(self.channel)
        if self._desk is not None and self.person_id is not None:
            self._desk.ended(self.person_id)

    async def _hold(self, held: bool) -> None:
        if held is self.state.held:
            raise SeatStepError("已经是保持状态" if held else "没有保持中的通话")
        move = self._legs.bridge_out if held else self._legs.bridge_in
        await move(self.channel)
        if self._desk is not None and self.person_id is not None:
            self._desk.held(self.person_id, held)
        self._set(held=held)

    def _set(self, **fields: object) -> None:
        self.state = replace(self.state, **fields)  # type: ignore[arg-type]  # names are checked
        self._on_change()
