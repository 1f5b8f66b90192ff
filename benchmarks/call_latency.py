"""From the end of the caller's last word to our first word, on audio received through the PBX.

    .venv/bin/python -m benchmarks.call_latency [--calls 10] [--json]

Measured by voicebench: real SIP calls, one after the other. A story opens each call; the questions
that follow are answered shortly. Stories and short answers are counted apart. Callers' sentences
are rendered before the hotline starts: rendering takes the processor. Run it twice when the
hotline's own answers have not been rendered yet; how many were not is shown.
"""

import asyncio
from typing import Any

import numpy as np
from voicebench.metrics import SessionMetrics, TurnResult, analyze
from voicebench.runner import run
from voicebench.scenario import AudioSpec, Scenario, StartRule, Turn
from voicebench.vad import VadConfig

from benchmarks.asterisk_adapter import AsteriskAdapter
from benchmarks.common import arguments, callers_for, hotline, percentile, rendered_live, show
from hotline.settings import Settings
from ivr.phone.callers import Callers

STORIES = (
    "我在工地上干了半年活，包工头欠我两万块钱工资一直不给，我想请你们帮我讨薪",
    "我和老公过不下去了，孩子才三岁，我想问一下离婚以后孩子归谁抚养",
    "去年十月我借给朋友五万块钱，他打了欠条，现在电话也不接，我该怎么办",
    "我父亲上个月去世了，没有留下遗嘱，房子在他一个人名下，我们兄妹三个怎么继承",
    "我在网上买了一台手机，收到是假货，商家不肯退钱，我应该找谁",
)
SHORT = ("我想登记工单", "对", "肥西县", "是的", "没有了", "不用了")


class _Clip(AudioSpec):
    """Sound that is already there, where voicebench expects a file."""

    def __init__(self, pcm: bytes) -> None:
        super().__init__()
        object.__setattr__(self, "_pcm", pcm)

    def render(self, sample_rate: int) -> Any:
        samples = np.frombuffer(self._pcm, np.int16)  # type: ignore[attr-defined]  # set above
        return samples.astype(np.float32) / 32768.0


def script(number: int) -> tuple[str, ...]:
    """What the caller of one call says."""
    return (STORIES[number % len(STORIES)], *SHORT)


def scenario(callers: Callers, number: int) -> Scenario:
    """One call: a story, then short answers, each when the hotline has been quiet for a second."""
    turns = tuple(
        Turn(
            id=f"{'story' if i == 0 else 'short'}-{i}",
            audio=_Clip(callers.say(text, number)),
            start=StartRule(after="agent_speech_end", delay_ms=300.0, timeout_ms=40_000.0),
            response_timeout_ms=8_000.0,
        )
        for i, text in enumerate(script(number))
    )
    patient = VadConfig(min_silence_ms=900.0)
    return Scenario(
        name=f"call-{number}", turns=turns, agent_vad=patient, max_duration_ms=240_000.0
    )


async def measure(settings: Settings, callers: Callers, calls: int) -> list[SessionMetrics]:
    """Run the calls one after the other."""
    sessions = []
    for number in range(calls):
        plan = scenario(callers, number)
        sessions.append(analyze(await run(plan, AsteriskAdapter(settings))))
    return sessions


def played(sessions: list[SessionMetrics]) -> list[TurnResult]:
    """Turns the caller came to: the hotline may have ended the call before, as it should."""
    return [t for s in sessions for t in s.turns if t.trigger == "anchor"]


def latencies(sessions: list[SessionMetrics], kind: str) -> list[float]:
    """Answered turns of a kind whose reply did not begin before the caller had finished."""
    return [
        turn.response_latency_ms
        for turn in played(sessions)
        if turn.id.startswith(kind) and turn.response_latency_ms is not None and not turn.talk_over
    ]


def slow(sessions: list[SessionMetrics]) -> list[str]:
    """What the late ones were: call, words, milliseconds (or that nothing came)."""
    found = []
    for number, session in enumerate(sessions):
        for turn in played([session]):
            kind, _, place = turn.id.partition("-")
            ms = turn.response_latency_ms
            if kind == "short" and not turn.talk_over and (ms is None or ms > 1300):
                told = "no reply" if ms is None else f"{ms:.0f}"
                found.append(f"{number} {script(number)[int(place)]} {told}")
    return found


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=10)
    sentences = [(text, n) for n in range(options.calls) for text in script(n)]
    callers = callers_for(sentences)
    with hotline() as trial:
        sessions = asyncio.run(measure(trial.settings, callers, options.calls))
        live = rendered_live(trial)
    story, short = latencies(sessions, "story"), latencies(sessions, "short")
    turns = played(sessions)
    rows = [
        ("calls", len(sessions)),
        ("short answers", len(short)),
        ("short p50 ms", percentile(short, 50)),
        ("short p90 ms", percentile(short, 90)),
        ("short, over 1.3 s", slow(sessions)),
        ("stories", len(story)),
        ("story p50 ms", percentile(story, 50)),
        ("story p90 ms", percentile(story, 90)),
        ("stories, each ms", [round(one) for one in story]),
        ("no reply", sum(1 for turn in turns if not turn.responded)),
        ("reply before the caller ended", sum(1 for turn in turns if turn.talk_over)),
        ("fixed texts rendered live", live),
    ]
    show("latency through the PBX", rows, only_json=options.json)


if __name__ == "__main__":
    main()
