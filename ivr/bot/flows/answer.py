"""Answers from the knowledge base, and the questions that follow them."""

import re

from hotline.domain.codes import Topic
from hotline.domain.understanding import Understanding
from hotline.errors import NotFoundError
from hotline.knowledge.models import Answer
from hotline.knowledge.speech import spoken
from ivr.bot.flows.choice import ask_back
from ivr.bot.flows.offer import offer_person
from ivr.bot.flows.place import OFFICES, find_place
from ivr.bot.phrases import FollowUp
from ivr.bot.state import Option
from ivr.bot.talk import Talk

GOOD = 0.30
"""From this score on an answer fits the sentence even where the topic is a guess."""
POOR = 0.05
"""Below this nothing in the topic fits."""
NEAR = 0.9
"""A second answer that fits this nearly as well is asked about..."""
SURE = 0.3
"""...unless the first fits this well."""
_PERIOD = re.compile(r"[一二三四五六七八九十两百半零\d]+(个?工作)?(个月|日|天|年|小时|周)")
_COST = re.compile(r"(收费|费用|免费|不收|[一二三四五六七八九十百千万\d]+元)")


def answer_question(t: Talk, u: Understanding, chosen: str = "") -> None:
    """Answer what was asked, or find out what is meant. Ends the turn."""
    s = t.s
    topic = u.topic
    if u.confidence >= 0.3 and topic is not Topic.SERVICE:
        s.topic = topic.value
    text = f"{s.asked}{u.text}" if s.step == "detail" else u.text
    s.step = ""
    found = t.tools.knowledge.by_id(chosen) if chosen else None
    if found is not None:
        speak(t, found, text)
        return
    scored = list(t.tools.knowledge.best(topic, text))
    s.asked = text
    if not scored or scored[0].score < POOR:
        _unknown(t, topic, asked_already=text != u.text)
        return
    first = scored[0]
    if len(scored) > 1 and first.score < SURE and scored[1].score > NEAR * first.score:
        options = [
            Option(_question(item.answer), "ask", item.answer.topic.value, item.answer.id, text)
            for item in scored[:2]
        ]
        ask_back(t, *options)
        return
    speak(t, first.answer, text)


def _question(answer: Answer) -> str:
    """The answer's question as one half of an either-or."""
    return re.sub(r"(怎么办|咋办)?[？?]?$", "", answer.question)


def _unknown(t: Talk, topic: Topic, *, asked_already: bool) -> None:
    if topic is not Topic.SERVICE and not asked_already:
        t.s.flow = "open"
        t.s.step = "detail"
        t.ask(t.p("answer.detail"), expect="open")
        return
    offer_person(t, "answer.none", "not_found")


def speak(t: Talk, answer: Answer, asked: str) -> None:
    """Read an answer aloud, then ask what else, or offer a person where the rule has changed."""
    s = t.s
    say_answer(t, answer)
    s.asked = asked
    s.flow, s.step = "open", ""
    if answer.needs_person:
        offer_person(t, "answer.changed", "changed_law")
    else:
        t.tools.flows["open"].ask(t)


def say_answer(t: Talk, answer: Answer) -> None:
    """The words of an answer, noted for the record; the turn goes on."""
    s = t.s
    s.answered = True
    s.topic, s.answer_id = answer.topic.value, answer.id
    t.note(topic=answer.topic, answer_id=answer.id)
    t.say(spoken(answer))


def brief_answer(t: Talk, u: Understanding) -> bool:
    """Answer a question asked in the middle of something else; False when nothing fits well."""
    scored = list(t.tools.knowledge.best(u.topic, u.text))
    if not scored or scored[0].score < GOOD:
        return False
    say_answer(t, scored[0].answer)
    return True


def answer_in_context(t: Talk, u: Understanding) -> bool:
    """A sentence without a topic of its own, after an answer, is about the same trouble."""
    s = t.s
    if not s.answer_id or not s.topic or len(u.text) < 4:
        return False
    scored = list(t.tools.knowledge.best(Topic(s.topic), u.text))
    if not scored or scored[0].score < GOOD:
        return False
    speak(t, scored[0].answer, u.text)
    return True


def answer_follow_up(t: Talk, u: Understanding, kind: FollowUp) -> None:
    """A question about the answer just given. Ends the turn."""
    s = t.s
    try:
        answer = t.tools.knowledge.by_id(s.answer_id or "")
    except NotFoundError:
        answer_question(t, u)
        return
    match kind:
        case "prepare":
            if answer.prepare:
                _tell(t, f"{t.p('answer.prepare')}{'、'.join(answer.prepare)}。")
            else:
                offer_person(t, "answer.no_prepare", "not_found")
        case "time":
            _part(t, answer, _PERIOD, u.text, "answer.no_time")
        case "cost":
            _part(t, answer, _COST, u.text, "answer.no_cost")
        case "where":
            if answer.topic in OFFICES:
                find_place(t, answer.topic, s.region)
            else:
                _tell(t, answer.next_step)
        case "law":
            refs = dict.fromkeys(str(ref) for ref in answer.articles)
            _tell(t, f"依据是{'，'.join(refs)}。")
        case "next":
            _tell(t, answer.next_step)


def _part(t: Talk, answer: Answer, wanted: re.Pattern[str], text: str, none: str) -> None:
    """The sentence of the answer that holds what is asked; else another answer that does."""
    sentences = re.split(r"(?<=[。；？！])", f"{answer.answer}{answer.next_step}")
    held = [sentence for sentence in sentences if wanted.search(sentence)]
    if held:
        _tell(t, "".join(held))
        return
    for item in t.tools.knowledge.best(answer.topic, f"{answer.question}{text}"):
        if item.answer.id != answer.id and item.score >= GOOD and wanted.search(item.answer.answer):
            speak(t, item.answer, t.s.asked)
            return
    offer_person(t, none, "not_found")


def _tell(t: Talk, text: str) -> None:
    t.s.flow, t.s.step = "open", ""
    t.say(text)
    t.tools.flows["open"].ask(t)
