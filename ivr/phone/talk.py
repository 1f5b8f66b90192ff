"""A scripted caller: speaks each recording when the hotline has finished, and times the answers."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ivr.media import FRAME_S, RATE
from ivr.phone.ear import Ear, tail_s
from ivr.phone.phone import Phone, PhoneCall
from ivr.voice.sound import wav_bytes

QUIET_S = 1.2
"""The hotline has finished when it is quiet for so long."""
ANSWER_S = 45.0
"""How long the hotline's reply may take and last before the caller goes on anyway."""
KEYS = "0123456789*#"


@dataclass(frozen=True, slots=True)
class Line:
    """What the caller does when it is their turn."""

    label: str
    """For people: the file's name, or the keys."""
    pcm: bytes = b""
    """16 kHz s16le to speak."""
    keys: str = ""
    """Keys to press instead."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One line of the caller as it went. Times in seconds since the call was answered."""

    label: str
    began: float
    ended: float
    reply_began: float | None
    """When the hotline's next words were heard; None when it said nothing."""

    @property
    def latency_ms(self) -> int | None:
        """From the end of the caller's last word to the hotline's first, as received.

        None without a reply, and when the hotline spoke before the caller had ended (``early``).
        """
        if self.reply_began is None or self.early:
            return None
        return round((self.reply_began - self.ended) * 1000)

    @property
    def early(self) -> bool:
        """The hotline spoke into the caller's words."""
        return self.reply_began is not None and self.reply_began < self.ended


@dataclass(slots=True)
class TalkResult:
    """A whole call as the caller heard it."""

    answered_s: float
    """From dialling to the answer."""
    greeting_s: float | None
    """From the answer to the first sound heard."""
    spoken: list[Spoken] = field(default_factory=list)
    ended_by_hotline: bool = False


class Tape:
    """Both sides of a call, laid on one clock."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, bytes]] = []
        self._said: list[tuple[float, bytes]] = []

    def heard(self, frame: bytes, at: float) -> None:
        """A received frame."""
        self._heard.append((at - FRAME_S, frame))

    def said(self, pcm: bytes, at: float) -> None:
        """Sound sent, going out from ``at`` on."""
        self._said.append((at, pcm))

    def save(self, folder: Path, began: float) -> None:
        """Write ``hotline.wav`` and ``caller.wav``, both beginning at ``began``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hotline.wav").write_bytes(wav_bytes(_lay(self._heard, began)))
        (folder / "caller.wav").write_bytes(wav_bytes(_lay(self._said, began)))


def _lay(parts: list[tuple[float, bytes]], began: float) -> npt.NDArray[np.int16]:
    end = max((at + len(pcm) / 2 / RATE for at, pcm in parts), default=began)
    out = np.zeros(max(0, round((end - began) * RATE)) + 1, np.int16)
    edge = 0
    for at, pcm in parts:
        samples = np.frombuffer(pcm, np.int16)
        # Frames come with a little jitter; those of one stretch of sound are laid side by side.
        start = round((at - began) * RATE)
        start = edge if abs(start - edge) < RATE * 0.1 else max(start, 0)
        samples = samples[: max(0, out.size - start)]
        out[start : start + samples.size] = samples
        edge = start + samples.size
    return out


async def converse(
    phone: Phone,
    name: str,
    lines: Sequence[Line],
    *,
    caller: str | None,
    tape: Tape | None = None,
    on_line: Callable[[Spoken], None] = lambda spoken: None,
    on_answer: Callable[[PhoneCall], None] = lambda call: None,
    stay_s: float = ANSWER_S,
) -> TalkResult:
    """Call the hotline, speak the lines one by one, hear the last reply out, hang up.

    Raises AriUnavailableError when nobody answers.
    """
    loop = asyncio.get_running_loop()
    ear = Ear()

    def hear(frame: bytes) -> None:
        now = loop.time()
        ear.feed(frame, now)
        if tape is not None:
            tape.heard(frame, now)

    def said(pcm: bytes, at: float) -> None:
        if tape is not None:
            tape.said(pcm, at)

    ear.expect(loop.time())
    call = await phone.call(name, caller=caller, on_frame=hear, on_sent=said)
    answered = call.answered_at or loop.time()
    on_answer(call)
    try:
        result = TalkResult(answered - call.dialled_at, None)
        await _hear_out(call, ear, stay_s)
        if ear.first_after is not None:
            result.greeting_s = max(0.0, ear.first_after - answered)
        for line in lines:
            if call.over.is_set():
                break
            spoken = await _speak(call, ear, line, answered, stay_s)
            result.spoken.append(spoken)
            on_line(spoken)
        result.ended_by_hotline = call.over.is_set()
        return result
    finally:
        await call.hang_up()


async def _speak(call: PhoneCall, ear: Ear, line: Line, answered: float, stay_s: float) -> Spoken:
    loop = asyncio.get_running_loop()
    began = loop.time()
    ear.expect(began)
    if line.keys:
        await call.press(line.keys)
        ended = loop.time()
    else:
        ended = await call.say(line.pcm) - tail_s(line.pcm)
    if ear.last is not None and ear.last < ended:
        # It spoke and fell silent again while the caller went on: its reply is still to come.
        ear.expect(ended)
    await _hear_out(call, ear, stay_s)
    reply = None if ear.first_after is None else ear.first_after - answered
    return Spoken(line.label, began - answered, ended - answered, reply)


async def _hear_out(call: PhoneCall, ear: Ear, limit: float) -> None:
    """Wait until the hotline has spoken and is quiet again, the call is over, or time is up."""
    loop = asyncio.get_running_loop()
    await until(call, lambda: ear.finished(loop.time(), QUIET_S), limit)


async def until(call: PhoneCall, done: Callable[[], bool], limit: float = ANSWER_S) -> None:
    """Wait until ``done``, the end of the call, or ``limit`` seconds.

    Quiet is the passing of time without an event, so it can only be looked for again and again.
    """
    loop = asyncio.get_running_loop()
    last = loop.time() + limit
    while not done() and not call.over.is_set():
        if loop.time() >= last:
            return
        await asyncio.sleep(0.02)
