"""The page that lists what the reference hub holds."""

from datetime import datetime
from html import escape
from typing import Any

from dispatch.numbers import CHINA
from hotline.domain.codes import OrderState, ServiceType, Topic, Urgency

_LABELS = {
    member.value: member.label
    for codes in (OrderState, ServiceType, Topic, Urgency)
    for member in codes
}
_STYLE = """
body{font-family:"Noto Sans CJK SC","Microsoft YaHei",sans-serif;margin:2rem}
body{color:#1b2733;background:#f6f8fa}
h1{font-size:1.4rem;margin:0 0 .3rem}p{color:#52606d;margin:.2rem 0 1rem}
table{border-collapse:collapse;width:100%;background:#fff;box-shadow:0 1px 3px #0002}
th,td{padding:.55rem .7rem;text-align:left;border-bottom:1px solid #e4e7eb;font-size:.93rem}
th{background:#123c69;color:#fff;font-weight:600}tr:hover td{background:#f0f6fc}
.empty{padding:2rem;text-align:center;color:#52606d}.urgent{color:#b42318;font-weight:600}
"""
_COLUMNS = (
    "回执号",
    "工单编号",
    "收到时间",
    "事项",
    "服务",
    "紧急程度",
    "概要",
    "联系人",
    "联系电话",
    "重复送达",
)


def render(orders: list[dict[str, Any]], counts: dict[str, int]) -> str:
    """The whole page as HTML; every text is escaped."""
    head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    rows = "".join(_row(order) for order in orders)
    if not orders:
        rows = f'<tr><td class="empty" colspan="{len(_COLUMNS)}">还没有收到工单</td></tr>'
    summary = (
        f"共收到工单 {counts['orders']} 件，消息 {counts['messages']} 条，"
        f"重复送达 {counts['repeats']} 次（均未重复登记）。个人信息已隐去。"
    )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta http-equiv="refresh" content="5"><title>参考网络平台</title>'
        f"<style>{_STYLE}</style></head><body><h1>参考网络平台 · 已接收的工单</h1>"
        f"<p>{summary}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        "</body></html>"
    )


def _row(order: dict[str, Any]) -> str:
    if order["erased"]:
        cells = [order["receipt"], order["order_no"], _time(order["received_at"])]
        shown = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
        return f'<tr>{shown}<td colspan="{len(_COLUMNS) - 3}">个人信息已按要求删除</td></tr>'
    cells = [
        order["receipt"],
        order["order_no"],
        _time(order["received_at"]),
        _label(order["topic"]),
        _label(order["service_type"]),
        _label(order["urgency"]),
        order["title"],
        order["contact_name"] or "未留",
        order["contact_phone"] or "未留",
        f"{order['repeats']} 次" if order["repeats"] else "",
    ]
    mark = "" if order["urgency"] == Urgency.NORMAL.value else ' class="urgent"'
    return f"<tr{mark}>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in cells) + "</tr>"


def _label(code: str | None) -> str:
    return _LABELS.get(code or "", code or "")


def _time(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
