"""China's working days and working time.

``china_calendar()`` gives the calendar; ``Span`` a length of time as deadlines are written
(``5wd``, ``1h``). How they are counted is in ``docs/deadlines.md``.
"""

from hotline.calendar.calendar import CHINA, Calendar, china_calendar
from hotline.calendar.errors import CalendarError
from hotline.calendar.hours import WorkingHours
from hotline.calendar.span import Span, Unit
from hotline.calendar.years import Basis, Year

__all__ = [
    "CHINA",
    "Basis",
    "Calendar",
    "CalendarError",
    "Span",
    "Unit",
    "WorkingHours",
    "Year",
    "china_calendar",
]
