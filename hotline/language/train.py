"""Learns the weights from the examples: ``python -m hotline.language.train``.

Deterministic; about two minutes on one core. A fifth of the examples is first held out to measure
and to calibrate, then everything is learnt and written to ``data/weights.npz``.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from hotline.domain.codes import Act, Topic
from hotline.language.augment import Augmenter, Row
from hotline.language.features import look
from hotline.language.model import sources_hash
from hotline.language.neighbours import load_examples

FOLDER = Path(__file__).parent / "data"
SEED = 12348
ROUNDS = 2
"""How often every example is varied."""
AS_WRITTEN = 2.0
"""Weight of an example as it was written, beside its variants (less than 1 each)."""
MOST_FEATURES = 60_000
LABELS_TOPIC = [topic.value for topic in Topic]
LABELS_ACT = [act.value for act in Act]
TALK = {"agent", "repeat", "yes", "no", "bye", "other", "suggestion"}
"""Acts whose topic is always service: they teach the topic head nothing."""


def training_rows() -> list[Row]:
    """Examples with their variants, sentences of the grammar, the lexicon's bare phrases."""
    grammar: dict[str, Any] = yaml.safe_load((FOLDER / "grammar.yaml").read_text(encoding="utf-8"))
    pairs = [(said, heard) for _, _, said, heard in heard_lines()]
    augmenter = Augmenter(grammar, SEED, pairs)
    rows: list[Row] = []
    origins: dict[tuple[str, str, str], int] = {}
    for number, example in enumerate(load_examples()):
        origins[example.act, example.topic, example.text] = number
        variants = (
            row
            for _ in range(ROUNDS)
            for row in augmenter.vary(example.act, example.topic, example.text, number)
        )
        # once the example itself, then its variants of every round
        rows.extend(dict.fromkeys(variants))
    rows.extend(augmenter.patterns(origin=-1, count=40))
    topics: dict[str, str] = yaml.safe_load((FOLDER / "topics.yaml").read_text(encoding="utf-8"))
    rows.extend(
        Row("ask", topic, phrase, 0.15, -1)
        for topic, phrases in topics.items()
        for phrase in phrases.split()
    )
    phrases = (FOLDER / "phrases.tsv").read_text(encoding="utf-8").splitlines()[1:]
    for line in phrases:
        topic, phrase = line.split("\t")
        rows.extend(augmenter.phrase(topic, phrase, origin=-1))
    rows.extend(heard_rows(origins))
    return rows


def heard_lines() -> list[list[str]]:
    """Act, topic, said and heard of ``heard.tsv``."""
    lines = (FOLDER / "heard.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t") for line in lines]


def heard_rows(origins: dict[tuple[str, str, str], int]) -> list[Row]:
    """What a recogniser made of examples read aloud (``heard.tsv``: act, topic, said, heard)."""
    rows = []
    for act, topic, said, heard in heard_lines():
        origin = origins.get((act, topic, said))
        if origin is not None and heard:
            rows.append(Row(act, topic, heard, 0.8, origin))
    return rows


