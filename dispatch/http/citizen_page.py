"""The page behind a signed link: plain HTML for any telephone, no script, nothing personal."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from html import escape

from dispatch.numbers import CHINA
from dispatch.tracking.desk import PartyView
from dispatch.tracking.timeline import PartyEntry, label_of
from hotline.domain.codes import OrderState, Satisfaction

_STYLE = """
*{box-sizing:border-box}
body{margin:0;background:#f3f5f8;color:#1a1f26;
font:1.15rem/1.6 "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
header{background:#0f3d73;color:#fff;padding:1rem}
header p{margin:0;font-size:1.05rem}
h1{margin:.2rem 0 0;font-size:1.45rem}
h2{margin:0 0 .6rem;font-size:1.2rem}
main{max-width:38rem;margin:0 auto;padding:1rem}
section{background:#fff;border:1px solid #cdd5df;border-radius:.5rem;padding:1rem;margin:0 0 1rem}
.state{font-size:1.5rem;font-weight:700;color:#0f3d73;margin:0}
.told{border-color:#1c6b3c;background:#eaf6ee;font-weight:600}
.wrong{border-color:#a3211b;background:#fdeeed;font-weight:600}
p.wrong{padding:.5rem .7rem;border-left:4px solid #a3211b}
dl{margin:.6rem 0 0}dt{color:#4a5562;font-size:1rem}dd{margin:0 0 .4rem}
.no{font-size:1.3rem;letter-spacing:.04em;word-break:break-all}
ol{list-style:none;margin:0;padding:0}
li{border-left:4px solid #9fb3c8;padding:0 0 .8rem .8rem}
li:first-child{border-left-color:#0f3d73;font-weight:600}
time{display:block;color:#4a5562;font-size:1rem;font-weight:400}
fieldset{border:0;margin:0 0 .8rem;padding:0}legend{font-weight:600;padding:0;margin:0 0 .3rem}
.pick{display:block;border:1px solid #8494a6;border-radius:.4rem;margin:0 0 .5rem}
.pick{padding:.6rem .7rem}
.pick input{width:1.4rem;height:1.4rem;margin:0 .7rem 0 0;vertical-align:middle}
label[for]{display:block;font-weight:600}
textarea{width:100%;font:inherit;border:1px solid #8494a6;border-radius:.4rem;padding:.5rem}
button{width:100%;font:inherit;font-weight:700;padding:.8rem;border:0;border-radius:.4rem;
background:#0f3d73;color:#fff}
button.light{background:#fff;color:#0f3d73;border:2px solid #0f3d73}
:focus{outline:3px solid #b45309;outline-offset:2px}
a{color:#0b57a4}footer{padding:0 1rem 2rem;text-align:center;color:#4a5562}
"""
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
"""For the Content-Security-Policy: this style and no other."""
TOLD = {
    "rated": "感谢您的评价。",
    "unhappy": "感谢您的评价。我们会尽快致电了解情况。",
    "again": "感谢您的评价。您的诉求已重新办理，我们会尽快致电了解情况。",
    "stopped": "以后不再给您发短信。您仍可拨打12348查询进度。",
    "started": "以后有进展时会给您发短信。",
}
"""Messages after a form was sent, by the word in the address."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed into a form that could not be taken."""

    message: str
    level: str = ""
    comment: str = ""
    again: bool = False


def order_page(
    view: PartyView,
    token: str,
    *,
    texts_wanted: bool | None,
    offer_again: bool,
    told: str | None = None,
    draft: Draft | None = None,
) -> str:
    """The whole page. ``texts_wanted``: None when the party has no mobile number.

    ``offer_again``: whoever is not content may ask to have it done again.
    """
    parts = [_told(told) if _is_true(told, view) else "", _state(view)]
    if view.can_rate:
        parts.append(_rating_form(token, offer_again, draft))
    elif draft is not None:
        parts.insert(0, f'<section class="wrong" role="alert">{escape(draft.message)}</section>')
    parts.append(_steps(view.entries))
    if texts_wanted is not None:
        parts.append(_texts_form(token, texts_wanted))
    return _frame("诉求办理进度", "".join(parts))


def error_page(message: str) -> str:
    """A page that says why there is nothing to see, and what to do."""
    body = f'<section class="wrong" role="alert">{escape(message)}</section>'
    return _frame("无法显示", body)


def _frame(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex,nofollow">'
        f"<title>{title} · 安徽12348</title><style>{_STYLE}</style></head><body>"
        f"<header><p>安徽12348公共法律服务热线</p><h1>{title}</h1></header>"
        f"<main>{body}</main>"
        '<footer><p>有疑问请拨打 <a href="tel:12348">12348</a>（24小时）</p></footer>'
        "</body></html>"
    )


def _is_true(word: str | None, view: PartyView) -> bool:
    """An address can be typed or kept: thanks are given for what was done only."""
    if word == "again":
        return view.state is OrderState.REOPENED
    return word not in ("rated", "unhappy") or view.rated is not None


def _told(word: str | None) -> str:
    text = TOLD.get(word or "")
    return f'<section class="told" role="status">{text}</section>' if text else ""


def _state(view: PartyView) -> str:
    rows = [("工单编号", f'<span class="no">{view.order_no}</span>')]
    if view.service is not None:
        rows.append(("服务类型", escape(view.service)))
    rows.append(("登记时间", _time(view.filed_at)))
    if view.due_at is not None:
        rows.append(("预计答复", f"{_day(view.due_at)}前"))
    if view.rated is not None:
        rows.append(("您的评价", escape(label_of(Satisfaction, str(view.rated)))))
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    note = view.headline.next
    if view.waits_for_rating and not view.can_rate:
        note = "请用评价短信中的链接评价，或拨打12348评价"
    return (
        f'<section aria-label="当前状态"><p class="state">{escape(view.headline.text)}</p>'
        f"<p>{escape(note)}</p><dl>{listed}</dl></section>"
    )


def _steps(entries: tuple[PartyEntry, ...]) -> str:
    items = "".join(
        f'<li>{escape(entry.text)}<time datetime="{entry.at.astimezone(CHINA).isoformat()}">'
        f"{_time(entry.at)}</time></li>"
        for entry in reversed(entries)
    )
    return f"<section><h2>办理经过</h2><ol>{items}</ol></section>"


def _rating_form(token: str, offer_again: bool, draft: Draft | None) -> str:
    draft_level = draft.level if draft else ""
    picks = "".join(
        f'<label class="pick"><input type="radio" name="level" value="{level.value}" required'
        f"{' checked' if level.value == draft_level else ''}>{level.label}</label>"
        for level in Satisfaction
    )
    again = ""
    if offer_again:
        checked = " checked" if draft and draft.again else ""
        again = (
            '<label class="pick"><input type="checkbox" name="again" value="1"'
            f"{checked}>不满意，希望重新办理</label>"
        )
    wrong = f'<p class="wrong" role="alert">{escape(draft.message)}</p>' if draft else ""
    return (
        f'<section><h2>请您评价</h2>{wrong}<form method="post" action="/p/{token}/rating">'
        f"<fieldset><legend>您对办理结果满意吗？</legend>{picks}</fieldset>"
        '<p><label for="comment">意见（可不填）</label>'
        '<textarea id="comment" name="comment" rows="3" maxlength="500">'
        f"{escape(draft.comment if draft else '')}</textarea></p>{again}"
        '<button type="submit">提交评价</button></form></section>'
    )


def _texts_form(token: str, wanted: bool) -> str:
    text = "有进展时会给您发短信。" if wanted else "您已选择不接收短信。"
    button = "不再接收短信" if wanted else "恢复接收短信"
    return (
        f'<section><h2>短信通知</h2><p>{text}</p><form method="post" action="/p/{token}/texts">'
        f'<input type="hidden" name="wanted" value="{0 if wanted else 1}">'
        f'<button type="submit" class="light">{button}</button></form></section>'
    )


def _time(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"


def _day(at: datetime) -> str:
    local = at.astimezone(CHINA)
    return f"{local.year}年{local.month}月{local.day}日"
