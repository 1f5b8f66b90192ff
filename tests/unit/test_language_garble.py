"""Sentences garbled for training, and the drawing of callers for spoken sets."""

import random

import pytest

from benchmarks.spoken import NOISES, PITCHES, TEMPOS, Caller, callers, noisy
from hotline.language.garble import Garble, parts
from hotline.language.pinyin import syllables

pytestmark = pytest.mark.unit

WORDS = {
    ("gong",): [("工", 5.0)],
    ("gang",): [("刚", 5.0)],
    ("shang",): [("上", 5.0)],
    ("sang",): [("桑", 5.0)],
    ("gong", "shang"): [("工商", 3.0)],
}


@pytest.mark.parametrize(
    ("syllable", "expected"),
    [("zhang", ("zh", "ang")), ("an", ("", "an")), ("yao", ("y", "ao")), ("xue", ("x", "ue"))],
)
def test_parts_of_a_syllable(syllable: str, expected: tuple[str, str]) -> None:
    assert parts(syllable) == expected


def test_nothing_is_misheard_at_rate_zero() -> None:
    garble = Garble([("工伤", "刚上")], WORDS, random.Random(1))
    assert garble.garble("我的工伤怎么认定", 0.0) == "我的工伤怎么认定"


def test_errors_are_those_that_were_counted() -> None:
    garble = Garble([("工", "刚")] * 200, WORDS, random.Random(1))
    heard = [garble.garble("工", 1.0) for _ in range(200)]
    assert {"".join(syllables(text)) for text in heard} == {"gang", "gong"}
    assert heard.count("刚") > 150


def test_the_same_seed_garbles_alike() -> None:
    first, second = (Garble([("工伤", "刚桑")], WORDS, random.Random(3)) for _ in range(2))
    texts = ["工伤工伤工伤", "上工上工"]
    assert [first.garble(t, 0.7) for t in texts] == [second.garble(t, 0.7) for t in texts]


def test_callers_depend_on_seed_and_sentence_alone() -> None:
    styles = ["a", "b", "c"]
    drawn = callers("救命", styles, 2, 1)
    assert drawn == callers("救命", styles, 2, 1)
    assert drawn != callers("救命", styles, 2, 2)
    assert len({caller.style for caller in drawn}) == 2
    for caller in callers("我要离婚", styles, 9, 5):
        assert caller.pitch in PITCHES
        assert caller.tempo in TEMPOS
        assert caller.snr in NOISES


@pytest.mark.parametrize("snr", NOISES)
def test_noise_is_as_loud_as_asked(snr: int) -> None:
    import numpy as np

    speech = np.sin(np.arange(32000) / 8).astype(np.float32) * np.float32(0.3)
    made = noisy(speech, Caller("a", 0, 1.0, snr, 7)) - speech
    ratio = 10 * np.log10(np.mean(np.square(speech)) / np.mean(np.square(made)))
    assert abs(ratio - snr) < 1
