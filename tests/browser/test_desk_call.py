"""A caller asks for a person: the browser rings, both talk, the order reaches the hub."""

import asyncio
from pathlib import Path

import pytest
from call_kit import Caller, eventually, stored
from playwright.async_api import Browser, expect

from benchmarks.desk_kit import Desk, add_person
from dispatch.progress import Progress
from hotline.app.trial import Trial
from hotline.db import Database
from hotline.domain.codes import CallOutcome, HubState
from hotline.privacy import KeyRing
from ivr.phone.callers import Callers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


async def test_from_the_bot_to_a_person_and_back(
    trial: Trial, voices: Callers, browser: Browser, pictures: Path
) -> None:
    desk = Desk(trial, browser, await add_person(trial, "王安"))
    await desk.open()
    await desk.shot("1-signed-out", pictures)
    await desk.take_calls()
    await desk.shot("2-ready", pictures)
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.say("老板拖欠我三个月工资怎么办")
        await caller.call.press("0")
        await desk.rings()
        await asyncio.sleep(1)
        await desk.shot("3-ringing", pictures)
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        caller.ear.expect(asyncio.get_running_loop().time())
        await caller.hear_begin()
        await caller.speak(voices.say("我在合肥市肥西县上班"))

        async def both_written() -> bool:
            lines = (await desk.doc("call")).get("lines", {}).values()
            said = [line["who"] for line in lines if line["who"] in ("agent", "caller")]
            return "agent" in said and said.count("caller") >= 2

        await eventually(both_written, 20, "the transcript")
        await desk.shot("4-talking", pictures)
        heard = await desk.hears()
        assert heard["received"] > 50
        assert heard["energy"] > 0
        await desk.page.keyboard.press("F8")
        await desk.state("保持")
        await desk.page.keyboard.press("F8")
        await desk.state("通话")
        await desk.page.click("text=登记工单")
        await desk.page.fill("textarea[name=description]", "单位拖欠三个月工资，要求追讨")
        await desk.shot("5-order", pictures)
        await desk.page.click("form.order button.main")
        await expect(desk.page.locator(".done")).to_be_visible()
        order_no = await desk.page.locator(".done b").inner_text()
        await desk.page.keyboard.press("F4")
        await desk.state("话后")
        await caller.hear_out()
        await caller.press("5")
    record = await stored(trial.settings, caller.number)
    assert record.outcome is CallOutcome.TRANSFERRED
    assert record.human_answered
    assert record.satisfaction == 5
    await desk.state("就绪")
    assert desk.problems == []

    async def the_hub_has_it() -> bool:
        with Database(trial.settings) as db:
            view = await Progress(db, KeyRing.open(trial.settings)).by_number(order_no)
        return view.hub_state is HubState.ACKNOWLEDGED

    await eventually(the_hub_has_it, 20, "the hub's receipt")
