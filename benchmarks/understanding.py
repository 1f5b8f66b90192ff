"""How well sentences are understood: ``python -m benchmarks.understanding [--json FILE]``.

Measures act and topic together on sentences kept out of training (``data/understanding_*.tsv``),
the same after homophone noise, emergencies missed and false alarms, confidence, and the time taken.
``--manifest FILE`` (columns act, topic, text and optionally heard, others, with a header; act may
be emergency or trap) measures any other set, for one what ``benchmarks.spoken`` has written;
``--wrong`` prints what was misread, but never of ``understanding_unread*.tsv``: nobody has read the
mistakes made there, and nobody should, or they say as little as the others.
"""

import argparse
import csv
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hotline.domain.codes import Act
from hotline.domain.understanding import Understanding
from hotline.language import Understander, syllable_error_rate
from ivr.bot.flows.safety import WORRY_CLEAR, WORRY_UNCLEAR

DATA = Path(__file__).parent / "data"
NOISE = 0.35
"""Share of words replaced by words that sound alike: about the syllable error of Whisper base."""


Rows = Sequence[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; shares are 0..1."""

    name: str
    sentences: int
    value: float
    must: float | None
    aim: float | None
    lower_is_better: bool = False
    note: str = ""

    def reached(self) -> str:
        """``aim``, ``must`` or ``below`` in words for the table."""
        if self.must is None or self.aim is None:
            return ""
        better: Callable[[float, float], bool] = (
            (lambda value, goal: value <= goal)
            if self.lower_is_better
            else (lambda value, goal: value >= goal)
        )
        return (
            "aim"
            if better(self.value, self.aim)
            else "must"
            if better(self.value, self.must)
            else "below"
        )


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows of a tab-separated file with a header."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


class Bench:
    """Runs the sets through one Understander and collects figures."""

    def __init__(self, show_wrong: bool) -> None:
        self.understander = Understander.load()
        self.figures: list[Figure] = []
        self.silent = False
        """Keep the mistakes to ourselves: of sets nobody is to learn from."""
        self._show_wrong = show_wrong

    def labelled(self, name: str, rows: Rows, column: str, must: float, aim: float) -> None:
        """Share of rows whose act and topic are both right, and of each alone in the note."""
        both = acts = topics = 0
        honesty: list[tuple[float, bool]] = []
        for row in rows:
            found = self._read(row, column)
            act, topic = found.act == row["act"], found.topic == row["topic"]
            acts, topics, both = acts + act, topics + topic, both + (act and topic)
            honesty.append((found.confidence, act and topic))
            if not (act and topic):
                self._wrong(
                    f"{row[column]}: {row['act']}/{row['topic']}, read as {found.act}/{found.topic}"
                )
        count = len(rows)
        note = (
            f"act {acts / count:.3f} topic {topics / count:.3f} "
            f"calibration error {_miscalibration(honesty):.3f}"
        )
        self.figures.append(Figure(name, count, both / count, must, aim, note=note))

    def missed(self, name: str, rows: Rows, column: str, must: float, aim: float) -> None:
        """Share of emergencies not seen as such."""
        unseen = [row for row in rows if self._read(row, column).act is not Act.EMERGENCY]
        for row in unseen:
            self._wrong(f"emergency missed: {row[column]} ({row['text']})")
        self.figures.append(Figure(name, len(rows), len(unseen) / len(rows), must, aim, True))

    def false_alarms(self, name: str, rows: Rows, column: str, must: float, aim: float) -> None:
        """Share of other sentences taken for an emergency."""
        alarms = [row for row in rows if self._read(row, column).act is Act.EMERGENCY]
        for row in alarms:
            self._wrong(f"false alarm: {row[column]} ({row['text']})")
        self.figures.append(Figure(name, len(rows), len(alarms) / len(rows), must, aim, True))

    def asked(self, name: str, rows: Rows, column: str, *, cries: bool) -> None:
        """Share of sentences not taken for an emergency whose callers are asked if they are safe.

        Of cries it counts those that are missed and not asked about either.
        """
        calm = [u for u in (self._read(row, column) for row in rows) if u.act is not Act.EMERGENCY]
        least = WORRY_UNCLEAR if column == "heard" else WORRY_CLEAR
        asked = sum(u.worry >= least for u in calm)
        counted = len(calm) - asked if cries else asked
        self.figures.append(Figure(name, len(rows), counted / len(rows), None, None, True))

    def _read(self, row: dict[str, str], column: str) -> Understanding:
        """What a row is taken for; heard sentences come with the recognizer's alternatives."""
        others = row.get("others") or "" if column == "heard" else ""
        alternatives = tuple(filter(None, others.split("|")))
        return self.understander.understand(row[column], alternatives=alternatives)

    def speed(self, texts: Sequence[str]) -> None:
        """Processor milliseconds a sentence, median."""
        times = []
        for text in texts:
            begun = time.process_time()
            self.understander.understand(text)
            times.append((time.process_time() - begun) * 1000)
        median = sorted(times)[len(times) // 2]
        self.figures.append(
            Figure("processor ms a sentence (median)", len(times), median, 5.0, 5.0, True)
        )

    def _wrong(self, line: str) -> None:
        if self._show_wrong and not self.silent:
            print(line)


def _miscalibration(honesty: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error over ten bins of confidence."""
    total = 0.0
    for lower in range(10):
        held = [one for one in honesty if lower / 10 <= one[0] < (lower + 1) / 10 + (lower == 9)]
        if held:
            confidence = sum(value for value, _ in held) / len(held)
            right = sum(ok for _, ok in held) / len(held)
            total += abs(confidence - right) * len(held) / len(honesty)
    return total


def _noisy(rows: Rows) -> tuple[list[dict[str, str]], float]:
    """Rows with a ``heard`` column of homophone noise, and the mean syllable error it makes."""
    from hotline.language.augment import Noise

    noise = Noise(random.Random(7))
    spoilt = [row | {"heard": noise.spoil(row["text"], NOISE)} for row in rows]
    errors = [syllable_error_rate(row["text"], row["heard"]) for row in spoilt]
    return spoilt, sum(errors) / len(errors)


def own_sets(bench: Bench) -> None:
    """The project's own held-out sets, typed, spoilt, and as recognised where transcripts exist."""
    sentences = rows_of(DATA / "understanding_sentences.tsv")
    emergencies = rows_of(DATA / "understanding_emergencies.tsv")
    traps = rows_of(DATA / "understanding_traps.tsv")
    bench.labelled("act and topic, typed", sentences, "text", 0.85, 0.95)
    spoilt, _ = _noisy(sentences)
    bench.labelled("act and topic, homophone noise", spoilt, "heard", 0.65, 0.85)
    bench.missed("emergencies missed, typed", emergencies, "text", 0.0, 0.0)
    cries, _ = _noisy(emergencies)
    bench.missed("emergencies missed, homophone noise", cries, "heard", 0.05, 0.0)
    bench.false_alarms("false alarms, typed", traps, "text", 0.02, 0.005)
    heard_traps, _ = _noisy(traps)
    bench.false_alarms("false alarms, homophone noise", heard_traps, "heard", 0.02, 0.005)
    bench.asked("asked whether they are safe, typed", sentences, "text", cries=False)
    bench.asked("asked whether they are safe, near-misses typed", traps, "text", cries=False)
    bench.speed([row["text"] for row in sentences])
    for name in ("understanding_unread.tsv", "understanding_unread_danger.tsv"):
        other_set(bench, DATA / name, show_wrong=False)
    recognised = DATA / "understanding_heard.tsv"
    if recognised.is_file():
        heard_set(bench, rows_of(recognised))


def heard_set(bench: Bench, rows: Rows) -> None:
    """Transcripts of the own sets read aloud by synthetic voices over a telephone line."""
    plain_rows = [row for row in rows if row["act"] not in ("emergency", "trap")]
    bench.labelled("act and topic, recognised", plain_rows, "heard", 0.65, 0.85)
    for act, measure, must, aim in (
        ("emergency", bench.missed, 0.05, 0.0),
        ("trap", bench.false_alarms, 0.02, 0.005),
    ):
        chosen = [row for row in rows if row["act"] == act]
        if chosen:
            name = "emergencies missed" if act == "emergency" else "false alarms"
            measure(f"{name}, recognised", chosen, "heard", must, aim)
            asked = "missed and not asked either" if act == "emergency" else "asked near-misses"
            bench.asked(f"{asked}, recognised", chosen, "heard", cries=act == "emergency")
    bench.asked("asked whether they are safe, recognised", plain_rows, "heard", cries=False)


def other_set(bench: Bench, path: Path, *, show_wrong: bool = True) -> None:
    """Any other table, typed and, where it was spoken, as heard."""
    rows = rows_of(path)
    name = path.stem.removeprefix("understanding_")
    bench.silent = not show_wrong
    ways = [("text", "typed", 0.85, 0.95, 0.0)]
    if rows and "heard" in rows[0]:
        ways.append(("heard", "recognised", 0.65, 0.85, 0.05))
    cries = [row for row in rows if row["act"] == "emergency"]
    others = [row for row in rows if row["act"] != "emergency"]
    plain_rows = [row for row in others if row["act"] != "trap"]
    for column, way, must, aim, may_miss in ways:
        if plain_rows:
            bench.labelled(f"{name}: act and topic, {way}", plain_rows, column, must, aim)
        if cries:
            bench.missed(f"{name}: emergencies missed, {way}", cries, column, may_miss, 0.0)
            bench.asked(f"{name}: missed and not asked either, {way}", cries, column, cries=True)
        if others:
            bench.false_alarms(f"{name}: false alarms, {way}", others, column, 0.02, 0.005)
    bench.silent = False


def report(figures: Sequence[Figure], json_path: Path | None) -> None:
    """The figures as a table, and as JSON when asked for."""
    table = Table("figure", "sentences", "value", "must", "aim", "reached", "note")
    for figure in figures:
        goals = [f"{goal:g}" if goal is not None else "" for goal in (figure.must, figure.aim)]
        table.add_row(
            figure.name,
            str(figure.sentences),
            f"{figure.value:.3f}",
            *goals,
            figure.reached(),
            figure.note,
        )
    Console(width=150).print(table)
    if json_path is not None:
        json_path.write_text(
            json.dumps([asdict(figure) for figure in figures], ensure_ascii=False, indent=1)
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 1 when a figure stays below what it must reach."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--manifest", type=Path, action="append", default=[], help="another set to measure"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--wrong", action="store_true", help="print every misread sentence")
    options = parser.parse_args(argv)
    bench = Bench(options.wrong)
    for path in options.manifest:
        other_set(bench, path)
    if not options.manifest:
        own_sets(bench)
    report(bench.figures, options.json)
    return 1 if any(figure.reached() == "below" for figure in bench.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
