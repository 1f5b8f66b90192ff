"""The steps an order takes, whether it is told or keyed in."""

from ivr.bot.draft import make_intake
from ivr.bot.flows import readback
from ivr.bot.flows.slots import ask_slot, next_slot, put_question
from ivr.bot.numbers import MOBILE_DIGITS, is_phone
from ivr.bot.state import Draft
from ivr.bot.talk import Talk

MOST_DIGITS = 12
"""No telephone number is longer."""
MOST_TRIES = 3


def go_on(t: Talk) -> None:
    """Ask for what is still open, else read everything back. Ends the turn."""
    draft = draft_of(t)
    slot = next_slot(t, draft)
    if slot is not None:
        ask_slot(t, draft, slot)
    elif draft.purpose == "callback":
        _finish_callback(t, draft)
    else:
        readback.read(t, draft)


def _finish_callback(t: Talk, draft: Draft) -> None:
    """A callback needs a number and nothing else. Ends the turn."""
    readback.settle_phone(t, draft)
    if draft.phone is None:
        no_phone(t, draft)
    elif draft.phone_confirmed:
        send(t)
    else:
        readback.read(t, draft)


def send(t: Talk) -> None:
    """File the order as it stands. Ends the turn."""
    s = t.s
    s.orders += 1
    s.tried = 1
    s.entry = ""
    draft = draft_of(t)
    filing = "callback" if draft.purpose == "callback" else "order"
    t.file(make_intake(s, draft, t.tools.places, complete=True), filing)


def draft_of(t: Talk) -> Draft:
    """The running draft; one is begun when there is none."""
    if t.s.draft is None:
        t.s.draft = Draft()
    return t.s.draft


def phone_pieces(t: Talk, draft: Draft, *, ended: bool = False) -> None:
    """Digits so far: complete, wrong, or to be gone on with unless ``ended``. Ends the turn."""
    s = t.s
    count = len(s.entry)
    if is_phone(s.entry):
        draft.phone, draft.phone_confirmed, s.entry = s.entry, False, ""
        go_on(t)
    elif ended or count >= MOST_DIGITS or (count == MOBILE_DIGITS and s.entry[0] == "1"):
        s.entry = ""
        draft.asked["phone"] = draft.asked.get("phone", 0) + 1
        if draft.asked["phone"] > MOST_TRIES:
            no_phone(t, draft)
        else:
            t.ask(t.p("order.phone_wrong"), expect="phone", patience="story")
    else:
        t.ask(t.p("order.phone_go_on"), expect="phone", patience="story")


def no_phone(t: Talk, draft: Draft) -> None:
    """The caller leaves no number. Ends the turn."""
    t.s.entry = ""
    draft.skipped.append("phone")
    if draft.purpose == "callback":
        t.s.draft = None
        t.s.flow = "open"
        t.ask(t.p("callback.declined"), expect="open")
        return
    t.say(t.p("order.phone_none"))
    go_on(t)


def skip(t: Talk, draft: Draft, slot: str) -> None:
    """The caller will not or cannot say: go on without. Ends the turn."""
    draft.skipped.append(slot)
    t.say(t.p("order.never_mind"))
    go_on(t)


def reopen(t: Talk, draft: Draft, slot: str) -> None:
    """The caller says which fact is wrong without the right one: ask for it again."""
    if slot == "phone":
        draft.phone = None
        draft.asking = "phone_other"
        put_question(t, draft)
        return
    if slot == "story":
        draft.story = []
    elif slot == "region":
        draft.region = None
    elif slot == "since":
        draft.since = None
    elif slot == "name":
        draft.name, draft.anonymous = None, False
    draft.asked[slot] = 0
    if slot in draft.skipped:
        draft.skipped.remove(slot)
    ask_slot(t, draft, slot)


def cancel(t: Talk) -> None:
    """No order after all. Ends the turn."""
    callback = draft_of(t).purpose == "callback"
    t.s.draft = None
    t.s.flow, t.s.step, t.s.entry = "open", "", ""
    t.ask(t.p("callback.declined" if callback else "order.cancelled"), expect="open")


def leave(t: Talk) -> None:
    """The caller takes leave before the end: what was told is filed as it is. Ends the turn."""
    from_draft = draft_of(t)
    s = t.s
    if not (from_draft.story or from_draft.recorded):
        s.draft = None
        t.goto("rate")
        return
    s.orders += 1
    s.tried = 1
    t.say(t.p("closing.filed"), interruptible=False)
    t.file(make_intake(s, from_draft, t.tools.places, complete=False), "closing")
