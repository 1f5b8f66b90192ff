"""The ground of a talk: the caller may say anything; each wish goes to its own flow."""

from hotline.domain.codes import Act
from hotline.domain.understanding import Understanding
from ivr.bot.flows.answer import answer_follow_up, answer_in_context, answer_question
from ivr.bot.flows.choice import ask_back, options_of
from ivr.bot.flows.order import begin_order
from ivr.bot.flows.place import begin_place
from ivr.bot.flows.progress import begin_progress
from ivr.bot.handover import hand_over
from ivr.bot.numbers import spell_groups
from ivr.bot.phrases import asks_number, follow_up, only_begins, small_talk
from ivr.bot.talk import Talk

UNSURE = 0.3
"""Below this confidence a sentence is not acted on."""
CLOSE = 0.85
"""A second reading this near to the first is asked about..."""
ASK_BACK_BELOW = 0.55
"""...unless the first is this sure."""
_WISHES = {Act.ASK, Act.APPLY, Act.PROGRESS, Act.PLACE, Act.COMPLAINT, Act.SUGGESTION}
_SMALL = {
    "wait": "take_time",
    "hear": "hear_you",
    "who": "who",
    "can": "can_do",
    "thanks": "thanks",
    "hello": "hello",
}


class OpenFlow:
    """Takes the caller's wish."""

    def start(self, t: Talk) -> None:
        """Something has been done: what else?"""
        t.s.draft = None
        t.s.options = []
        self.ask(t)

    def ask(self, t: Talk) -> None:
        s = t.s
        if not s.speech:
            t.goto("menu")
        elif s.answered or s.filed or s.callback or s.searches:
            t.ask(t.p("more"), expect="open")
        else:
            t.ask(t.p("go_ahead"), expect="open")

    def heard(self, t: Talk, u: Understanding) -> None:
        s = t.s
        chosen, s.chosen = s.chosen, ""
        if chosen:
            answer_question(t, u, chosen)
            return
        if self._follows(t, u) or self._small(t, u) or self._unclear(t, u):
            return
        s.misses = 0
        match u.act:
            case Act.APPLY | Act.COMPLAINT | Act.SUGGESTION:
                begin_order(t, u, u.act)
            case Act.PROGRESS:
                begin_progress(t, u)
            case Act.PLACE:
                begin_place(t, u)
            case Act.YES:
                t.ask(t.p("go_ahead"), expect="open")
            case Act.NO | Act.BYE:
                t.goto("rate")
            case Act.OTHER:
                self._off_topic(t)
            case _:
                answer_question(t, u)

    def _follows(self, t: Talk, u: Understanding) -> bool:
        """``那要准备什么材料`` means the answer just given."""
        kind = follow_up(u.text) if t.s.answer_id else None
        if kind is None:
            return False
        t.s.misses = 0
        answer_follow_up(t, u, kind)
        return True

    def _small(self, t: Talk, u: Understanding) -> bool:
        if asks_number(u.text) and (t.s.filed or t.s.callback):
            self._number(t)
            return True
        kind = small_talk(u.text)
        if kind is None:
            return False
        timeout = 20.0 if kind == "wait" else None
        t.ask(t.p(_SMALL[kind]), expect="open", timeout_s=timeout)
        return True

    def _number(self, t: Talk) -> None:
        """The whole number of the order filed in this call."""
        t.say(t.p("order.number_is"), f"{spell_groups(t.s.order_no or '')}。")
        self.ask(t)

    def _unclear(self, t: Talk, u: Understanding) -> bool:
        """Unfinished, not understood, or readable in two ways: handled here."""
        s = t.s
        if only_begins(u.text) and u.confidence < 0.8:
            s.held = u.text if len(u.text) > 3 else ""
            t.ask(t.p("go_ahead"), expect="open", patience="story")
            return True
        wish = u.act in _WISHES
        if u.confidence < UNSURE and u.act is not Act.BYE:
            if not answer_in_context(t, u):
                missed(t)
            return True
        if wish and len(u.readings) > 1 and u.confidence < ASK_BACK_BELOW:
            first, second = u.readings[:2]
            if second.act in _WISHES and second.score >= CLOSE * first.score:
                pair = ((first.act, first.topic), (second.act, second.topic))
                ask_back(t, *options_of(u.text, pair))
                return True
        return False

    def _off_topic(self, t: Talk) -> None:
        t.s.off_topic += 1
        again = t.s.off_topic > 1
        t.ask(t.p("off_topic_again" if again else "off_topic"), expect="open")

    def key(self, t: Talk, digit: str) -> None:
        """The main menu's keys work whether it was read out or not.

        9, danger, only once it was: an urgent order must not come of a slip of the finger.
        """
        if digit == "9":
            digit = "#"
        t.s.menu = "main"
        t.tools.flows["menu"].key(t, digit)


def missed(t: Talk) -> None:
    """Not understood: once a plain request to say it again, then a person. Ends the turn."""
    s = t.s
    s.misses += 1
    if s.misses < 2:
        t.say(t.p("not_understood"))
        t.await_answer((t.p("keys_hint"),), "open")
        return
    s.misses = 0
    hand_over(t, "misunderstood", wait="transfer.misunderstood")
