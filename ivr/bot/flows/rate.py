"""The end of a call: one light question, then goodbye."""

import re

from hotline.domain.codes import Act
from hotline.domain.understanding import Understanding
from ivr.bot.phrases import is_question, small_talk
from ivr.bot.talk import Talk, outcome

RATE_S = 6.0
_LEVELS: tuple[tuple[int, str], ...] = (
    (1, r"(非常|很|太|特别|十分|极)(不满意?|差)|垃圾|^[1一]分?$"),
    (2, r"不(太|大|怎么)?满意|不好|不行|差劲|^[2二两]分?$"),
    (3, r"基本满意|一般|还行|还可以|凑合|马马虎虎|^[3三]分?$"),
    (5, r"(非常|很|特别|十分|挺|太|最)(满意|好)|满分|^[5五]分?$"),
    (4, r"满意|好|可以|不错|^[4四]分?$"),
)


def level_in(text: str) -> int | None:
    """1..5 named in a short sentence, else None."""
    return next((level for level, words in _LEVELS if re.search(words, text)), None)


class RateFlow:
    """Asked once, only when we have done something for the caller."""

    def start(self, t: Talk) -> None:
        s = t.s
        if s.rated or not (s.answered or s.filed or s.callback):
            goodbye(t, "bye")
            return
        s.rated = True
        self.ask(t)

    def ask(self, t: Talk) -> None:
        t.ask(t.p("rate"), expect="rating", patience="short", timeout_s=RATE_S)

    def heard(self, t: Talk, u: Understanding) -> None:
        level = u.slots.satisfaction or (level_in(u.text) if len(u.text) <= 8 else None)
        if level is not None and not is_question(u.text):
            self._rated(t, level)
        elif u.act in (Act.BYE, Act.NO, Act.YES) or small_talk(u.text) == "thanks":
            goodbye(t, "rate.thanks")
        else:
            # They have thought of something else: the talk goes on.
            t.s.flow, t.s.step = "open", ""
            t.flow().heard(t, u)

    def key(self, t: Talk, digit: str) -> None:
        if digit in "12345":
            self._rated(t, int(digit))
        else:
            goodbye(t, "rate.thanks")

    def _rated(self, t: Talk, level: int) -> None:
        t.note(satisfaction=level)
        goodbye(t, "rate.sorry" if level <= 2 else "rate.thanks")


def goodbye(t: Talk, prompt_id: str) -> None:
    """Last words; after an emergency the caller, not we, ends the call. Ends the turn."""
    if t.s.emergency and not t.s.handed_over:
        t.s.flow, t.s.step = "open", ""
        t.ask(t.p("danger.bye"), expect="open", patience="story")
        return
    t.say(t.p(prompt_id), interruptible=False)
    t.hang_up(outcome(t.s))
