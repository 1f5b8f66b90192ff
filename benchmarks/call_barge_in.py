"""Speaking over our voice: 50 interruptions must stop it, 50 coughs, hums and echoes must not.

    .venv/bin/python -m benchmarks.call_barge_in [--each 50] [--at-once 5] [--json]

Real SIP calls, a few at a time. Each sound is played two seconds into a long answer; times run from
its first loud frame as it leaves the caller's telephone.

* An interruption is right when the voice is silent within 300 ms, stays silent, and is given up
  within 800 ms: by then the recognizer has words in it, and the rest of the answer is never heard.
  When it was given up is read from the call's record; both clocks are this machine's.
* A cough, a hum or an echo is right when the voice speaks on to its end (a short hold is allowed
  and counted). A lasting false stop is an answer that was given up.

Our own voice pauses too, between sentences: silence counts as a stop only when it is longer than
those pauses, and begins where the sound did at the earliest. Callers' sentences are rendered before
the hotline starts.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.common import arguments, callers_for, hotline, percentile, records, show
from hotline.domain.calls import CallRecord
from hotline.domain.codes import Speaker
from hotline.settings import Settings
from ivr.media import FRAME_S
from ivr.phone import Phone
from ivr.phone.callers import Callers
from ivr.phone.ear import Ear, head_s, loud
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
HOLD_S = 0.5
"""Silence of ours longer than this is a stop; pauses between our own sentences are shorter."""
SILENT_MS, GIVEN_UP_MS = 300.0, 800.0
_WATCH_S = 4.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of our voice after one sound."""

    kind: str
    number: str
    """The caller's, by which the record is found."""
    began: float
    """When the sound began, on the wall clock."""
    silent_ms: float | None
    """From the beginning of the sound to our silence; None when we did not fall silent."""


def cough(seed: int) -> bytes:
    """A cough: two bursts of shaped noise, 16 kHz s16le."""
    random = np.random.default_rng(seed)
    out = np.zeros(int(16000 * 0.7))
    for start, length, size_of in ((0.02, 0.16, 1.0), (0.32, 0.2, 0.8)):
        size = int(length * 16000)
        burst = np.convolve(random.standard_normal(size), np.ones(4) / 4, mode="same")
        envelope = np.exp(-np.linspace(0, 5, size)) * np.minimum(1, np.linspace(0, 12, size))
        at = int(start * 16000)
        out[at : at + size] += burst * envelope * size_of
    return bytes((np.clip(out, -1, 1) * 14000).astype("<i2").tobytes())


class Watch:
    """Our voice frame by frame: loud or not, with times."""

    def __init__(self) -> None:
        self.loud: list[tuple[float, bool]] = []
        self.frames: list[bytes] = []

    def feed(self, frame: bytes, now: float) -> None:
        """One received frame."""
        self.loud.append((now, loud(frame)))
        self.frames.append(frame)

    def silent_from(self, since: float, least: float) -> float | None:
        """Start of the first silence of at least ``least`` seconds that lasts beyond ``since``."""
        began: float | None = None
        before = since
        for at, is_loud in self.loud:
            if began is None and at - before > 2 * FRAME_S:
                # no sound is sent at all while our voice is silent
                began = before
            if began is not None and at > since and at - began >= least:
                return max(began, since)
            if is_loud:
                began = None
            elif began is None:
                began = at - FRAME_S
            before = at
        return None

    def last(self, seconds: float) -> bytes:
        """What was heard last."""
        return b"".join(self.frames[-round(seconds / FRAME_S) :])


class Caller:
    """One call: ask, let the answer run for two seconds, make the sound, watch."""

    def __init__(self, phone: Phone, opening: bytes) -> None:
        self._phone = phone
        self._opening = opening
        self._sent: list[tuple[float, bytes]] = []

    async def call(self, kind: str, number: str, sound: bytes | None) -> Seen:
        """``sound`` None: our own voice of the last second comes back quieter, as on a bad line."""
        loop = asyncio.get_running_loop()
        ear, watch = Ear(), Watch()

        def hear(frame: bytes) -> None:
            now = loop.time()
            ear.feed(frame, now)
            watch.feed(frame, now)

        ear.expect(loop.time())
        call = await self._phone.call(
            secrets.token_hex(6),
            caller=number,
            on_frame=hear,
            on_sent=lambda pcm, at: self._sent.append((at, pcm)),
        )
        try:
            await until(call, lambda: ear.finished(loop.time(), 1.0))
            ear.expect(await call.say(self._opening))
            await until(call, lambda: ear.first_after is not None)
            begin = (ear.first_after or loop.time()) + 2.0
            await until(call, lambda: loop.time() >= begin)
            self._sent.clear()
            await call.say(_echo(watch) if sound is None else sound)
            start = self._began(loop.time())
            wall = time.time() - (loop.time() - start)
            await until(call, lambda: loop.time() >= start + _WATCH_S)
            silent = watch.silent_from(start, HOLD_S)
            return Seen(kind, number, wall, None if silent is None else (silent - start) * 1000)
        finally:
            await call.hang_up()

    def _began(self, otherwise: float) -> float:
        """When the first loud frame of the sound went out."""
        for at, pcm in self._sent:
            if any(loud(pcm[i : i + 640]) for i in range(0, len(pcm), 640)):
                return at + head_s(pcm)
        return otherwise


