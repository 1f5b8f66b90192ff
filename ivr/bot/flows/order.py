"""Collecting an order: every fact in whatever order it comes, each asked for at most twice, all
read back before it is filed."""

import re

from hotline.domain.codes import Act, Topic
from hotline.domain.understanding import Understanding
from hotline.language import own_number
from ivr.bot.draft import absorb, name_in, new_draft, story_in, tell
from ivr.bot.flows import keys, readback
from ivr.bot.flows.answer import brief_answer, follow_up_words, last_answer
from ivr.bot.flows.slots import put_question
from ivr.bot.flows.steps import (
    cancel,
    draft_of,
    go_on,
    leave,
    no_phone,
    phone_pieces,
    reopen,
    send,
    skip,
)
from ivr.bot.numbers import digits_in
from ivr.bot.phrases import (
    asks_instead,
    asks_why,
    cancels,
    corrected_part,
    does_not_know,
    follow_up,
    is_question,
    only_begins,
    plain,
    refuses,
    where_in,
)
from ivr.bot.places import elsewhere
from ivr.bot.state import Draft
from ivr.bot.talk import Talk

LONG = 12
"""A sentence this long, given in place of a short fact, goes on with the story."""
_TIME = re.compile(
    r"[年月日天号周季春夏秋冬昨今明前后早晚刚]|星期|礼拜|时候|小时|过年|一直|开始|多久|\d"
)
_DEADLINE = re.compile(
    r"(开庭|到期|期限|截止|最后|过期|来不及|今天|明天|后天|这(两|几)天|下个?(月|周|礼拜))"
)
_NOT_URGENT = re.compile(r"(不(太|是很|怎么|大)?急|不着急|没(有)?期限|慢慢来|不忙)")
_IS_URGENT = re.compile(r"(急|赶紧|尽快|快点|越快越好)")


def begin_order(t: Talk, u: Understanding, act: Act) -> None:
    """Start an order with the sentence that asks for it. Ends the turn."""
    s = t.s
    draft = new_draft(s, u, act, t.tools.understander, t.tools.places)
    s.draft = draft
    absorb(draft, u, t.tools.places)
    if draft.topic != Topic.SERVICE.value:
        s.topic = draft.topic
    opening = {
        Act.COMPLAINT: "order.start_complaint",
        Act.SUGGESTION: "order.start_suggestion",
    }.get(act, "order.start")
    t.say(t.p(opening))
    t.goto("order")


