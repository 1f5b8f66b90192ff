"""Checks institutions, people, grants and keys at the edge; inside, they are trusted."""

import dataclasses
import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping

from hotline.accounts.errors import AccountInputError
from hotline.accounts.records import Person
from hotline.domain.codes import ServiceType, Topic
from hotline.domain.order_codes import Language
from hotline.domain.people import Grant, Institution
from hotline.privacy import normalise_phone

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_STAFF_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
MAX_NAME = 120
MAX_PERSON_NAME = 60
MAX_CAPACITY = 1000
SKILLS = frozenset(code.value for table in (ServiceType, Topic) for code in table)
LANGUAGES = frozenset(code.value for code in Language)

Hours = tuple[tuple[int, str, str], ...]


def clean_institution(institution: Institution, regions: Mapping[str, str]) -> Institution:
    """The institution with texts trimmed and hours in order. ``regions``: name of every code.

    Raises AccountInputError naming the first wrong field and the mend.
    """
    if not _CODE.fullmatch(institution.code):
        raise wrong("code", "须为1到40个小写英文字母、数字、点、横线，如 hefei.legal_aid")
    if institution.parent is not None and not _CODE.fullmatch(institution.parent):
        raise wrong("parent", "须为上级机构的代码，没有上级时留空")
    if institution.parent == institution.code:
        raise wrong("parent", "不能是机构自己，没有上级时留空")
    check_region("region", institution.region, regions)
    check_codes("skills", institution.skills, SKILLS)
    check_codes("languages", institution.languages, LANGUAGES)
    return dataclasses.replace(
        institution,
        name=text("name", institution.name, MAX_NAME),
        hours=clean_hours(institution.hours),
    )


def clean_person(person: Person, regions: Mapping[str, str]) -> Person:
    """The person with the telephone in its normal form. Raises AccountInputError."""
    if not _STAFF_NO.fullmatch(person.staff_no):
        raise wrong("staff_no", "须为1到40个英文字母、数字、点、横线，如 HF0001")
    check_codes("skills", person.skills, SKILLS)
    check_codes("languages", person.languages, LANGUAGES)
    if not 0 <= person.capacity <= MAX_CAPACITY:
        raise wrong("capacity", f"须为0到{MAX_CAPACITY}的整数")
    for grant in person.grants:
        check_grant(grant, regions)
    grants = tuple(sorted(set(person.grants), key=_grant_order))
    name = text("name", person.name, MAX_PERSON_NAME)
    return dataclasses.replace(person, name=name, phone=_phone(person.phone), grants=grants)


def check_grant(grant: Grant, regions: Mapping[str, str]) -> None:
    """Raise AccountInputError unless the grant's place is written right."""
    if grant.region is not None:
        check_region("grants", grant.region, regions)
    if grant.institution is not None and not _CODE.fullmatch(grant.institution):
        raise wrong("grants", "机构须为机构代码")


def check_region(field: str, code: str, regions: Mapping[str, str]) -> None:
    """Raise AccountInputError unless ``code`` is a known region's."""
    if code not in regions:
        raise wrong(field, f"“{code[:20]}”不是安徽省的行政区划代码，请查代码表 region")


def check_codes(field: str, codes: Iterable[str], known: Collection[str]) -> None:
    """Raise AccountInputError naming the first code nobody knows."""
    for code in codes:
        if code not in known:
            raise wrong(field, f"“{code[:40]}”不是已定义的代码，请查代码表")


def clean_hours(hours: Hours) -> Hours:
    """Opening hours sorted. Raises AccountInputError: wrong day or time, or two that overlap."""
    found = sorted(hours)
    for day, start, end in found:
        if not 1 <= day <= 7:
            raise wrong("hours", "星期须为1（周一）到7（周日）")
        if not _CLOCK.fullmatch(start) or not _CLOCK.fullmatch(end) or start >= end:
            raise wrong("hours", "时间须写成 08:30-12:00 的样子，先早后晚")
    for before, after in itertools.pairwise(found):
        if before[0] == after[0] and after[1] < before[2]:
            raise wrong("hours", f"星期{before[0]}的两段时间重叠，请合并")
    return tuple(found)


def text(field: str, value: str, limit: int) -> str:
    """Trimmed, one line, not empty, at most ``limit`` characters. Raises AccountInputError."""
    plain = value.strip()
    if not plain:
        raise wrong(field, "不能为空，请填写")
    if len(plain) > limit:
        raise wrong(field, f"最长{limit}字，现有{len(plain)}字，请删减")
    # Cc: control characters, Cs: half a surrogate pair
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in plain):
        raise wrong(field, "含有换行或不可见的控制字符，请删除后重填")
    return plain


def wrong(field: str, mend: str) -> AccountInputError:
    """The error for one field: its name, then the mend."""
    return AccountInputError(f"{field}：{mend}", field=field)


def _phone(number: str | None) -> str | None:
    if number is None or not number.strip():
        return None
    plain = normalise_phone(number)
    if plain is None:
        raise wrong("phone", "不是电话号码，请只填数字，固定电话加区号，如055112345678")
    return plain


def _grant_order(grant: Grant) -> tuple[str, str, str]:
    return grant.role.value, grant.institution or "", grant.region or ""
