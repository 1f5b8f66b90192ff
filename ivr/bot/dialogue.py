"""The talk of one call: inputs in, actions out. No socket, clock, sleep or database."""

from datetime import datetime

from hotline.domain.codes import Act, CallOutcome, EmergencyKind, Topic
from hotline.domain.understanding import Understanding
from hotline.language.expect import Expect
from hotline.settings import BotSettings
from ivr.bot import filing, handover
from ivr.bot.api import (
    Action,
    Adopted,
    Filed,
    FileFailed,
    Found,
    HangUp,
    Hangup,
    Heard,
    Input,
    Key,
    OrderRated,
    Returned,
    Silence,
    SpeechLost,
    Started,
    TransferDone,
)
from ivr.bot.flows import FLOWS, danger, order_rating, progress, rate, safety
from ivr.bot.flows.open import UNSURE
from ivr.bot.flows.steps import leave
from ivr.bot.leaving import hung_up
from ivr.bot.manners import manners
from ivr.bot.phrases import cancels, wants_callback
from ivr.bot.places import Places
from ivr.bot.ports import Knowledge, Regions, Understander
from ivr.bot.state import State
from ivr.bot.talk import Talk, Tools, outcome

KEPT = 4
"""So many of the caller's last sentences go into an urgent order."""
WISHES = {Act.ASK, Act.APPLY, Act.PROGRESS, Act.PLACE, Act.COMPLAINT, Act.SUGGESTION}
"""Acts that say what a call is about."""
SHORT = 16
"""A sentence this short that gives the fact asked for gives nothing else."""
MOST_UNHEARD = 2
"""So often a word not heard is asked for again before a person is."""
GUESS = 0.2
"""Recognition below this is noise, not words."""


class Dialogue:
    """One call's talk. Its state goes to JSON and back at any moment."""

    def __init__(
        self,
        caller: str | None,
        understander: Understander,
        knowledge: Knowledge,
        regions: Regions,
        settings: BotSettings,
        call_id: str,
    ) -> None:
        """``caller``: the calling number, None when withheld."""
        self.state = State(call_id=call_id, caller=caller)
        self._tools = Tools(understander, knowledge, Places(regions), settings, FLOWS)

    def to_json(self) -> str:
        """The whole state. Holds personal data: keep it encrypted."""
        return self.state.to_json()

    @classmethod
    def from_json(
        cls,
        text: str,
        understander: Understander,
        knowledge: Knowledge,
        regions: Regions,
        settings: BotSettings,
    ) -> "Dialogue":
        """Take a talk up where ``to_json`` left it."""
        state = State.from_json(text)
        new = cls(state.caller, understander, knowledge, regions, settings, state.call_id)
        new.state = state
        return new

    def turn(self, given: Input, now: datetime) -> list[Action]:
        """What to do about what has just happened; exactly one ending action, at the end."""
        if self.state.over and not isinstance(given, Returned):
            return [HangUp(outcome(self.state))]
        if isinstance(given, Hangup):
            return hung_up(Talk(self.state, self._tools, now))
        talk = Talk(self.state, self._tools, now)
        self._handle(talk, given)
        return talk.finish()

    def _handle(self, t: Talk, given: Input) -> None:
        match given:
            case Started():
                _started(t, given)
            case Heard():
                _heard(t, given)
            case Key(digit):
                _key(t, digit)
            case Silence():
                _silence(t)
            case SpeechLost():
                _speech_lost(t)
            case Adopted():
                t.say(t.p("adopted"))
                _resume(t)
            case Filed() | FileFailed() | Found() | OrderRated() | TransferDone():
                _result(t, given)
            case Returned(to):
                handover.returned(t, to)
            case Hangup():
                raise RuntimeError("a caller who has gone is not talked to")


# ---- inputs -------------------------------------------------------------------------------------


def _started(t: Talk, given: Started) -> None:
    s = t.s
    s.caller = given.caller_number
    s.speech, s.at_night, s.seats = given.speech, given.at_night, given.seats_on_duty
    s.started_at = t.now.isoformat()
    t.say(t.p("greeting"))
    if s.speech:
        t.await_answer((t.p("go_ahead"),), "open")
    else:
        t.goto("menu")


