"""Is a new demand the same trouble as an order already open? Decides, and says why. No I/O.

Likeness is the share of the shorter text's words found in the longer one: runs of one and two
characters, or of fuzzy syllables if they agree better (so that 公商 is 工伤), without the words
every report has. On the labelled pairs of ``tests/unit/similar_pairs.tsv`` the same trouble scores
0.45 to 1, another trouble of the same kind at most 0.32: ``MERGE_FROM`` lies between, nearer to
the ones that must be merged, because what is merged is kept whole and can be told apart later,
while what is filed twice is worked on twice. Another debtor or another sum never merges.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hotline.domain.codes import ServiceType
from hotline.domain.handling import Reason
from hotline.language.normalise import plain
from hotline.language.pinyin import codes, pinyin_key
from hotline.language.slots import SURNAMES, read_slots

MERGE_FROM = 0.40
MERGE_OTHER_SERVICE_FROM = 0.60
"""When another service is asked for (advice first, then legal aid)."""
MERGE_DAYS = 30
_FEWEST = 6
"""Content characters below which a text says too little to tell."""
_EMPTY = frozenset(
    "的了我是在不没有给就都也还一个说要他她们你这那和跟到把被着过来去之现请问想办吗呢吧啊叫让"
)
_APART = frozenset({ServiceType.COMPLAINT, ServiceType.SUGGESTION})
"""About our own service: never the same as the trouble itself."""
_OTHERS = "".join(sorted(SURNAMES - frozenset("车时年钱单常班全后连包老")))
_COUNTERPART = re.compile(
    rf"(?:姓|[老小]|叫)([{_OTHERS}])|([{_OTHERS}])(?:老板|总|某|师傅|经理|工头|厂长|队长|主任|三|四)"
)


class Verdict(StrEnum):
    """What a new demand is to an older order."""

    SAME = "same"
    RELATED = "related"
    """The same party's, perhaps about the same; a person decides."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Told:
    """A demand as it was told."""

    topic: str
    service_type: ServiceType
    region: str | None
    text: str
    """Personal data; leaves this module in no reason."""
    name: str | None
    id_hash: str | None
    phones: frozenset[str]
    """Keyed hashes of the calling and the contact number."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdict and what it rests on."""

    verdict: Verdict
    likeness: float
    """0..1"""
    reasons: tuple[Reason, ...]


def compare(new: Told, old: Told, days: int = MERGE_DAYS) -> Comparison:
    """Whether ``new`` repeats ``old``."""
    party = _party(new, old)
    if party is None:
        return Comparison(Verdict.OTHER, 0.0, (Reason("party", "不是同一当事人"),))
    age = (new.at - old.at).days
    alike = likeness(new.text, old.text)
    apart = tuple(_differences(new, old, alike, age, days))
    reasons = (
        Reason("party", party),
        Reason("days", f"距上次登记{age}天"),
        Reason("likeness", f"内容相似度{alike:.0%}"),
        *apart,
    )
    return Comparison(Verdict.RELATED if apart else Verdict.SAME, alike, reasons)


def likeness(one: str, other: str) -> float:
    """How much of the shorter text is in the longer one, 0..1; 0 when one says too little."""
    first, second = _content(one), _content(other)
    if min(len(first), len(second)) < _FEWEST:
        return 0.0
    return max(_overlap(first, second), _overlap(codes(first), codes(second)))


def _party(new: Told, old: Told) -> str | None:
    """Why both are the same person's; None when they are not, as far as can be told."""
    if new.id_hash and old.id_hash:
        return "证件号码相同" if new.id_hash == old.id_hash else None
    if not new.phones & old.phones or not _same_name(new.name, old.name):
        return None
    return "电话相同" if not (new.name and old.name) else "电话和姓名相同"


def _same_name(one: str | None, other: str | None) -> bool:
    """Two names that can be one person's: 王芳 and 王女士, 孙大勇 and 孙大永."""
    if not one or not other:
        return True
    first, second = (re.sub(r"(先生|女士|小姐|某+|同志|\*+)$", "", name) for name in (one, other))
    if not first or not second or min(len(first), len(second)) == 1:
        return first[:1] == second[:1] or pinyin_key(first[:1]) == pinyin_key(second[:1])
    return pinyin_key(first) == pinyin_key(second)


def _differences(new: Told, old: Told, alike: float, age: int, days: int) -> Iterable[Reason]:
    """What speaks against merging."""
    if new.topic != old.topic:
        yield Reason("topic", "事项不同")
    if new.service_type is not old.service_type:
        if {new.service_type, old.service_type} & _APART:
            yield Reason("service", "一件是投诉或建议，另一件不是")
        elif alike < MERGE_OTHER_SERVICE_FROM:
            yield Reason("service", "服务类型不同")
    if not _same_place(new.region, old.region):
        yield Reason("region", "地区不同")
    if age > days:
        yield Reason("days", f"相隔超过{days}天")
    if alike < MERGE_FROM:
        yield Reason("likeness", f"相似度低于{MERGE_FROM:.0%}")
    yield from _other_facts(new.text, old.text)


def _other_facts(one: str, other: str) -> Iterable[Reason]:
    """Sums, people and counterparts that are told both times, and differently."""
    first, second = read_slots(one), read_slots(other)
    if first.amount and second.amount and first.amount != second.amount:
        yield Reason("amount", "所述金额不同")
    if first.people and second.people and first.people != second.people:
        yield Reason("people", "所述人数不同")
    names, others = _counterparts(one), _counterparts(other)
    if names and others and not names & others:
        yield Reason("counterpart", "所述对方不同")


def _counterparts(text: str) -> set[str]:
    """Surnames of others, by sound."""
    return {pinyin_key(a or b) for a, b in _COUNTERPART.findall(text)}


def _same_place(one: str | None, other: str | None) -> bool:
    """One place, or one within the other; a place not told may be any."""
    if not one or not other:
        return True
    first, second = (re.sub(r"(00)+$", "", code) for code in (one, other))
    return first.startswith(second) or second.startswith(first)


def _content(text: str) -> str:
    return "".join(char for char in plain(text) if char not in _EMPTY)


def _overlap(one: str, other: str) -> float:
    first, second = _runs(one), _runs(other)
    return len(first & second) / min(len(first), len(second))


def _runs(text: str) -> set[str]:
    return set(text) | {text[start : start + 2] for start in range(len(text) - 1)}
