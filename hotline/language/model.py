"""The linear model: weights from ``data/weights.npz``, numpy only."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from hotline.domain.codes import Act, Topic
from hotline.language.errors import LanguageDataError
from hotline.language.features import VERSION

Floats = NDArray[np.float32]

SOURCES = (
    "topics.yaml",
    "concepts.yaml",
    "acts.yaml",
    "filler.txt",
    "pinyin.txt",
    "grammar.yaml",
    "examples.tsv",
    "phrases.tsv",
    "heard.tsv",
)
"""Files the weights are learnt from; their hash is stored with the weights."""


def data_folder() -> Traversable:
    """Folder of the language data."""
    return resources.files("hotline.language") / "data"


def sources_hash() -> str:
    """SHA-256 over the sources and the version of the features."""
    digest = hashlib.sha256(str(VERSION).encode())
    for name in SOURCES:
        digest.update(name.encode())
        digest.update((data_folder() / name).read_bytes())
    return digest.hexdigest()


def softmax(logits: Floats) -> Floats:
    """Probabilities along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


@dataclass(frozen=True, slots=True)
class Model:
    """Two heads over the same features: act and topic."""

    index: dict[str, int]
    weights: NDArray[np.int8]
    """features × (acts + topics), to be multiplied by ``scale``"""
    scale: Floats
    """One factor an act or topic"""
    bias: Floats
    temperature: tuple[float, float]
    """Calibration of act and topic, fitted on held-out examples."""
    trained_on: str
    """``sources_hash`` at training."""

    def logits(self, features: dict[str, float]) -> Floats:
        """Calibrated logits of acts then topics."""
        known = [
            (self.index[name], value) for name, value in features.items() if name in self.index
        ]
        total = self.bias.copy()
        if known:
            rows = np.fromiter((row for row, _ in known), np.intp, len(known))
            values = np.fromiter((value for _, value in known), np.float32, len(known))
            total += (values @ self.weights[rows].astype(np.float32)) * self.scale
        acts = len(Act)
        total[:acts] /= self.temperature[0]
        total[acts:] /= self.temperature[1]
        return total

    def probabilities(self, features: dict[str, float]) -> tuple[Floats, Floats]:
        """Probabilities of the acts and of the topics, in the order of the enums."""
        total = self.logits(features)
        return softmax(total[: len(Act)]), softmax(total[len(Act) :])

    def top_features(self, features: dict[str, float], column: int, count: int) -> list[str]:
        """Names of the features that speak most for one column, for people to read."""
        rated = [
            (value * float(self.weights[self.index[name], column]), name)
            for name, value in features.items()
            if name in self.index
        ]
        return [name for weight, name in sorted(rated, reverse=True)[:count] if weight > 0]


def load_model() -> Model:
    """The shipped weights. Raises LanguageDataError when they are missing or of another layout."""
    path = data_folder() / "weights.npz"
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = stored["names"].tobytes().decode("utf-8").split("\n")
            labels = stored["labels"].tobytes().decode("utf-8").split("\n")
            model = Model(
                {name: row for row, name in enumerate(names)},
                stored["weights"],
                stored["scale"].astype(np.float32),
                stored["bias"].astype(np.float32),
                (float(stored["temperature"][0]), float(stored["temperature"][1])),
                stored["trained_on"].tobytes().decode(),
            )
    except (OSError, KeyError, ValueError) as fault:
        raise LanguageDataError(
            "weights.npz is missing or damaged; run: python -m hotline.language.train"
        ) from fault
    if labels != [*Act, *Topic]:
        raise LanguageDataError(
            "weights.npz has other labels; run: python -m hotline.language.train"
        )
    return model
