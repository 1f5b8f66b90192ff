"""Agents at real pages in a real browser, for the browser tests and benchmarks."""

import asyncio
import json
import secrets
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Playwright, expect

from hotline.accounts.passwords import Passwords
from hotline.accounts.people import People
from hotline.accounts.records import Person
from hotline.app.trial import Trial
from hotline.db.opening import open_store
from hotline.domain.order_codes import Role
from hotline.domain.people import Grant
from hotline.knowledge.load import load_region_names

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "Hefei-12348-seat"
FLAGS = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


async def launch(playwright: Playwright, voice: Path) -> Browser:
    """Debian's Chromium whose microphone hears ``voice`` (a WAV) again and again."""
    return await playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*FLAGS, f"--use-file-for-fake-audio-capture={voice}"],
        chromium_sandbox=False,
    )


def write_voice(path: Path, pcm: bytes, rate: int = 16000) -> Path:
    """s16le mono as a WAV."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(pcm)
    return path


async def add_person(trial: Trial, name: str, role: Role = Role.AGENT) -> str:
    """Somebody with a password of their own; returns the staff number."""
    staff_no = f"T{secrets.randbelow(10**8):08d}"
    store = await asyncio.to_thread(open_store, trial.settings)
    try:
        people = People(store.db, store.ring, load_region_names())
        now = datetime.now(UTC)
        await people.save(Person(staff_no, name, grants=(Grant(role),)), actor="test", now=now)
        passwords = Passwords(store.db, store.ring, trial.settings.accounts)
        first = await passwords.set_first(staff_no, actor="test", now=now)
        await passwords.change(staff_no, first, PASSWORD, now=now)
    finally:
        await store.aclose()
    return staff_no


@dataclass(slots=True)
class Desk:
    """One person's page."""

    trial: Trial
    browser: Browser
    staff_no: str
    page: Page = field(init=False)
    context: BrowserContext = field(init=False)
    problems: list[str] = field(default_factory=list)

    async def open(self, where: str = "desk", scripts: Sequence[str] = ()) -> None:
        """Open the page, with scripts of ours before its own, and sign in."""
        self.context = await self.browser.new_context(
            viewport={"width": 1366, "height": 768}, permissions=["microphone"], locale="zh-CN"
        )
        for script in scripts:
            await self.context.add_init_script(script)
        self.page = await self.context.new_page()
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda message: self._said(message))
        web = self.trial.settings.web
        await self.page.goto(f"http://{web.host}:{web.port}/{where}")
        await self.page.fill("input[name=staff]", self.staff_no)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.click("button.main")
        await expect(self.page.locator("header.bar")).to_be_visible()

    async def take_calls(self) -> None:
        """Sign in to the seat and be ready, the telephone registered."""
        await self.page.click("text=签入")
        await expect(self.page.locator("header.bar")).to_contain_text("话机就绪", timeout=10_000)
        await self.page.click("button:has-text('示闲')")
        await self.state("就绪")

    async def state(self, label: str, seconds: float = 10.0) -> None:
        """Wait until the status bar shows this."""
        await expect(self.page.locator("header .state b")).to_have_text(
            label, timeout=seconds * 1000
        )

    async def rings(self, seconds: float = 30.0) -> None:
        """Wait until a call rings here."""
        await expect(self.page.locator(".call.rings")).to_be_visible(timeout=seconds * 1000)

    async def hears(self) -> dict[str, float]:
        """Sound sent and received by the telephone so far."""
        found: dict[str, float] = await self.page.evaluate("window.desk.phone.quality()")
        return found

    async def doc(self, name: str) -> dict[str, Any]:
        """A live document as the page has it."""
        text = await self.page.evaluate(
            f"JSON.stringify(window.desk.live.doc({json.dumps(name)}).value)"
        )
        found: dict[str, Any] = json.loads(text)
        return found

    async def shot(self, name: str, folder: Path) -> None:
        """A picture of the page."""
        await self.page.screenshot(path=str(folder / f"{name}.png"))

    def _said(self, message: Any) -> None:
        # who is not signed in yet is told so: that is no problem of the page
        if message.type == "error" and "401" not in message.text:
            self.problems.append(message.text)
