"""Speaking over our voice: 50 interruptions must stop it, 50 coughs, hums and echoes must not.

    .venv/bin/python -m benchmarks.call_barge_in [--each 50] [--json]

Real SIP calls. Each sound is played two seconds into a long answer. An interruption is right when
the voice is silent within 300 ms of the speech and stays given up; anything else is right when the
voice speaks on to its end (a short hold is allowed and reported).
"""

import asyncio
import secrets
from dataclasses import dataclass

import numpy as np

from benchmarks.common import arguments, hotline, percentile, records, show
from hotline.settings import Settings
from ivr.media import FRAME_S
from ivr.phone import Phone
from ivr.phone.callers import Callers
from ivr.phone.ear import LOUD, Ear
from ivr.phone.talk import until

OPENING = "老板拖欠我三个月工资不给怎么办"
WORDS = (
    "我想转人工",
    "等一下我不是问这个",
    "不是的你听错了",
    "我问的是离婚的事情",
    "你先停一下听我说",
    "我想问的是工伤怎么赔",
    "那要准备什么材料",
    "你说慢一点",
    "我没有签合同",
    "他人已经跑了找不到了",
)
HUMS = ("嗯", "哦", "啊", "嗯嗯", "哦哦")
HOLD_S = 0.2
"""Silence of ours longer than this counts as a hold; pauses between our own words are shorter."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of our voice after one sound."""

    stop_ms: float | None
    """From the beginning of the sound to our silence; None when we did not fall silent."""
    went_on: bool
    """Our voice spoke again without anything new being said for it."""


def cough(seed: int) -> bytes:
    """A cough: two bursts of shaped noise, 16 kHz s16le."""
    random = np.random.default_rng(seed)
    out = np.zeros(int(16000 * 0.7))
    for start, length, loud in ((0.02, 0.16, 1.0), (0.32, 0.2, 0.8)):
        size = int(length * 16000)
        burst = np.convolve(random.standard_normal(size), np.ones(4) / 4, mode="same")
        envelope = np.exp(-np.linspace(0, 5, size)) * np.minimum(1, np.linspace(0, 12, size))
        at = int(start * 16000)
        out[at : at + size] += burst * envelope * loud
    return bytes((np.clip(out, -1, 1) * 14000).astype("<i2").tobytes())


class Watch:
    """Our voice frame by frame: loud or not, with times."""

    def __init__(self) -> None:
        self.loud: list[tuple[float, bool]] = []
        self.frames: list[bytes] = []

    def feed(self, frame: bytes, now: float) -> None:
        """One received frame."""
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        self.loud.append((now, float(np.sqrt(np.mean(samples**2))) >= LOUD))
        self.frames.append(frame)

    def silent_from(self, since: float, least: float) -> float | None:
        """Start of the first silence of at least ``least`` seconds beginning after ``since``."""
        began: float | None = None
        for at, loud in self.loud:
            if at < since:
                began = None if loud else at
                continue
            if loud:
                began = None
            elif began is None:
                began = at - FRAME_S
            elif at - began >= least:
                return max(began, since)
        return None


async def once(phone: Phone, opening: bytes, sound: bytes | None) -> tuple[Seen, str]:
    """One call: ask, let the answer run for two seconds, make the sound, watch."""
    loop = asyncio.get_running_loop()
    ear, watch = Ear(), Watch()

    def hear(frame: bytes) -> None:
        now = loop.time()
        ear.feed(frame, now)
        watch.feed(frame, now)

    ear.expect(loop.time())
    number = f"1385500{secrets.randbelow(10_000):04d}"
    call = await phone.call(secrets.token_hex(6), caller=number, on_frame=hear)
    try:
        await until(call, lambda: ear.finished(loop.time(), 1.0))
        ended = await call.say(opening)
        ear.expect(ended)
        await until(call, lambda: ear.first_after is not None)
        began = (ear.first_after or loop.time()) + 2.0
        await until(call, lambda: loop.time() >= began)
        start = loop.time()
        # None: our own voice of the last second comes back quieter, as a bad line does it.
        await call.say(_echo(watch) if sound is None else sound)
        await until(call, lambda: loop.time() >= start + 4.0)
        silent = watch.silent_from(start, HOLD_S)
        after = any(loud for at, loud in watch.loud if silent is not None and at > silent + HOLD_S)
        return Seen(None if silent is None else (silent - start) * 1000, after), number
    finally:
        await call.hang_up()


def _echo(watch: Watch) -> bytes:
    samples = np.frombuffer(b"".join(watch.frames[-60:]), np.int16)
    return bytes((samples // 4).astype("<i2").tobytes())


async def measure(
    settings: Settings, callers: Callers, each: int
) -> tuple[list[tuple[Seen, str]], list[tuple[Seen, str]]]:
    """Interruptions, then coughs, hums and echoes."""
    opening = callers.say(OPENING)
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:
        speech = [
            await once(phone, opening, callers.say(WORDS[i % len(WORDS)], i)) for i in range(each)
        ]
        other = []
        for i in range(each):
            kind = i % 3
            hum = callers.say(HUMS[i % len(HUMS)], i) if kind == 1 else None
            sound = cough(i) if kind == 0 else hum
            other.append(await once(phone, opening, sound))
    return speech, other


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, each=50)
    with hotline() as trial:
        speech, other = asyncio.run(
            measure(trial.settings, Callers(trial.settings.cache_dir), options.each)
        )
        cut = {
            record.caller_number: any(turn.interrupted for turn in record.turns[:-1])
            for record in records(trial.settings)
        }
    stops = [seen.stop_ms for seen, _ in speech if seen.stop_ms is not None]
    given_up = [cut.get(number, False) for _, number in speech]
    right = [
        seen.stop_ms is not None and seen.stop_ms <= 300 and gone
        for (seen, _), gone in zip(speech, given_up, strict=True)
    ]
    lasting = [cut.get(number, False) for _, number in other]
    rows = [
        ("interruptions", len(speech)),
        ("voice silent p50 ms", percentile(stops, 50)),
        ("voice silent p90 ms", percentile(stops, 90)),
        ("given up", sum(given_up)),
        ("right %", round(100 * float(np.mean(right)), 1)),
        ("coughs, hums, echoes", len(other)),
        ("held for a moment", sum(1 for seen, _ in other if seen.stop_ms is not None)),
        ("lasting false stops", sum(lasting)),
        ("lasting false stops %", round(100 * float(np.mean(lasting)), 1)),
    ]
    show("barge-in", rows, only_json=options.json)


if __name__ == "__main__":
    main()
