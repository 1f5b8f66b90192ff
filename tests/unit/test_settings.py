"""Settings: documented, overridable, refusing weak secrets, errors naming the setting."""

from pathlib import Path

import pytest

from hotline.errors import SettingsError
from hotline.settings import load_settings
from hotline.settings_page import PAGE, page, rows

pytestmark = pytest.mark.unit


def test_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m hotline.settings_page"


def test_every_setting_is_described() -> None:
    assert [name for name, _, text in rows() if not text] == []


def test_environment_wins_over_file_and_file_over_made_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secrets.toml").write_text('[pbx]\nari_password = "made"\n[hub]\nsecret = "m"\n')
    config = tmp_path / "hotline.toml"
    config.write_text(f'data_dir = "{tmp_path}"\n[hub]\nsecret = "file"\nterminal = "x"\n')
    monkeypatch.setenv("HOTLINE_HUB__TERMINAL", "from-env")
    settings = load_settings(config)
    assert settings.pbx.ari_password == "made"
    assert settings.hub.secret == "file"
    assert settings.hub.terminal == "from-env"


def test_unknown_and_wrong_settings_are_named(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text('[pbx]\nhttp_port = "many"\nnonsense = 1\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(config)
    assert "pbx.http_port" in str(caught.value)
    assert "pbx.nonsense" in str(caught.value)


def test_broken_file_is_named(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text("[pbx\n")
    with pytest.raises(SettingsError, match="not valid TOML"):
        load_settings(config)


def test_production_refuses_weak_secrets_without_showing_them(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text('environment = "production"\n[pbx]\nari_password = "geheim"\n')
    with pytest.raises(SettingsError, match="ari_password") as caught:
        load_settings(config)
    assert "geheim" not in str(caught.value)
