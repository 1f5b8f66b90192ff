"""Text to Understanding: the model, the nearest examples, the label rules and the danger rules."""

from collections.abc import Sequence

import numpy as np

from hotline.domain.codes import Act, EmergencyKind, Topic
from hotline.domain.understanding import Reading, Slots, Understanding
from hotline.language import manners
from hotline.language.danger import Danger, calming, find_danger, harmful
from hotline.language.expect import OPEN, Expect
from hotline.language.features import View, look
from hotline.language.lexicon import lexicon
from hotline.language.model import Model, load_model
from hotline.language.neighbours import Examples, Neighbour, load_examples
from hotline.language.rules import apply_rules, cause_first, normalise_in_place
from hotline.language.slots import RegionFinder, read_slots

ABOUT_US = frozenset({Act.AGENT, Act.REPEAT, Act.YES, Act.NO, Act.BYE, Act.OTHER, Act.SUGGESTION})
"""Acts whose topic is always the hotline itself."""

OF_SERVICES = frozenset({Act.PROGRESS, Act.PLACE})
"""Acts that ask after one of our services, else after the hotline."""
SERVICES = (
    Topic.LEGAL_AID,
    Topic.MEDIATION,
    Topic.NOTARY,
    Topic.APPRAISAL,
    Topic.ARBITRATION,
    Topic.LAWYER,
    Topic.LITIGATION,
    Topic.ADMIN,
    Topic.SERVICE,
)
_STRAY = 0.35
"""How far a trouble that is no service speaks against asking after a service."""

_ANSWERS: dict[str, tuple[Act, ...]] = {"yes_no": (Act.YES, Act.NO), "choice": (Act.YES, Act.NO)}
_FACTS = ("phone", "region", "since", "name", "rating", "digits", "order_no")
_SHORT = 8
_LEAST_READING = 0.04
_HONEST = (
    (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0),
    (0.0, 0.15, 0.33, 0.65, 0.83, 0.93, 0.98, 0.995),
)
"""Score of the best reading -> how often it is right, on the sets of benchmarks/understanding.py.
The model learns from harder examples than callers say, so its own scores are too modest."""
_HARM, _CALM = 0.45, 0.85
"""How sure the model must be to make an emergency on its own: of words that hold some harm; where
something speaks for a calm question."""
_NO_HARM = ((0.4, 0.5), (0.5, 0.6))
"""Familiarity of the words -> the same where no word of harm is in them: people say it in a hundred
ways, but of a garbled sentence the model knows less."""
_LEAST = 0.02
"""A sign that the model gives less is taken for a figure of speech."""
_GARBLED = ((0.5, 0.7), (1.0, 0.0))
"""Familiarity of the words -> how much they are garbled, 0..1."""
_SIGN, _LONG_SIGN, _CALMED = 0.3, 0.1, 0.7
"""What the model must give an emergency for a sign among garbled words: any; one of at least
``_LONG`` syllables that fits by sound; one beside which something calm was heard."""
_LONG = 4

Distribution = tuple[dict[Act, float], dict[Topic, float]]