def _heard(t: Talk, given: Heard) -> None:
    s = t.s
    if not given.text.strip():
        _unheard(t, given)
        return
    text, s.held = f"{s.held}{given.text}", ""
    u = t.tools.understander.understand(text, alternatives=given.alternatives, expect=_expect(s))
    s.silences = 0
    s.heard = [*s.heard, given.text][-KEPT:]
    _note(t, u)
    if _is_emergency(u) and not (_answers(s, u) or _already_handled(s, u)):
        kind = u.emergency or EmergencyKind.VIOLENCE
        region = u.slots.region if t.tools.places.known(u.slots.region) else None
        danger.begin(t, kind, u.topic, region, text)
    elif s.flow == "danger" and s.waiting != "file":
        FLOWS["danger"].heard(t, u)
    elif s.waiting is not None:
        _while_waiting(t, u)
    else:
        _understood(t, u, given, text)


def _understood(t: Talk, u: Understanding, given: Heard, text: str) -> None:
    """An ordinary sentence; ``text`` is the whole of it, in pieces before or not."""
    worrying = safety.worrying(t, u, given.confidence)
    if given.confidence < GUESS and not given.alternatives and not worrying:
        handover.missed(t)
    elif not manners(t, u):
        if _too_long(t):
            handover.hand_over(t, "long_call", wait="long_call")
        elif worrying:
            safety.begin(t, text)
        else:
            t.flow().heard(t, u)


def _unheard(t: Talk, given: Heard) -> None:
    """A word was said and none was surely heard: what it may have been, when all of that says yes
    or no alike; else it is asked for again."""
    s = t.s
    busy = s.waiting is not None or s.flow in ("danger", "safety", "rate")
    if not given.alternatives and (busy or s.entry or s.held or s.flow == "order_rating"):
        # speech of which nothing is known is no silence either
        t.listen()
        return
    if busy:
        _silence(t)
        return
    read = t.tools.understander.understand
    acts = {read(one, expect=_expect(s)).act for one in given.alternatives}
    alike = len(given.alternatives) > 1 and len(acts) == 1 and acts <= {Act.YES, Act.NO}
    if s.expect == "yes_no" and alike:
        _heard(t, Heard(given.alternatives[0], GUESS, given.alternatives[1:]))
    elif s.misses < MOST_UNHEARD:
        s.silences = 0
        s.misses += 1
        t.say(t.p("unclear"))
        t.listen()
    else:
        s.misses = 0
        handover.hand_over(t, "misunderstood", wait="transfer.misunderstood")


def _note(t: Talk, u: Understanding) -> None:
    """First what this sentence is, for its turn; then again what the call is about."""
    s = t.s
    wish = u.act in WISHES and s.flow not in ("order", "rate") and u.confidence >= UNSURE
    region = u.slots.region if t.tools.places.known(u.slots.region) else None
    if s.flow != "danger":
        s.region = region or s.region
    t.note(act=u.act, topic=u.topic if wish else None, confidence=u.confidence, region=region)
    if s.emergency:
        t.note(act=Act.EMERGENCY)
    elif wish:
        s.act, s.subject = u.act.value, u.topic.value
    elif s.act:
        t.note(act=Act(s.act), topic=Topic(s.subject))


def _expect(s: State) -> Expect:
    topics = [option.topic for option in s.options] or ([s.topic] if s.topic else [])
    return Expect(s.expect, tuple(Topic(topic) for topic in topics))


def _is_emergency(u: Understanding) -> bool:
    return u.emergency is not None or u.act is Act.EMERGENCY


def _answers(s: State, u: Understanding) -> bool:
    """``我在霍邱县`` answers the question where; without a sign of danger it is nothing more."""
    slots = u.slots
    given = {
        "region": slots.region,
        "phone": slots.phone or slots.digits,
        "name": slots.name,
        "since": slots.since,
        "order_no": slots.order_no or slots.digits,
        "digits": slots.digits,
    }.get(s.expect)
    return given is not None and len(u.text) <= SHORT and not danger.sign(u)


def _already_handled(s: State, u: Understanding) -> bool:
    """The danger is known and being handled: the talk about it goes on in its own flow."""
    if s.flow != "danger":
        return False
    return u.emergency is None or u.emergency.value in s.kinds or not danger.sign(u)


def _too_long(t: Talk) -> bool:
    s = t.s
    if s.long_told or s.started_at is None:
        return False
    seconds = (t.now - datetime.fromisoformat(s.started_at)).total_seconds()
    s.long_told = seconds > t.tools.settings.max_call_s
    return s.long_told


def _while_waiting(t: Talk, u: Understanding) -> None:
    """Words while a person is rung or the database works."""
    if t.s.waiting == "transfer" and cancels(u.text):
        t.s.waiting = None
        t.s.flow, t.s.step = "open", ""
        t.ask(t.p("go_ahead"), expect="open")
    elif t.s.waiting == "transfer" and wants_callback(u.text):
        handover.call_back_instead(t)
    elif t.s.waiting == "transfer":
        _ring_on(t)
    else:
        t.listen()


