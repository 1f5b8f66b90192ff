"""Which Asterisk is new enough, and the apt that fetches it."""

from pathlib import Path

import pytest

from ivr.pbx import locate
from ivr.pbx.install import apt_configuration
from ivr.pbx.locate import is_new_enough, parse_version

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", (22, 10, 1)),
        ("Asterisk 22.8.0", (22, 8, 0)),
        ("Asterisk certified/22.8-cert1", (22, 8, 0)),
        ("Asterisk certified-20.7-cert2", (20, 7, 0)),
        ("Asterisk GIT-master-abc", None),
        ("", None),
    ],
)
def test_version(text: str, version: locate.Version | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ((22, 8, 0), True),
        ((22, 7, 9), False),
        ((20, 18, 0), False),
        ((23, 1, 0), False),
        ((23, 2, 0), True),
        ((24, 0, 0), True),
    ],
)
def test_new_enough(version: locate.Version, good: bool) -> None:
    assert is_new_enough(version) is good


def test_apt_knows_sid_only(tmp_path: Path) -> None:
    files = apt_configuration(tmp_path, 'Acquire::http::Proxy "http://proxy:3128";\n')
    text = files[tmp_path / "apt.conf"]
    assert 'Acquire::Check-Valid-Until "false";' in text
    assert "proxy:3128" in text
    assert "signed-by=" in files[tmp_path / "etc/sources.list"]
    assert all(tmp_path in path.parents for path in files)
