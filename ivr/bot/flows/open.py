"""The ground of a talk: the caller may say anything; each wish goes to its own flow."""

from hotline.domain.codes import Act
from hotline.domain.understanding import Understanding
from ivr.bot.flows.answer import (
    answer_follow_up,
    answer_in_context,
    answer_question,
    ask_detail,
    likely_question,
    names_trouble,
)
from ivr.bot.flows.choice import ask_back, options_of
from ivr.bot.flows.order import begin_order
from ivr.bot.flows.place import begin_place, national_line
from ivr.bot.flows.progress import begin_progress
from ivr.bot.handover import missed, ring_back
from ivr.bot.numbers import spell_groups
from ivr.bot.phrases import (
    asks_number,
    begins_story,
    follow_up,
    hangs,
    meant,
    misheard,
    only_begins,
    small_talk,
    wants_callback,
    wants_order,
)
from ivr.bot.talk import Talk

UNSURE = 0.3
"""Below this confidence a sentence other than a question is not acted on."""
CLOSE = 0.85
"""A second act this near to the first is asked about..."""
ASK_BACK_BELOW = 0.55
"""...unless the first is this sure."""
OFF_TOPIC = 0.8
"""From here on a sentence is surely none of ours."""
GOODBYE = 0.45
"""From here on a no or a goodbye is believed."""
SHORT = 6
MOST_YES = 3
"""A caller who only ever says yes is not getting anywhere."""
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
        elif not (self._follows(t, u) or self._small(t, u) or self._two_ways(t, u)):
            self._wish(t, self._more(t, u))

    def _more(self, t: Talk, u: Understanding) -> Understanding:
        """More of a question that was too short: read both together."""
        detail = t.s.detail
        if not detail or u.act in (Act.AGENT, Act.NO, Act.BYE):
            return u
        return t.tools.understander.understand(f"{detail}，{u.text}")

    def _wish(self, t: Talk, u: Understanding) -> None:
        if right := meant(u.text):
            u = t.tools.understander.understand(right)
        sure = u.confidence >= UNSURE
        match u.act:
            case _ if wants_order(u.text):
                begin_order(t, u, Act.APPLY)
            case _ if national_line(u.text):
                begin_place(t, u)
            case _ if wants_callback(u.text):
                ring_back(t, "callback.ok")
            case Act.APPLY if u.confidence < ASK_BACK_BELOW and self._rule_or_order(t, u):
                pass
            case Act.ASK:
                answer_question(t, u)
            case Act.APPLY | Act.COMPLAINT | Act.SUGGESTION if sure:
                begin_order(t, u, u.act)
            case Act.PROGRESS if sure:
                begin_progress(t, u)
            case Act.PLACE if sure:
                begin_place(t, u)
            case Act.YES if sure and len(u.text) <= SHORT and t.s.misses < MOST_YES:
                t.s.misses += 1
                t.ask(t.p("go_ahead"), expect="open")
                return
            case Act.NO if misheard(u.text):
                t.ask(t.p("choice.neither"), expect="open")
            case Act.NO | Act.BYE if u.confidence >= GOODBYE:
                t.goto("rate")
            case _:
                self._none_of_these(t, u)
                return
        t.s.misses = 0

    def _rule_or_order(self, t: Talk, u: Understanding) -> bool:
        """``我要离婚`` may want to know or to have something done: asked about."""
        if not any(r.act is Act.ASK and r.topic is u.topic for r in u.readings):
            return False
        ask_back(t, *options_of(u.text, ((Act.ASK, u.topic), (Act.APPLY, u.topic))))
        return True

    def _none_of_these(self, t: Talk, u: Understanding) -> None:
        if u.act is Act.OTHER and u.confidence >= OFF_TOPIC:
            t.s.off_topic += 1
            again = t.s.off_topic > 1
            t.ask(t.p("off_topic_again" if again else "off_topic"), expect="open")
        elif likely_question(t, u) or answer_in_context(t, u):
            t.s.misses = 0
        elif names_trouble(u) and not t.s.detail:
            ask_detail(t, u)
        elif begins_story(u.text) and t.s.misses == 0:
            t.s.misses = 1
            t.s.held = u.text
            t.ask(t.p("listening"), expect="story", patience="story")
        else:
            missed(t)

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
        if kind == "wrong":
            t.goto("rate")
            return True
        timeout = 20.0 if kind == "wait" else None
        t.ask(t.p(_SMALL[kind]), expect="open", timeout_s=timeout)
        return True

    def _number(self, t: Talk) -> None:
        """The whole number of the order filed in this call."""
        t.say(t.p("order.number_is"), f"{spell_groups(t.s.order_no or '')}。")
        self.ask(t)

    def _two_ways(self, t: Talk, u: Understanding) -> bool:
        """Unfinished, or to be read as two different wishes: asked about here."""
        if hangs(u.text):
            t.s.held = u.text
            t.listen()
            return True
        if only_begins(u.text):
            t.ask(t.p("go_ahead"), expect="open", patience="story")
            return True
        if u.act in _WISHES and len(u.readings) > 1 and u.confidence < ASK_BACK_BELOW:
            first, second = u.readings[:2]
            acts = {first.act, second.act}
            close = second.score >= CLOSE * first.score >= CLOSE * UNSURE
            if close and len(acts) == 2 and acts <= _WISHES:
                pair = ((first.act, first.topic), (second.act, second.topic))
                ask_back(t, *options_of(u.text, pair))
                return True
        return False

    def key(self, t: Talk, digit: str) -> None:
        """The main menu's keys work whether it was read out or not.

        9, danger, only once it was: an urgent order must not come of a slip of the finger.
        """
        if digit == "9":
            digit = "#"
        t.s.menu = "main"
        t.tools.flows["menu"].key(t, digit)
