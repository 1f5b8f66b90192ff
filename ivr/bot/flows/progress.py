"""Where an order stands: by its whole number, or by the calling phone and its last four digits."""

from datetime import datetime

from dispatch.numbers import CHINA, is_order_no
from hotline.domain.codes import Act, OrderState, Topic
from hotline.domain.orders import OrderView
from hotline.domain.understanding import Understanding
from ivr.bot.flows.order_rating import begin_rating, may_rate
from ivr.bot.handover import hand_over
from ivr.bot.numbers import ORDER_DIGITS, TAIL_DIGITS, digits_in, is_phone, spell
from ivr.bot.phrases import does_not_know, refuses
from ivr.bot.prompts import STATE, P, matter
from ivr.bot.talk import Talk

_WISHES = {Act.ASK, Act.APPLY, Act.PLACE, Act.COMPLAINT, Act.SUGGESTION}
ENTRY_S = 10.0
MOST_READ = 2
MOST_SEARCHES = 2


def begin_progress(t: Talk, u: Understanding | None = None) -> None:
    """The caller asks how a matter stands. Ends the turn."""
    s = t.s
    s.searches = 0
    s.entry = ""
    digits = u.slots.order_no or "" if u else ""
    if digits:
        s.flow, s.step = "progress", ""
        search(t, digits)
    elif s.order_no and (u is None or u.topic is Topic.SERVICE):
        # Filed in this very call: no need to ask for its number.
        s.flow, s.step = "progress", ""
        t.look_up(s.order_no, "", "")
    else:
        t.goto("progress")


def search(t: Talk, digits: str) -> None:
    """Look up by what was given; asks again when it cannot be an order number. Ends the turn."""
    s = t.s
    s.entry, s.keyed = "", False
    if is_order_no(digits):
        t.look_up(digits, "", "")
    elif len(digits) != ORDER_DIGITS and len(digits) >= TAIL_DIGITS and s.caller:
        t.look_up("", s.caller, digits[-TAIL_DIGITS:])
    else:
        _again(t, "progress.wrong")


def _again(t: Talk, prompt_id: str) -> None:
    t.s.searches += 1
    if t.s.searches >= MOST_SEARCHES:
        t.s.searches = 0
        hand_over(t, "not_found", wait="progress.none_again")
    else:
        t.ask(t.p(prompt_id), expect="order_no", timeout_s=ENTRY_S)


def found(t: Talk, orders: tuple[OrderView, ...]) -> None:
    """What the look-up brought. Ends the turn."""
    s = t.s
    if not orders:
        _again(t, "progress.none")
        return
    s.answered = True
    t.note(order_no=orders[0].order_no)
    asks = may_rate(t, orders[0])
    for number, order in enumerate(orders[:MOST_READ]):
        t.say(t.p("progress.another") if number else "")
        t.say(f"{_day(order.created_at, t.now)}{t.p('progress.yours')}")
        stand = P["progress.done"] if asks and number == 0 else STATE[order.state]
        t.say(matter(_topic(order.topic)), stand)
    if asks:
        begin_rating(t, orders[0])
        return
    if orders[0].state in (OrderState.ASSIGNED, OrderState.IN_PROGRESS, OrderState.EXTENSION):
        t.say(t.p("progress.urge"))
    t.goto("open")


def _topic(code: str) -> Topic:
    return Topic(code) if code in set(Topic) else Topic.SERVICE


def _day(created: datetime, now: datetime) -> str:
    day, now = created.astimezone(CHINA), now.astimezone(CHINA)
    year = "" if day.year == now.year else f"{day.year}年"
    return "今天" if day.date() == now.date() else f"{year}{day.month}月{day.day}日"


class ProgressFlow:
    """Takes the number, told or keyed in pieces."""

    def start(self, t: Talk) -> None:
        self.ask(t)

    def ask(self, t: Talk) -> None:
        short = t.s.caller is not None and is_phone(t.s.caller)
        prompt = "progress.tail" if short else "progress.whole"
        t.ask(t.p(prompt), expect="order_no", timeout_s=ENTRY_S)

    def heard(self, t: Talk, u: Understanding) -> None:
        s = t.s
        digits = u.slots.order_no or u.slots.digits or digits_in(u.text)
        if digits:
            s.entry += digits
            if self._whole(t):
                search(t, s.entry)
            else:
                t.ask(t.p("progress.go_on"), expect="order_no")
        elif does_not_know(u.text) or refuses(u.text):
            hand_over(t, "not_found", wait="progress.forgot")
        elif u.confidence >= 0.6 and len(u.text) > 4 and u.act in _WISHES:
            s.flow, s.step = "open", ""
            t.flow().heard(t, u)
        else:
            _again(t, "progress.tail" if s.caller else "progress.whole")

    def _whole(self, t: Talk) -> bool:
        """Enough digits: four of a known phone's order, else all of them."""
        count = len(t.s.entry)
        return count >= ORDER_DIGITS or (count >= TAIL_DIGITS and t.s.caller is not None)

    def key(self, t: Talk, digit: str) -> None:
        s = t.s
        if digit != "#":
            s.entry += digit
            s.keyed = True
            if len(s.entry) < ORDER_DIGITS:
                t.listen()
                return
        if s.entry == "0":
            s.entry = ""
            hand_over(t, "requested")
        elif s.entry:
            search(t, s.entry)
        else:
            hand_over(t, "not_found", wait="progress.forgot")


def tail(order_no: str) -> str:
    """The last four digits, to be read one by one."""
    return f"{spell(order_no[-TAIL_DIGITS:])}。"
