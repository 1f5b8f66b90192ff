"""The pages that show what the reference hub holds: nothing personal, every text escaped."""

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
body{color:#1b2733;background:#f6f8fa}a{color:#123c69}
h1{font-size:1.4rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:1.5rem 0 .4rem}
p{color:#52606d;margin:.2rem 0 1rem}
table{border-collapse:collapse;width:100%;background:#fff;box-shadow:0 1px 3px #0002}
th,td{padding:.55rem .7rem;text-align:left;border-bottom:1px solid #e4e7eb;font-size:.93rem}
th{background:#123c69;color:#fff;font-weight:600}tr:hover td{background:#f0f6fc}
.empty{padding:2rem;text-align:center;color:#52606d}.urgent{color:#b42318;font-weight:600}
button{margin-right:.5rem;padding:.4rem .9rem;border:1px solid #123c69;border-radius:4px}
form{display:inline}
"""
_COLUMNS = (
    "回执号",
    "工单编号",
    "收到时间",
    "事项",
    "服务",
    "紧急程度",
    "概要",
    "状态",
    "重复送达",
)
_KINDS = {
    "order.received": "登记",
    "order.updated": "更新",
    "order.dispatch": "派送",
    "order.accept": "签收",
    "order.return": "回退",
    "order.extend": "延期",
    "order.feedback": "反馈",
    "order.urge": "催办",
    "order.supervise": "督办",
    "order.reopen": "重办",
    "order.close": "办结",
    "order.supplement": "补充",
    "order.rated": "评价",
    "order.merged": "并单",
    "order.withdrawn": "撤回",
    "order.snapshot": "全量核对",
    "order.erased": "个人信息删除",
}
_SENT = {"pending": "待送达", "applied": "已执行", "refused": "被拒绝"}
_ACTS = ("order.urge", "order.supervise", "order.reopen", "order.return", "order.close")


def render_list(orders: list[dict[str, Any]], counts: dict[str, int]) -> str:
    """All orders as HTML."""
    rows = "".join(_row(order) for order in orders)
    if not orders:
        rows = f'<tr><td class="empty" colspan="{len(_COLUMNS)}">还没有收到工单</td></tr>'
    summary = (
        f"共收到工单 {counts['orders']} 件，消息 {counts['messages']} 条，"
        f"重复送达 {counts['repeats']} 次（均未重复登记）。此页不显示个人信息。"
    )
    body = f"<h1>参考网络平台 · 已接收的工单</h1><p>{summary}</p>{_table(_COLUMNS, rows)}"
    return _page(body, "参考网络平台")


def render_order(order: dict[str, Any], *, controls: bool) -> str:
    """One order with its timeline as HTML; ``controls``: buttons of the hub's staff."""
    number = escape(order["order_no"])
    told = "".join(
        _cells(
            str(message["seq"]),
            _time(message["received_at"]),
            _KINDS.get(message["kind"], message["kind"]),
            _label(message["state"]),
            message["by"] or "",
            message["receipt"],
            f"{message['repeats']} 次" if message["repeats"] else "",
        )
        for message in order["messages"]
    )
    asked = "".join(
        _cells(
            str(message["seq"]),
            _time(message["made_at"]),
            _KINDS.get(message["kind"], message["kind"]),
            _SENT.get(message["state"], message["state"]),
            str(message["attempts"]),
            message["answer"] or "",
        )
        for message in order["outgoing"]
    )
    erased = "个人信息已按要求删除" if order["erased"] else ""
    head = f"{_label(order['state'])} {_label(order['topic'])} {order['title'] or ''} {erased}"
    body = (
        f'<p><a href="/">返回列表</a></p><h1>工单 {number}</h1><p>{escape(head)}</p>'
        + (_buttons(number) if controls and not order["erased"] else "")
        + "<h2>时间线</h2>"
        + _table(("序号", "收到时间", "事项", "之后状态", "经办", "回执号", "重复送达"), told)
        + "<h2>平台发出</h2>"
        + _table(("序号", "时间", "事项", "结果", "次数", "答复"), asked)
    )
    return _page(body, f"工单 {number}")


def _buttons(number: str) -> str:
    forms = (
        '<form method="post" action="/control/form">'
        f'<input type="hidden" name="order_no" value="{number}">'
        f'<button name="kind" value="{kind}">{_KINDS[kind]}</button></form>'
        for kind in _ACTS
    )
    return f"<div>{''.join(forms)}</div>"


def _row(order: dict[str, Any]) -> str:
    number = escape(order["order_no"])
    link = f'<a href="/orders/{number}">{number}</a>'
    title = "个人信息已按要求删除" if order["erased"] else order["title"]
    cells = [
        _time(order["received_at"]),
        _label(order["topic"]),
        _label(order["service_type"]),
        _label(order["urgency"]),
        title or "",
        _label(order["state"]),
        f"{order['repeats']} 次" if order["repeats"] else "",
    ]
    calm = order["urgency"] in (None, Urgency.NORMAL.value)
    mark = "" if calm else ' class="urgent"'
    shown = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f"<tr{mark}><td>{escape(order['receipt'])}</td><td>{link}</td>{shown}</tr>"


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _table(columns: tuple[str, ...], rows: str) -> str:
    head = "".join(f"<th>{name}</th>" for name in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _page(body: str, title: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        f'<meta http-equiv="refresh" content="5"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _label(code: str | None) -> str:
    return _LABELS.get(code or "", code or "")


def _time(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