class OrderFlow:
    """One question at a time; whatever else a sentence tells is kept."""

    def start(self, t: Talk) -> None:
        go_on(t)

    def ask(self, t: Talk) -> None:
        draft = draft_of(t)
        if draft.asking == "confirm":
            readback.read(t, draft)
        elif draft.asking == "wrong":
            t.ask(t.p("order.what_wrong"), expect="open")
        elif draft.asking is None or (draft.asking == "name" and not t.s.speech):
            go_on(t)
        else:
            put_question(t, draft)

    def heard(self, t: Talk, u: Understanding) -> None:
        draft = draft_of(t)
        if cancels(u.text) and draft.asking != "urgent":
            cancel(t)
            return
        if u.act is Act.BYE and draft.asking != "story":
            leave(t)
            return
        changed = absorb(draft, u, t.tools.places)
        if right := corrected_part(u.text):
            # "寿县，不对，是霍邱县": what comes after the correction counts.
            again = t.tools.understander.understand(right)
            changed |= absorb(draft, again, t.tools.places)
        if draft.asking in ("confirm", "wrong"):
            self._correct(t, draft, u, changed)
        elif asks_why(u.text):
            t.say(t.p("order.why"))
            put_question(t, draft)
        elif not changed and draft.asking != "story" and self._side_question(t, draft, u):
            put_question(t, draft)
        else:
            self._take(t, draft, u, changed)

    def _side_question(self, t: Talk, draft: Draft, u: Understanding) -> bool:
        """``这个要钱吗`` in the middle of an order is answered, then the order goes on."""
        kind = follow_up(u.text)
        if kind is not None and draft.asking != "urgent":
            answer = last_answer(t)
            words = follow_up_words(t, answer, kind, u.text) if answer else ""
            t.say(words or t.p("order.later"))
            return True
        asked = u.act in (Act.ASK, Act.PLACE) and u.confidence >= 0.5 and is_question(u.text)
        return asked and len(u.text) >= 5 and brief_answer(t, u)

    def _take(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if changed and not changed & {draft.asking, "phone"} and draft.asking in draft.asked:
            # They told something else of use: the question they passed over is not used up.
            draft.asked[draft.asking] -= 1
        match draft.asking:
            case "story":
                self._story(t, draft, u)
            case "region":
                self._region(t, draft, u, changed)
            case "since":
                self._since(t, draft, u, changed)
            case "phone":
                self._own_phone(t, draft, u, changed)
            case "phone_other":
                self._phone(t, draft, u, changed)
            case "name":
                self._name(t, draft, u, changed)
            case "urgent":
                self._urgent(t, draft, u)
            case _:
                go_on(t)

    def _story(self, t: Talk, draft: Draft, u: Understanding) -> None:
        if draft.purpose == "order" and asks_instead(u.text):
            # They want to know first; the order can wait until they ask for it again.
            t.s.draft = None
            t.s.flow = "open"
            t.flow().heard(t, u)
            return
        short = len(plain(u.text)) < 4
        if refuses(u.text) or (short and u.act is Act.NO):
            if draft.purpose == "callback":
                cancel(t)
            else:
                skip(t, draft, "story")
        elif only_begins(u.text) or (short and u.act in (Act.YES, Act.OTHER)):
            t.ask(t.p("go_ahead"), expect="story", patience="story")
        else:
            tell(draft, u)
            if draft.topic != Topic.SERVICE.value:
                t.s.topic = draft.topic
            t.say(t.p("order.noted"))
            go_on(t)

    def _region(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if "region" in changed:
            go_on(t)
            return
        found = t.tools.knowledge.find_region(u.text)
        if found:
            draft.region, draft.elsewhere = found[0].code, None
        elif elsewhere(u.text):
            draft.elsewhere = where_in(u.text)
            draft.skipped.append("region")
        elif refuses(u.text) or does_not_know(u.text):
            skip(t, draft, "region")
            return
        elif len(u.text) >= LONG:
            tell(draft, u)
        else:
            # A village or street: kept in the caller's words, the county asked for once more.
            draft.elsewhere = where_in(u.text)
        go_on(t)

    def _since(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if changed:
            go_on(t)
        elif refuses(u.text) or does_not_know(u.text):
            skip(t, draft, "since")
        elif len(u.text) >= LONG + 8:
            tell(draft, u)
            go_on(t)
        else:
            if draft.asked.get("since", 0) > 1 or _TIME.search(u.text):
                draft.since = None if u.act in (Act.YES, Act.NO) else u.text
            go_on(t)

    def _own_phone(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if changed:
            go_on(t)
        elif refuses(u.text):
            no_phone(t, draft)
        elif own_number(u.text) or u.act is Act.YES:
            draft.phone, draft.phone_confirmed = t.s.caller, True
            go_on(t)
        elif len(digits_in(u.text)) >= 3:
            draft.asking = "phone_other"
            self._phone(t, draft, u, changed)
        elif u.act is Act.NO or does_not_know(u.text) or re.search(r"换|别的|另外|其他", u.text):
            draft.asking = "phone_other"
            put_question(t, draft)
        elif len(u.text) >= LONG:
            tell(draft, u)
            go_on(t)
        else:
            go_on(t)

    def _phone(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        s = t.s
        if changed:
            s.entry = "" if "phone" in changed else s.entry
            go_on(t)
            return
        digits = u.slots.digits or digits_in(u.text)
        if digits:
            if "从头" in u.text or "重" in u.text:
                s.entry = ""
            s.entry += digits
            phone_pieces(t, draft)
        elif own_number(u.text) and s.caller:
            draft.phone, draft.phone_confirmed = s.caller, True
            go_on(t)
        elif refuses(u.text) or does_not_know(u.text) or u.act is Act.NO:
            no_phone(t, draft)
        elif draft.asked.get("phone", 0) < 2:
            draft.asked["phone"] = 2
            put_question(t, draft)
        else:
            no_phone(t, draft)

    def _name(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if "name" in changed:
            go_on(t)
        elif refuses(u.text) or u.act is Act.NO:
            draft.anonymous = True
            t.say(t.p("order.anonymous"))
            go_on(t)
        else:
            name = None if u.act is Act.YES else name_in(plain(u.text))
            draft.name = name
            if name is None and len(u.text) >= LONG:
                tell(draft, u)
            go_on(t)

    def _urgent(self, t: Talk, draft: Draft, u: Understanding) -> None:
        if _NOT_URGENT.search(u.text):
            draft.urgent = False
        elif _DEADLINE.search(u.text):
            draft.urgent = True
            draft.story.append(u.text)
        elif u.act is Act.YES or _IS_URGENT.search(u.text):
            draft.urgent = True
        else:
            draft.urgent = False
            if len(u.text) >= LONG:
                draft.story.append(u.text)
        go_on(t)

    def _correct(self, t: Talk, draft: Draft, u: Understanding, changed: set[str]) -> None:
        if changed:
            readback.read_changed(t, draft, changed)
        elif u.act is Act.YES and draft.asking == "confirm":
            send(t)
        elif (slot := readback.slot_named(u.text)) is not None:
            reopen(t, draft, slot)
        elif u.act is Act.NO or draft.asking == "wrong":
            self._what_wrong(t, draft, u)
        elif story_in(u, u.act):
            tell(draft, u)
            readback.read_changed(t, draft, {"story"})
        else:
            readback.unclear(t, draft)

    def _what_wrong(self, t: Talk, draft: Draft, u: Understanding) -> None:
        if draft.asking == "wrong" and u.act is Act.NO and len(plain(u.text)) <= 4:
            # "没有了": nothing is wrong after all.
            readback.read(t, draft)
        elif draft.asking == "wrong" and len(u.text) >= 4:
            tell(draft, u)
            readback.read_changed(t, draft, {"story"})
        elif draft.asked.get("wrong", 0) >= 2:
            readback.unclear(t, draft)
        else:
            draft.asked["wrong"] = draft.asked.get("wrong", 0) + 1
            draft.asking = "wrong"
            t.ask(t.p("order.what_wrong"), expect="open")

    def key(self, t: Talk, digit: str) -> None:
        keys.order_key(t, draft_of(t), digit)