class Matrix:
    """Rows as a sparse matrix over the features that occur often enough."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.features = [look(row.text).features for row in rows]
        counts = Counter(name for row in self.features for name in row)
        often = [(count, name) for name, count in counts.items() if count >= 4]
        often.sort(key=lambda pair: (-pair[0], pair[1]))
        self.names = sorted(name for _, name in often[:MOST_FEATURES])
        self.index = {name: number for number, name in enumerate(self.names)}
        self.values = self.sparse(self.features)

    def sparse(self, features: Sequence[dict[str, float]]) -> sparse.csr_matrix:
        """Feature dictionaries as one sparse matrix."""
        indices, data, starts = [], [], [0]
        for row in features:
            known = sorted(
                (self.index[name], value) for name, value in row.items() if name in self.index
            )
            indices += [number for number, _ in known]
            data += [value for _, value in known]
            starts.append(len(indices))
        shape = (len(features), len(self.names))
        return sparse.csr_matrix((np.array(data), np.array(indices), np.array(starts)), shape=shape)


Head = tuple[NDArray[np.float64], NDArray[np.float64]]


def fit(
    values: sparse.csr_matrix,
    labels: list[str],
    order: list[str],
    weight: NDArray[np.float64],
    c: float,
) -> Head:
    """Weights (features × labels in ``order``) and bias of one head."""
    learner = LogisticRegression(C=c, max_iter=300, tol=1e-3)
    learner.fit(values, labels, sample_weight=weight)
    weights = np.zeros((values.shape[1], len(order)))
    bias = np.full(len(order), -20.0)
    for row, label in enumerate(learner.classes_):
        weights[:, order.index(label)] = learner.coef_[row]
        bias[order.index(label)] = learner.intercept_[row]
    return weights, bias


def _fit_heads(matrix: Matrix, rows: Sequence[Row], use: NDArray[np.bool_]) -> tuple[Head, Head]:
    acts = [row.act for row in rows]
    topics = [row.topic for row in rows]
    weight = np.array([row.weight if row.weight < 1 else AS_WRITTEN for row in rows])
    phrases = np.array([row.weight < 0.2 for row in rows])
    talk = np.array([row.act in TALK for row in rows])
    for_act = use & ~phrases
    for_topic = use & ~talk

    def head(chosen: NDArray[np.bool_], labels: list[str], order: list[str]) -> Head:
        numbers = np.flatnonzero(chosen)
        return fit(
            matrix.values[numbers], [labels[n] for n in numbers], order, weight[numbers], 3.0
        )

    return head(for_act, acts, LABELS_ACT), head(for_topic, topics, LABELS_TOPIC)


def temperature(logits: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """The divisor of the logits that makes the probabilities honest on held-out sentences."""

    def loss(log_divisor: float) -> float:
        scaled = logits / np.exp(log_divisor)
        scaled -= scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled).sum(axis=1))
        return float(np.mean(total - scaled[np.arange(len(truth)), truth]))

    return float(np.exp(minimize_scalar(loss, bounds=(-2.0, 2.0), method="bounded").x))


def measure(
    matrix: Matrix, rows: Sequence[Row], heads: tuple[Head, Head], test: NDArray[np.intp]
) -> tuple[float, float]:
    """Prints how often held-out examples are right; returns the temperatures."""
    values = matrix.values[test]
    act_logits = values @ heads[0][0] + heads[0][1]
    topic_logits = values @ heads[1][0] + heads[1][1]
    acts = np.array([LABELS_ACT.index(rows[n].act) for n in test])
    topics = np.array([LABELS_TOPIC.index(rows[n].topic) for n in test])
    talk = np.array([rows[n].act in TALK for n in test])
    act_right = act_logits.argmax(axis=1) == acts
    topic_right = (topic_logits.argmax(axis=1) == topics) | talk
    sys.stdout.write(
        f"held out {len(test)}: act {act_right.mean():.3f}, topic {topic_right.mean():.3f}, "
        f"both {(act_right & topic_right).mean():.3f}\n"
    )
    return temperature(act_logits, acts), temperature(topic_logits[~talk], topics[~talk])


def save(
    matrix: Matrix, heads: tuple[Head, Head], divisors: tuple[float, float], target: Path
) -> None:
    """Weights as 8-bit integers with one scale a label; features without weight are left out."""
    weights = np.hstack([heads[0][0], heads[1][0]])
    scale = np.abs(weights).max(axis=0) / 127
    small = np.round(weights / scale).astype(np.int8)
    kept = np.flatnonzero(np.abs(small).max(axis=1) >= 3)

    def text(lines: Sequence[str]) -> NDArray[np.uint8]:
        return np.frombuffer("\n".join(lines).encode("utf-8"), dtype=np.uint8)

    np.savez_compressed(
        target,
        names=text([matrix.names[row] for row in kept]),
        weights=small[kept],
        scale=scale.astype(np.float32),
        bias=np.concatenate([heads[0][1], heads[1][1]]).astype(np.float32),
        labels=text(LABELS_ACT + LABELS_TOPIC),
        temperature=np.array(divisors, dtype=np.float32),
        trained_on=text([sources_hash()]),
    )
    sys.stdout.write(f"{len(kept)} features, {target.stat().st_size / 1e6:.2f} MB\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Measure on a held-out fifth, then learn from everything and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure-only", action="store_true", help="do not learn from everything")
    parser.add_argument("--target", type=Path, default=FOLDER / "weights.npz")
    options = parser.parse_args(argv)
    rows = training_rows()
    matrix = Matrix(rows)
    sys.stdout.write(f"{len(rows)} rows, {len(matrix.names)} features\n")
    held_out = np.array([row.origin % 5 == 0 and row.origin >= 0 for row in rows])
    heads = _fit_heads(matrix, rows, ~held_out)
    test = np.flatnonzero(held_out & np.array([row.weight == 1.0 for row in rows]))
    divisors = measure(matrix, rows, heads, test)
    if not options.measure_only:
        heads = _fit_heads(matrix, rows, np.ones(len(rows), dtype=np.bool_))
        save(matrix, heads, divisors, options.target)


if __name__ == "__main__":
    main()
