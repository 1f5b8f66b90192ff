"""The caller has hung up: what is half told and wanted is kept all the same."""

from ivr.bot.api import Action, FileOrder, HangUp, RateOrder
from ivr.bot.draft import callback_draft, has_content, make_intake
from ivr.bot.flows import danger, order_rating
from ivr.bot.flows.steps import leave
from ivr.bot.numbers import is_phone
from ivr.bot.state import State
from ivr.bot.talk import Talk, outcome


def hung_up(talk: Talk) -> list[Action]:
    """At most one order to file or rating to keep, and the end of the call."""
    s = talk.s
    intake = None
    if s.emergency and s.filing != "emergency" and (s.unsent or not s.danger_filed):
        danger.file_urgent(talk)
    elif s.waiting != "file" and s.flow == "order" and _worth_filing(s):
        leave(talk)
    elif order_rating.unfinished(s):
        talk.rate_order(again=False)
    elif _missed_person(s):
        s.draft = callback_draft(s, talk.tools.places)
        s.draft.phone = s.draft.phone or s.caller
        s.orders += 1
        intake = make_intake(s, s.draft, talk.tools.places, complete=False)
        s.callback = True
    last = talk.actions[-1] if talk.actions else None
    if isinstance(last, FileOrder):
        intake = last.intake
        s.filed = s.filed or s.draft is None or s.draft.purpose == "order"
        s.callback = s.callback or intake.callback
    s.over, s.waiting = True, None
    left: list[Action] = [FileOrder(intake)] if intake else []
    left += [last] if isinstance(last, RateOrder) else []
    return [*left, HangUp(outcome(s))]


def _worth_filing(s: State) -> bool:
    """A half-told order with something in it and a number to ring back."""
    return has_content(s.draft) and bool((s.draft and s.draft.phone) or s.caller)


def _missed_person(s: State) -> bool:
    """A person was wanted, nobody came, and no callback is filed yet (漏接电话回拨); or the caller
    went when asked whether they are safe."""
    wanted = s.waiting == "transfer" or s.human_missed or s.flow == "safety"
    done = s.callback or s.filed or s.handed_over or s.emergency
    return wanted and not done and s.caller is not None and is_phone(s.caller)
