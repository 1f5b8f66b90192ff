"""Filling an order from what the caller says, and making the intake document of it."""

import re

from hotline.domain.codes import Act, ServiceType, Terminal, Topic, Urgency
from hotline.domain.orders import Intake
from hotline.domain.understanding import Understanding
from ivr.bot.numbers import clean_phone, is_phone
from ivr.bot.phrases import plain
from ivr.bot.places import Places, elsewhere
from ivr.bot.ports import Understander
from ivr.bot.prompts import TOPIC
from ivr.bot.state import Draft, State

LIKELY = 0.35
"""A story's topic is believed from here on."""
SERVICES = {
    Topic.LEGAL_AID,
    Topic.MEDIATION,
    Topic.LAWYER,
    Topic.SERVICE,
    Topic.LITIGATION,
}
"""Topics that name a service only: the trouble behind them is still to be told."""

_SERVICE_WORDS: tuple[tuple[str, ServiceType], ...] = (
    ("法律援助|援助|免费.{0,3}律师", ServiceType.LEGAL_AID),
    ("公证", ServiceType.NOTARY),
    ("鉴定", ServiceType.APPRAISAL),
    ("复议", ServiceType.RECONSIDERATION),
    ("仲裁", ServiceType.ARBITRATION),
    ("调解", ServiceType.MEDIATION),
    ("律师", ServiceType.LAWYER),
    ("普法|讲座|宣传", ServiceType.PUBLICITY),
)
_BY_TOPIC = {
    Topic.LEGAL_AID: ServiceType.LEGAL_AID,
    Topic.MEDIATION: ServiceType.MEDIATION,
    Topic.NOTARY: ServiceType.NOTARY,
    Topic.APPRAISAL: ServiceType.APPRAISAL,
    Topic.ARBITRATION: ServiceType.ARBITRATION,
    Topic.LAWYER: ServiceType.LAWYER,
}
_URGENT = re.compile(
    r"(很急|特别急|非常急|挺急|十分急|太急|着急用|等着用|急用|急着|等不了|来不及|快到期|马上到期"
    r"|马上就?要?开庭|(今|明|后)天(就?要?)?(开庭|到期|截止)|救命钱|没钱(看病|吃饭|吃药))"
)
_WISH_WORDS = re.compile(
    r"(麻烦|请|能不能|可以)?(你们?|您们?|我们?|俺们?|咱)?(就|也)?(想要?|要|需要|请|叫|让|求)?(你们?|您)?"
    r"(帮(我|俺|我们|忙|个忙)?|给(我|俺))?(申请|办理?|预约|登记|报|找|请|反映|投诉|建议|提|派|安排)"
    r"(一下|下|一个|个|位|你们)?(免费的?)?(法律援助|援助|人民调解员?|调解员?|律师|公证|仲裁|鉴定|意见|建议|问题)?"
)
_FACT_WORDS = re.compile(
    r"(我(的名字)?叫[\u4e00-\u9fff]{2,3}|我姓[\u4e00-\u9fff]|(电话|手机)(号码?)?是?|\d{3,}|(我(是|在|住))?"
    r"[\u4e00-\u9fff]{1,3}(县|区|市)(的|人)?|好|那|行|嗯|吧|呢|啊|谢谢)"
)
_NAME = re.compile(r"(?:我的?名字?[叫是]|我叫|我姓|免贵姓?|叫我?|姓|我是)([\u4e00-\u9fff]{1,4})")
_NAME_TAIL = re.compile(r"(的|啊|呀|吧|就行|就好|好了|这个名字|名字|本人|来电|先打|想|要)+.*$")
_WANTED = {
    "not_found": "要查的工单或规定，智能助手没有查到。",
    "office": "要问机构的地址和电话，智能助手没有核实的资料。",
}
"""What a callback is about where the caller's own words do not say it."""
RECORDED = "来电人用按键办理，讲述见通话录音。"
"""Description of an order told to the recording while recognition was down."""


def new_draft(
    s: State, u: Understanding, act: Act, understander: Understander, places: Places
) -> Draft:
    """An order begun with this sentence; the trouble it tells, or asked about before, is kept."""
    topic = u.topic if u.confidence >= LIKELY else Topic.SERVICE
    draft = Draft(act=act.value, topic=topic.value)
    draft.service_type = service_type(act, topic, u.text).value
    draft.region = s.region
    if told := story_in(u, act):
        draft.story = [u.text]
        if topic in SERVICES and act is Act.APPLY:
            _cause(draft, understander.understand(told))
    elif act is Act.APPLY and s.asked and s.topic and _goes_on(topic, Topic(s.topic)):
        draft.topic, draft.story = s.topic, [s.asked]
        absorb(draft, understander.understand(s.asked), places)
    return draft


def _goes_on(now: Topic, before: Topic) -> bool:
    """Whether a bare wish belongs to the trouble asked about before."""
    return now is before or (now in SERVICES and before is not Topic.SERVICE)


def _cause(draft: Draft, u: Understanding) -> None:
    """The trouble named in a story replaces the mere service as topic."""
    weights: dict[Topic, float] = {u.topic: 0.0 if u.readings else u.confidence}
    for reading in u.readings:
        weights[reading.topic] = weights.get(reading.topic, 0.0) + reading.score
    topic = max(weights, key=lambda one: weights[one])
    now = Topic(draft.topic)
    better = topic is not Topic.SERVICE if now is Topic.SERVICE else topic not in SERVICES
    if now in SERVICES and better and weights[topic] >= LIKELY:
        draft.topic = topic.value


