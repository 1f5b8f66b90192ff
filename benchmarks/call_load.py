"""Many calls at once: how fast are they answered and replied to, and is one lost?

    .venv/bin/python -m benchmarks.call_load [--calls 10] [--json]

Real SIP calls that begin within a second, each asking and then answering shortly.
"""

import asyncio
import secrets

from benchmarks.common import arguments, hotline, percentile, records, show
from hotline.errors import HotlineError
from hotline.settings import Settings
from ivr.phone import Phone
from ivr.phone.callers import Callers
from ivr.phone.talk import Line, TalkResult, converse

ASKS = (
    "老板拖欠工资怎么办",
    "离婚以后孩子归谁",
    "朋友借钱不还怎么办",
    "房东不退押金怎么办",
    "工伤怎么认定",
)
SHORT = ("不用了", "没有了")


async def measure(
    settings: Settings, callers: Callers, calls: int
) -> list[TalkResult | HotlineError]:
    """All calls at once, begun within a second."""
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:

        async def one(number: int) -> TalkResult | HotlineError:
            texts = (ASKS[number % len(ASKS)], *SHORT)
            lines = [Line(text, callers.say(text, number)) for text in texts]
            await asyncio.sleep(number / calls)
            try:
                return await converse(
                    phone, secrets.token_hex(6), lines, caller=f"138550{number:05d}"
                )
            except HotlineError as error:
                return error

        return list(await asyncio.gather(*(one(number) for number in range(calls))))


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=10)
    with hotline() as trial:
        callers = Callers(trial.settings.cache_dir)
        for number, text in enumerate((*ASKS, *SHORT) * 3):
            callers.say(text, number)
        results = asyncio.run(measure(trial.settings, callers, options.calls))
        kept = [record for record in records(trial.settings) if record.ended_at is not None]
    good = [result for result in results if isinstance(result, TalkResult)]
    first = [s.spoken[0].latency_ms for s in good if s.spoken and s.spoken[0].latency_ms]
    short = [
        spoken.latency_ms
        for result in good
        for spoken in result.spoken[1:]
        if spoken.latency_ms is not None
    ]
    answered = [result.answered_s * 1000 for result in good]
    rows = [
        ("calls at once", options.calls),
        ("calls lost", options.calls - len(good)),
        ("records", len(kept)),
        ("INVITE to answered p95 ms", percentile(answered, 95)),
        ("questions p50 ms", percentile(first, 50)),
        ("questions p90 ms", percentile(first, 90)),
        ("short answers p50 ms", percentile(short, 50)),
        ("short answers p90 ms", percentile(short, 90)),
    ]
    show("calls at once", rows, only_json=options.json)


if __name__ == "__main__":
    main()
