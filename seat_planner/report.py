"""The report a director signs: what comes in, how many seats, what floors and the whole cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

import numpy as np

from seat_planner import charts
from seat_planner.money import LINE_NAMES, Cost, Fixed, Staffing, Wages, cost
from seat_planner.queues.many import Floats
from seat_planner.queues.year import Demand, YearPlan

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


@dataclass(frozen=True, slots=True)
class Priced:
    """One plan with its name, and its price over the cheapest."""

    name: str
    plan: YearPlan


@dataclass(frozen=True, slots=True)
class Report:
    """What the page is made from."""

    title: str
    starts: Sequence[datetime]
    demand: Demand
    plans: Sequence[Priced]
    """The cheapest first."""
    chosen: int
    """Which of them the rest of the page is about."""
    target: float
    wages: Wages | None
    fixed: Fixed
    holidays: frozenset[date]
    assumptions: Sequence[str]
    """Where the calls come from and what was assumed, in words."""


def render(report: Report) -> str:
    """The page: one HTML file, no script, nothing fetched."""
    plan = report.plans[report.chosen].plan
    calls = np.array(report.demand.calls)
    lost = report.demand.lost(np.array(plan.seats))
    days = _by_day(report.starts, calls, lost)
    sections = [
        _summary(report, plan, calls),
        _section("来电", _calls_chart(days), "每天的预计来电。"),
        _section("接通率", _path_chart(days, report.target), _path_words(report)),
        _section("座席", _seats_chart(report, plan), "各时段平均在席数（按星期和整点）。"),
        _section("目标的代价", _floors(report), _STANDARD),
    ]
    if report.wages is not None:
        sections.append(_section("成本", _cost_table(_cost(report, plan, report.wages)), _LAW))
    given = "".join(f"<li>{escape(line)}</li>" for line in report.assumptions)
    sections.append(_section("假设与数据", f"<ul>{given}</ul>", ""))
    body = "".join(sections)
    return _PAGE.format(title=escape(report.title), style=_STYLE, body=body)


_LAW = "法定休假日不低于工资的300%、延长工作时间不低于150%：《中华人民共和国劳动法》第四十四条。"
_STANDARD = "GB/T 33358-2016《政府热线服务规范》：连续24小时内呼叫接通率不低于95%。"


def _by_day(
    starts: Sequence[datetime], calls: Floats, lost: Floats
) -> list[tuple[date, float, float]]:
    found: dict[date, tuple[float, float]] = {}
    for start, one, gone in zip(starts, calls, lost, strict=True):
        before = found.get(start.date(), (0.0, 0.0))
        found[start.date()] = before[0] + float(one), before[1] + float(gone)
    return [(day, *found[day]) for day in sorted(found)]


def _months(days: Sequence[tuple[date, float, float]]) -> list[str]:
    if len(days) > 62:
        return [f"{day.month}月" if day.day == 1 else "" for day, _, _ in days]
    return [f"{day.month}/{day.day}" if k % 7 == 0 else "" for k, (day, _, _) in enumerate(days)]


def _calls_chart(days: Sequence[tuple[date, float, float]]) -> str:
    curve = [calls for _, calls, _ in days]
    return charts.lines([("来电", charts.BLUE, curve)], _months(days), title="每天来电", bottom=0.0)


def _path_chart(days: Sequence[tuple[date, float, float]], target: float) -> str:
    rates, path, came, gone = [], [], 0.0, 0.0
    for _, calls, lost in days:
        came, gone = came + calls, gone + lost
        rates.append(1.0 - lost / calls if calls else 1.0)
        path.append(1.0 - gone / came if came else 1.0)
    curves = [("每天", charts.GREY, rates), ("年初至今", charts.BLUE, path)]
    least = math.floor(min([*rates, target]) * 100 - 1) / 100
    return charts.lines(curves, _months(days), title="接通率", unit="%", bottom=least, mark=target)


def _path_words(report: Report) -> str:
    plan = report.plans[report.chosen].plan
    return (
        f"全年 {plan.answer_rate:.2%}；最差一天 {plan.worst_day:.1%}，"
        f"最差的连续24小时 {plan.worst_24h:.1%}，最差时段 {plan.worst_interval:.1%}。"
        f"红线为目标 {report.target:.0%}。"
    )


def _seats_chart(report: Report, plan: YearPlan) -> str:
    sums, counts = np.zeros((7, 24)), np.zeros((7, 24))
    for start, seats in zip(report.starts, plan.seats, strict=True):
        sums[start.weekday(), start.hour] += seats
        counts[start.weekday(), start.hour] += 1
    mean = sums / np.maximum(counts, 1)
    rows = [(name, [float(v) for v in mean[k]]) for k, name in enumerate(WEEKDAYS)]
    return charts.heat(rows, [str(hour) for hour in range(24)], title="各时段在席数")


def _floors(report: Report) -> str:
    cheapest = report.plans[0].plan.seat_hours
    rows = [
        (
            one.name + ("（本报告采用）" if k == report.chosen else ""),
            f"{one.plan.seat_hours:,.0f}",
            f"{one.plan.seat_hours / cheapest - 1:+.1%}",
            f"{one.plan.answer_rate:.2%}",
            f"{one.plan.worst_24h:.1%}",
            f"{one.plan.worst_interval:.1%}",
        )
        for k, one in enumerate(report.plans)
    ]
    head = ("目标", "座席小时", "多花", "全年接通率", "最差24小时", "最差时段")
    return _table(head, rows)


def _cost(report: Report, plan: YearPlan, wages: Wages) -> Cost:
    demand = report.demand
    staffing = Staffing(
        report.starts,
        demand.calls,
        plan.seats,
        demand.interval_s,
        demand.handling_s,
        demand.patience_s,
    )
    return cost(staffing, wages, report.fixed, report.holidays)


def _cost_table(found: Cost) -> str:
    rows = [(LINE_NAMES[name], f"{amount:,.0f}") for name, amount in found.lines.items() if amount]
    rows.append(("合计", f"{found.total:,.0f}"))
    if found.per_answered is not None:
        rows.append(("每接通一个电话", f"{found.per_answered:.2f}"))
    return _table(("项目", "元"), rows)


def _summary(report: Report, plan: YearPlan, calls: Floats) -> str:
    first, last = min(report.starts).date(), max(report.starts).date()
    tiles = (
        ("来电", f"{calls.sum():,.0f}"),
        ("全年接通率", f"{plan.answer_rate:.2%}"),
        ("最多在席", f"{max(plan.seats)}"),
        ("座席小时", f"{plan.seat_hours:,.0f}"),
    )
    shown = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
        for name, value in tiles
    )
    return f"<p>{first} 至 {last}</p><div class='tiles'>{shown}</div>"


def _section(name: str, inside: str, words: str) -> str:
    below = f"<p>{escape(words)}</p>" if words else ""
    return f"<section><h2>{escape(name)}</h2>{inside}{below}</section>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


_STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Noto Serif CJK SC","Microsoft YaHei",sans-serif;
color:#1d2733;max-width:780px;margin:24px auto;padding:0 16px}
h1{font-size:24px;margin:0}h2{font-size:17px;margin:28px 0 8px;border-bottom:1px solid #d5dbe1}
p{margin:6px 0;color:#4a5663}svg{width:100%;height:auto}
.tiles{display:flex;gap:12px;margin:12px 0}.tile{flex:1;border:1px solid #d5dbe1;border-radius:6px;
padding:10px 12px}.tile b{display:block;font-size:22px}.tile span{color:#4a5663}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 8px;border-bottom:1px solid #e3e7eb;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}
section{break-inside:avoid}@page{size:A4;margin:16mm}@media print{body{margin:0;max-width:none}}
"""
_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>
<style>{style}</style></head><body><h1>{title}</h1>{body}</body></html>
"""
