"""Two readings are close: ``您是想问…还是…？``"""

from dataclasses import replace

from hotline.domain.codes import Act, Topic
from hotline.domain.understanding import Understanding
from ivr.bot.phrases import follow_up, picked
from ivr.bot.prompts import TOPIC, choice_first, choice_second
from ivr.bot.state import Option
from ivr.bot.talk import Talk

_ACT_WORDS = {
    Act.ASK: "{}的规定",
    Act.APPLY: "登记办理{}",
    Act.PROGRESS: "{}办到哪一步",
    Act.PLACE: "{}去哪里办",
    Act.COMPLAINT: "投诉{}",
    Act.SUGGESTION: "提建议",
}


def ask_back(t: Talk, first: Option, second: Option) -> None:
    """Let the caller choose between two readings of what was said. Ends the turn."""
    t.s.options = [first, second]
    t.goto("choice")


def options_of(text: str, readings: tuple[tuple[Act, Topic], tuple[Act, Topic]]) -> list[Option]:
    """Labels that tell the two readings apart: by topic, or by act when the topic is the same."""
    same_topic = readings[0][1] is readings[1][1]
    found = []
    for act, topic in readings:
        label = _ACT_WORDS.get(act, "{}").format(TOPIC[topic]) if same_topic else TOPIC[topic]
        found.append(Option(label, act.value, topic.value, text=text))
    return found


class ChoiceFlow:
    """Waits for the choice: a position, a key, or words that belong to one of the two."""

    def start(self, t: Talk) -> None:
        t.s.misses = 0
        self.ask(t)

    def ask(self, t: Talk) -> None:
        if len(t.s.options) < 2:
            t.goto("open")
            return
        first, second = t.s.options[:2]
        keys = t.p("keys.choice") if t.s.misses or not t.s.speech else ""
        t.ask(
            choice_first(first.label),
            choice_second(second.label),
            keys,
            expect="choice",
            patience="short",
        )

    def heard(self, t: Talk, u: Understanding) -> None:
        index = self._chosen(t, u)
        if index is not None and index >= 0:
            self._take(t, index)
        elif index == -1 or u.act is Act.NO:
            t.s.options = []
            t.s.flow = "open"
            t.ask(t.p("choice.neither"), expect="open")
        elif u.act is Act.YES and t.s.misses == 0:
            # "对" answers neither half of an either-or question.
            t.s.misses = 1
            self.ask(t)
        elif follow_up(u.text):
            # They take the question as answered: what most likely was meant goes ahead.
            self._take(t, 0)
        else:
            t.s.options = []
            t.s.flow = "open"
            t.flow().heard(t, u)

    def _chosen(self, t: Talk, u: Understanding) -> int | None:
        index = picked(u.text)
        if index is not None:
            return index
        named = [n for n, option in enumerate(t.s.options) if option.label in u.text]
        if len(named) == 1:
            return named[0]
        by_topic = [n for n, option in enumerate(t.s.options) if option.topic == u.topic.value]
        short = len(u.text) <= 8
        return by_topic[0] if len(by_topic) == 1 and short and u.confidence >= 0.3 else None

    def _take(self, t: Talk, index: int) -> None:
        option = t.s.options[index]
        t.s.options = []
        t.s.flow, t.s.step = "open", ""
        act, topic = Act(option.act), Topic(option.topic)
        t.note(act=act, topic=topic)
        u = t.tools.understander.understand(option.text)
        u = replace(u, act=act, topic=topic, confidence=1.0, readings=(), emergency=None)
        t.s.chosen = option.answer_id or ""
        t.flow().heard(t, u)

    def key(self, t: Talk, digit: str) -> None:
        if digit in ("1", "2") and len(t.s.options) >= int(digit):
            self._take(t, int(digit) - 1)
        else:
            t.s.misses = 1
            self.ask(t)
