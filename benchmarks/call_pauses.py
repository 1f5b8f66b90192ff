"""Callers who only pause (0.8 to 1.2 s inside a sentence): how many are cut off?

    .venv/bin/python -m benchmarks.call_pauses [--calls 60] [--at-once 3] [--json]

Real SIP calls, a few at a time. A sentence is spoken in two parts with a pause between; a caller is
cut off when the hotline speaks before the second part has ended. The pause runs from the last loud
sound of the first part to the first loud sound of the second; callers' sentences are rendered
before the hotline starts. Callers who were cut off are listed with their words.
"""

import asyncio
import secrets
from dataclasses import dataclass

import numpy as np

from benchmarks.common import arguments, callers_for, hotline, show
from hotline.settings import Settings
from ivr.phone import Phone
from ivr.phone.callers import Callers, quiet
from ivr.phone.ear import Ear, head_s, tail_s
from ivr.phone.talk import until

HALVES = (
    ("我在工地上", "摔伤了老板不给我看病"),
    ("我想问一下", "离婚以后孩子归谁"),
    ("我借给我表哥五万块钱", "他现在不认账了"),
    ("我们村里", "征地补偿款一直没有发下来"),
    ("公司把我辞退了", "一分钱补偿也没有给"),
    ("我父亲去世以后", "他的房子应该怎么分"),
    ("楼上那户人家", "天天半夜吵得我睡不着"),
    ("因为我没有签合同", "他们就不给我交社保"),
    ("我骑电动车", "被一辆小汽车撞了"),
    ("房东说", "押金一分钱也不退给我"),
)
PAUSES = (0.8, 1.0, 1.2)


@dataclass(frozen=True, slots=True)
class Paused:
    """One call."""

    words: str
    pause: float
    cut: bool


def plan(calls: int) -> list[tuple[tuple[str, str], float, int]]:
    """(halves, pause, caller) of each call: over three rounds each voice meets each sentence."""
    found = []
    for number in range(calls):
        half, pause = number // len(PAUSES) % len(HALVES), number % len(PAUSES)
        caller = half + pause + number // (len(HALVES) * len(PAUSES))
        found.append((HALVES[half], PAUSES[pause], caller))
    return found


def with_pause(first: bytes, pause: float, rest: bytes) -> bytes:
    """The two parts with exactly so much silence between their last and first loud sound."""
    return first + quiet(max(0.0, pause - tail_s(first) - head_s(rest))) + rest


async def cut_off(phone: Phone, sound: bytes) -> bool:
    """One call; True when the hotline spoke into the caller's sentence."""
    loop = asyncio.get_running_loop()
    ear = Ear()
    ear.expect(loop.time())
    call = await phone.call(
        secrets.token_hex(6), caller=None, on_frame=lambda f: ear.feed(f, loop.time())
    )
    try:
        await until(call, lambda: ear.finished(loop.time(), 1.0))
        ear.expect(loop.time())
        ended = await call.say(sound) - tail_s(sound)
        spoke = ear.first_after
        return spoke is not None and spoke < ended
    finally:
        await call.hang_up()


async def measure(settings: Settings, callers: Callers, calls: int, at_once: int) -> list[Paused]:
    """All calls, so many at once."""
    gate = asyncio.Semaphore(at_once)
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:

        async def one(halves: tuple[str, str], pause: float, caller: int) -> Paused:
            first, rest = (callers.say(half, caller) for half in halves)
            async with gate:
                cut = await cut_off(phone, with_pause(first, pause, rest))
            return Paused("…".join(halves), pause, cut)

        return list(await asyncio.gather(*(one(*call) for call in plan(calls))))


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=60, at_once=3)
    callers = callers_for((half, n) for halves, _, n in plan(options.calls) for half in halves)
    with hotline() as trial:
        results = asyncio.run(measure(trial.settings, callers, options.calls, options.at_once))
    share = float(np.mean([one.cut for one in results]))
    rows: list[tuple[str, object]] = [("callers who paused", len(results))]
    for pause in PAUSES:
        of = [one.cut for one in results if one.pause == pause]
        rows.append((f"cut off at {pause} s", f"{sum(of)} of {len(of)}"))
    rows.append(("cut off %", round(100 * share, 1)))
    rows.append(("who", [f"{one.words} ({one.pause} s)" for one in results if one.cut]))
    show("callers cut off who only paused", rows, only_json=options.json)


if __name__ == "__main__":
    main()
