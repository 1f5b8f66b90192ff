"""The doctor tells of a year whose notice is missing, in time and with the mend."""

from datetime import date
from pathlib import Path

import pytest

from hotline.calendar.years import DATA
from hotline.settings import Settings
from hotline.setup.calendar import check_calendar

pytestmark = pytest.mark.unit


def test_a_year_with_its_notice_is_well(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    (finding,) = check_calendar(settings, date(2026, 6, 1))
    assert finding.ok
    assert "国办发明电〔2025〕7号" in finding.detail


def test_from_november_on_the_next_year_is_missed(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    (finding,) = check_calendar(settings, date(2026, 11, 26))
    assert not finding.ok
    assert not finding.needed
    assert str(tmp_path / "calendar" / "2027.yaml") in finding.fix


def test_the_operators_file_mends_it(tmp_path: Path) -> None:
    text = (DATA / "2027.yaml").read_text(encoding="utf-8")
    text = text.replace("provisional: true", "provisional: false")
    text = text.replace("notice: null", "notice: 国办发明电〔2026〕0号")
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "2027.yaml").write_text(text, encoding="utf-8")
    settings = Settings(data_dir=tmp_path, deadlines={"calendar_dir": folder})
    (finding,) = check_calendar(settings, date(2026, 11, 26))
    assert finding.ok
