"""Everything by keys: topics, questions, orders, progress, offices, a person."""

from collections.abc import Sequence

from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.domain.understanding import Understanding
from hotline.knowledge.models import Answer
from ivr.bot.draft import service_type
from ivr.bot.flows import danger
from ivr.bot.flows.answer import speak
from ivr.bot.flows.progress import begin_progress
from ivr.bot.handover import hand_over
from ivr.bot.pick import PAGE, chosen, read_list
from ivr.bot.prompts import GROUPS, TOPIC
from ivr.bot.state import Draft
from ivr.bot.talk import Talk


class MenuFlow:
    """``s.menu``: main, groups, group:<n>, topic:<code>; ``order:`` before it files instead."""

    def start(self, t: Talk) -> None:
        t.s.menu = "main"
        self.ask(t)

    def ask(self, t: Talk) -> None:
        labels = self._labels(t)
        if labels is None:
            t.s.menu = "main"
            t.ask(t.p("menu.main"), expect="choice")
        else:
            read_list(t, labels)

    def heard(self, t: Talk, u: Understanding) -> None:
        """Who can be heard need not press."""
        t.s.flow, t.s.menu = "open", ""
        t.flow().heard(t, u)

    def key(self, t: Talk, digit: str) -> None:
        s = t.s
        s.flow = "menu"
        if s.menu in ("", "main"):
            self._main(t, digit)
            return
        labels = self._labels(t) or []
        if digit == "9" and len(labels) > (s.page + 1) * PAGE:
            s.page += 1
            self.ask(t)
            return
        index = chosen(t, digit, len(labels))
        if index is None:
            self.start(t)
        else:
            self._enter(t, index)

    def _main(self, t: Talk, digit: str) -> None:
        s = t.s
        match digit:
            case "1":
                self._open(t, "groups")
            case "2":
                self._open(t, "order:groups")
            case "3":
                begin_progress(t)
            case "4":
                s.office_kind = None
                t.goto("place")
            case "9":
                danger.begin(t, EmergencyKind.VIOLENCE, Topic.SERVICE, None)
            case _:
                self.start(t)

    def _open(self, t: Talk, menu: str) -> None:
        t.s.menu, t.s.page = menu, 0
        self.ask(t)

    def _labels(self, t: Talk) -> Sequence[str] | None:
        name = t.s.menu.removeprefix("order:")
        if name == "groups":
            return [label for label, _ in GROUPS]
        if name.startswith("group:"):
            return [TOPIC[topic] for topic in self._topics(name)]
        if name.startswith("topic:"):
            return [answer.question for answer in self._answers(t, name)]
        return None

    def _topics(self, name: str) -> tuple[Topic, ...]:
        return GROUPS[int(name.removeprefix("group:"))][1]

    def _answers(self, t: Talk, name: str) -> list[Answer]:
        topic = Topic(name.removeprefix("topic:"))
        return [answer for answer in t.tools.knowledge.answers if answer.topic is topic]

    def _enter(self, t: Talk, index: int) -> None:
        s = t.s
        name = s.menu.removeprefix("order:")
        filing = name != s.menu
        if name == "groups":
            self._open(t, f"{'order:' if filing else ''}group:{index}")
        elif name.startswith("group:"):
            topic = self._topics(name)[index]
            s.topic = topic.value
            if filing:
                self._file(t, topic)
            elif self._answers(t, f"topic:{topic.value}"):
                self._open(t, f"topic:{topic.value}")
            else:
                hand_over(t, "not_found")
        else:
            answer = self._answers(t, name)[index]
            s.menu = ""
            speak(t, answer, answer.question)

    def _file(self, t: Talk, topic: Topic) -> None:
        s = t.s
        s.draft = Draft(
            act=Act.APPLY.value,
            topic=topic.value,
            service_type=service_type(Act.APPLY, topic, "").value,
            region=s.region,
        )
        t.say(t.p("order.start"))
        t.goto("order")
