"""People and institutions for tests of matching, and a calendar without holidays."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from dispatch.matching.board import Board, Duty
from dispatch.matching.directory import compile_directory
from dispatch.matching.results import Results
from dispatch.matching.score import Want
from hotline.domain.codes import ServiceType, Topic
from hotline.domain.order_codes import InstitutionKind
from hotline.domain.people import Handler, Institution

NOON = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)
"""A Thursday, 11:00 in China."""
NIGHT = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
"""23:00 in China."""


class PlainCalendar:
    """Monday to Friday, 9 to 17."""

    def is_working(self, at: datetime) -> bool:
        hour = (at.hour + 8) % 24
        return at.isoweekday() < 6 and 9 <= hour < 17

    def is_workday(self, day: date) -> bool:
        return day.isoweekday() < 6


CALENDAR = PlainCalendar()


def place(
    code: str,
    region: str = "340123",
    kind: InstitutionKind = InstitutionKind.LEGAL_SERVICE_CENTRE,
    **more: object,
) -> Institution:
    return Institution(code, f"机构{code}", kind, region, **more)  # type: ignore[arg-type]


def person(
    person_id: str, institution: str = "a", region: str = "340123", **more: object
) -> Handler:
    return Handler(person_id, institution, region, **more)  # type: ignore[arg-type]


def board(
    institutions: Iterable[Institution],
    people: Iterable[Handler],
    *,
    on_duty: Iterable[str] = (),
    in_hand: Mapping[str, int] | None = None,
    last_given: Mapping[str, datetime] | None = None,
    results: Results | None = None,
) -> Board:
    start, end = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
    return Board(
        compile_directory(institutions, people),
        in_hand=in_hand,
        last_given=last_given,
        duties=[Duty(one, start, end) for one in on_duty],
        results=results,
    )


def want(**changes: object) -> Want:
    plain: dict[str, object] = {
        "service_type": ServiceType.CONSULTATION,
        "topic": Topic.WAGES.value,
        "region": "340123",
    }
    return Want(**{**plain, **changes})  # type: ignore[arg-type]
