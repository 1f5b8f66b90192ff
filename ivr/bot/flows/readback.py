"""Reading an order back before it is filed, and finding out what is wrong with it."""

import re
from collections.abc import Iterable

from hotline.domain.codes import ServiceType, Topic
from ivr.bot.handover import hand_over
from ivr.bot.numbers import is_phone, spell, spell_groups
from ivr.bot.prompts import about, wish
from ivr.bot.state import Draft
from ivr.bot.talk import Talk

MOST_READ = 3
"""Read back this often without a plain yes, a person takes over."""
_NAMED: tuple[tuple[str, str], ...] = (
    ("phone", r"(电话|号码|手机)"),
    ("region", r"(地方|地点|地址|哪个?县|区县|县区|县不对|位置)"),
    ("since", r"(时间|时候|日期|多久)"),
    ("name", r"(名字|姓名|姓|称呼|联系人)"),
    ("story", r"(事情|内容|不是这个?事|说的不是|情况)"),
)
_ORDER = ("story", "region", "since", "phone", "name", "urgent")


def slot_named(text: str) -> str | None:
    """The fact a sentence says is wrong: ``电话不对``."""
    return next((slot for slot, words in _NAMED if re.search(words, text)), None)


def settle_phone(t: Talk, draft: Draft) -> None:
    """Asked and neither given nor refused: the number they call from, read out with the rest."""
    if draft.phone is None and "phone" not in draft.skipped:
        draft.phone, draft.phone_confirmed = own_phone(t), True


def read(t: Talk, draft: Draft) -> None:
    """Read the whole order and ask whether it is right. Ends the turn."""
    settle_phone(t, draft)
    slots = ("phone",) if draft.purpose == "callback" else _ORDER
    t.say(t.p("order.read"))
    _confirm(t, draft, slots)


def read_changed(t: Talk, draft: Draft, changed: Iterable[str]) -> None:
    """Read only what has changed. Ends the turn."""
    t.say(t.p("order.changed"))
    _confirm(t, draft, [slot for slot in _ORDER if slot in set(changed)])


def unclear(t: Talk, draft: Draft) -> None:
    """Neither yes nor no nor a correction: read again, in the end a person. Ends the turn."""
    if draft.asked.get("confirm", 0) >= MOST_READ:
        hand_over(t, "misunderstood", wait="transfer.misunderstood")
    else:
        read(t, draft)


def _confirm(t: Talk, draft: Draft, slots: Iterable[str]) -> None:
    draft.asking = "confirm"
    draft.asked["confirm"] = draft.asked.get("confirm", 0) + 1
    for slot in slots:
        for text in _words(t, draft, slot):
            t.say(text)
    t.ask(t.p("order.right"), expect="yes_no", patience="short")


def _words(t: Talk, draft: Draft, slot: str) -> list[str]:
    """How one fact is read back; nothing for what was left open."""
    match slot:
        case "story":
            kind = ServiceType(draft.service_type)
            plain = kind is ServiceType.CONSULTATION
            topic = Topic(draft.topic)
            same = topic is Topic.SERVICE or topic.value == kind.value
            same = same or kind is ServiceType.SUGGESTION
            return ([] if plain else [wish(kind)]) + ([] if same else [about(topic)])
        case "region" if draft.region:
            return [f"在{t.tools.places.spoken(draft.region)}，"]
        case "region" if draft.elsewhere:
            return [f"在{draft.elsewhere}，"]
        case "since" if draft.since:
            return [f"时间是{draft.since}，"]
        case "phone":
            return [_phone_words(t, draft)]
        case "name" if draft.name:
            surname_only = len(draft.name) == 1
            return [f"联系人姓{draft.name}，" if surname_only else f"联系人{draft.name}，"]
        case "urgent" if draft.urgent:
            return [t.p("order.read_urgent")]
        case _:
            return []


def own_phone(t: Talk) -> str | None:
    """The calling number where one can be rung back on it."""
    return t.s.caller if t.s.caller and is_phone(t.s.caller) else None


def _phone_words(t: Talk, draft: Draft) -> str:
    if draft.phone is None:
        return t.p("order.read_no_phone")
    if draft.phone == t.s.caller:
        return f"回电话打尾号{spell(draft.phone[-4:])}，"
    return f"回电号码{spell_groups(draft.phone)}，"
