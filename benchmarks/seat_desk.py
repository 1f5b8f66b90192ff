"""A seat in a real browser: how soon it rings, knows the story, writes down what is said, is heard.

    .venv/bin/python -m benchmarks.seat_desk [--calls 10] [--archive 1000000] [--json]

Real SIP calls through the real Asterisk to Debian's Chromium, one after the other, all on one
machine. Before the hotline starts, its database is filled with ``archive`` calls and as many orders
of other parties. Page and benchmark share the machine's clock. Needs `scripts/setup --dev`.

* ring: from the caller's key 0 to the telephone in the page ringing
* pop: from that ring to the screen pop being whole on the page
* transcript: from the end of the caller's words to their line on the page
* mouth to ear: a tone made in one telephone, until it is heard in the other, both ways
"""

import asyncio
import math
import secrets
import tempfile
import time
from array import array
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.common import arguments, callers_for, percentile, show
from benchmarks.desk_kit import Desk, add_person, launch, write_voice
from hotline import logs
from hotline.app.trial import Trial, private_settings
from hotline.db import Database
from hotline.settings import Settings
from ivr.phone import Phone
from ivr.phone.callers import Callers, quiet
from ivr.phone.ear import Ear, loud
from ivr.phone.talk import until

SENTENCE = "老板拖欠我三个月工资怎么办"
SPOKEN = "我在合肥市肥西县的工地上干活"
MUST = {"ring": 1500, "pop": 500, "transcript": 1500, "mouth to ear": 250}

# A microphone that is silent until it beeps, and an ear on what the page receives.
TAPS = """
const context = new AudioContext();
const mouth = context.createMediaStreamDestination();
navigator.mediaDevices.getUserMedia = async () => mouth.stream.clone();
window.beep = () => {
  const tone = context.createOscillator();
  const gain = context.createGain();
  gain.gain.value = 0.5;
  tone.frequency.value = 700;
  tone.connect(gain).connect(mouth);
  tone.start();
  tone.stop(context.currentTime + 0.4);
  return Date.now();
};
window.listen = () => new Promise((done) => {
  const source = context.createMediaStreamSource(window.desk.phone.audio.srcObject);
  const analyser = context.createAnalyser();
  analyser.fftSize = 256;
  source.connect(analyser);
  const samples = new Float32Array(256);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    if (samples.some((one) => Math.abs(one) > 0.05)) {
      clearInterval(timer);
      done(Date.now());
    }
  }, 4);
});
"""
# When what happened, by the page's clock.
TIMES = """
window.times = {};
const note = (name) => { window.times[name] ??= Date.now(); };
setInterval(() => {
  const desk = window.desk;
  if (!desk) return;
  if (desk.phone.state.value === "ringing") note("ring");
  const pop = desk.live.doc("pop").value;
  if (pop.call_id && pop.answers?.length) note("pop");
  const lines = Object.values(desk.live.doc("call").value.lines ?? {});
  const late = lines.filter((line) => line.who === "caller" && line.at > (window.after ?? 1e9));
  if (late.length) note("transcript");
}, 5);
"""


def fill(settings: Settings, parties: int) -> None:
    """Calls and orders of as many parties as an archive of years holds."""
    numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :most)"
    at = "strftime('%Y-%m-%d %H:%M:%S.000000', '2024-01-01', '+' || (n * 61) || ' seconds')"
    topics = (
        "CASE n % 5 WHEN 0 THEN 'wages' WHEN 1 THEN 'divorce' WHEN 2 THEN 'debt' ELSE 'lease' END"
    )

    def work(session: Session) -> None:
        session.execute(
            text(
                f"{numbers} INSERT INTO calls (call_id, channel_id, node, started_at, answered_at,"
                " ended_at, caller_hash, outcome, human_requested, human_answered, topic, adopted)"
                f" SELECT printf('A%025d', n), 'a' || n, 'past', {at}, {at}, {at},"
                f" lower(hex(randomblob(32))), 'answered_by_bot', 0, 0, {topics}, 0 FROM s"
            ),
            {"most": parties},
        )
        session.execute(
            text(
                f"{numbers} INSERT INTO orders (order_no, state, hub_state, terminal,"
                " idempotency_key, service_type, act, topic, urgency, title, region, callback,"
                " confidential, phone_hash, created_at, updated_at, version, reasons_json, card,"
                " urged, returned, extended, reopened)"
                f" SELECT printf('F%013d', n), 'closed', 'acknowledged', 'web', 'a' || n,"
                f" 'consultation', 'apply', {topics}, 'normal', '', '340100', 0, 0,"
                f" lower(hex(randomblob(32))), {at}, {at}, 1, '[]', 0, 0, 0, 0, 0 FROM s"
            ),
            {"most": parties},
        )

    with Database(settings) as db:
        db.migrate()
        db.write_now(work)


