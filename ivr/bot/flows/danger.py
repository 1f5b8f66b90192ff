"""Danger to life or freedom: calm words, an urgent order at once, a person at once, never alone.

The order is filed before any question. While nobody answers, each thing the caller says (or does
not say) is met with calm words and another attempt to reach a person; where they are goes to the
handlers as a supplement of the urgent order. The bot never ends such a call.
"""

from hotline.domain.codes import Act, EmergencyKind, ServiceType, Terminal, Topic, Urgency
from hotline.domain.orders import Intake
from hotline.domain.understanding import Understanding
from ivr.bot.api import Expect
from ivr.bot.phrases import does_not_know, refuses, says_safe, someone_else
from ivr.bot.prompts import DANGER, P
from ivr.bot.state import State
from ivr.bot.talk import Talk

WAIT_S = 8.0
MOST_SUPPLEMENTS = 4
_HELP = ("danger.hurt", "danger.call_110")
_SUICIDE = EmergencyKind.SUICIDE.value


def begin(t: Talk, kind: EmergencyKind, topic: Topic, region: str | None, said: str = "") -> None:
    """An emergency has been heard, in whatever flow. Ends the turn."""
    s = t.s
    s.flow, s.step, s.entry, s.menu = "danger", "", "", ""
    s.options = []
    new = kind.value not in s.kinds
    s.emergency = s.emergency or kind.value
    s.danger_over = False
    if new:
        s.kinds.append(kind.value)
    if said:
        s.alarm.append(said)
    s.region = region or s.region or (s.draft.region if s.draft else None)
    if topic is not Topic.SERVICE or s.topic is None:
        s.topic = topic.value
    s.human_requested = True
    t.note(act=Act.EMERGENCY, topic=topic, emergency=kind, region=s.region, human_requested=True)
    other = kind is EmergencyKind.SUICIDE and someone_else(said)
    s.for_other = s.for_other or other
    t.say(t.p("danger.suicide_other" if other else DANGER[kind]))
    file_urgent(t, always=True)


def sign(u: Understanding) -> bool:
    """A sign of danger was seen in the words themselves, not only guessed from their looks."""
    return any(reason.startswith("danger") for reason in u.reasons)


def ring(t: Talk, words: str = "") -> None:
    """Try to reach a person, on-call telephones included, or let it ring on. Ends the turn."""
    t.say(P[words] if words else "")
    wait = "danger.wait" if t.s.danger_filed else "danger.wait_unfiled"
    t.transfer("emergency", wait, urgent=True, on_call=True)


def file_urgent(t: Talk, *, always: bool = False) -> None:
    """File the urgent order, or a supplement once it is stored, not too many. Ends the turn."""
    s = t.s
    if s.danger_filed:
        if s.supplements >= MOST_SUPPLEMENTS and not always:
            ring(t)
            return
        s.supplements += 1
    refile(t)


def refile(t: Talk) -> None:
    """Store the urgent order (or the running supplement) under its own key. Ends the turn."""
    t.s.unsent = False
    t.file(urgent_intake(t.s, t), "emergency")


def urgent_intake(s: State, t: Talk) -> Intake:
    """The urgent order as far as it is known; supplements carry a key of their own."""
    kinds = [EmergencyKind(kind) for kind in s.kinds]
    names = "、".join(kind.label for kind in kinds)
    where = t.tools.places.full(s.region) if s.region else ""
    told = "\n".join(dict.fromkeys([*s.alarm, *s.heard, *s.where]))
    extra = {"where": "；".join(s.where)} if s.where else {}
    if s.supplements:
        extra["supplement"] = str(s.supplements)
    return Intake(
        terminal=Terminal.PHONE_BOT,
        idempotency_key=f"{s.call_id}:urgent:{s.supplements}",
        service_type=ServiceType.CONSULTATION,
        act=Act.EMERGENCY.value,
        topic=s.topic or Topic.SERVICE.value,
        urgency=Urgency.EMERGENCY,
        title="，".join(filter(None, (f"紧急求助：{names}", where))),
        description=told or f"来电人按键求助：{names}。",
        contact_name=s.draft.name if s.draft else None,
        contact_phone=(s.draft.phone if s.draft else None) or s.caller,
        caller_number=s.caller,
        region=s.region,
        call_id=s.call_id,
        callback=True,
        emergency=kinds[-1].value,
        extra=extra,
    )


