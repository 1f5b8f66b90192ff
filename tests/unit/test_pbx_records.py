"""Calls of the fallback from Asterisk's records: each once, whatever the file looks like."""

import json
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.domain.codes import CallOutcome
from hotline.settings import PbxSettings, Settings
from ivr.pbx.fallback import CdrLog, fallback_calls, parse_cdr
from ivr.pbx.layout import layout

pytestmark = pytest.mark.unit

START = 1795456082.5


def line(unique_id: str = "node-1-1.0", **over: object) -> str:
    record = {
        "uniqueid": unique_id,
        "linkedid": unique_id,
        "channel": "PJSIP/trunk-00000001",
        "dstchannel": "",
        "dcontext": "fallback",
        "start": START,
        "answer": START + 1,
        "end": START + 20,
        "disposition": "ANSWERED",
        "userfield": "fallback",
        "caller": "13900001111",
    }
    return json.dumps(record | over)


def message(folder: Path, unique_id: str, seconds: float) -> Path:
    path = folder / f"{unique_id}.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(round(16000 * seconds)))
    return path


def test_one_call_of_several_lines(tmp_path: Path) -> None:
    text = "\n".join(
        [
            line(end=START + 5),
            line(start=START + 5, answer=0, end=START + 9, userfield="fallback:seat:PJSIP/anna"),
        ]
    )
    records, broken = parse_cdr(text)
    (call,) = fallback_calls(records, tmp_path)
    assert broken == 0
    assert call.outcome is CallOutcome.FALLBACK_SEAT
    assert call.seat == "PJSIP/anna"
    assert (call.ended - call.started).total_seconds() == 9
    assert call.answered is not None
    assert call.started.tzinfo is UTC


def test_a_message_counts_from_one_second(tmp_path: Path) -> None:
    long = message(tmp_path, "a.1", 3)
    message(tmp_path, "a.2", 0.3)
    (tmp_path / "a.3.wav").write_bytes(b"not a sound")
    marks = "\n".join(line(f"a.{n}", userfield="fallback:voicemail") for n in (1, 2, 3, 4))
    calls = {it.unique_id: it for it in fallback_calls(parse_cdr(marks)[0], tmp_path)}
    assert calls["a.1"].outcome is CallOutcome.VOICEMAIL
    assert calls["a.1"].recording == long
    assert {calls[f"a.{n}"].outcome for n in (2, 3, 4)} == {CallOutcome.ABANDONED}


def test_a_call_given_back_to_the_hotline_is_not_ours(tmp_path: Path) -> None:
    records, _ = parse_cdr(line(userfield="fallback") + "\n" + line(userfield="hotline", caller=""))
    assert fallback_calls(records, tmp_path) == []


def test_a_withheld_number_is_none(tmp_path: Path) -> None:
    (call,) = fallback_calls(parse_cdr(line(caller="", answer=0))[0], tmp_path)
    assert call.caller is None
    assert call.answered is None
    assert call.outcome is CallOutcome.ABANDONED


def test_cut_lines_are_counted_not_fatal() -> None:
    text = line() + "\n" + line("b.2")[:40] + "\n[]\n{}\nnull\n\n" + line("c.3", start=0)
    records, broken = parse_cdr(text)
    assert [it.unique_id for it in records] == ["node-1-1.0"]
    assert broken == 5


@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    parse_cdr(text)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path, pbx=PbxSettings(ari_password="x"))
    for folder in layout(made).folders():
        folder.mkdir(parents=True)
    return made


def written(settings: Settings, text: str) -> datetime:
    """Asterisk writes; the time at which that has settled."""
    path = layout(settings).cdr
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) + timedelta(seconds=2)


def test_claimed_until_forgotten(settings: Settings) -> None:
    log = CdrLog(settings)
    now = written(settings, line("a.1", userfield="fallback:voicemail"))
    recording = message(layout(settings).voicemail, "a.1", 2)
    first = log.claim(now)
    now = written(settings, line("b.2"))
    second = log.claim(now)
    assert [it.unique_id for it in first.calls] == ["a.1"]
    assert [it.unique_id for it in second.calls] == ["a.1", "b.2"]
    second.forget()
    assert not recording.exists()
    assert log.claim(now + timedelta(seconds=9)).calls == ()
    assert list(layout(settings).cdr.parent.iterdir()) == []


def test_lines_of_one_call_are_not_torn(settings: Settings) -> None:
    log = CdrLog(settings)
    settled = written(settings, line("a.1"))
    assert log.claim(settled - timedelta(seconds=2)).files == ()
    assert [it.unique_id for it in log.claim(settled).calls] == ["a.1"]


def test_nothing_there_is_nothing(tmp_path: Path) -> None:
    made = Settings(data_dir=tmp_path / "new", pbx=PbxSettings(ari_password="x"))
    batch = CdrLog(made).claim(datetime.now(UTC))
    assert batch.calls == batch.ended == batch.files == ()


def test_calls_the_dialplan_did_not_touch_tell_their_end(settings: Settings) -> None:
    now = written(settings, line("a.1", userfield="", caller="", dcontext="from-trunk"))
    batch = CdrLog(settings).claim(now)
    assert batch.calls == ()
    (ended,) = batch.ended
    assert ended.unique_id == "a.1"
    assert ended.ended.timestamp() == START + 20
    assert list(layout(settings).voicemail.iterdir()) == []
