"""``要为您转人工吗？`` - one question, yes or no."""

from hotline.domain.codes import Act
from hotline.domain.understanding import Understanding
from ivr.bot.handover import hand_over
from ivr.bot.talk import Talk


def offer_person(t: Talk, prompt_id: str, reason: str) -> None:
    """Offer a person with a fixed question. Ends the turn."""
    t.s.flow, t.s.step, t.s.reason = "offer", prompt_id, reason
    t.tools.flows["offer"].ask(t)


class OfferFlow:
    """Waits for yes or no; anything else is taken as the caller's next wish."""

    def start(self, t: Talk) -> None:
        self.ask(t)

    def ask(self, t: Talk) -> None:
        hint = "" if t.s.speech else t.p("keys.yes_no")
        t.ask(t.p(t.s.step or "place.ask_person"), hint, expect="yes_no", patience="short")

    def heard(self, t: Talk, u: Understanding) -> None:
        if u.act is Act.YES:
            hand_over(t, t.s.reason)
        elif u.act in (Act.NO, Act.BYE):
            t.goto("open" if u.act is Act.NO else "rate")
        else:
            t.s.flow, t.s.step = "open", ""
            t.flow().heard(t, u)

    def key(self, t: Talk, digit: str) -> None:
        if digit in ("1", "#"):
            hand_over(t, t.s.reason)
        elif digit == "2":
            t.goto("open")
        else:
            self.ask(t)
