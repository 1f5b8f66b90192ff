"""No model at all: the line still serves by keys, and says so once in plain words."""

from pathlib import Path

import pytest
from call_kit import Caller, stored

from hotline.app.trial import Trial, fetch
from hotline.app.trial import private_settings as trial_settings
from hotline.domain.codes import Speaker
from ivr.pbx.locate import Installation
from ivr.phone.callers import Callers

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]


async def test_without_a_model_everything_goes_by_keys(
    installation: Installation, tmp_path: Path
) -> None:
    lines = 'engine = "whisper"\nwhisper_model = "/nowhere"'
    settings, config = trial_settings(tmp_path / "deaf", asr=lines)
    with Trial(settings, config) as trial:
        ready = fetch(trial.url("up"))
        assert ready is not None
        assert ready["speech"] is None
        async with Caller(trial, Callers(settings.cache_dir)) as caller:
            await caller.dial()
            await caller.say("老板拖欠工资怎么办")
            await caller.press("0")
            await caller.call.hang_up()
        record = await stored(settings, caller.number)
    said = [turn.text for turn in record.turns if turn.speaker is Speaker.BOT]
    assert "按" in said[0]
    assert record.human_requested
    heard = [turn.text for turn in record.turns if turn.speaker is Speaker.CALLER]
    assert all(text.startswith("[按键") for text in heard)
