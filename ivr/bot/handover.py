"""Handing over to a person, and what happens when nobody comes."""

from typing import Literal

from hotline.domain.codes import CallOutcome
from ivr.bot.draft import callback_draft
from ivr.bot.talk import Talk, outcome


def hand_over(
    t: Talk,
    reason: str,
    *,
    wait: str = "transfer.wait",
    urgent: bool = False,
    on_call: bool = False,
) -> None:
    """Ring people; with nobody on duty an ordinary wish becomes a callback. Ends the turn."""
    s = t.s
    s.human_requested = True
    s.options = []
    t.note(human_requested=True)
    if s.seats or on_call:
        t.transfer(reason, wait, urgent=urgent, on_call=on_call)
        return
    s.reason = reason
    if reason == "failed":
        _cannot_store(t)
    else:
        ring_back(t, "callback.nobody")


def ring_back(t: Talk, why: str) -> None:
    """Offer that somebody rings back, keeping what the caller has told so far. Ends the turn."""
    s = t.s
    s.human_missed = True
    if s.callback:
        t.s.draft = None
        t.say(t.p("callback.already"))
        t.goto("open")
        return
    t.say(t.p(why))
    s.draft = callback_draft(s, t.tools.places)
    t.goto("order")


def transfer_done(t: Talk, answered: bool) -> None:
    """The ringing has ended. Ends the turn."""
    s = t.s
    if answered:
        s.handed_over = True
        t.hang_up(outcome(s))
        return
    if s.emergency and not s.danger_over:
        t.goto("danger")
        return
    if s.reason == "failed":
        _cannot_store(t)
        return
    if s.reason == "distress":
        t.say(t.p("transfer.distress_missed"))
    ring_back(t, "callback.busy")


def call_back_instead(t: Talk) -> None:
    """Somebody who waits would rather be rung back: their place is kept. Ends the turn."""
    t.s.waiting = None
    ring_back(t, "callback.place")


def returned(t: Talk, to: Literal["survey", "bot", "person"]) -> None:
    """A person gives the caller back. Ends the turn."""
    s = t.s
    s.over = False
    s.waiting = None
    s.answered, s.rated = True, False
    if to == "person":
        t.transfer("requested", "transfer.next", urgent=False, on_call=False)
    elif to == "bot":
        s.flow, s.step = "open", ""
        t.ask(t.p("returned"), expect="open")
    elif s.emergency:
        # nobody who was in danger is asked for marks
        t.say(t.p("bye"), interruptible=False)
        t.hang_up(outcome(s))
    else:
        t.goto("rate")


def _cannot_store(t: Talk) -> None:
    """Orders cannot be stored, so a callback could not either: be honest. Ends the turn."""
    s = t.s
    s.draft = None
    if s.emergency:
        t.say(t.p("order.failed_alone"))
        s.flow, s.step = "open", ""
        t.await_answer((t.p("go_ahead"),), "open")
        return
    t.say(t.p("order.failed_alone"), interruptible=False)
    t.hang_up(CallOutcome.FAILED)


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
