"""What a caller may say in any flow: a person, again, slower, abuse, distress, another language."""

from hotline.domain.codes import Act, CallOutcome, Topic
from hotline.domain.understanding import Understanding
from ivr.bot.flows.offer import offer_person
from ivr.bot.handover import hand_over
from ivr.bot.phrases import asks_again, is_question, no_help
from ivr.bot.talk import Talk

CLEAR = 0.7
_WISHES = {Act.ASK, Act.APPLY, Act.PROGRESS, Act.PLACE, Act.COMPLAINT, Act.SUGGESTION}


def manners(t: Talk, u: Understanding) -> bool:
    """Handle such a sentence and end the turn; False leaves it to the flow."""
    s = t.s
    if u.act is Act.AGENT:
        hand_over(t, "requested")
    elif u.abusive and not _has_a_wish(u):
        _abuse(t)
    elif u.slower:
        s.slow = True
        t.say(t.p("slower"))
        _again(t)
    elif s.answered and s.flow == "open" and no_help(u.text):
        offer_person(t, "answer.no_help", "not_found")
    elif u.act is Act.REPEAT or asks_again(u.text):
        _repeat(t)
    elif u.foreign:
        t.say(t.p("foreign"))
        hand_over(t, "foreign")
    elif u.distress and not s.distressed:
        return _distress(t, u)
    else:
        return False
    return True


def _distress(t: Talk, u: Understanding) -> bool:
    """Calm words and a person; a clear question, or an order being told, is seen to first."""
    t.s.distressed = True
    t.say(t.p("distress"))
    clear = u.act is Act.ASK and u.confidence >= CLEAR and is_question(u.text)
    telling = t.s.flow == "order" and t.s.draft is not None and t.s.draft.purpose == "order"
    if telling or (clear and u.topic is not Topic.SERVICE and t.s.flow == "open"):
        t.s.offer = True
        return False
    hand_over(t, "distress", wait="transfer.distress", urgent=True, on_call=True)
    return True


def _has_a_wish(u: Understanding) -> bool:
    """Swearing about the trouble, not at us: the trouble is what counts."""
    return u.act in _WISHES and u.topic is not Topic.SERVICE and u.confidence >= 0.4


def _abuse(t: Talk) -> None:
    s = t.s
    s.warnings += 1
    t.note(abusive=True)
    if s.warnings <= t.tools.settings.abuse_warnings:
        t.say(t.p("abuse_1" if s.warnings == 1 else "abuse_2"), interruptible=False)
        t.listen()
    elif s.emergency:
        t.say(t.p("danger.bye"))
        t.listen()
    else:
        t.say(t.p("abuse_end"), interruptible=False)
        t.hang_up(CallOutcome.ENDED_ABUSE)


def _repeat(t: Talk) -> None:
    """Again; who asks twice in a row hears it slowly."""
    s = t.s
    s.repeats += 1
    if s.repeats >= 2:
        s.slow = True
    _again(t)


def _again(t: Talk) -> None:
    said = [text for text in t.s.said if text != t.p("slower")]
    t.say(*(said or t.s.question or [t.p("nothing_to_repeat")]))
    t.listen()
