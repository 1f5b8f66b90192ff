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
from ivr.bot.phrases import FollowUp, about_more, goes_on, vague
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
by leaving each wording of the stock out in turn: there the first is right 39 % of the time, else
81 %..."""
SURE = 0.6
"""...and 97 % from this score on, whatever the second."""
VAGUE = 4
"""A sentence with hardly more words than the name of its topic asks nothing yet."""
MOST_ASKED = 300
"""Of a caller's questions about one trouble this much is kept, as the story of an order."""
_WISHES = (Act.ASK, Act.APPLY)
_COMMON = re.compile(r"(怎么[办要]|怎么|能不能|可不可以|可以|应该|[我的了吗呢啊吧能])")
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


def spoken_for(text: str, first: Answer, second: Answer) -> Answer | None:
    """Of two answers of one topic the one whose own words the sentence has; None when unclear."""
    if first.topic is not second.topic:
        return None
    said, one, other = _pairs(text), _pairs(first.question), _pairs(second.question)
    for_one, for_other = said & (one - other), said & (other - one)
    if for_one and for_other:
        return None
    return second if for_other else first


def _pairs(text: str) -> set[str]:
    core = _COMMON.sub("", text)
    return {core[n : n + 2] for n in range(len(core) - 1)}


def _question(answer: Answer) -> str:
    """The answer's question as one half of an either-or."""
    return re.sub(r"(怎么办|咋办)?[？?]?$", "", answer.question)


def answer_question(t: Talk, u: Understanding, chosen: str = "") -> None:
    """Answer what was asked, or find out what is meant. Ends the turn."""
    s = t.s
    if chosen:
        speak(t, t.tools.knowledge.by_id(chosen), u.text)
        return
    if goes_on(u.text) and answer_in_context(t, u):
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
    likelier = None
    if pair:
        # The one the editors wrote first is the commonest: it wins where no word speaks for either.
        written = [answer.id for answer in t.tools.knowledge.answers]
        both = sorted((fit.answer for fit, _ in pair), key=lambda one: written.index(one.id))
        likelier = spoken_for(u.text, both[0], both[1])
    if likelier is not None:
        speak(t, likelier, u.text)
    elif pair:
        options = [
            Option(name, "ask", fit.answer.topic.value, fit.answer.id, u.text) for fit, name in pair
        ]
        s.asked, s.topic = u.text, found[0].answer.topic.value
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
    same = s.topic == answer.topic.value and s.asked != asked
    s.asked = f"{s.asked}。{asked}"[-MOST_ASKED:] if same and s.asked else asked
    say_answer(t, answer)
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
    answer = last_answer(t)
    if answer is None:
        answer_question(t, u)
        return
    if kind == "where" and answer.topic in OFFICES:
        find_place(t, answer.topic, s.region)
        return
    words = follow_up_words(t, answer, kind, u.text)
    if words:
        s.flow, s.step = "open", ""
        t.say(words)
        t.tools.flows["open"].ask(t)
    else:
        offer_person(t, f"answer.no_{kind}", "not_found")


def last_answer(t: Talk) -> Answer | None:
    """The answer follow-up questions mean; None when there is none (any more)."""
    try:
        return t.tools.knowledge.by_id(t.s.answer_id or "")
    except NotFoundError:
        return None


def follow_up_words(t: Talk, answer: Answer, kind: FollowUp, text: str) -> str:
    """What the knowledge base says to a follow-up question; empty when it says nothing."""
    match kind:
        case "prepare":
            return f"{t.p('answer.prepare')}{'、'.join(answer.prepare)}。" if answer.prepare else ""
        case "time":
            return _part(t, answer, _PERIOD, text)
        case "cost":
            return _part(t, answer, _COST, text)
        case "law":
            refs = dict.fromkeys(str(ref) for ref in answer.articles)
            return f"依据是{'，'.join(refs)}。" if refs else ""
        case _:
            return answer.next_step


def _part(t: Talk, answer: Answer, wanted: re.Pattern[str], text: str) -> str:
    """The sentences of the answer that hold what is asked; else another answer that does."""
    sentences = re.split(r"(?<=[。；？！])", f"{answer.answer}{answer.next_step}")
    held = "".join(sentence for sentence in sentences if wanted.search(sentence))
    if held:
        return held
    for item in t.tools.knowledge.best(answer.topic, f"{answer.question}{text}"):
        if item.answer.id != answer.id and item.score >= GOOD and wanted.search(item.answer.answer):
            return item.answer.answer
    return ""