def tone() -> bytes:
    """0.4 s of 700 Hz, 16 kHz s16le."""
    samples = (round(9000 * math.sin(math.tau * 700 * n / 16000)) for n in range(6400))
    return array("h", samples).tobytes()


async def one_call(desk: Desk, phone: Phone, callers: Callers, number: int) -> dict[str, float]:
    """One caller from greeting to hanging up; milliseconds."""
    loop = asyncio.get_running_loop()
    ear = Ear()
    ear.expect(loop.time())
    arrived: list[float] = []
    """When frames with sound in them came, by the wall clock, ms."""

    def hear(frame: bytes) -> None:
        ear.feed(frame, loop.time())
        if loud(frame):
            arrived.append(time.time() * 1000)

    page = desk.page
    await page.evaluate("window.times = {}; window.after = undefined;")
    call = await phone.call(
        secrets.token_hex(6),
        caller=f"1385511{number:04d}",
        on_frame=hear,
    )
    await until(call, lambda: ear.finished(loop.time(), 1.0), 60)
    ear.expect(loop.time())
    await call.say(callers.say(SENTENCE, number))
    await until(call, lambda: ear.first_after is not None, 30)
    asked = time.time() * 1000
    await call.press("0")
    await _told(page, "window.times.pop")
    await page.keyboard.press("F2")
    await desk.state("通话")
    await _told(page, "window.desk.live.doc('call').value.talking")
    await asyncio.sleep(1.0)
    times: dict[str, float] = await page.evaluate("window.times")
    found = {"ring": times["ring"] - asked, "pop": max(0.0, times["pop"] - times["ring"])}
    now = await page.evaluate(
        "(Date.now() - Date.parse(window.desk.live.doc('call').value.answered)) / 1000"
    )
    await page.evaluate(f"window.after = {now - 0.2}")
    sound = callers.say(SPOKEN, number)
    ended = await call.say(sound)
    ended_ms = time.time() * 1000 + (ended - loop.time()) * 1000
    await _told(page, "window.times.transcript")
    found["transcript"] = (await page.evaluate("window.times.transcript")) - ended_ms
    await asyncio.sleep(1.0)
    heard = asyncio.ensure_future(page.evaluate("window.listen()"))
    await asyncio.sleep(0.3)
    made = time.time() * 1000
    call.send(tone())
    found["mouth to ear, caller to agent"] = (await asyncio.wait_for(heard, 10)) - made
    await asyncio.sleep(1.0)
    arrived.clear()
    await asyncio.sleep(0.5)
    if arrived:
        raise RuntimeError("the line is not quiet before the tone")
    beeped = await page.evaluate("window.beep()")
    await until(call, lambda: bool(arrived), 30)
    found["mouth to ear, agent to caller"] = arrived[0] - beeped
    quality = await desk.hears()
    found["packets lost"], found["packets received"] = quality["lost"], quality["received"]
    await call.hang_up()
    await desk.state("就绪", 20)
    return found


async def _told(page: Page, what: str) -> None:
    """Wait until an expression is true on the page (its policy forbids Playwright's own way)."""
    for _ in range(4000):
        if await page.evaluate(f"Boolean({what})"):
            return
        await asyncio.sleep(0.005)
    raise TimeoutError(what)


async def measure(trial: Trial, callers: Callers, calls: int) -> list[dict[str, float]]:
    """All calls, one after the other."""
    staff_no = await add_person(trial, "王安")
    voice = write_voice(trial.settings.data_dir / "silence.wav", quiet(2.0))
    async with (
        async_playwright() as playwright,
        Phone(trial.settings.pbx, app=f"bench-{secrets.token_hex(4)}") as phone,
    ):
        browser = await launch(playwright, voice)
        desk = Desk(trial, browser, staff_no)
        await desk.open(scripts=(TAPS, TIMES))
        await desk.take_calls()
        found = [await one_call(desk, phone, callers, number) for number in range(calls)]
        await browser.close()
    return found


def main() -> None:
    """Measure and print."""
    options = arguments(__doc__, calls=10, archive=1_000_000)
    logs.set_up("error")
    callers = callers_for((line, n) for n in range(options.calls) for line in (SENTENCE, SPOKEN))
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        settings, config = private_settings(Path(folder), queue="wrap_up_s = 1\nsurvey = false")
        fill(settings, options.archive)
        with Trial(settings, config) as trial:
            found = asyncio.run(measure(trial, callers, options.calls))
    rows: list[tuple[str, Any]] = [("calls", len(found)), ("archive, parties", options.archive)]
    for name in found[0]:
        values = [one[name] for one in found]
        if name.startswith("packets"):
            rows.append((name, round(sum(values))))
            continue
        must = next(limit for key, limit in MUST.items() if name.startswith(key))
        rows += [
            (f"{name} p50 ms", percentile(values, 50)),
            (f"{name} p95 ms (must {must})", percentile(values, 95)),
        ]
    show("a seat in the browser", rows, only_json=options.json)


if __name__ == "__main__":
    main()