def _echo(watch: Watch) -> bytes:
    return bytes((np.frombuffer(watch.last(1.2), np.int16) // 4).astype("<i2").tobytes())


def plan(callers: Callers, each: int) -> list[tuple[str, bytes | None]]:
    """Kind and sound of each call: interruptions and the others by turns."""
    found: list[tuple[str, bytes | None]] = []
    for i in range(each):
        found.append(("words", callers.say(WORDS[i % len(WORDS)], i)))
        hum = callers.say(HUMS[i % len(HUMS)], i)
        found.append((("cough", cough(i)), ("hum", hum), ("echo", None))[i % 3])
    return found


async def measure(settings: Settings, callers: Callers, each: int, at_once: int) -> list[Seen]:
    """All calls, so many at once, each beginning a little after the one before."""
    opening = callers.say(OPENING)
    gate = asyncio.Semaphore(at_once)
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:

        async def one(index: int, kind: str, sound: bytes | None) -> Seen:
            async with gate:
                await asyncio.sleep(index % at_once * 0.7)
                return await Caller(phone, opening).call(kind, f"138550{index:05d}", sound)

        calls = plan(callers, each)
        return list(await asyncio.gather(*(one(i, *call) for i, call in enumerate(calls))))


def given_up_ms(seen: Seen, record: CallRecord | None) -> float | None:
    """When the answer was given up, from the sound's beginning; None: it never was."""
    if record is None or record.answered_at is None:
        return None
    began = seen.began - record.answered_at.timestamp()
    for turn in record.turns:
        ours = turn.speaker is Speaker.BOT and turn.started < began
        # the caller's hanging up at the end interrupts too, and says nothing
        if ours and turn.interrupted and -0.5 < turn.ended - began < _WATCH_S - 0.2:
            return (turn.ended - began) * 1000
    return None


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, each=50, at_once=5)
    sentences = [(OPENING, 0)]
    sentences += [
        (texts[i % len(texts)], i) for i in range(options.each) for texts in (WORDS, HUMS)
    ]
    callers = callers_for(sentences)
    with hotline() as trial:
        seen = asyncio.run(measure(trial.settings, callers, options.each, options.at_once))
        kept = {record.caller_number: record for record in records(trial.settings)}
    gone = {one.number: given_up_ms(one, kept.get(one.number)) for one in seen}
    speech = [one for one in seen if one.kind == "words"]
    other = [one for one in seen if one.kind != "words"]
    silent = [one.silent_ms for one in speech if one.silent_ms is not None]
    given_up = [ms for one in speech if (ms := gone[one.number]) is not None]
    right = [
        one.silent_ms is not None
        and one.silent_ms <= SILENT_MS
        and (gone[one.number] or GIVEN_UP_MS + 1) <= GIVEN_UP_MS
        for one in speech
    ]
    lasting = [one for one in other if gone[one.number] is not None]
    rows = [
        ("interruptions", len(speech)),
        ("voice silent p50 ms", percentile(silent, 50)),
        ("voice silent p90 ms", percentile(silent, 90)),
        ("silent within 300 ms", sum(ms <= SILENT_MS for ms in silent)),
        ("given up", len(given_up)),
        ("given up p50 ms", percentile(given_up, 50)),
        ("given up p90 ms", percentile(given_up, 90)),
        ("given up within 800 ms", sum(ms <= GIVEN_UP_MS for ms in given_up)),
        ("right %", round(100 * float(np.mean(right)), 1)),
        ("coughs, hums, echoes", len(other)),
        ("held for a moment", sum(1 for one in other if one.silent_ms is not None)),
        ("lasting false stops", len(lasting)),
        ("lasting false stops %", round(100 * len(lasting) / len(other), 1)),
        ("which", sorted(one.kind for one in lasting)),
    ]
    show("barge-in", rows, only_json=options.json)


if __name__ == "__main__":
    main()
