"""Which facts an order still lacks, and the question for each."""

from hotline.domain.codes import Act
from ivr.bot.numbers import is_phone, spell
from ivr.bot.state import Draft
from ivr.bot.talk import Talk

STORY_S = 12.0
RECORDED_S = 60.0
"""Nothing tells us that they have ended while recognition is down, but # or a long time."""
PHONE_S = 10.0
TAIL = 4

_SLOTS = {
    "order": ("story", "region", "since", "phone", "name", "urgent"),
    "complaint": ("story", "region", "since", "phone", "name"),
    "suggestion": ("story", "phone", "name"),
    "callback": ("story", "phone"),
}
_MOST_ASKED = {"urgent": 1}
_TWICE = 2


def slots_of(draft: Draft) -> tuple[str, ...]:
    """What this kind of order needs, in the order it is asked for."""
    if draft.purpose == "callback":
        return _SLOTS["callback"]
    if draft.act in (Act.COMPLAINT.value, Act.SUGGESTION.value):
        return _SLOTS[draft.act]
    return _SLOTS["order"]


def filled(t: Talk, draft: Draft, slot: str) -> bool:
    """Whether a slot needs no (more) asking."""
    match slot:
        case "story":
            by_keys = draft.purpose == "callback" and not t.s.speech
            return bool(draft.story) or draft.recorded or by_keys
        case "region":
            # A city alone is half an answer: once more for the county, then it will do.
            return draft.region is not None and not t.tools.places.is_city(draft.region)
        case "since":
            return bool(draft.since)
        case "phone":
            return draft.phone is not None
        case "name":
            return bool(draft.name) or draft.anonymous or not t.s.speech
        case _:
            return draft.urgent is not None


def next_slot(t: Talk, draft: Draft) -> str | None:
    """The first open slot that may still be asked for."""
    for slot in slots_of(draft):
        often = draft.asked.get(slot, 0) >= _MOST_ASKED.get(slot, _TWICE)
        if not often and slot not in draft.skipped and not filled(t, draft, slot):
            return slot
    return None


def ask_slot(t: Talk, draft: Draft, slot: str) -> None:
    """Ask for a slot, in other words the second time. Ends the turn."""
    draft.asked[slot] = draft.asked.get(slot, 0) + 1
    draft.asking = slot
    put_question(t, draft)


def put_question(t: Talk, draft: Draft) -> None:
    """Put the question for ``draft.asking``. Ends the turn."""
    again = draft.asked.get(draft.asking or "", 0) > 1
    match draft.asking:
        case "story":
            prompt = "callback.story" if draft.purpose == "callback" else "order.story"
            prompt = prompt if t.s.speech else "order.story"
            timeout = STORY_S if t.s.speech else RECORDED_S
            t.ask(t.p(prompt), expect="story", patience="story", timeout_s=timeout)
        case "region":
            _ask_region(t, draft, again=again)
        case "since":
            t.ask(t.p("order.since"), expect="since", patience="short")
        case "phone":
            _ask_phone(t)
        case "phone_other":
            t.ask(t.p("order.phone"), expect="phone", patience="story", timeout_s=PHONE_S)
        case "name":
            t.ask(t.p("order.name"), expect="name", patience="short")
        case "urgent":
            t.ask(t.p("order.urgent"), expect="yes_no", patience="short")
        case _:
            raise RuntimeError("no slot is being asked for")


def _ask_region(t: Talk, draft: Draft, *, again: bool) -> None:
    t.s.menu = ""
    if not t.s.speech:
        t.ask(t.p("order.region"), expect="region", patience="short")
    elif draft.region is not None:
        city = f"{t.tools.places.full(draft.region)}，"
        t.ask(city, t.p("order.county"), expect="region", patience="short")
    else:
        t.ask(
            t.p("order.elsewhere" if again else "order.region"), expect="region", patience="short"
        )


def _ask_phone(t: Talk) -> None:
    draft, caller = t.s.draft, t.s.caller
    if caller and is_phone(caller):
        own = (t.p("order.phone_own"), f"{spell(caller[-TAIL:])}，", t.p("order.phone_own_ask"))
        t.ask(*own, expect="yes_no", patience="short")
    elif draft is not None:
        draft.asking = "phone_other"
        put_question(t, draft)
