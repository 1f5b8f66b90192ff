"""Real calls to a real hotline: what the call tests share."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from hotline.app.trial import Trial
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord
from hotline.privacy import KeyRing
from hotline.settings import Settings
from ivr.phone import Phone, PhoneCall
from ivr.phone.callers import Callers
from ivr.phone.ear import Ear
from ivr.phone.talk import until

REPLY_S = 60.0
"""Longest wait for the hotline's words: a slow machine renders what is not in the cache."""


def new_caller() -> str:
    """A number nobody else of this run calls from."""
    return f"139{secrets.randbelow(10**8):08d}"


@dataclass(slots=True)
class Caller:
    """One caller with a telephone; use it with ``async with``, then ``dial``."""

    trial: Trial
    voices: Callers
    number: str | None = field(default_factory=new_caller)
    ear: Ear = field(default_factory=Ear)
    call: PhoneCall = field(init=False)
    _phone: Phone = field(init=False)

    async def __aenter__(self) -> "Caller":
        self._phone = Phone(self.trial.settings.pbx, app=f"test-{secrets.token_hex(4)}")
        await self._phone.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._phone.__aexit__(kind, error, trace)

    async def dial(self) -> None:
        """Call the hotline and hear its greeting out."""
        loop = asyncio.get_running_loop()
        self.ear.expect(loop.time())
        self.call = await self._phone.call(
            secrets.token_hex(6),
            caller=self.number,
            on_frame=lambda frame: self.ear.feed(frame, loop.time()),
        )
        await self.hear_out()

    async def say(self, text: str, caller: int = 0) -> None:
        """Say something and hear the reply out."""
        await self.speak(self.voices.say(text, caller))
        await self.hear_out()

    async def speak(self, pcm: bytes) -> None:
        """Make a sound; the hotline's next words are waited for by ``hear_out``."""
        self.ear.expect(await self.call.say(pcm))

    async def press(self, keys: str) -> None:
        """Press keys and hear the reply out."""
        self.ear.expect(asyncio.get_running_loop().time())
        await self.call.press(keys)
        await self.hear_out()

    async def hear_out(self) -> None:
        """Wait until the hotline has spoken and is quiet, or the call is over."""
        loop = asyncio.get_running_loop()
        await until(self.call, lambda: self.ear.finished(loop.time(), 1.5), REPLY_S)

    async def hear_begin(self) -> None:
        """Wait until the hotline begins to speak."""
        await until(self.call, lambda: self.ear.first_after is not None, REPLY_S)


async def stored(
    settings: Settings,
    number: str | None,
    enough: Callable[[CallRecord], bool] = lambda record: record.ended_at is not None,
    seconds: float = 20.0,
) -> CallRecord:
    """The latest call from a number, once it is as wanted (ended, if nothing else is said)."""

    async def look() -> CallRecord | None:
        with Database(settings) as db:
            store = CallStore(db, KeyRing.open(settings))
            if number is None:
                found = await store.recent(1, reveal=True)
            else:
                found = await store.by_phone(number, reveal=True)
            return found[0] if found and enough(found[0]) else None

    return await eventually(look, seconds, "the record")


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float, what: str) -> Any:
    """Ask until there is an answer; fail when it does not come in time."""
    loop = asyncio.get_running_loop()
    last = loop.time() + seconds
    while loop.time() < last:
        answer = await look()
        if answer:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"{what} did not come in {seconds} s")
