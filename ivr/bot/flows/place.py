"""Offices: where, which telephone, when open; only what is confirmed is told."""

import re

from hotline.domain.codes import Topic
from hotline.domain.understanding import Understanding
from hotline.knowledge.models import OfficeKind
from hotline.knowledge.speech import speak_office
from ivr.bot.flows.offer import offer_person
from ivr.bot.handover import hand_over
from ivr.bot.phrases import does_not_know, refuses
from ivr.bot.pick import Picker
from ivr.bot.talk import Talk

OFFICES = {
    Topic.LEGAL_AID: OfficeKind.LEGAL_AID,
    Topic.NOTARY: OfficeKind.NOTARY,
    Topic.MEDIATION: OfficeKind.MEDIATION,
}
"""Topics that have offices of their own; all others lead to the service centre."""
KINDS = (OfficeKind.LEGAL_AID, OfficeKind.NOTARY, OfficeKind.MEDIATION, OfficeKind.SERVICE)
"""Kinds of office by the keys 1 to 4."""


_LINES: tuple[tuple[str, str, str], ...] = (
    (r"派出所|公安|报警|警察", "报警", "110"),
    (r"急救|救护车", "急救", "120"),
    (r"消防|火警", "火警", "119"),
    (r"交警|事故报警", "交通事故报警", "122"),
    (r"消费|工商|市场监管|买到假|12315", "消费者投诉", "12315"),
    (r"劳动监察|人社|社保|劳动局", "人社热线", "12333"),
    (r"法院", "法院热线", "12368"),
    (r"检察", "检察热线", "12309"),
    (r"反诈|防骗", "反诈专线", "96110"),
    (r"妇联|妇女", "妇女维权热线", "12338"),
    (r"政府|市长", "政务热线", "12345"),
    (r"心理", "心理援助热线", "12356"),
)
"""National numbers anyone may be told: what a caller names, the line, its number."""
_ASKS_NUMBER = re.compile(r"(电话|号码|热线|打哪|打多少|怎么打)")


def national_line(text: str) -> str:
    """``消费者投诉打12315。`` for a caller who asks for such a number, else nothing."""
    if not _ASKS_NUMBER.search(text):
        return ""
    found = next((f"{name}打{n}。" for words, name, n in _LINES if re.search(words, text)), "")
    return found


def begin_place(t: Talk, u: Understanding) -> None:
    """The caller asks for an office. Ends the turn."""
    if line := national_line(u.text):
        t.s.answered = True
        t.say(line)
        t.goto("open")
        return
    region = u.slots.region if t.tools.places.known(u.slots.region) else t.s.region
    if u.topic is not Topic.SERVICE:
        t.s.topic = u.topic.value
    find_place(t, u.topic, region)


def find_place(t: Talk, topic: Topic, region: str | None) -> None:
    """Tell the office of a topic, asking for the place first when it is not known."""
    s = t.s
    s.office_kind = OFFICES.get(topic, OfficeKind.SERVICE).value
    s.region = region
    if region is None:
        t.goto("place")
    else:
        tell_office(t)


def tell_office(t: Talk) -> None:
    """Tell what is confirmed of the office; say honestly when nothing is. Ends the turn."""
    s = t.s
    s.flow, s.step = "open", ""
    kind = OfficeKind(s.office_kind or OfficeKind.SERVICE)
    region = s.region or ""
    t.note(region=region or None)
    places = t.tools.places
    offices = [
        *t.tools.knowledge.offices(places.name(region), kind),
        *t.tools.knowledge.offices(places.city(region), kind),
    ]
    confirmed = [office for office in offices if office.confirmed]
    s.answered = True
    if confirmed:
        t.say(speak_office(confirmed[0]))
        t.tools.flows["open"].ask(t)
    elif offices:
        t.say(f"{offices[0].name}{t.p('place.unconfirmed')}")
        offer_person(t, "place.ask_person", "office")
    else:
        t.say(t.p("place.unknown"))
        offer_person(t, "place.ask_person", "office")


class PlaceFlow:
    """Asks which city or county, at most twice."""

    def start(self, t: Talk) -> None:
        t.s.step = "asked" if t.s.office_kind else "kind"
        self.ask(t)

    def ask(self, t: Talk) -> None:
        if t.s.step == "kind":
            t.ask(t.p("place.kind"), expect="choice")
        else:
            t.s.menu = ""
            t.ask(t.p("place.region"), expect="region")

    def heard(self, t: Talk, u: Understanding) -> None:
        s = t.s
        if s.step == "kind":
            s.office_kind = OFFICES.get(u.topic, OfficeKind.SERVICE).value
            s.step = "asked"
        found = t.tools.knowledge.find_region(u.text)
        region = u.slots.region or (found[0].code if found else None)
        if national_line(u.text):
            begin_place(t, u)
            return
        if t.tools.places.known(region):
            s.region = region
            tell_office(t)
        elif does_not_know(u.text) or refuses(u.text) or s.step == "again":
            hand_over(t, "office", wait="place.no_region")
        else:
            s.step = "again"
            t.ask(t.p("order.elsewhere"), expect="region")

    def key(self, t: Talk, digit: str) -> None:
        if t.s.step == "kind":
            if digit in "1234":
                t.s.office_kind = KINDS[int(digit) - 1].value
                t.s.step = "asked"
            self.ask(t)
            return
        picker = Picker(t)
        if not picker.key(digit):
            return
        if picker.region is None:
            hand_over(t, "office", wait="place.no_region")
        else:
            t.s.region = picker.region
            tell_office(t)
