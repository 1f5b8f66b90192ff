"""Figures of seats: one's own today, and everybody's as CSV for supervisors."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from agent_ui.live.patch import Json, clean
from hotline.accounts.errors import NotAllowedError
from hotline.accounts.records import Identity
from hotline.accounts.rights import reach
from hotline.analysis.seat_day import SeatDay, seat_days
from hotline.calendar import CHINA
from hotline.domain.order_codes import Right
from hotline.domain.seats import SeatInterval, SeatState
from hotline.errors import InputError

_MOST_DAYS = 366
_COLUMNS = ("姓名", "接听", "未接", "签入", "就绪", "通话", "话后", "小休", "平均处理时长")

Intervals = Callable[[datetime], Awaitable[Sequence[SeatInterval]]]
"""Intervals that ended at or after a moment."""


def log_router(
    intervals: Intervals,
    name_of: Callable[[str], Awaitable[str]],
    who: Callable[[Request], Awaitable[Identity]],
    now: Callable[[], datetime],
) -> APIRouter:
    """``/api/v1/seat/today`` for agents, ``/api/v1/seats/log.csv`` for supervisors."""
    router = APIRouter(prefix="/api/v1", tags=["seat"])

    @router.get("/seat/today")
    async def today(me: Annotated[Identity, Depends(who)]) -> Json:
        """One's own figures since midnight in China; what is going on now is not in them."""
        at = now()
        since = _midnight(at.astimezone(CHINA).date())
        found = [one for one in await intervals(since) if one.person_id == me.actor.person_id]
        days = seat_days(found, since, at)
        return _figures(days[0] if days else SeatDay(me.actor.person_id or ""))

    @router.get("/seats/log.csv")
    async def log(
        me: Annotated[Identity, Depends(who)],
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
    ) -> Response:
        """Everybody's figures from one day to another, both included."""
        if reach(me.actor, Right.MONITOR).nowhere:
            raise NotAllowedError(f"没有“{Right.MONITOR.label}”的权限，请联系本单位管理人员")
        if last < first or (last - first).days > _MOST_DAYS:
            raise InputError("起止日期不对：止日须不早于起日，最多一年", field="to")
        since, until = _midnight(first), _midnight(last + timedelta(days=1))
        days = seat_days(await intervals(since), since, until)
        names = {day.person_id: await name_of(day.person_id) for day in days}
        out = io.StringIO()
        # the mark at the beginning tells spreadsheet programs that this is UTF-8
        out.write("\ufeff")
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        writer.writerows(_row(day, names[day.person_id]) for day in days)
        headers = {"Content-Disposition": f'attachment; filename="seats-{first}-{last}.csv"'}
        return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CHINA)


def _figures(day: SeatDay) -> Json:
    handling = day.handling
    found: Json = clean(
        {
            "answered": day.answered,
            "missed": day.missed,
            "talking_s": _seconds(day.talking),
            "ready_s": _seconds(day.by_state.get(SeatState.READY)),
            "break_s": _seconds(day.by_state.get(SeatState.BREAK)),
            "handling_s": _seconds(handling) if handling is not None else None,
        }
    )
    return found


def _row(day: SeatDay, name: str) -> list[Any]:
    states = (SeatState.READY, None, SeatState.WRAP_UP, SeatState.BREAK)
    spans = [day.talking if state is None else day.by_state.get(state) for state in states]
    # a name that begins like a formula is shown, not reckoned
    shown = f"'{name}" if name[:1] in ("=", "+", "-", "@") else name
    figures = [_clock(span) for span in (day.signed_in, *spans, day.handling)]
    return [shown, day.answered, day.missed, *figures]


def _seconds(span: timedelta | None) -> int:
    return round(span.total_seconds()) if span is not None else 0


def _clock(span: timedelta | None) -> str:
    if span is None:
        return ""
    whole = round(span.total_seconds())
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
