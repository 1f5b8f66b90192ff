"""voicebench's adapter for the hotline: it calls in through Asterisk by SIP like any caller."""

import asyncio
import secrets
from typing import Any

import numpy as np
from voicebench.adapters.base import Adapter, AgentAudio
from voicebench.audio import FloatArray, from_pcm16, to_pcm16

from hotline.settings import Settings
from ivr.phone import Phone, PhoneCall


class AsteriskAdapter(Adapter):
    """Sends the caller's frames, reports the frames the caller's telephone receives."""

    name = "asterisk"

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._phone: Phone | None = None
        self._call: PhoneCall | None = None

    async def connect(self) -> None:
        """Dial, and wait for the answer."""
        self._phone = Phone(self._settings.pbx, app=f"bench-{secrets.token_hex(4)}")
        await self._phone.__aenter__()
        self._call = await self._phone.call(
            secrets.token_hex(6),
            caller=f"1385500{secrets.randbelow(10_000):04d}",
            on_frame=self._heard,
            silent=False,
        )

    async def send_audio(self, pcm: FloatArray) -> None:
        """One frame of the caller."""
        if self._call is not None and not self._call.over.is_set():
            self._call.send(to_pcm16(pcm))
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Hang up."""
        phone, self._phone = self._phone, None
        if phone is not None:
            await phone.__aexit__(None, None, None)

    def _heard(self, frame: bytes) -> None:
        pcm = np.asarray(from_pcm16(frame), np.float32)
        self.emit(AgentAudio(pcm, self.session.clock.now()))
