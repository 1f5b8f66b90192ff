"""Asterisk is fetched and unpacked for real into an empty cache, and starts from there."""

import os
from pathlib import Path

import pytest

from hotline.settings import PbxSettings, Settings
from ivr.pbx import locate
from ivr.pbx.install import KEYRING, ensure

pytestmark = pytest.mark.load


@pytest.mark.timeout(600)
@pytest.mark.skipif(not KEYRING.is_file(), reason="needs apt and debian-archive-keyring")
def test_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locate, "on_path", lambda: None)
    settings = Settings(cache_dir=tmp_path, pbx=PbxSettings(ari_password="x" * 20))
    told: list[tuple[float, str]] = []
    first = ensure(settings, lambda share, word: told.append((share, word)))
    assert locate.is_new_enough(first.version)
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert first.root.stat().st_uid == os.geteuid()
    assert {path.name for path in (tmp_path / "asterisk").iterdir()} == {
        first.version_text,
        "lock",
    }
    told.clear()
    assert ensure(settings, lambda share, word: told.append((share, word))) == first
    assert told == [], "the second time there is nothing to do"
