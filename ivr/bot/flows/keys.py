"""An order by keys alone, so that the line serves while recognition is down."""

from ivr.bot.flows import readback, steps
from ivr.bot.flows.slots import put_question
from ivr.bot.pick import Picker
from ivr.bot.state import Draft
from ivr.bot.talk import Talk

_SINCE = {"1": "一个月内", "2": "半年内", "3": "一年内", "4": "一年以上"}
_WRONG = {"1": "region", "2": "phone", "3": "since"}


def order_key(t: Talk, draft: Draft, digit: str) -> None:
    """A key pressed while an order is being collected. Ends the turn."""
    match draft.asking:
        case "story":
            _story(t, draft, digit)
        case "region":
            _region(t, draft, digit)
        case "since":
            _since(t, draft, digit)
        case "phone":
            _own_phone(t, draft, digit)
        case "phone_other":
            _phone(t, draft, digit)
        case "name":
            draft.anonymous = True
            steps.go_on(t)
        case "urgent":
            draft.urgent = digit == "1"
            steps.go_on(t)
        case "confirm":
            _confirm(t, draft, digit)
        case "wrong":
            _wrong(t, draft, digit)
        case _:
            steps.go_on(t)


def _story(t: Talk, draft: Draft, digit: str) -> None:
    if digit != "#":
        put_question(t, draft)
        return
    draft.recorded = not t.s.speech
    if t.s.speech:
        draft.skipped.append("story")
    steps.go_on(t)


def _region(t: Talk, draft: Draft, digit: str) -> None:
    picker = Picker(t)
    if not picker.key(digit):
        return
    if picker.region is not None:
        draft.region = picker.region
    draft.skipped.append("region")
    steps.go_on(t)


def _since(t: Talk, draft: Draft, digit: str) -> None:
    if digit in _SINCE:
        draft.since = _SINCE[digit]
    else:
        draft.skipped.append("since")
    steps.go_on(t)


def _own_phone(t: Talk, draft: Draft, digit: str) -> None:
    if digit in ("1", "#"):
        draft.phone, draft.phone_confirmed = t.s.caller, True
        steps.go_on(t)
    elif digit == "2":
        draft.asking = "phone_other"
        put_question(t, draft)
    elif digit == "3":
        steps.no_phone(t, draft)
    else:
        put_question(t, draft)


def _phone(t: Talk, draft: Draft, digit: str) -> None:
    s = t.s
    if digit != "#":
        s.entry += digit
        s.keyed = True
        if len(s.entry) < 11 or s.entry[0] == "0":
            t.listen()
            return
    if not s.entry:
        steps.no_phone(t, draft)
        return
    s.keyed = False
    steps.phone_pieces(t, draft, ended=True)


def _confirm(t: Talk, draft: Draft, digit: str) -> None:
    if digit in ("1", "#"):
        steps.send(t)
    elif digit == "2":
        draft.asking = "wrong"
        t.ask(t.p("order.what_wrong"), expect="open")
    else:
        readback.unclear(t, draft)


def _wrong(t: Talk, draft: Draft, digit: str) -> None:
    slot = _WRONG.get(digit)
    if slot is not None:
        steps.reopen(t, draft, slot)
    elif digit == "#":
        readback.read(t, draft)
    else:
        t.ask(t.p("order.what_wrong"), expect="open")
