"""Callers who only pause (0.8 to 1.2 s inside a sentence): how many are cut off?

    .venv/bin/python -m benchmarks.call_pauses [--calls 60] [--json]

Real SIP calls, two at a time. A sentence is spoken in two parts with a pause between; a caller is
cut off when the hotline speaks before the second part has ended.
"""

import asyncio
import itertools
import secrets

import numpy as np

from benchmarks.common import arguments, hotline, show
from hotline.settings import Settings
from ivr.phone import Phone
from ivr.phone.callers import Callers, quiet
from ivr.phone.ear import Ear
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
AT_ONCE = 2


async def cut_off(
    settings: Settings, phone: Phone, first: bytes, pause: float, rest: bytes
) -> bool:
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
        ended = await call.say(first + quiet(pause) + rest)
        spoke = ear.first_after
        return spoke is not None and spoke < ended
    finally:
        await call.hang_up()


async def measure(settings: Settings, callers: Callers, calls: int) -> list[tuple[float, bool]]:
    """(pause, cut off) of each call."""
    plan = list(itertools.islice(itertools.cycle(itertools.product(HALVES, PAUSES)), calls))
    gate = asyncio.Semaphore(AT_ONCE)
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:

        async def one(number: int) -> tuple[float, bool]:
            (first, rest), pause = plan[number]
            sounds = callers.say(first, number), callers.say(rest, number)
            async with gate:
                return pause, await cut_off(phone, sounds[0], pause, sounds[1])

        return list(await asyncio.gather(*(one(number) for number in range(calls))))


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=60)
    with hotline() as trial:
        results = asyncio.run(
            measure(trial.settings, Callers(trial.settings.cache_dir), options.calls)
        )
    share = float(np.mean([cut for _, cut in results]))
    rows: list[tuple[str, object]] = [("callers who paused", len(results))]
    for pause in PAUSES:
        of = [cut for length, cut in results if length == pause]
        rows.append((f"cut off at {pause} s", f"{sum(of)} of {len(of)}"))
    rows.append(("cut off %", round(100 * share, 1)))
    show("callers cut off who only paused", rows, only_json=options.json)


if __name__ == "__main__":
    main()