def stored(t: Talk, *, ok: bool, order_no: str | None) -> None:
    """The urgent order is stored, or could not be: a person is wanted either way."""
    s = t.s
    if ok:
        first = not s.danger_filed
        s.danger_filed = True
        s.filed = True
        if order_no and (first or s.order_no is None):
            s.order_no = order_no
            t.note(order_no=order_no)
    ring(t)


def _suicidal(s: State) -> bool:
    """The caller is the one who wants to die."""
    return s.kinds[-1:] == [_SUICIDE] and not s.for_other


def _names_place(u: Understanding) -> bool:
    """Whether an answer to the question where is worth passing on."""
    known = not does_not_know(u.text) and not refuses(u.text)
    danger = u.emergency is not None and sign(u)
    place = u.slots.region is not None or not danger
    return len(u.text) >= 2 and known and place and u.act not in (Act.NO, Act.AGENT)


class DangerFlow:
    """The time in which nobody has come yet."""

    def start(self, t: Talk) -> None:
        """Nobody answered: stay, ask what helps, listen."""
        t.s.rounds += 1
        self.ask(t)

    def ask(self, t: Talk) -> None:
        s = t.s
        if not s.where and s.rounds <= 2:
            s.step = "where"
            prompt = "danger.where"
        else:
            s.step = ""
            prompt = self._next_words(s)
        expect: Expect = "region" if s.step == "where" else "open"
        t.ask(t.p(prompt), expect=expect, patience="story", timeout_s=WAIT_S)

    def _next_words(self, s: State) -> str:
        first = ("danger.with_you", "danger.talk") if _suicidal(s) else _HELP
        asked = s.rounds - (2 if s.where else 1)
        if asked < len(first):
            return first[max(0, asked)]
        return "danger.calm_1" if asked % 2 else "danger.calm_2"

    def heard(self, t: Talk, u: Understanding) -> None:
        s = t.s
        if says_safe(u.text) and u.act is not Act.EMERGENCY:
            self._over(t)
        elif u.act is Act.BYE and s.waiting != "transfer":
            t.ask(t.p("danger.bye"), expect="open", patience="story", timeout_s=WAIT_S)
        elif t.tools.places.known(u.slots.region) and u.slots.region != s.region:
            s.region = u.slots.region
            t.note(region=s.region)
            self._place(t, u.text)
        elif s.step == "where" and _names_place(u):
            self._place(t, u.text)
        elif u.act is Act.AGENT or (u.act in (Act.NO, Act.YES) and len(u.text) <= 3):
            t.say(t.p("danger.still"))
            self._go_on(t)
        else:
            self._listened(t, u)

    def _place(self, t: Talk, text: str) -> None:
        t.s.where.append(text)
        t.s.step = ""
        t.s.unsent = True
        t.say(t.p("danger.place_noted"))
        self._go_on(t)

    def _listened(self, t: Talk, u: Understanding) -> None:
        s = t.s
        if sign(u) and u.text not in s.alarm:
            s.alarm.append(u.text)
            s.unsent = True
        s.calmed += 1
        if _suicidal(s):
            t.say(t.p("danger.heard_1" if s.calmed % 2 else "danger.heard_2"))
        else:
            t.say(t.p("danger.still"))
        self._go_on(t)

    def _go_on(self, t: Talk) -> None:
        """Send what is new, unless that would break off a ringing telephone; then ring."""
        s = t.s
        if s.waiting != "transfer" and (s.unsent or not s.danger_filed):
            file_urgent(t)
        else:
            ring(t)

    def _over(self, t: Talk) -> None:
        s = t.s
        s.danger_over = True
        s.flow, s.step = "open", ""
        t.ask(t.p("danger.over"), expect="open")

    def silence(self, t: Talk) -> None:
        """Nothing was said: a word, and another attempt."""
        t.say(t.p("danger.here"))
        self._go_on(t)

    def key(self, t: Talk, digit: str) -> None:
        if digit == "1" and not t.s.speech:
            self._over(t)
        else:
            t.say(t.p("danger.still"))
            self._go_on(t)
