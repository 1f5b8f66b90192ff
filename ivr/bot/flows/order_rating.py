"""How a finished order was done, rated by its party when they ring about it (任务工单评价).

Only for an order found by the calling telephone and the last four digits: who may hear how it
stands may say how it went. Rated once for each time it was finished (``dispatch.tracking.rating``).
"""

from hotline.domain.codes import Act
from hotline.domain.orders import OrderView
from hotline.domain.understanding import Understanding
from ivr.bot.api import OrderRated
from ivr.bot.flows.rate import RATE_S, level_in
from ivr.bot.phrases import is_question
from ivr.bot.state import State
from ivr.bot.talk import Talk

UNHAPPY = 2
"""This level and those below ask for more than thanks."""


def may_rate(t: Talk, order: OrderView) -> bool:
    """Whether to ask about an order just found."""
    phone = t.s.search[1] if t.s.search else ""
    return order.rateable and bool(phone) and order.order_no not in t.s.rated_orders


def begin_rating(t: Talk, order: OrderView) -> None:
    """Ask how it went. Ends the turn."""
    t.s.rating_no = order.order_no
    t.s.rated_orders.append(order.order_no)
    t.goto("order_rating")


class OrderRatingFlow:
    """The level; a caller who is not satisfied is asked whether it shall be done again."""

    def start(self, t: Talk) -> None:
        t.s.level, t.s.remark = 0, ""
        self.ask(t)

    def ask(self, t: Talk) -> None:
        if t.s.level:
            hint = "" if t.s.speech else t.p("keys.yes_no")
            t.ask(t.p("rating.again"), hint, expect="yes_no", patience="short")
        else:
            t.ask(t.p("rating.ask"), expect="rating", patience="short", timeout_s=RATE_S)

    def heard(self, t: Talk, u: Understanding) -> None:
        if t.s.level:
            self._again(t, u)
            return
        level = u.slots.satisfaction or (level_in(u.text) if len(u.text) <= 8 else None)
        if level is not None and not is_question(u.text):
            self._level(t, level)
        elif u.act in (Act.NO, Act.BYE):
            t.goto("open" if u.act is Act.NO else "rate")
        else:
            t.s.flow, t.s.step = "open", ""
            t.flow().heard(t, u)

    def key(self, t: Talk, digit: str) -> None:
        if t.s.level and digit in "12":
            t.rate_order(again=digit == "1")
        elif not t.s.level and digit in "12345":
            self._level(t, int(digit))
        elif t.s.level:
            self.ask(t)
        else:
            t.goto("open")

    def _level(self, t: Talk, level: int) -> None:
        t.s.level = level
        if level <= UNHAPPY:
            self.ask(t)
        else:
            t.rate_order(again=False)

    def _again(self, t: Talk, u: Understanding) -> None:
        if u.act in (Act.YES, Act.NO, Act.BYE):
            t.rate_order(again=u.act is Act.YES)
        elif t.s.remark:
            t.rate_order(again=False)
        else:
            # Their reason: it goes with the rating, and the question still stands.
            t.s.remark = u.text
            self.ask(t)


def unfinished(s: State) -> bool:
    """The caller has said how satisfied they are, and it is not kept yet."""
    return s.flow == "order_rating" and s.level > 0 and s.waiting != "rate"


def silence(t: Talk) -> None:
    """Who says nothing more is not asked again; the level told is kept. Ends the turn."""
    if t.s.level:
        t.rate_order(again=False)
    else:
        t.goto("open")


def rated(t: Talk, result: OrderRated) -> None:
    """The rating is kept, or could not be. Ends the turn."""
    s = t.s
    if not result.ok:
        t.say(t.p("rating.failed"))
    elif s.level > UNHAPPY:
        t.say(t.p("rating.thanks"))
    else:
        t.say(t.p("rating.reopened" if result.reopened else "rating.sorry"))
    s.level, s.remark = 0, ""
    t.goto("open")
