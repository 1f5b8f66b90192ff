"""Hearing caller and agent apart while they talk, for the live transcript.

A tap that fails is a transcript that is missing: the talk itself is never touched.
"""

import asyncio
from collections.abc import Callable

import structlog

from hotline.domain.codes import Speaker
from hotline.domain.speech import SpeechEvent
from hotline.settings import PbxSettings
from ivr.call.legs import CallLegs, TapLegs
from ivr.call.ports import Ears, Stream
from ivr.call.sound import media_address
from ivr.call.steady import Steady
from ivr.errors import IvrError
from ivr.media.socket import MediaSocket

log = structlog.get_logger(__name__)
_READY_S = 5.0


class Tap:
    """One leg: its copy in Asterisk, its socket, its recognizer stream."""

    def __init__(
        self,
        pbx: PbxSettings,
        legs: CallLegs,
        stream: Stream,
    ) -> None:
        self._pbx = pbx
        self._legs = legs
        self._stream = stream
        self.names: TapLegs = legs.new_tap()
        self.entered = {
            self.names.snoop: asyncio.Event(),
            self.names.media: asyncio.Event(),
        }
        self.steady = Steady(lambda frame, now, at: self._stream.feed(frame))
        self._socket: MediaSocket | None = None

    async def open(self, channel: str) -> None:
        """Begin to hear ``channel``. Raises IvrError, TimeoutError."""
        path = await self._legs.open_tap(channel, self.names)
        socket = self._socket = MediaSocket(
            *media_address(self._pbx, path),
            on_frame=self.steady.receive,
            on_played=lambda mark, at: None,
        )
        await socket.open()
        async with asyncio.timeout(_READY_S):
            for event in self.entered.values():
                await event.wait()
        await self._legs.join_tap(self.names)
        self.steady.start()

    async def close(self) -> None:
        """Hear no longer; safe at any time."""
        self.steady.stop()
        if self._socket is not None:
            await self._socket.close()
        await self._stream.close()
        await self._legs.close_tap(self.names)


class Taps:
    """The taps of one talk.

    ``on_speech(speaker, event, began)``: ``began`` is the loop's time the event counts from.
    """

    def __init__(
        self,
        pbx: PbxSettings,
        legs: CallLegs,
        ears: Ears,
        on_speech: Callable[[Speaker, SpeechEvent, float], None],
    ) -> None:
        self._pbx = pbx
        self._legs = legs
        self._ears = ears
        self._on_speech = on_speech
        self._taps: list[Tap] = []

    def entered(self, channel: str) -> None:
        """A channel of ours has entered Stasis."""
        for tap in self._taps:
            if channel in tap.entered:
                tap.entered[channel].set()

    async def open(self, channels: dict[Speaker, str]) -> None:
        """Hear these channels; what cannot be heard is left out."""
        await asyncio.gather(*(self._open(*one) for one in channels.items()))

    async def _open(self, speaker: Speaker, channel: str) -> None:
        tap: Tap | None = None

        def heard(event: SpeechEvent) -> None:
            if tap is not None:
                self._on_speech(speaker, event, tap.steady.began)

        stream = self._ears.open_beside(f"{channel}/{speaker}", heard)
        tap = Tap(self._pbx, self._legs, stream)
        self._taps.append(tap)
        try:
            await tap.open(channel)
        except (IvrError, TimeoutError) as error:
            log.warning("one side of a talk cannot be heard", why=type(error).__name__)
            self._taps.remove(tap)
            await tap.close()

    async def close(self) -> None:
        """Hear no longer."""
        taps, self._taps = self._taps, []
        await asyncio.gather(*(tap.close() for tap in taps), return_exceptions=True)