class Understander:
    """Reads sentences. Immutable after loading and safe to share between threads."""

    def __init__(
        self, model: Model, examples: Examples, find_region: RegionFinder | None = None
    ) -> None:
        self._model = model
        self._examples = examples
        self._find_region = find_region

    @classmethod
    def load(cls, find_region: RegionFinder | None = None) -> "Understander":
        """Lexicon, examples and weights from the package. Raises LanguageDataError."""
        lexicon()
        loaded = cls(load_model(), Examples(load_examples()), find_region)
        loaded.understand("你好")
        return loaded

    def understand(
        self, text: str, *, alternatives: Sequence[str] = (), expect: Expect | None = None
    ) -> Understanding:
        """What a sentence means. ``alternatives``: other readings of the recognizer, best first."""
        expect = expect or OPEN
        view = look(text)
        slots = read_slots(text, expect, self._find_region)
        if not view.plain:
            return Understanding(
                text, Act.OTHER, Topic.SERVICE, 0.0, foreign=manners.foreign(text), slots=slots
            )
        near = self._examples.nearest(view.plain, view.sound)
        acts, topics = self._distributions(view, near, alternatives)
        reasons = self._explain(view, near, acts, topics)
        reasons += apply_rules(view.plain, acts, topics)
        reasons += cause_first(view.topics, topics)
        _expected(view.plain, expect, slots, acts, topics)
        familiar = self._examples.familiarity(view.plain)
        danger = self._danger((text, *alternatives[:3]), familiar, acts)
        needed = _needed(text, familiar)
        feared = acts[Act.EMERGENCY]
        kind = _judge(danger, needed, acts, reasons)
        readings = _readings(acts, topics)
        best = readings[0]
        return Understanding(
            text=text,
            act=best.act,
            topic=best.topic,
            confidence=float(np.interp(best.score, *_HONEST)),
            readings=readings,
            emergency=kind,
            worry=round(feared, 3) if kind is None and needed < _CALM else 0.0,
            distress=kind is not None or manners.distressed(text),
            abusive=manners.abusive(text),
            foreign=manners.foreign(text),
            slower=manners.slower(text),
            slots=slots,
            reasons=tuple(reasons),
        )

    def _distributions(
        self, view: View, near: list[Neighbour], alternatives: Sequence[str]
    ) -> Distribution:
        act_array, topic_array = self._model.probabilities(view.features)
        for other in alternatives[:3]:
            more_acts, more_topics = self._model.probabilities(look(other).features)
            share = 0.5 / len(alternatives[:3])
            act_array = act_array + share * more_acts
            topic_array = topic_array + share * more_topics
        acts = {act: float(value) for act, value in zip(Act, act_array, strict=True)}
        topics = {topic: float(value) for topic, value in zip(Topic, topic_array, strict=True)}
        normalise_in_place(acts)
        normalise_in_place(topics)
        _ask_neighbours(near, acts, topics)
        return acts, topics

    def _danger(
        self, texts: Sequence[str], familiar: float, acts: dict[Act, float]
    ) -> Danger | None:
        """The sign of danger that counts, else one that does not; a sign that only sounds like one,
        or stands in garbled words, and that the model does not believe is none at all."""
        found = [(danger, calming(one)) for one in texts if (danger := find_danger(one))]
        believed = [
            danger
            for danger, calm in found
            if acts[Act.EMERGENCY] >= _consent(danger, familiar, calm=calm)
        ]
        return next((danger for danger in believed if danger.live), next(iter(believed), None))

    def _explain(
        self, view: View, near: list[Neighbour], acts: dict[Act, float], topics: dict[Topic, float]
    ) -> list[str]:
        reasons = [f"word: {hit.phrase} -> {hit.group}" for hit in view.topics[:6]]
        reasons += [
            f"like: {example.text} ({one.likeness:.2f}) -> {example.act}/{example.topic}"
            for one in near[:2]
            for example in (one.example,)
        ]
        act = max(acts, key=lambda one: acts[one])
        topic = max(topics, key=lambda one: topics[one])
        column = list(Act).index(act)
        reasons.append(f"model act {act} {acts[act]:.2f}: {_names(self._model, view, column)}")
        column = len(Act) + list(Topic).index(topic)
        reasons.append(
            f"model topic {topic} {topics[topic]:.2f}: {_names(self._model, view, column)}"
        )
        return reasons


def _names(model: Model, view: View, column: int) -> str:
    """The features that decided, with the private code characters of syllables left out."""
    names = model.top_features(view.features, column, 8)
    return " ".join(name for name in names if not name.startswith("p:"))


def _ask_neighbours(
    near: list[Neighbour], acts: dict[Act, float], topics: dict[Topic, float]
) -> None:
    """Lets nearly equal examples speak: the more alike the best one, the more they count."""
    if not near:
        return
    trust = min(0.75, max(0.0, (near[0].likeness - 0.62) * 1.9))
    votes = [(one.example, (one.likeness - 0.5) ** 3) for one in near]
    total = sum(weight for _, weight in votes)
    for act in acts:
        acts[act] *= 1 - trust
    for topic in topics:
        topics[topic] *= 1 - trust
    for example, weight in votes:
        acts[example.act] += trust * weight / total
        topics[example.topic] += trust * weight / total


