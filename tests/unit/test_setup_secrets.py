"""Made secrets: once, for the owner's eyes only, and read by the settings."""

import tomllib
from pathlib import Path

import pytest

from hotline.settings import load_settings
from hotline.setup.secrets import MADE, ensure_secrets, missing, secrets_path

pytestmark = pytest.mark.unit


def test_made_once(tmp_path: Path) -> None:
    data = tmp_path / "var"
    assert len(missing(data)) == len(MADE)
    assert set(ensure_secrets(data)) == {f"{group}.{name}" for group, name in MADE}
    first = secrets_path(data).read_bytes()
    assert missing(data) == []
    assert ensure_secrets(data) == []
    assert secrets_path(data).read_bytes() == first


def test_for_the_owner_only(tmp_path: Path) -> None:
    ensure_secrets(tmp_path)
    path = secrets_path(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    ensure_secrets(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays(tmp_path: Path) -> None:
    secrets_path(tmp_path).write_text('[pbx]\nari_password = "chosen-by-a-person"\n')
    ensure_secrets(tmp_path)
    known = tomllib.loads(secrets_path(tmp_path).read_text())
    assert known["pbx"]["ari_password"] == "chosen-by-a-person"
    assert len(known["hub"]["secret"]) >= 32


def test_the_settings_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_secrets(tmp_path)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOTLINE_ENVIRONMENT", "production")
    settings = load_settings(tmp_path / "none.toml")
    assert len(settings.pbx.ari_password) >= 32
    assert settings.pbx.ari_password != settings.hub.secret
