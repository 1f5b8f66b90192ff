"""Speaks sentences as callers on a bad line do, and writes down what our recognizer makes of them.

    python -m benchmarks.spoken SOURCE.tsv TARGET.tsv [--each 1] [--seed 12348] [--most N]

``SOURCE``: a table with a column ``text`` and any others, which are kept. Each sentence is said by
``--each`` voices drawn from those installed, bent in pitch (cents) and tempo, with noise 15-40 dB
below it, over 8 kHz a-law, 300-3400 Hz: the quality of ``shared/audio/README.md``. ``TARGET`` gets
the columns ``voice`` (all that was drawn), ``heard`` (what the recognizer takes it for) and
``others`` (its alternatives, separated by ``|``). What is drawn depends on the seed and the
sentence alone. Rows that ``TARGET`` has already are not made again: a broken run is repeated.
"""

import argparse
import csv
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from asr import choose_engine
from asr.engines import Engine, load_engine
from asr.files import hear
from hotline.language import syllable_error_rate
from hotline.settings import Settings, load_settings
from ivr.voice.engines import base
from ivr.voice.engines.choose import load, pick
from ivr.voice.reading import pieces
from ivr.voice.sound import RATE, Pcm, Sound, finish, resample, telephone, to_pcm, to_sound

Row = dict[str, str]
PITCHES = (-150, -80, 0, 80)
"""Cents; what the voices of ``shared/audio`` were bent by."""
TEMPOS = (0.9, 0.95, 1.0, 1.08)
NOISES = (15, 20, 28, 40)
"""Decibels the speech is above the noise."""
_LEAD_S = 0.4
MADE = ("voice", "heard", "others")


@dataclass(frozen=True, slots=True)
class Caller:
    """One way of saying a sentence."""

    style: str
    pitch: int
    tempo: float
    snr: int
    noise_seed: int

    def __str__(self) -> str:
        return f"{self.style} pitch{self.pitch:+d} tempo{self.tempo} snr{self.snr}"


def callers(text: str, styles: Sequence[str], each: int, seed: int) -> list[Caller]:
    """Who says a sentence: drawn from the seed and the sentence alone, no style twice."""
    digest = hashlib.sha256(f"{seed}\t{text}".encode()).digest()
    rng = random.Random(int.from_bytes(digest[:8]))
    return [
        Caller(
            style,
            rng.choice(PITCHES),
            rng.choice(TEMPOS),
            rng.choice(NOISES),
            rng.getrandbits(32),
        )
        for style in rng.sample(list(styles), min(each, len(styles)))
    ]


class Voices:
    """The installed styles of our own voice; one is loaded at a time."""

    def __init__(self, settings: Settings, threads: int) -> None:
        self._settings = settings
        self._threads = threads
        folder = settings.cache_dir / "models" / "kokoro" / "styles"
        self.styles = sorted(path.stem for path in folder.glob("*.bin"))
        self._style = ""
        self._engine: base.Engine | None = None
        self._pace = 1.0

    def say(self, text: str, caller: Caller) -> Pcm:
        """16 kHz sound of a sentence as it comes out of the telephone."""
        engine = self._loaded(caller.style)
        bend = 2 ** (caller.pitch / 1200)
        speed = self._pace * caller.tempo / bend  # playing it faster raises the pitch again
        parts: list[Sound] = []
        for piece in pieces(text):
            sound, rate = engine.speak(piece.text, speed)
            parts.append(to_sound(finish(resample(sound, round(rate * bend), rate), rate)))
            parts.append(np.zeros(int(piece.pause * RATE), np.float32))
        quiet = np.zeros(int(_LEAD_S * RATE), np.float32)
        return telephone(to_pcm(noisy(np.concatenate([quiet, *parts[:-1], quiet]), caller)))

    def _loaded(self, style: str) -> base.Engine:
        if self._engine is None or style != self._style:
            wanted = self._settings.voice.model_copy(update={"style": style, "engine": "kokoro"})
            spec = pick(wanted, self._settings.cache_dir)
            self._engine = load(spec, self._threads)
            self._style, self._pace = style, spec.pace
        return self._engine