def _ring_on(t: Talk) -> None:
    if t.s.flow == "danger":
        danger.ring(t)
    else:
        distress = t.s.reason == "distress"
        t.transfer(t.s.reason, "transfer.wait", urgent=distress, on_call=distress)


def _key(t: Talk, digit: str) -> None:
    s = t.s
    s.silences = 0
    if s.flow == "danger" and s.waiting != "file":
        FLOWS["danger"].key(t, digit)
    elif s.waiting == "transfer" and digit == "1":
        handover.call_back_instead(t)
    elif s.waiting == "transfer":
        _ring_on(t)
    elif s.waiting is not None:
        t.listen()
    elif digit == "*":
        s.entry = ""
        repeat(t)
    elif digit == "0" and not _zero_is_digit(s):
        handover.hand_over(t, "requested")
    else:
        t.flow().key(t, digit)


def _zero_is_digit(s: State) -> bool:
    """Inside a number 0 is a digit; a lone 0, ended by # or silence, still means a person."""
    if s.expect in ("phone", "order_no", "digits"):
        return True
    return s.expect == "region" and (not s.speech or bool(s.entry))


def repeat(t: Talk) -> None:
    """Say the last turn again and wait for the same answer. Ends the turn."""
    t.say(*(t.s.said or t.s.question))
    t.listen()


def _silence(t: Talk) -> None:
    s = t.s
    if s.waiting == "transfer":
        _ring_on(t)
    elif s.waiting is not None:
        t.listen()
    elif s.flow == "danger":
        FLOWS["danger"].silence(t)  # type: ignore[attr-defined]
    elif s.flow == "safety":
        safety.silence(t)
    elif s.entry:
        t.flow().key(t, "#")
    elif s.flow == "rate":
        rate.goodbye(t, "bye")
    elif s.flow == "order_rating":
        order_rating.silence(t)
    elif s.held:
        text, s.held = s.held, ""
        t.flow().heard(t, t.tools.understander.understand(text))
    elif not s.speech and s.flow == "order" and s.expect == "story":
        t.flow().key(t, "#")
    else:
        _nobody_speaks(t)


def _nobody_speaks(t: Talk) -> None:
    s = t.s
    s.silences += 1
    if s.silences <= 2:
        t.say(t.p(f"silence_{s.silences}"), *s.question)
        t.listen()
    elif s.emergency and not s.handed_over:
        t.say(t.p("danger.calm_2"))
        t.listen()
    elif s.flow == "order" and s.draft and s.draft.story:
        leave(t)
    else:
        t.say(t.p("silence_end"), interruptible=False)
        ended = outcome(s)
        t.hang_up(CallOutcome.SILENT if ended is CallOutcome.ABANDONED else ended)


def _speech_lost(t: Talk) -> None:
    s = t.s
    s.speech = False
    s.held = ""
    if s.waiting is not None:
        _resume(t)
        return
    t.say(t.p("speech_lost"))
    t.flow().ask(t)


def _resume(t: Talk) -> None:
    """Go on after a restart: what was under way is asked of the session again."""
    s = t.s
    if s.waiting == "transfer":
        _ring_on(t)
    elif s.waiting == "file":
        filing.again(t)
    elif s.waiting == "lookup":
        t.look_up(*s.search)
    elif s.waiting == "rate":
        t.rate_order(again=s.again)
    else:
        t.say(*(s.question or [t.p("go_ahead")]))
        t.listen()


def _result(t: Talk, given: Filed | FileFailed | Found | OrderRated | TransferDone) -> None:
    """An answer of the session; one that nobody waits for (any more) changes nothing."""
    s = t.s
    waiting = s.waiting
    match given:
        case TransferDone(answered) if waiting == "transfer" or answered:
            s.waiting = None
            handover.transfer_done(t, answered)
        case Filed(order) if waiting == "file":
            s.waiting = None
            filing.filed(t, order)
        case FileFailed() if waiting == "file":
            s.waiting = None
            filing.file_failed(t)
        case Found(orders) if waiting == "lookup":
            s.waiting = None
            progress.found(t, orders)
        case OrderRated() if waiting == "rate":
            s.waiting = None
            order_rating.rated(t, given)
        case _ if waiting == "transfer":
            _ring_on(t)
        case _:
            t.listen()