def callback_draft(s: State, places: Places) -> Draft:
    """A callback that keeps what was told so far, in a running order or as a question."""
    draft = s.draft or Draft(act=Act.AGENT.value, topic=s.topic or Topic.SERVICE.value)
    draft.purpose = "callback"
    draft.asking = None
    if draft.region is None and places.known(s.region):
        draft.region = s.region
    if not draft.story:
        draft.story = [text for text in (s.asked or _WANTED.get(s.reason, ""),) if text]
    if s.reason == "distress":
        draft.urgent = True
    return draft


def service_type(act: Act, topic: Topic, text: str) -> ServiceType:
    """Which service an order asks for: by act, by the words used, by topic."""
    if act is Act.COMPLAINT:
        return ServiceType.COMPLAINT
    if act is Act.SUGGESTION:
        return ServiceType.SUGGESTION
    for pattern, kind in _SERVICE_WORDS:
        if re.search(pattern, text):
            return kind
    return _BY_TOPIC.get(topic, ServiceType.CONSULTATION)


def story_in(u: Understanding, act: Act) -> str:
    """What a sentence tells beyond its wish, empty when that is hardly anything."""
    rest = plain(u.text)
    if act in (Act.COMPLAINT, Act.SUGGESTION):
        return rest if len(rest) >= 9 else ""
    for words in (_WISH_WORDS, _FACT_WORDS):
        rest = words.sub("", rest)
    least = 5 if u.topic not in SERVICES else 9
    return rest if len(rest) >= least else ""


def absorb(draft: Draft, u: Understanding, places: Places) -> set[str]:
    """Take every fact of a sentence into the order; which slots it filled or changed."""
    changed: set[str] = set()
    slots = u.slots
    name = slots.name
    if name and "叫" in name:
        # "我姓王叫王有才" gives both; the name is what follows the last 叫.
        name = name_in(u.text.rpartition("叫")[2])
    if name and name != draft.name:
        draft.name, draft.anonymous = name, False
        changed.add("name")
    phone = clean_phone(slots.phone or "")
    if is_phone(phone) and phone != draft.phone:
        draft.phone, draft.phone_confirmed = phone, False
        changed.add("phone")
    if places.known(slots.region) and _finer(slots.region, draft.region):
        draft.region, draft.elsewhere = slots.region, None
        changed.add("region")
    elif draft.region is None and (outside := elsewhere(u.text)):
        draft.elsewhere = outside
    if slots.since and slots.since != draft.since:
        draft.since = slots.since
        changed.add("since")
    draft.amount = slots.amount or draft.amount
    draft.people = slots.people or draft.people
    if _URGENT.search(u.text):
        draft.urgent = True
    for slot in changed:
        if slot in draft.skipped:
            draft.skipped.remove(slot)
    return changed


def _finer(new: str | None, old: str | None) -> bool:
    """Whether a region says more than the one we have (a city does not replace its county)."""
    if new is None or new == old:
        return False
    return not (old and new.endswith("00") and new[:4] == old[:4])


def tell(draft: Draft, u: Understanding) -> None:
    """Add a sentence to the story; the trouble it names replaces a mere service as topic."""
    draft.story.append(u.text)
    _cause(draft, u)


def name_in(text: str) -> str | None:
    """A name given in answer to the question for it: ``免贵姓张``, ``我叫李大勇``, ``王芳``."""
    found = _NAME.search(text)
    name = found.group(1) if found else text
    name = _NAME_TAIL.sub("", name)
    return name if re.fullmatch(r"[\u4e00-\u9fff]{1,4}", name) else None


def has_content(draft: Draft | None) -> bool:
    """Whether enough was told that an order is worth filing without its end."""
    if draft is None:
        return False
    return bool(draft.story or draft.recorded or draft.topic != Topic.SERVICE.value)


def make_intake(s: State, draft: Draft, places: Places, *, complete: bool) -> Intake:
    """The intake document; ``complete`` False marks an order the caller did not confirm."""
    topic = Topic(draft.topic)
    callback = draft.purpose == "callback"
    where = places.full(draft.region) if draft.region else ""
    kind = ServiceType(draft.service_type)
    told = "\n".join(draft.story)
    return Intake(
        terminal=Terminal.PHONE_BOT,
        idempotency_key=f"{s.call_id}:{s.orders}",
        service_type=kind,
        act=draft.act,
        topic=draft.topic,
        urgency=Urgency.URGENT if draft.urgent else Urgency.NORMAL,
        title="，".join(filter(None, (_headline(kind, topic, callback), where))),
        description=told or (RECORDED if draft.recorded else f"来电人要求：{kind.label}。"),
        contact_name=None if draft.anonymous else draft.name,
        contact_phone=_contact(s, draft, complete),
        caller_number=s.caller,
        region=draft.region,
        since=draft.since,
        call_id=s.call_id,
        callback=callback or not complete,
        confidential=draft.anonymous,
        extra=_extra(draft, complete),
    )


def _headline(kind: ServiceType, topic: Topic, callback: bool) -> str:
    wish = "要求回电" if callback else kind.label
    return f"{wish}：{TOPIC[topic]}"


def _contact(s: State, draft: Draft, complete: bool) -> str | None:
    if draft.phone:
        return draft.phone
    # An order broken off before its number was settled is rung back on the number it came from.
    return s.caller if not complete and "phone" not in draft.skipped else None


def _extra(draft: Draft, complete: bool) -> dict[str, str]:
    facts = {
        "amount": str(draft.amount) if draft.amount else "",
        "people": str(draft.people) if draft.people else "",
        "elsewhere": draft.elsewhere or "",
        "unconfirmed": "" if complete else "yes",
    }
    return {name: value for name, value in facts.items() if value}
