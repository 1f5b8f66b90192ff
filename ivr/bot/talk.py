"""The workbench of one turn: the state, the tools, and the actions gathered so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hotline.domain.codes import Act, CallOutcome, EmergencyKind, Topic
from hotline.domain.orders import Intake
from hotline.domain.understanding import Understanding
from hotline.settings import BotSettings
from ivr.bot.api import (
    LAST,
    Action,
    Expect,
    FileOrder,
    HangUp,
    Listen,
    LookUp,
    Note,
    Patience,
    RateOrder,
    Say,
    Transfer,
)
from ivr.bot.places import Places
from ivr.bot.ports import Knowledge, Understander
from ivr.bot.prompts import P
from ivr.bot.state import State

SLOW_EXTRA_S = 3.0
"""A caller who asked us to speak slower also gets longer to answer."""


class Flow(Protocol):
    """One stretch of a talk. What it needs to know is in the state; it keeps nothing itself."""

    def start(self, t: "Talk") -> None:
        """Begin, or go on with the next question."""
        ...

    def ask(self, t: "Talk") -> None:
        """Put the standing question again, by keys when recognition has gone."""
        ...

    def heard(self, t: "Talk", u: Understanding) -> None: ...

    def key(self, t: "Talk", digit: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What a turn works with, the same for the whole call."""

    understander: Understander
    knowledge: Knowledge
    places: Places
    settings: BotSettings
    flows: Mapping[str, Flow]


class Talk:
    """Gathers the actions of one turn; exactly one ending action closes it."""

    def __init__(self, state: State, tools: Tools, now: datetime) -> None:
        self.s = state
        self.tools = tools
        self.now = now
        self.actions: list[Action] = []
        self._said: list[str] = []

    # ---- speaking --------------------------------------------------------------------------

    def p(self, prompt_id: str) -> str:
        """A fixed text, in its version for keys while recognition is down."""
        if not self.s.speech:
            return P.get(f"{prompt_id}.keys", P[prompt_id])
        return P[prompt_id]

    def say(self, *texts: str, interruptible: bool = True) -> None:
        """Speak texts in order."""
        for text in texts:
            if text:
                self._add(Say(text, interruptible, self.s.slow))
                self._said.append(text)

    def ask(
        self,
        *question: str,
        expect: Expect,
        patience: Patience = "normal",
        timeout_s: float | None = None,
    ) -> None:
        """Speak a question, remember it, and wait for the answer. Ends the turn."""
        self.say(*question)
        self.await_answer(question, expect, patience, timeout_s)

    def await_answer(
        self,
        question: tuple[str, ...],
        expect: Expect,
        patience: Patience = "normal",
        timeout_s: float | None = None,
    ) -> None:
        """Wait for the answer to a question already spoken. Ends the turn."""
        s = self.s
        s.question = [text for text in question if text]
        s.expect, s.patience = expect, patience
        s.timeout_s = self.tools.settings.no_input_s if timeout_s is None else timeout_s
        self.listen()

    def listen(self) -> None:
        """Go on waiting for what was asked. Ends the turn."""
        extra = SLOW_EXTRA_S if self.s.slow else 0.0
        self._add(Listen(self.s.expect, self.s.patience, self.s.timeout_s + extra))

    # ---- doing -----------------------------------------------------------------------------

    def note(
        self,
        *,
        act: Act | None = None,
        topic: Topic | None = None,
        region: str | None = None,
        answer_id: str | None = None,
        order_no: str | None = None,
        satisfaction: int | None = None,
        emergency: EmergencyKind | None = None,
        human_requested: bool | None = None,
        abusive: bool | None = None,
        confidence: float | None = None,
    ) -> None:
        """Put facts into the call's record."""
        self._add(
            Note(
                act=act,
                topic=topic,
                region=region,
                answer_id=answer_id,
                order_no=order_no,
                satisfaction=satisfaction,
                emergency=emergency,
                human_requested=human_requested,
                abusive=abusive,
                confidence=confidence,
            )
        )

    def file(self, intake: Intake, filing: str) -> None:
        """Store an order. Ends the turn."""
        self.s.filing = filing
        self.s.waiting = "file"
        self._add(FileOrder(intake))

    def look_up(self, order_no: str, phone: str, tail: str) -> None:
        """Find orders; empty strings stand for nothing. Ends the turn."""
        self.s.search = [order_no, phone, tail]
        self.s.waiting = "lookup"
        self._add(LookUp(order_no or None, phone or None, tail or None))

    def rate_order(self, *, again: bool) -> None:
        """Keep how the caller rates the order found. Ends the turn."""
        s = self.s
        s.again = again
        s.waiting = "rate"
        self._add(RateOrder(s.rating_no, s.search[1], s.level, again, s.remark or None))

    def transfer(self, reason: str, wait: str, *, urgent: bool, on_call: bool) -> None:
        """Hand over to a person. Ends the turn."""
        s = self.s
        s.reason = reason
        s.waiting = "transfer"
        topic = Topic(s.topic) if s.topic else None
        self._add(Transfer(reason, urgent, on_call, topic, self.p(wait)))

    def hang_up(self, outcome: CallOutcome) -> None:
        """Our part is over. Ends the turn."""
        self.s.over = True
        self.s.waiting = None
        self._add(HangUp(outcome))

    # ---- going on --------------------------------------------------------------------------

    def goto(self, flow: str) -> None:
        """Begin a flow; what it needs is in the state."""
        self.s.flow = flow
        self.s.step = ""
        self.s.entry = ""
        self.s.keyed = False
        self.s.menu = ""
        self.tools.flows[flow].start(self)

    def flow(self) -> Flow:
        return self.tools.flows[self.s.flow]

    @property
    def ended(self) -> bool:
        return bool(self.actions) and isinstance(self.actions[-1], LAST)

    def finish(self) -> list[Action]:
        """The turn's actions; what was said is kept for ``再说一遍``."""
        if not self.ended:
            raise RuntimeError(f"flow {self.s.flow} left its turn open")
        if self._said:
            self.s.said = self._said
        return self.actions

    def _add(self, action: Action) -> None:
        if self.ended:
            raise RuntimeError(f"flow {self.s.flow} acts after its turn has ended")
        self.actions.append(action)


def outcome(s: State) -> CallOutcome:
    """How the call ended, from what has happened in it."""
    if s.emergency:
        return CallOutcome.EMERGENCY
    if s.handed_over:
        return CallOutcome.TRANSFERRED
    if s.filed:
        return CallOutcome.ORDER_FILED
    if s.callback:
        return CallOutcome.CALLBACK
    if s.answered:
        return CallOutcome.ANSWERED_BY_BOT
    return CallOutcome.ABANDONED
