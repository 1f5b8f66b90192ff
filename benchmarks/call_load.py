"""Many calls at once: how fast are they answered and replied to, and is one lost?

    .venv/bin/python -m benchmarks.call_load [--calls 10] [--json]

Real SIP calls that begin within a second, each asking and then answering shortly. Latency runs from
the caller's last word to the hotline's first, on the sound the caller receives; only replies that
were heard are counted, and turns without one are shown, as are replies that came too early. A call
is lost when it is not answered, breaks before its talk is over, or leaves no finished record.
Callers' sentences are rendered before the hotline starts.
"""

import asyncio
import secrets

from benchmarks.call_latency import SHORT
from benchmarks.common import (
    arguments,
    callers_for,
    hotline,
    percentile,
    records,
    rendered_live,
    show,
)
from hotline.domain.calls import CallRecord
from hotline.domain.codes import CallOutcome
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


def script(number: int) -> tuple[str, ...]:
    """What the caller of one call says."""
    return (ASKS[number % len(ASKS)], *SHORT)


async def measure(
    settings: Settings, callers: Callers, calls: int
) -> list[TalkResult | HotlineError]:
    """All calls at once, begun within a second."""
    talks = [[Line(text, callers.say(text, n)) for text in script(n)] for n in range(calls)]
    async with Phone(settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone:

        async def one(number: int) -> TalkResult | HotlineError:
            await asyncio.sleep(number / calls)
            try:
                return await converse(
                    phone, secrets.token_hex(6), talks[number], caller=f"138550{number:05d}"
                )
            except HotlineError as error:
                return error

        return list(await asyncio.gather(*(one(number) for number in range(calls))))


def _why(results: list[TalkResult | HotlineError], every: list[CallRecord]) -> list[str]:
    """What is known of the calls that were lost."""
    errors = [result.code for result in results if isinstance(result, HotlineError)]
    cut = [
        f"cut after {len(result.spoken)} turns"
        for result in results
        if isinstance(result, TalkResult)
        and not result.ended_by_hotline
        and len(result.spoken) <= len(SHORT)
    ]
    failed = [
        f"{record.outcome} by {record.hangup_by} after {len(record.turns)} turns"
        for record in every
        if record.ended_at is None or record.outcome is CallOutcome.FAILED
    ]
    return errors + cut + failed


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=10)
    callers = callers_for((text, n) for n in range(options.calls) for text in script(n))
    with hotline() as trial:
        results = asyncio.run(measure(trial.settings, callers, options.calls))
        every = records(trial.settings)
        kept = [
            record
            for record in every
            if record.ended_at is not None and record.outcome is not CallOutcome.FAILED
        ]
        live = rendered_live(trial)
    good = [result for result in results if isinstance(result, TalkResult)]
    whole = [r for r in good if r.ended_by_hotline or len(r.spoken) == len(SHORT) + 1]
    first = [s.latency_ms for r in good for s in r.spoken[:1] if s.latency_ms is not None]
    short = [s.latency_ms for r in good for s in r.spoken[1:] if s.latency_ms is not None]
    spoken = [s for result in good for s in result.spoken]
    answered = [result.answered_s * 1000 for result in good]
    rows = [
        ("calls at once", options.calls),
        ("calls lost", options.calls - min(len(whole), len(kept))),
        ("lost, why", _why(results, every)),
        ("INVITE to answered p95 ms", percentile(answered, 95)),
        ("questions heard", len(first)),
        ("questions p50 ms", percentile(first, 50)),
        ("questions p90 ms", percentile(first, 90)),
        ("short answers heard", len(short)),
        ("short answers p50 ms", percentile(short, 50)),
        ("short answers p90 ms", percentile(short, 90)),
        ("short answers worst ms", max(short, default=None)),
        ("turns without a reply", sum(1 for s in spoken if s.reply_began is None)),
        ("replies before the caller ended", sum(1 for s in spoken if s.early)),
        ("fixed texts rendered live", live),
    ]
    show("calls at once", rows, only_json=options.json)


if __name__ == "__main__":
    main()
