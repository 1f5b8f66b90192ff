"""The doctor's look at the working-day calendar: is the notice of every year at hand?"""

from collections.abc import Iterable
from datetime import date

from hotline.calendar import Basis, china_calendar
from hotline.calendar.calendar import unannounced
from hotline.settings import Settings
from hotline.setup.doctor import Finding


def check_calendar(settings: Settings, today: date) -> Iterable[Finding]:
    """This year, and the next from November on; raises CalendarError for a wrong file."""
    calendar = china_calendar(tuple(settings.deadlines.hours), settings.calendar_dir)
    open_years = [*unannounced(calendar, today)]
    if not open_years:
        year = calendar.year(today.year)
        yield Finding("calendar", True, f"{year.year}: {year.source}")
    for year in open_years:
        what = "provisional" if year.basis is Basis.PROVISIONAL else "computed"
        yield Finding(
            "calendar",
            False,
            f"{year.year}: {what}, from {year.source}; swapped workdays (调休) are not known",
            f"put the year's notice into {settings.calendar_dir / f'{year.year}.yaml'} "
            "(docs/deadlines.md)",
            needed=False,
        )