def noisy(sound: Sound, caller: Caller) -> Sound:
    """The sound with white noise so many decibels below its speech."""
    speech = sound[np.abs(sound) > 0.02]
    power = float(np.mean(np.square(speech))) if speech.size else 1e-4
    spread = np.sqrt(power / 10 ** (caller.snr / 10))
    noise = np.random.default_rng(caller.noise_seed).normal(0.0, spread, len(sound))
    return (sound + noise).astype(np.float32)


def listen(pcm: Pcm, engine: Engine) -> tuple[str, tuple[str, ...]]:
    """Text and alternatives, as a Final event would bring them."""
    found = hear(pcm.astype("<i2").tobytes(), engine)
    others = found[0].alternatives if len(found) == 1 else ()
    return "".join(one.text for one in found), others


def jobs(rows: Sequence[Row], styles: Sequence[str], each: int, seed: int) -> Iterator[Row]:
    """Every row once for each of its callers, the caller in ``voice``."""
    for row in rows:
        for caller in callers(row["text"], styles, each, seed):
            yield row | {"voice": str(caller)}


def read(path: Path) -> list[Row]:
    """Rows of a tab-separated file with a header; none where there is no file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def write(path: Path, rows: Sequence[Row]) -> None:
    """All rows with a header."""
    names = list(rows[0])
    lines = ["\t".join(names), *("\t".join(row[name] for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def make(rows: Sequence[Row], target: Path, options: argparse.Namespace) -> list[Row]:
    """Speak and hear what ``target`` lacks; what it holds then, in the order of ``rows``."""
    each, seed, threads = options.each, options.seed, options.threads
    settings = load_settings()
    choice = choose_engine(settings, "auto")
    if choice.model_path is None:
        sys.exit(choice.reason)
    ears = load_engine(choice.name, choice.model_path, threads=threads)
    voices = Voices(settings, threads)
    wanted = list(jobs(rows, voices.styles, each, seed))
    done = {(row["text"], row["voice"]): row for row in read(target)}
    missing = [row for row in wanted if (row["text"], row["voice"]) not in done]
    missing = sorted(missing, key=lambda one: one["voice"])[: options.most]
    for count, row in enumerate(missing, 1):
        text = row["text"]
        caller = next(
            one for one in callers(text, voices.styles, each, seed) if str(one) == row["voice"]
        )
        heard, others = listen(voices.say(text, caller), ears)
        done[text, row["voice"]] = row | {"heard": heard, "others": "|".join(others)}
        if count % 20 == 0 or count == len(missing):
            write(target, [done[key] for one in wanted if (key := _key(one)) in done])
            print(f"{count}/{len(missing)}", file=sys.stderr, flush=True)
    return [done[_key(one)] for one in wanted if _key(one) in done]


def _key(row: Row) -> tuple[str, str]:
    return row["text"], row["voice"]


def main(argv: Sequence[str] | None = None) -> None:
    """Make the table and print how badly it was heard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--each", type=int, default=1, help="voices for every sentence")
    parser.add_argument("--seed", type=int, default=12348)
    parser.add_argument("--limit", type=int, help="only the first so many sentences")
    parser.add_argument("--most", type=int, help="make only so many rows in this run")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(argv)
    rows = read(options.source)[: options.limit]
    if not rows or "text" not in rows[0]:
        parser.error(f"{options.source} has no rows with a column text")
    found = make(rows, options.target, options)
    errors = [syllable_error_rate(row["text"], row["heard"]) for row in found]
    figures = {
        "sentences": len(found),
        "syllable_error_percent": round(100 * sum(errors) / len(errors), 1),
        "nothing_heard": sum(not row["heard"] for row in found),
        "with_alternatives": sum(bool(row["others"]) for row in found),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
