"""The commands others rely on, on real models: JSON, plain errors, exit status."""

import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.contract, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands work in a folder of their own."""
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


def hotline(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "hotline.cli", *command],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def rows(*command: str) -> list[dict]:
    """The JSON lines of a command that must succeed."""
    result = hotline(*command, "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def write_wav(path: Path, samples: np.ndarray, rate: int, channels: int = 1) -> Path:
    """A 16-bit WAV."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def test_understand_gives_act_topic_confidence_and_reply() -> None:
    wages, person = rows("understand", "老板拖欠我的工资该怎么办", "给我接人工")
    assert set(wages) == {"text", "act", "topic", "confidence", "reply"}
    assert (wages["act"], wages["topic"]) == ("ask", "wages")
    assert "条" in wages["reply"]
    assert 0 <= wages["confidence"] <= 1
    assert person["act"] == "agent"


def test_what_is_said_is_heard_again(tmp_path: Path) -> None:
    target = tmp_path / "said.wav"
    spoken = hotline("say", "我想申请法律援助", "-o", str(target))
    assert spoken.returncode == 0, spoken.stderr
    (heard,) = rows("transcribe", str(target))
    assert set(heard) == {"file", "text", "confidence", "seconds", "engine"}
    assert "法律" in heard["text"]
    assert heard["seconds"] > 1


def test_any_pcm_wav_is_taken(tmp_path: Path) -> None:
    silence = np.zeros(44100 * 2)
    stereo = write_wav(tmp_path / "stereo.wav", silence, 44100, 2)
    (heard,) = rows("transcribe", str(stereo))
    assert heard["text"] == ""


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.wav", b"this is no sound at all, only words"), ("empty.wav", b"")],
)
def test_a_file_that_is_no_wav_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = hotline("transcribe", str(path))
    assert result.returncode == 1
    assert name in result.stderr
    assert "Traceback" not in result.stderr


def test_stats_of_nothing_have_no_rates() -> None:
    (found,) = rows("stats")
    assert found["received"] == 0
    assert found["answer_rate"]["value"] is None


def test_doctor_names_each_part_and_what_mends_it() -> None:
    result = hotline("doctor", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    parts = {row["part"] for row in found}
    assert {"asterisk", "database", "recognition", "voice", "knowledge", "hub"} <= parts
    assert all(row["ok"] or row["fix"] for row in found)


def test_knowledge_check_passes_on_what_is_shipped_and_fails_on_what_is_not(
    tmp_path: Path,
) -> None:
    assert hotline("knowledge", "check").returncode == 0
    broken = tmp_path / "data" / "answers"
    broken.mkdir(parents=True)
    (broken / "wages.yaml").write_text("topic: wages\nanswers:\n  - id: wages.x\n")
    result = hotline("knowledge", "check", str(tmp_path / "data"))
    assert result.returncode == 1
    assert "wages.yaml" in result.stdout
    assert "wages.x" in result.stdout


def test_help_helps() -> None:
    for command in ("call", "understand", "transcribe", "demo", "stats", "doctor", "setup"):
        result = hotline(command, "--help")
        assert result.returncode == 0
        assert "Usage" in result.stdout
