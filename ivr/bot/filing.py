"""What is said when an order has been stored, or could not be."""

from hotline.domain.orders import OrderView
from ivr.bot.draft import make_intake
from ivr.bot.flows import danger
from ivr.bot.flows.offer import offer_person
from ivr.bot.flows.progress import tail
from ivr.bot.flows.rate import goodbye
from ivr.bot.handover import hand_over
from ivr.bot.numbers import spell, spell_groups
from ivr.bot.talk import Talk, outcome

MOST_TRIES = 2


def filed(t: Talk, order: OrderView) -> None:
    """The order is stored. Ends the turn."""
    s = t.s
    filing, s.filing = s.filing, ""
    if filing == "emergency":
        danger.stored(t, ok=True, order_no=order.order_no)
        return
    s.order_no = order.order_no
    t.note(order_no=order.order_no)
    if filing == "callback":
        s.callback = True
        _say_callback(t)
    else:
        s.filed = True
        if filing != "closing":
            _say_number(t, order)
    s.draft = None
    offer, s.offer = s.offer, False
    if filing == "closing":
        _close(t)
    elif offer and filing == "order":
        offer_person(t, "distress.offer", "distress")
    else:
        t.goto("open")


def file_failed(t: Talk) -> None:
    """The order could not be stored: once more, then a person. Ends the turn."""
    s = t.s
    if s.filing == "emergency":
        danger.stored(t, ok=False, order_no=None)
        return
    if s.tried < MOST_TRIES and s.draft is not None:
        s.tried += 1
        t.say("" if s.filing == "closing" else t.p("order.again"))
        again(t)
        return
    filing, s.filing = s.filing, ""
    if filing == "closing":
        _close(t)
    else:
        hand_over(t, "failed", wait="order.failed")


def again(t: Talk) -> None:
    """Store the order at hand once more, under the same key. Ends the turn."""
    s = t.s
    if s.filing == "emergency" or s.draft is None:
        danger.refile(t)
        return
    complete = s.filing != "closing"
    t.file(make_intake(s, s.draft, t.tools.places, complete=complete), s.filing)


def _close(t: Talk) -> None:
    if t.s.emergency and not t.s.handed_over:
        goodbye(t, "bye")
    else:
        t.hang_up(outcome(t.s))


def _say_number(t: Talk, order: OrderView) -> None:
    if order.duplicate:
        t.say(t.p("order.duplicate"), tail(order.order_no))
    elif t.s.caller:
        t.say(t.p("order.done_tail"), tail(order.order_no), t.p("order.done_tail_how"))
    else:
        whole = f"{spell_groups(order.order_no)}。"
        t.say(t.p("order.done_whole"), whole, t.p("order.done_whole_how"))


def _say_callback(t: Talk) -> None:
    phone = t.s.draft.phone if t.s.draft else None
    if phone:
        t.say(t.p("callback.done"), spell(phone[-4:]), t.p("callback.done_how"))
    else:
        t.say(t.p("callback.done_plain"))
