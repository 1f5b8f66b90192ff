"""What may go wrong at a seat: reloads, closed tabs, a killed hotline, a lost network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from call_kit import Caller, eventually, stored
from playwright.async_api import Browser, expect

from benchmarks.desk_kit import Desk, add_person
from hotline.app.trial import Trial
from hotline.domain.codes import CallOutcome
from hotline.domain.order_codes import Role
from ivr.phone.callers import Callers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@asynccontextmanager
async def seat(trial: Trial, browser: Browser, name: str) -> AsyncIterator[Desk]:
    """Somebody who takes calls, and signs out at the end."""
    desk = Desk(trial, browser, await add_person(trial, name))
    await desk.open()
    await desk.take_calls()
    try:
        yield desk
    finally:
        if not desk.page.is_closed():
            await desk.page.evaluate("fetch('/api/v1/seat', {method: 'DELETE'})")
        await desk.context.close()


@asynccontextmanager
async def wants_a_person(trial: Trial, voices: Callers) -> AsyncIterator[Caller]:
    """A caller who has asked for a person."""
    async with Caller(trial, voices) as caller:
        await caller.dial()
        await caller.call.press("0")
        yield caller


async def talking(caller: Caller) -> None:
    """Wait until the caller hears the agent."""
    caller.ear.expect(asyncio.get_running_loop().time())
    await caller.hear_begin()


async def test_a_reload_comes_back_to_the_talk(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        await talking(caller)
        loop = asyncio.get_running_loop()
        began = loop.time()
        desk.page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await desk.page.reload()
        await desk.state("通话")

        async def sound_again() -> bool:
            return (await desk.hears())["received"] > 20

        await eventually(sound_again, 10, "the sound after the reload")
        assert loop.time() - began < 8
        await talking(caller)
        await desk.page.keyboard.press("F4")
        await desk.state("话后")
    record = await stored(trial.settings, caller.number)
    assert record.outcome is CallOutcome.TRANSFERRED


async def test_a_tab_closed_while_it_rings_leads_to_the_next_seat(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with seat(trial, browser, "王安") as first, wants_a_person(trial, voices) as caller:
        await first.rings()
        async with seat(trial, browser, "李敏") as second:
            await first.context.close()
            await second.rings(30)
            await second.page.keyboard.press("F2")
            await second.state("通话")
            await talking(caller)


async def test_a_killed_hotline_does_not_end_the_talk(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        await talking(caller)
        await asyncio.to_thread(trial.kill, "up")
        await talking(caller)
        await asyncio.to_thread(trial.start, "up")
        await expect(desk.page.locator("header.bar")).to_contain_text("已连接", timeout=20_000)
        await desk.state("通话", 20)
        before = await desk.hears()

        async def still_hears() -> bool:
            return (await desk.hears())["received"] > before["received"] + 20

        await eventually(still_hears, 10, "the caller's sound")
        await talking(caller)
        await desk.page.keyboard.press("F4")
        await desk.state("话后", 20)
    record = await stored(trial.settings, caller.number)
    assert record.outcome is CallOutcome.TRANSFERRED
    assert record.adopted == 1


async def test_a_page_without_network_for_ten_seconds_comes_back(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        await talking(caller)
        await desk.context.set_offline(True)
        await desk.page.evaluate("window.desk.live.socket.close()")
        await expect(desk.page.locator("header.bar")).to_contain_text("正在重连")
        await talking(caller)
        await asyncio.sleep(10)
        await desk.context.set_offline(False)
        await expect(desk.page.locator("header.bar")).to_contain_text("已连接", timeout=20_000)
        await desk.state("通话")
        await talking(caller)


async def test_a_talk_goes_on_to_another_person(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with (
        seat(trial, browser, "王安") as first,
        wants_a_person(trial, voices) as caller,
    ):
        await first.rings()
        await first.page.keyboard.press("F2")
        await first.state("通话")
        await talking(caller)
        async with seat(trial, browser, "李敏") as second:
            await first.page.select_option("select[aria-label=转接给]", label="李敏（就绪）")
            await second.rings()
            await first.state("话后")
            await second.page.keyboard.press("F2")
            await second.state("通话")
            await talking(caller)


async def test_a_refused_call_and_two_agents(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    async with (
        seat(trial, browser, "王安") as first,
        seat(trial, browser, "李敏") as second,
        wants_a_person(trial, voices) as caller,
    ):
        ringing = asyncio.create_task(first.rings())
        other = asyncio.create_task(second.rings())
        done, waiting = await asyncio.wait((ringing, other), return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        refuses, takes = (first, second) if ringing in done else (second, first)
        await refuses.page.click("text=拒接")
        await takes.rings()
        await takes.page.keyboard.press("F2")
        await takes.state("通话")
        await talking(caller)
        await refuses.state("就绪")


async def test_a_supervisor_sees_it_all_on_the_wallboard(
    trial: Trial, voices: Callers, browser: Browser, pictures: Path
) -> None:
    boss = Desk(trial, browser, await add_person(trial, "赵班长", Role.SUPERVISOR))
    await boss.open("wall")
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await expect(boss.page.locator("table", has_text="王安")).to_contain_text("振铃")
        await desk.page.keyboard.press("F2")
        await expect(boss.page.locator("table", has_text="王安")).to_contain_text("通话")
        await talking(caller)
        await expect(boss.page.locator(".tile").first).to_contain_text("%", timeout=15_000)
        await boss.shot("6-wall", pictures)
    assert boss.problems == []
    await boss.context.close()


async def test_a_supervisor_listens_whispers_and_joins_in(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    boss = Desk(trial, browser, await add_person(trial, "赵班长", Role.SUPERVISOR))
    await boss.open("wall")
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        await talking(caller)
        await boss.page.click("button:has-text('监听')")
        await expect(boss.page.locator("button:has-text('停止')")).to_be_visible(timeout=15_000)

        async def hears() -> bool:
            found = await boss.hears()
            return found["received"] > 50 and found["energy"] > 0

        await eventually(hears, 15, "the talk at the supervisor's ear")
        for mode in ("耳语", "强插"):
            await boss.page.click(f"button:has-text('{mode}')")
            pressed = boss.page.locator(f"button:has-text('{mode}')[aria-pressed=true]")
            await expect(pressed).to_be_visible(timeout=10_000)
        await desk.state("通话")
        await boss.page.click("button:has-text('停止')")
        await expect(boss.page.locator("button:has-text('停止')")).to_have_count(0)
        await talking(caller)
        await desk.state("通话")
    assert boss.problems == []
    await boss.page.evaluate("fetch('/api/v1/seat', {method: 'DELETE'})")
    await boss.context.close()


async def test_a_supervisor_takes_a_call_over(
    trial: Trial, voices: Callers, browser: Browser
) -> None:
    boss = Desk(trial, browser, await add_person(trial, "赵班长", Role.SUPERVISOR))
    await boss.open("wall")
    async with seat(trial, browser, "王安") as desk, wants_a_person(trial, voices) as caller:
        await desk.rings()
        await desk.page.keyboard.press("F2")
        await desk.state("通话")
        await boss.page.click("button:has-text('监听')")
        await boss.page.click("button:has-text('接管')", timeout=15_000)
        await desk.state("话后")
        await boss.state("通话", 20)

        async def hears() -> bool:
            return (await boss.hears())["received"] > 50

        await eventually(hears, 15, "the caller at the supervisor's ear")
        await talking(caller)
    await boss.state("话后", 20)
    await boss.context.close()
