"""Commands of the roster."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

import typer

from hotline.commands.care import opened
from hotline.commands.common import JSON, console, emit, plain_errors, run
from hotline.commands.people import OPERATOR, STAFF
from hotline.commands.records import as_row, local_moment, shown_moment
from hotline.errors import InputError
from hotline.exchange.fields import DUTIES
from hotline.roster.plan import Duty, Gap, OnDuty, Weekdays
from hotline.roster.store import Roster

duty_app = typer.Typer(help="值班表；导入用 hotline import duties 文件", no_args_is_help=True)
PLACE = Annotated[str | None, typer.Option("--institution", help="机构代码，含其窗口")]
REGION = Annotated[str | None, typer.Option(help="行政区划代码，市含所辖县区")]
AT = Annotated[str | None, typer.Option(help="时间，如 2026-03-05 08:30，默认现在")]
DAYS = Annotated[float, typer.Option(help="从现在起多少天", min=0.1, max=366)]
_HOURS = "08:30-12:00,14:00-17:30"


def _with_roster(work: Callable[[Roster, datetime], Awaitable[Any]]) -> Any:
    async def opened_work() -> Any:
        async with opened() as store:
            return await work(Roster(store.db, store.ring), datetime.now(UTC))

    return run(opened_work())


@duty_app.command("now")
@plain_errors
def now_on_duty(
    at: AT = None,
    institution: PLACE = None,
    region: REGION = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """现在（或某一时刻）谁在班。"""

    async def work(roster: Roster, now: datetime) -> list[OnDuty]:
        moment = local_moment(at) if at else now
        return await roster.on_duty(moment, institution=institution, region=region)

    found: list[OnDuty] = _with_roster(work)
    for one in found:
        _show_on_duty(one, as_json)
    if not found and not as_json:
        console.print("没有人在班")


@duty_app.command("next")
@plain_errors
def next_duty(
    at: AT = None,
    institution: PLACE = None,
    region: REGION = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """下一班是谁。"""

    async def work(roster: Roster, now: datetime) -> OnDuty | None:
        moment = local_moment(at) if at else now
        return await roster.next_on_duty(moment, institution=institution, region=region)

    found: OnDuty | None = _with_roster(work)
    if found is not None:
        _show_on_duty(found, as_json)
    elif not as_json:
        console.print("以后没有排班")


@duty_app.command("list")
@plain_errors
def list_duties(
    days: DAYS = 7, institution: PLACE = None, as_json: Annotated[bool, JSON] = False
) -> None:
    """今后几天的值班。"""

    async def work(roster: Roster, now: datetime) -> list[Duty]:
        return await roster.listed(now, now + timedelta(days=days), institution=institution)

    for one in _with_roster(work):
        if as_json:
            emit({"duty_id": one.duty_id, **as_row(DUTIES, one)})
            continue
        span = f"{shown_moment(one.starts_at)} — {shown_moment(one.ends_at)}"
        source = one.source.label
        console.print(f"{one.duty_id:>6}  {span}  {one.institution}  {one.staff_no}  {source}")


@duty_app.command("add")
@plain_errors
def add_duty(
    staff_no: STAFF,
    institution: Annotated[str, typer.Argument(help="机构代码")],
    start: Annotated[str, typer.Argument(help="开始，如 '2026-03-05 08:30'")],
    end: Annotated[str, typer.Argument(help="结束，如 '2026-03-05 17:30'")],
) -> None:
    """登记一个班；同一人同一开始时间的，改为新的结束时间和机构。"""
    duty = Duty(staff_no, institution, local_moment(start), local_moment(end))

    async def work(roster: Roster, now: datetime) -> Any:
        return (await roster.save([duty], actor=OPERATOR, now=now))[0]

    console.print(f"{_with_roster(work).label} {staff_no} {start} — {end}")


@duty_app.command("remove")
@plain_errors
def remove_duty(duty_id: Annotated[int, typer.Argument(help="值班编号，见 duty list")]) -> None:
    """删去一个班。"""

    async def work(roster: Roster, now: datetime) -> Duty:
        return await roster.remove(duty_id, actor=OPERATOR, now=now)

    gone: Duty = _with_roster(work)
    console.print(f"已删去 {gone.staff_no} {shown_moment(gone.starts_at)}")


@duty_app.command("clear")
@plain_errors
def clear_duties(
    institution: Annotated[str, typer.Argument(help="机构代码")],
    start: Annotated[str, typer.Argument(help="从何时起，如 2026-03-01")],
    end: Annotated[str, typer.Argument(help="到何时止（不含）")],
) -> None:
    """删去一个机构某段时间开始的班，以便重新导入。"""

    async def work(roster: Roster, now: datetime) -> int:
        span = (local_moment(start), local_moment(end))
        return await roster.clear(institution, *span, actor=OPERATOR, now=now)

    console.print(f"已删去 {_with_roster(work)} 个班")


@duty_app.command("gaps")
@plain_errors
def duty_gaps(
    days: DAYS = 7,
    institution: PLACE = None,
    region: REGION = None,
    hours: Annotated[str, typer.Option(help="没有写开放时间的机构，周一至周五按此")] = _HOURS,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """开放而无人在班的时间：兜底机构和排了班的机构，或 --institution 指定的。"""
    working = Weekdays(_hours(hours))

    async def work(roster: Roster, now: datetime) -> list[Gap]:
        until = now + timedelta(days=days)
        return await roster.gaps(now, until, working, institution=institution, region=region)

    found: list[Gap] = _with_roster(work)
    for gap in found:
        start, end = shown_moment(gap.starts_at), shown_moment(gap.ends_at)
        if as_json:
            emit({"institution": gap.institution, "starts_at": start, "ends_at": end})
        else:
            console.print(f"{gap.institution}  {start} — {end}")
    if not found and not as_json:
        console.print("没有空缺")


def _hours(text: str) -> tuple[tuple[time, time], ...]:
    try:
        spans = [part.strip().split("-") for part in text.split(",")]
        return tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in spans)
    except ValueError:
        raise InputError(f"--hours：须写成 {_HOURS} 的样子", field="hours") from None


def _show_on_duty(one: OnDuty, as_json: bool) -> None:
    start, end = shown_moment(one.starts_at), shown_moment(one.ends_at)
    if as_json:
        emit(
            {
                "person_id": one.person_id,
                "institution": one.institution,
                "region": one.region,
                "starts_at": start,
                "ends_at": end,
            }
        )
    else:
        console.print(f"{one.institution}  {one.person_id}  {start} — {end}")
