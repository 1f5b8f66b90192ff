"""Answers from the knowledge base, and the questions that follow them."""

import re
from dataclasses import dataclass

from hotline.domain.codes import Act, Topic
from hotline.domain.understanding import Reading, Understanding
from hotline.errors import NotFoundError
from hotline.knowledge.models import Answer
from hotline.knowledge.speech import spoken
from ivr.bot.flows.choice import ask_back
from ivr.bot.flows.offer import offer_person
from ivr.bot.flows.place import OFFICES, find_place
from ivr.bot.handover import missed
from ivr.bot.phrases import FollowUp, about_more, vague
from ivr.bot.prompts import TOPIC
from ivr.bot.state import Option
from ivr.bot.talk import Talk

GOOD = 0.30
"""From this score on an answer fits a sentence whose topic is certain."""
CLEAR = 0.15
"""From this on (reading times answer) an answer is what the caller wants."""
FAIR = 0.06
"""From this on it is still read out when the reading itself is fairly sure."""
UNSURE = 0.3
"""Below this a reading is a guess."""
TROUBLE = 0.35
"""Readings that agree on a trouble to this share name it."""
KEPT = 3
"""So many troubles of the talk are remembered."""
CLOSE = 0.75
"""An answer of another topic this near to the first is asked about."""
NEAR, NEAR_POOR, POOR = 0.8, 0.6, 0.2
"""So is one of the same topic this near, or less near where even the first fits poorly. Measured
by leaving each wording of the stock out in turn: there the first is right 38 % of the time, else
77 %..."""
SURE = 0.6
"""...and 94 % from this score on, whatever the second."""
VAGUE = 4
"""A sentence with hardly more words than the name of its topic asks nothing yet."""
_WISHES = (Act.ASK, Act.APPLY)
_PERIOD = re.compile(r"[一二三四五六七八九十两百半零\d]+(个?工作)?(个月|日|天|年|小时|周)")
_COST = re.compile(r"(收费|费用|免费|不收|[一二三四五六七八九十百千万\d]+元)")


@dataclass(frozen=True, slots=True)
class Fit:
    """An answer, and how likely it is what the caller wants (0..1)."""

    answer: Answer
    score: float
    """How well the answer fits within its topic."""
    value: float
    """The same, weighed with how likely the topic is."""


def fits(t: Talk, u: Understanding) -> list[Fit]:
    """The two best answers of every topic the sentence may be about, best first.

    How likely a topic is and how well its answer fits count together: a dog that bites may be read
    as a quarrel with a neighbour, but only one of the two topics has an answer about bites.
    """
    readings = [r for r in u.readings if r.act in _WISHES] or [Reading(u.act, u.topic, 1.0)]
    found: dict[str, Fit] = {}
    for reading in readings:
        for item in t.tools.knowledge.best(reading.topic, u.text, 2):
            fit = Fit(item.answer, item.score, reading.score * item.score)
            before = found.get(fit.answer.id)
            if before is None or before.value < fit.value:
                found[fit.answer.id] = fit
    return sorted(found.values(), key=lambda fit: -fit.value)


def close_pair(found: list[Fit]) -> list[tuple[Fit, str]]:
    """The two best answers with their names when it is not clear which is meant, else nothing."""
    if len(found) < 2:
        return []
    first, second = found[:2]
    if first.answer.topic is second.answer.topic:
        near = NEAR if first.score > POOR else NEAR_POOR
        close = first.score < SURE and second.score > near * first.score
        return [(fit, _question(fit.answer)) for fit in (first, second)] if close else []
    close = second.value > CLOSE * first.value
    return [(fit, TOPIC[fit.answer.topic]) for fit in (first, second)] if close else []


def told_apart(text: str, first: Answer, second: Answer) -> bool:
    """Whether a sentence has words of one question that the other one lacks."""
    if first.topic is not second.topic:
        return True
    one, other = _pairs(first.question), _pairs(second.question)
    return bool(_pairs(text) & (one ^ other))


def _pairs(text: str) -> set[str]:
    return {text[n : n + 2] for n in range(len(text) - 1)}


def _question(answer: Answer) -> str:
    """The answer's question as one half of an either-or."""
    return re.sub(r"(怎么办|咋办)?[？?]?$", "", answer.question)


