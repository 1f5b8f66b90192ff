"""The real Asterisk, private to this test run."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pbx_bench import Bench, private_settings

from hotline.app.trial import Trial
from hotline.app.trial import private_settings as trial_settings
from ivr.pbx.control import AsteriskProcess
from ivr.pbx.locate import Installation, find
from ivr.phone.callers import Callers


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The Asterisk that set-up installed; without it these tests have nothing to stand on."""
    found = find(private_settings(tmp_path_factory.mktemp("find")))
    if found is None:
        pytest.skip("needs Asterisk: run `hotline setup` (scripts/test does)")
    return found


@pytest.fixture(scope="session")
def running_bench(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    """One Asterisk for all tests of the run."""
    settings = private_settings(tmp_path_factory.mktemp("pbx"))
    process = AsteriskProcess(settings, installation, linger_s=0)
    process.start()
    yield Bench(settings, process)
    process.stop()


@pytest.fixture
def pbx(running_bench: Bench) -> Iterator[Bench]:
    """The run's Asterisk, up (a test may have stopped it) and with no telephone left over."""
    if running_bench.process.pid is None:
        running_bench.process.start()
    yield running_bench
    running_bench.clear()


@pytest.fixture
def own_pbx(installation: Installation, tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Make an Asterisk with other settings for one test: ``own_pbx(seats=["anna"])``."""
    benches: list[Bench] = []

    def make(**pbx: Any) -> Bench:
        settings = private_settings(tmp_path / f"pbx{len(benches)}", **pbx)
        bench = Bench(settings, AsteriskProcess(settings, installation, linger_s=0))
        bench.process.start()
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        bench.clear()
        bench.process.stop()


@pytest.fixture(scope="session")
def trial(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The whole hotline and the hub as processes, private to this run."""
    settings, config = trial_settings(tmp_path_factory.mktemp("hotline"))
    with Trial(settings, config) as running:
        yield running


@pytest.fixture(scope="session")
def voices(trial: Trial) -> Callers:
    """Callers' voices."""
    return Callers(trial.settings.cache_dir)