def _expected(
    text: str, expect: Expect, slots: Slots, acts: dict[Act, float], topics: dict[Topic, float]
) -> None:
    """Reads short answers in the light of the question; never makes an agent or emergency less."""
    kept = {act: acts[act] for act in (Act.AGENT, Act.EMERGENCY)}
    short = len(text) <= _SHORT
    if short and expect.kind in _ANSWERS:
        for act in _ANSWERS[expect.kind]:
            acts[act] *= 6
    if expect.kind in _FACTS and _tells(expect, slots) and acts[Act.AGENT] < 0.5:
        acts[Act.OTHER] += 1.5 if short or expect.kind in ("phone", "order_no", "digits") else 0.2
    # a sentence that names no trouble of its own goes on about the one talked of
    unsure = (1 - max(topics.values())) ** 2 / 2
    for topic in expect.topics:
        topics[topic] = topics[topic] * (3 if short else 1.6) + unsure
    normalise_in_place(acts)
    normalise_in_place(topics)
    for act, before in kept.items():
        acts[act] = max(acts[act], before if before >= 0.5 else acts[act])
    normalise_in_place(acts)


def _tells(expect: Expect, slots: Slots) -> bool:
    """Does the sentence hold the fact that was asked for?"""
    found = {
        "phone": slots.phone or slots.digits,
        "region": slots.region,
        "since": slots.since,
        "name": slots.name,
        "rating": slots.satisfaction,
        "digits": slots.digits,
        "order_no": slots.order_no,
    }
    return found.get(expect.kind) is not None


def _consent(danger: Danger, familiar: float, *, calm: bool) -> float:
    """What the model must give an emergency for a sign to count. Garbled words may make a sign by
    chance, or hide what spoke against it; of familiar ones only the sign's own demand is left."""
    doubt = float(np.interp(familiar, *_GARBLED))
    chance = _LONG_SIGN if danger.heard >= _LONG else _SIGN
    return max(_LEAST, danger.consent, doubt * (_CALMED if calm else chance))


def _needed(text: str, familiarity: float) -> float:
    """How sure the model must be to make an emergency on its own."""
    if calming(text):
        return _CALM
    if harmful(text):
        return _HARM
    return float(np.interp(familiarity, *_NO_HARM))


def _judge(
    danger: Danger | None, needed: float, acts: dict[Act, float], reasons: list[str]
) -> EmergencyKind | None:
    """Makes the act an emergency, or takes it away from the model; returns the kind.

    ``needed``: how sure the model must be where no rule sees a sign either way.
    """
    model_says = acts[Act.EMERGENCY]
    if danger is not None:
        reasons.append(
            f"danger {danger.kind}: {danger.sign}"
            + (f", but {danger.against}" if danger.against else "")
        )
    if danger is not None and danger.live:
        _set_emergency(acts, max(model_says, 0.9))
        return danger.kind
    if danger is None and model_says >= needed:
        _set_emergency(acts, max(model_says, 0.6))
        return EmergencyKind.VIOLENCE
    _set_emergency(acts, 0.0)
    return None


def _set_emergency(acts: dict[Act, float], share: float) -> None:
    rest = sum(value for act, value in acts.items() if act is not Act.EMERGENCY) or 1.0
    for act in acts:
        acts[act] = share if act is Act.EMERGENCY else acts[act] / rest * (1 - share)


def _readings(acts: dict[Act, float], topics: dict[Topic, float]) -> tuple[Reading, ...]:
    """All plausible pairs, best first; an emergency always leads."""
    pairs = [pair for act, likely in acts.items() for pair in _pairs(act, likely, topics)]
    lead = acts[Act.EMERGENCY] >= 0.5
    pairs.sort(key=lambda one: (not (lead and one.act is Act.EMERGENCY), -one.score))
    return (pairs[0], *(one for one in pairs[1:6] if one.score >= _LEAST_READING))


def _pairs(act: Act, likely: float, topics: dict[Topic, float]) -> list[Reading]:
    """What an act may be about: some acts only the hotline, some only our services, others all."""
    if act in ABOUT_US:
        return [Reading(act, Topic.SERVICE, likely)]
    if act not in OF_SERVICES:
        return [Reading(act, topic, likely * share) for topic, share in topics.items()]
    elsewhere = sum(share for topic, share in topics.items() if topic not in SERVICES)
    return [
        Reading(
            act,
            topic,
            likely * (topics[topic] + (_STRAY * elsewhere if topic is Topic.SERVICE else 0.0)),
        )
        for topic in SERVICES
    ]
