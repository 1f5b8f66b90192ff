"""How well, how fast and how patiently the recognizer hears telephone speech.

    python -m benchmarks.asr_accuracy accuracy --audio ../shared/audio/human [--full-window]
    python -m benchmarks.asr_accuracy latency --audio ../shared/audio/hotline --streams 10
    python -m benchmarks.asr_accuracy pauses --audio ../shared/audio/hotline --count 30

``--audio``: a folder with a ``manifest.tsv`` (columns file, text) and its WAV files.
accuracy: character and toneless-syllable error rate, seconds a sentence, of the files as cut by the
VAD. latency: files streamed in real time, from the last speech in the sound to the Final event (the
VAD's own lag included). pauses: each sentence with a silence of 0.8-1.2 s put into its longest gap:
the share that is cut in two. ``--json FILE`` keeps the figures.
"""

import argparse
import asyncio
import csv
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from asr import Patience, RecognizerPool, choose_engine
from asr.audio import RATE, read_wav, seconds, to_floats
from asr.engines import Engine, load_engine
from asr.engines.whisper import WhisperEngine
from asr.files import hear
from asr.text import normalise
from hotline.domain.speech import Final, SpeechEvent
from hotline.language import complete
from hotline.settings import load_settings

Figures = dict[str, float | int | str]