def answer_question(t: Talk, u: Understanding, chosen: str = "") -> None:
    """Answer what was asked, or find out what is meant. Ends the turn."""
    s = t.s
    if chosen:
        speak(t, t.tools.knowledge.by_id(chosen), u.text)
        return
    found = fits(t, u)
    value = found[0].value if found else 0.0
    if not s.detail and vague(u.text) and value < SURE:
        ask_detail(t, u)
        return
    if value < CLEAR and answer_in_context(t, u):
        return
    if value < (CLEAR if u.confidence < UNSURE else FAIR):
        _unknown(t, u)
        return
    s.detail = ""
    pair = close_pair(found)
    if pair and not told_apart(u.text, pair[0][0].answer, pair[1][0].answer):
        # Nothing said speaks for either: the one the editors wrote first is the commonest.
        order = [answer.id for answer in t.tools.knowledge.answers]
        speak(t, min((fit.answer for fit, _ in pair), key=lambda a: order.index(a.id)), u.text)
    elif pair:
        options = [
            Option(name, "ask", fit.answer.topic.value, fit.answer.id, u.text) for fit, name in pair
        ]
        ask_back(t, *options)
    else:
        speak(t, found[0].answer, u.text)


def _unknown(t: Talk, u: Understanding) -> None:
    """No answer fits: once a question for more, then an honest word and a person."""
    s = t.s
    s.asked = u.text
    if u.topic is Topic.SERVICE or u.confidence < UNSURE:
        s.detail = ""
        missed(t)
        return
    if s.detail:
        s.detail = ""
        s.topic = u.topic.value
        offer_person(t, "answer.none", "not_found")
    else:
        ask_detail(t, u)


def ask_detail(t: Talk, u: Understanding) -> None:
    """The trouble is clear, the question is not. Ends the turn."""
    s = t.s
    s.topic, s.detail = likely_topic(u).value, u.text
    s.flow = "open"
    t.ask(t.p("answer.detail"), expect="open")


def likely_topic(u: Understanding) -> Topic:
    """The trouble most readings agree on, whatever is wanted about it."""
    weights = {u.topic: 0.0}
    for reading in u.readings:
        if reading.topic is not Topic.SERVICE:
            weights[reading.topic] = weights.get(reading.topic, 0.0) + reading.score
    return max(weights, key=lambda topic: weights[topic])


def names_trouble(u: Understanding) -> bool:
    """Whether the readings agree on a trouble more than on anything else."""
    topic = likely_topic(u)
    mass = sum(r.score for r in u.readings if r.topic is topic)
    return topic is not Topic.SERVICE and mass >= TROUBLE


def answer_in_context(t: Talk, u: Understanding) -> bool:
    """``那房子呢`` after an answer on divorce: read together with the troubles told before."""
    s = t.s
    more = about_more(u.text)
    if not s.answer_id or len(more) < 2:
        return False
    for topic in reversed(s.topics):
        again = t.tools.understander.understand(f"{TOPIC[Topic(topic)]}{more}")
        for fit in fits(t, again) if again.act in _WISHES else []:
            if fit.value >= CLEAR and _mentions(fit.answer, more):
                speak(t, fit.answer, u.text)
                return True
    return False


def _mentions(answer: Answer, more: str) -> bool:
    """Whether the answer speaks of what the short question added."""
    core = re.sub(r"(怎么办|怎么|咋办|咋|该|我|他|她)", "", more)
    texts = "".join((answer.question, *answer.similar, answer.answer))
    return any(core[n : n + 2] in texts for n in range(max(1, len(core) - 1)))


def likely_question(t: Talk, u: Understanding) -> bool:
    """Taken for something else, but a question is not far off and has an answer that fits."""
    found = fits(t, u) if any(r.act in _WISHES for r in u.readings) else []
    if not found or found[0].value < CLEAR:
        return False
    speak(t, found[0].answer, u.text)
    return True


def speak(t: Talk, answer: Answer, asked: str) -> None:
    """Read an answer aloud, then ask what else, or offer a person where the rule has changed."""
    s = t.s
    say_answer(t, answer)
    s.asked = asked
    s.flow, s.step = "open", ""
    offer, s.offer = s.offer, False
    if answer.needs_person:
        offer_person(t, "answer.changed", "changed_law")
    elif offer:
        offer_person(t, "distress.offer", "distress")
    else:
        t.tools.flows["open"].ask(t)


def say_answer(t: Talk, answer: Answer) -> None:
    """The words of an answer, noted for the record; the turn goes on."""
    s = t.s
    s.answered = True
    s.topic, s.answer_id = answer.topic.value, answer.id
    s.topics = [*(topic for topic in s.topics if topic != s.topic), s.topic][-KEPT:]
    t.note(topic=answer.topic, answer_id=answer.id)
    t.say(spoken(answer))


def brief_answer(t: Talk, u: Understanding) -> bool:
    """Answer a question asked in the middle of something else; False when nothing fits well."""
    scored = list(t.tools.knowledge.best(u.topic, u.text))
    if not scored or scored[0].score < GOOD:
        return False
    say_answer(t, scored[0].answer)
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
