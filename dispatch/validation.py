"""Checks an intake document at the edge; inside, everything about it is trusted.

Messages are Chinese: agents at windows and seats see them.
"""

import dataclasses
import re

from dispatch.errors import IntakeError
from dispatch.life.fields import check_text
from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.domain.orders import Intake
from hotline.privacy import normalise_id_number, normalise_phone

MAX_TEXT = 10_000
MAX_TITLE = 120
MAX_SHORT = 60
MAX_KEY = 120
MAX_EXTRA = 20
_MAX_ALL_EXTRA = 9_500
"""So that all of a repeat's new facts fit into one text (``dispatch.contents.new_contact``)."""
ID_FIELD = "id_number"
"""Name in ``extra`` of a resident ID number."""
_REGION = re.compile(r"\d{6}")
_KEY = re.compile(r"[\x21-\x7e]+")


def clean_intake(intake: Intake) -> Intake:
    """The document with numbers in their normal form and texts trimmed.

    Raises IntakeError naming the first wrong field and how to mend it.
    """
    _check_key(intake.idempotency_key)
    if intake.act not in {act.value for act in Act}:
        raise _wrong("act", "不是已定义的诉求类别代码，请查代码表")
    if intake.topic not in {topic.value for topic in Topic}:
        raise _wrong("topic", "不是已定义的事项代码，请查代码表")
    if intake.emergency is not None and intake.emergency not in {k.value for k in EmergencyKind}:
        raise _wrong("emergency", "不是已定义的紧急情形代码，请查代码表")
    if intake.region is not None and not _REGION.fullmatch(intake.region):
        raise _wrong("region", "须为六位行政区划代码，不清楚时留空")
    extra = _extra(intake.extra)
    return dataclasses.replace(
        intake,
        title=_text("title", intake.title, MAX_TITLE, needed=True),
        description=_text("description", intake.description, MAX_TEXT, needed=True),
        contact_name=_short("contact_name", intake.contact_name),
        outside_no=_short("outside_no", intake.outside_no),
        since=_short("since", intake.since),
        contact_phone=_phone("contact_phone", intake.contact_phone),
        caller_number=_phone("caller_number", intake.caller_number),
        extra=extra,
    )


def clean_draft(intake: Intake) -> Intake:
    """A draft is kept as typed: only what could not be kept at all is refused.

    Raises IntakeError.
    """
    _check_key(intake.idempotency_key)
    for name, limit in (("title", MAX_TITLE), ("description", MAX_TEXT)):
        _text(name, getattr(intake, name), limit, needed=False)
    for name, text in (
        *((name, getattr(intake, name)) for name in ("act", "topic")),
        *((name, getattr(intake, name) or "") for name in _DRAFT_TEXTS),
    ):
        _text(name, text, _DRAFT_TEXTS.get(name, 40), needed=False)
    _check_extra(intake.extra)
    return intake


_DRAFT_TEXTS = {
    **dict.fromkeys(("contact_name", "since", "contact_phone", "caller_number"), MAX_SHORT),
    **{"outside_no": MAX_SHORT, "call_id": 40, "region": 12, "emergency": 20},
}


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key) or len(key) > MAX_KEY:
        raise _wrong("idempotency_key", f"须为1到{MAX_KEY}个可见的英文字符，每件诉求一个")


def _check_extra(extra: dict[str, str]) -> None:
    if len(extra) > MAX_EXTRA:
        raise _wrong("extra", f"附加项最多{MAX_EXTRA}个")
    for name, value in extra.items():
        _text("extra", name + value, MAX_TEXT, needed=False)
    total = sum(len(name) + len(value) for name, value in extra.items())
    if total > _MAX_ALL_EXTRA:
        raise _wrong("extra", f"附加项合计最长{_MAX_ALL_EXTRA}字，现有{total}字，请删减")


def _extra(extra: dict[str, str]) -> dict[str, str]:
    _check_extra(extra)
    if ID_FIELD not in extra:
        return extra
    number = normalise_id_number(extra[ID_FIELD])
    if number is None:
        raise _wrong(f"extra.{ID_FIELD}", "不是有效的居民身份证号码，请核对18位号码")
    return {**extra, ID_FIELD: number}


def _text(field: str, text: str, limit: int, *, needed: bool) -> str:
    plain = text.strip()
    if needed and not plain:
        raise _wrong(field, "不能为空，请填写")
    problem = check_text(plain, limit)
    if problem:
        raise _wrong(field, problem)
    return plain


def _short(field: str, text: str | None) -> str | None:
    return None if text is None else _text(field, text, MAX_SHORT, needed=False) or None


def _phone(field: str, number: str | None) -> str | None:
    if number is None or not number.strip():
        return None
    plain = normalise_phone(number)
    if plain is None:
        raise _wrong(field, "不是电话号码，请只填数字，固定电话加区号，如055112345678")
    return plain


def _wrong(field: str, mend: str) -> IntakeError:
    return IntakeError(f"{field}：{mend}", field=field)