def sentences(folder: Path) -> list[tuple[Path, str]]:
    """Files and what is said in them."""
    with (folder / "manifest.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(folder / row["file"], normalise(row["text"])) for row in rows]


@dataclass
class Errors:
    """Counts of wrong characters and syllables."""

    characters: int = 0
    character_errors: int = 0
    syllables: int = 0
    syllable_errors: int = 0

    def add(self, said: str, heard: str) -> float:
        """Count one sentence; its share of wrong syllables."""
        sound = lazy_pinyin(said)
        wrong = Levenshtein.distance(sound, lazy_pinyin(heard))
        self.characters += len(said)
        self.character_errors += Levenshtein.distance(said, heard)
        self.syllables += len(sound)
        self.syllable_errors += wrong
        return wrong / max(1, len(sound))

    def rates(self) -> Figures:
        """Percentages."""
        return {
            "cer_percent": round(100 * self.character_errors / max(1, self.characters), 1),
            "ser_percent": round(100 * self.syllable_errors / max(1, self.syllables), 1),
        }


def accuracy(options: argparse.Namespace) -> Figures:
    """Error rates and speed."""
    choice = choose_engine(load_settings(), options.engine)
    if choice.model_path is None:
        sys.exit(choice.reason)
    engine: Engine
    if options.full_window:
        engine = WhisperEngine(choice.model_path, threads=options.threads, tail_s=30.0)
    else:
        engine = load_engine(choice.name, choice.model_path, threads=options.threads)
    errors, bad, spent, sound_s = Errors(), 0, 0.0, 0.0
    files = sentences(options.audio)[: options.count]
    for path, said in files:
        pcm = read_wav(path)
        began = time.perf_counter()
        heard = "".join(one.text for one in hear(pcm, engine))
        spent += time.perf_counter() - began
        sound_s += seconds(len(pcm))
        share = errors.add(said, heard)
        bad += share > 0.5
        if options.show and share > options.show:
            print(f"{path.name}  {said} | {heard}")
    return {
        "engine": choice.name,
        "window": "30 s" if options.full_window else "sound + 2 s",
        "sentences": len(files),
        **errors.rates(),
        "mostly_wrong": bad,
        "seconds_a_sentence": round(spent / len(files), 3),
        "real_time_factor": round(spent / sound_s, 3),
        "threads": options.threads,
    }


def last_speech(pcm: bytes) -> float:
    """Where the sound last was within 30 dB of its loudest 20 ms."""
    frames = to_floats(pcm)[: len(pcm) // 640 * 320].reshape(-1, 320)
    level = 10 * np.log10(np.mean(np.square(frames), axis=1) + 1e-10)
    return (float(np.nonzero(level > level.max() - 30)[0][-1]) + 1) * 0.02


@dataclass
class Outcome:
    """What one streamed file led to."""

    said: str
    latency_s: float
    texts: list[str]


async def stream_one(
    pool: RecognizerPool, name: str, pcm: bytes, said: str, patience: Patience, judge: bool
) -> Outcome:
    """Stream in real time; the latency of the last final with words."""
    loop = asyncio.get_running_loop()
    finals: list[tuple[float, Final]] = []

    def listen(event: SpeechEvent) -> None:
        if isinstance(event, Final) and event.text:
            finals.append((loop.time(), event))

    def whole(text: str) -> float:
        # the words as the caller meant them are complete, any part of them is judged
        return 1.0 if not judge else complete(text)

    stream = pool.open(name, on_event=listen, patience=patience, completeness=whole)
    end = last_speech(pcm)
    padded = pcm + bytes(3 * RATE * 2)
    began = loop.time()
    for at in range(0, len(padded), 640):
        stream.feed(padded[at : at + 640])
        await asyncio.sleep(max(0.0, began + (at + 640) / (2 * RATE) - loop.time()))
    await stream.drain()
    stream.close()
    latency = finals[-1][0] - began - end if finals else float("nan")
    return Outcome(said, latency, [final.text for _, final in finals])


async def run_streams(
    files: list[tuple[bytes, str]], streams: int, patience: Patience, judge: bool
) -> tuple[list[Outcome], RecognizerPool, float]:
    """All files over so many streams at once; also the workers' memory in MB."""
    pool = RecognizerPool(load_settings())
    await pool.start()
    waiting = list(enumerate(files))
    outcomes: list[Outcome] = []

    async def caller(number: int) -> None:
        # callers do not begin all at once
        await asyncio.sleep(number * 0.37)
        while waiting:
            index, (pcm, said) = waiting.pop(0)
            outcome = await stream_one(pool, f"{number}-{index}", pcm, said, patience, judge)
            outcomes.append(outcome)

    async with asyncio.TaskGroup() as group:
        for number in range(streams):
            group.create_task(caller(number))
    memory = sum(psutil.Process(pid).memory_info().rss for pid in pool.worker_pids()) / 1e6
    await pool.stop()
    return outcomes, pool, memory


def latency(options: argparse.Namespace) -> Figures:
    """From the end of speech to the Final."""
    patience = Patience(complete_s=options.complete, incomplete_s=options.incomplete)
    files = [(read_wav(path), said) for path, said in sentences(options.audio)[: options.count]]
    began = psutil.cpu_times()
    outcomes, pool, memory = asyncio.run(
        run_streams(files, options.streams, patience, options.judge)
    )
    ended = psutil.cpu_times()
    values = sorted(one.latency_s for one in outcomes if one.texts)
    errors = Errors()
    for one in outcomes:
        errors.add(one.said, "".join(one.texts))
    stats = pool.stats()
    return {
        "engine": stats.engine,
        "streams": options.streams,
        "heard": len(values),
        "not_heard": len(outcomes) - len(values),
        "p50_s": round(quantile(values, 0.5), 3),
        "p90_s": round(quantile(values, 0.9), 3),
        "max_s": round(values[-1], 3),
        "cut_in_two": sum(len(one.texts) > 1 for one in outcomes),
        **errors.rates(),
        "finals": stats.finals,
        "partials": stats.partials,
        "partials_shed": stats.partials_shed,
        "superseded": stats.superseded,
        "worker_memory_mb": round(memory),
        "machine_busy_percent": round(
            100 * (1 - (ended.idle - began.idle) / (sum(ended) - sum(began)))
        ),
    }


def with_pause(pcm: bytes, pause_s: float) -> bytes | None:
    """Stretch the quietest place of the middle half to a silence that long; None: there is none."""
    samples = to_floats(pcm)
    hop = 320
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    level = np.convolve(np.mean(np.square(frames), axis=1), np.ones(3) / 3, mode="same")
    loud = np.nonzero(level > level.max() * 0.02)[0]
    first, last = loud[0], loud[-1]
    quarter = (last - first) // 4
    middle = level[first + quarter : last - quarter]
    if len(middle) < 10:
        return None
    at = int(np.argmin(middle) + first + quarter)
    quiet = level < level.max() * 0.01
    before = after = 0
    while at - before > 0 and quiet[at - before]:
        before += 1
    while at + after < len(quiet) and quiet[at + after]:
        after += 1
    more_s = pause_s - (before + after) * hop / RATE
    if more_s <= 0:
        return pcm
    rng = np.random.default_rng(at)
    hiss = (rng.normal(0, 15, round(more_s * RATE))).astype("<i2").tobytes()
    cut = at * hop * 2
    return pcm[:cut] + hiss + pcm[cut:]


def pauses(options: argparse.Namespace) -> Figures:
    """Callers who pause inside a sentence: how many are cut off."""
    rng = random.Random(12348)
    files: list[tuple[bytes, str]] = []
    for path, said in sentences(options.audio):
        # the pause of a person falls between words of a longer sentence
        if len(said) >= 12 and len(files) < (options.count or 1000):
            paused = with_pause(read_wav(path), rng.uniform(0.8, 1.2))
            if paused is not None:
                files.append((paused, said))
    patience = Patience(complete_s=options.complete, incomplete_s=options.incomplete)
    outcomes, pool, _ = asyncio.run(run_streams(files, options.streams, patience, judge=True))
    cut = [one for one in outcomes if len(one.texts) > 1]
    for one in cut:
        print(f"cut: {one.said} | {' / '.join(one.texts)}")
    values = sorted(one.latency_s for one in outcomes if one.texts)
    return {
        "engine": pool.stats().engine,
        "sentences": len(outcomes),
        "cut_off": len(cut),
        "cut_off_percent": round(100 * len(cut) / len(outcomes), 1),
        "p50_s": round(quantile(values, 0.5), 3),
    }


def quantile(ordered: list[float], share: float) -> float:
    """Of an ordered list."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["accuracy", "latency", "pauses"])
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--count", type=int)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--full-window", action="store_true")
    parser.add_argument("--complete", type=float, default=Patience().complete_s)
    parser.add_argument("--incomplete", type=float, default=Patience().incomplete_s)
    parser.add_argument(
        "--judge", action="store_true", help="let the language judge completeness (else: complete)"
    )
    parser.add_argument("--show", type=float, default=0.0, help="print sentences worse than this")
    parser.add_argument("--json", type=Path)
    return parser.parse_args(arguments)


def rows(figures: Figures) -> Iterator[str]:
    """The table."""
    width = max(map(len, figures))
    for name, value in figures.items():
        yield f"{name:<{width}}  {value}"


def main() -> None:
    """Measure, print, keep."""
    options = options_of()
    measure: Callable[[argparse.Namespace], Figures] = {
        "accuracy": accuracy,
        "latency": latency,
        "pauses": pauses,
    }[options.what]
    figures = measure(options)
    print("\n".join(rows(figures)))
    if options.json:
        options.json.write_text(json.dumps(figures, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
