"""A hotline of its own for the browser tests, and the browser."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from agent_ui import vendor
from benchmarks.desk_kit import CHROMIUM, launch, write_voice
from hotline.app.trial import Trial, private_settings
from ivr.pbx.locate import find
from ivr.phone.callers import Callers, quiet


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole hotline and the hub as processes, private to this run."""
    queue = "wrap_up_s = 3\nunstaffed_s = 5"
    settings, config = private_settings(tmp_path_factory.mktemp("hotline"), queue=queue)
    if find(settings) is None or vendor.missing(settings.cache_dir):
        pytest.skip("needs Asterisk and the pages: run `hotline setup` (scripts/test does)")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: apt-get install chromium fonts-noto-cjk")
    with Trial(settings, config) as running:
        yield running


@pytest.fixture(scope="session")
def voices(trial: Trial) -> Callers:
    """Callers' voices."""
    return Callers(trial.settings.cache_dir)


@pytest.fixture(scope="session")
def agent_voice(voices: Callers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the agent's microphone hears: one sentence, then a pause, again and again."""
    pcm = voices.say("您好，请问有什么可以帮您", 1)
    return write_voice(tmp_path_factory.mktemp("voice") / "agent.wav", pcm + quiet(2.0))


@pytest.fixture
async def browser(agent_voice: Path) -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    async with async_playwright() as playwright:
        started = await launch(playwright, agent_voice)
        yield started
        await started.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, for whoever wants to look."""
    return tmp_path_factory.mktemp("pictures")
