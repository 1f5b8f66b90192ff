"""Words made up out of sound without words: 100 clips through the hotline's own ears.

    python -m benchmarks.asr_phantoms [--engine auto|vosk|whisper] [--json FILE] [--save DIR]

Prints every clip in which words were heard; exits 1 when there is one. Clips are synthesised (no
recordings are needed), 8 kHz band-limited and through A-law as a telephone delivers them. The
figure is 0. Speech heard by the VAD and refused by the gate is counted too: it costs a decode.
"""

import argparse
import json
import sys
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from asr.audio import to_pcm
from asr.engines import choose_engine, load_engine
from asr.files import hear
from hotline.settings import load_settings

RATE = 8000
Sound = npt.NDArray[np.float64]
Maker = Callable[[np.random.Generator, float], Sound]
SECONDS = 5.0


def times(seconds: float = SECONDS) -> Sound:
    """Sample instants."""
    return np.arange(round(seconds * RATE)) / RATE


def coloured(rng: np.random.Generator, slope: float, seconds: float = SECONDS) -> Sound:
    """Noise whose spectrum falls with frequency ** -slope (0 white, 0.5 pink, 1 brown)."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    freqs = np.maximum(np.fft.rfftfreq(count, 1 / RATE), 30.0)
    sound = np.fft.irfft(spectrum * freqs**-slope, count)
    return sound / np.max(np.abs(sound))


def band(sound: Sound, low: float, high: float) -> Sound:
    """Keep a band of frequencies."""
    spectrum = np.fft.rfft(sound)
    freqs = np.fft.rfftfreq(len(sound), 1 / RATE)
    spectrum[(freqs < low) | (freqs > high)] = 0
    return np.fft.irfft(spectrum, len(sound))


def tone(*freqs: float, seconds: float = SECONDS) -> Sound:
    """Sum of sines."""
    t = times(seconds)
    return np.sum([np.sin(2 * np.pi * f * t) for f in freqs], axis=0) / len(freqs)


def cadence(sound: Sound, on: float, off: float) -> Sound:
    """Switch a sound on and off."""
    return np.where(np.arange(len(sound)) / RATE % (on + off) < on, sound, 0.0)


def at(events: list[tuple[float, Sound]]) -> Sound:
    """Put sounds at their seconds."""
    out = np.zeros(round(SECONDS * RATE))
    for second, sound in events:
        first = round(second * RATE)
        part = sound[: max(0, len(out) - first)]
        out[first : first + len(part)] += part
    return out


def burst(rng: np.random.Generator, seconds: float, attack: float, decay: float) -> Sound:
    """Noise that rises and dies away."""
    t = times(seconds)
    return coloured(rng, 0.3, seconds) * np.minimum(t / attack, 1.0) * np.exp(-t / decay)


def cough(rng: np.random.Generator) -> Sound:
    """Burst, voiced middle, trailing breath: the three phases of a cough."""
    pitch = rng.uniform(150, 350)
    explosive = band(burst(rng, 0.08, 0.004, 0.03), 300, 3000)
    t = times(0.18)
    voiced = sum(np.sin(2 * np.pi * pitch * k * t * (1 - 0.6 * t)) / k for k in range(1, 8))
    voiced = voiced * np.exp(-t / 0.06) + 0.8 * band(burst(rng, 0.18, 0.01, 0.07), 400, 2500)
    breath = 0.3 * band(burst(rng, 0.25, 0.05, 0.1), 500, 3400)
    return np.concatenate([explosive, 0.7 * voiced, breath])


def coughs(rng: np.random.Generator, count: float) -> Sound:
    """A fit of coughs."""
    return at([(0.6 + 0.45 * k + rng.uniform(0, 0.1), cough(rng)) for k in range(int(count))])


def breathing(rng: np.random.Generator, rate: float) -> Sound:
    """Breath into the microphone."""
    t = times()
    swell = np.maximum(0.0, np.sin(2 * np.pi * rate * t)) ** 2
    return band(coloured(rng, 0.4), 300, rng.uniform(1500, 3000)) * swell


def throat(rng: np.random.Generator, pitch: float) -> Sound:
    """Clearing one's throat: rough low buzz in noise."""
    t = times(0.5)
    rough = np.sin(2 * np.pi * pitch * t + 3 * np.sin(2 * np.pi * 27 * t))
    one = (rough * 0.5 + band(coloured(rng, 0.5, 0.5), 200, 2000)) * np.hanning(len(t))
    return at([(0.8, one), (1.5, one * 0.8)])


def sneeze(rng: np.random.Generator, strength: float) -> Sound:
    """Breath in, explosion."""
    gasp = 0.2 * band(burst(rng, 0.5, 0.4, 0.5), 500, 2500)
    return at([(0.8, gasp), (1.35, strength * band(burst(rng, 0.35, 0.005, 0.12), 800, 3400))])


def dtmf(rng: np.random.Generator, count: float) -> Sound:
    """Keys pressed."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    events = []
    for k in range(int(count)):
        row, column = rows[rng.integers(4)], columns[rng.integers(4)]
        events.append((0.3 + 0.35 * k, tone(row, column, seconds=rng.uniform(0.08, 0.3))))
    return at(events)


def note(freq: float, seconds: float, harmonics: int, decay: float) -> Sound:
    """One note of an instrument."""
    t = times(seconds)
    waves = [np.sin(2 * np.pi * freq * k * t) / k**1.2 for k in range(1, harmonics + 1)]
    return np.sum(waves, axis=0) * np.exp(-t / decay) * np.minimum(t / 0.01, 1)


def chords(rng: np.random.Generator, tempo: float) -> Sound:
    """Plain harmony, as music on hold."""
    events = []
    for k in range(int(SECONDS * tempo)):
        root = 220 * 2 ** (rng.choice([0, 5, 7, 9]) / 12)
        for step in (0, 4, 7):
            events.append((k / tempo, note(root * 2 ** (step / 12), 1 / tempo + 0.3, 6, 0.6)))
    return at(events)


def melody(rng: np.random.Generator, tempo: float) -> Sound:
    """A flute-like tune with vibrato over a bass, pentatonic."""
    events = []
    for k in range(int(SECONDS * tempo)):
        freq = 392 * 2 ** (rng.choice([0, 2, 4, 7, 9, 12]) / 12)
        t = times(1 / tempo)
        sung = np.sin(2 * np.pi * freq * t + 0.5 * np.sin(2 * np.pi * 5.5 * t))
        sung += 0.4 * np.sin(4 * np.pi * freq * t)
        events.append((k / tempo, sung * np.hanning(len(t)) ** 0.3))
        if k % 4 == 0:
            events.append((k / tempo, 0.8 * note(98, 1.0, 8, 0.7)))
    return at(events)


def strings(rng: np.random.Generator, tempo: float) -> Sound:
    """Bowed, slow, near to a voice in timbre."""
    events = []
    for k in range(int(SECONDS * tempo)):
        freq = 196 * 2 ** (rng.choice([0, 3, 5, 7, 10]) / 12)
        t = times(1 / tempo)
        phase = 2 * np.pi * freq * t + 0.8 * np.sin(2 * np.pi * 6 * t)
        bowed = sum(np.sin(phase * h) / h for h in range(1, 14))
        events.append((k / tempo, bowed * np.hanning(len(t)) ** 0.2))
    return at(events)


def drums(rng: np.random.Generator, tempo: float) -> Sound:
    """A beat."""
    events = []
    for k in range(int(SECONDS * tempo)):
        t = times(0.2)
        kick = np.sin(2 * np.pi * (120 - 300 * t) * t) * np.exp(-t / 0.05)
        snare = band(burst(rng, 0.2, 0.002, 0.06), 300, 3400)
        events.append((k / tempo, kick if k % 2 == 0 else snare))
    return at(events)


def knocks(rng: np.random.Generator, count: float) -> Sound:
    """Door, table, keyboard."""
    return at(
        [
            (0.4 + k * rng.uniform(0.12, 0.4), band(burst(rng, 0.1, 0.001, 0.02), 150, 2000))
            for k in range(int(count))
        ]
    )


def siren(rng: np.random.Generator, rate: float) -> Sound:
    """A gliding tone."""
    t = times()
    return np.sin(2 * np.pi * 700 * t + 250 / rate * np.sin(2 * np.pi * rate * t))


def horn(rng: np.random.Generator, freq: float) -> Sound:
    """A car's horn."""
    both = sum(np.sign(np.sin(2 * np.pi * f * times(0.7))) for f in (freq, freq * 1.26))
    return at([(0.7, both), (2.0, both)])


def bark(rng: np.random.Generator, freq: float) -> Sound:
    """A dog."""
    t = times(0.18)
    glide = freq * (1 + 1.2 * np.sin(np.pi * t / 0.18))
    one = np.sum([np.sin(2 * np.pi * h * np.cumsum(glide) / RATE) / h for h in range(1, 7)], axis=0)
    one = (one + 0.5 * rng.standard_normal(len(t))) * np.hanning(len(t))
    return at([(0.6 + 0.5 * k, one) for k in range(6)])


def bell(rng: np.random.Generator, freq: float) -> Sound:
    """A door bell or an old telephone."""
    return at([(0.5 + 0.9 * k, note(freq * (0.8 if k % 2 else 1), 1.2, 3, 0.4)) for k in range(4)])


def crackle(rng: np.random.Generator, rate: float) -> Sound:
    """A bad line."""
    clicks = (rng.random(round(SECONDS * RATE)) < rate / RATE) * rng.standard_normal(
        round(SECONDS * RATE)
    )
    return clicks + 0.02 * coloured(rng, 0)


def gusts(rng: np.random.Generator, rate: float) -> Sound:
    """Wind or passing cars."""
    t = times()
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * rate * t + rng.uniform(0, 6))
    return coloured(rng, 0.9) * swell


def noise(rng: np.random.Generator, slope: float) -> Sound:
    """Steady noise."""
    return coloured(rng, slope)


def hum(rng: np.random.Generator, freq: float) -> Sound:
    """Mains hum with harmonics."""
    return tone(*(freq * k for k in range(1, 9)))


def ring(rng: np.random.Generator, off: float) -> Sound:
    """Chinese ring-back (450 Hz, 1 s on, 4 s off) and busy tone (0.35 s on and off)."""
    return cadence(tone(450), 1.0 if off > 1 else off, off)


def fax(rng: np.random.Generator, freq: float) -> Sound:
    """Fax calling tone."""
    return cadence(tone(freq), 0.5, 1.0)


def silence(rng: np.random.Generator, level: float) -> Sound:
    """Nothing, or nearly."""
    return rng.standard_normal(round(SECONDS * RATE)) * level


KINDS: list[tuple[str, Maker, list[float]]] = [
    ("silence", silence, [0, 1e-4, 5e-4, 1e-3]),
    ("noise", noise, [0, 0.2, 0.5, 0.5, 0.8, 1.0]),
    ("hum", hum, [50, 60, 100]),
    ("gusts", gusts, [0.2, 0.4, 0.7, 1.1]),
    ("crackle", crackle, [2, 10, 40, 150]),
    ("ring", ring, [4.0, 0.35, 0.7]),
    ("fax", fax, [1100, 2100]),
    ("dtmf", dtmf, [1, 2, 4, 6, 8, 11, 12, 12]),
    ("coughs", coughs, [1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8]),
    ("throat", throat, [70, 90, 110, 130]),
    ("sneeze", sneeze, [0.7, 0.9, 1.0, 1.0]),
    ("breathing", breathing, [0.25, 0.3, 0.4, 0.5, 0.8, 1.0]),
    ("chords", chords, [0.8, 1.0, 1.5, 2, 3, 4]),
    ("melody", melody, [1.5, 2, 3, 4, 5, 6]),
    ("strings", strings, [0.7, 1, 1.5, 2, 3, 4]),
    ("drums", drums, [1.5, 2, 3, 4, 6]),
    ("knocks", knocks, [1, 2, 3, 5, 10]),
    ("siren", siren, [0.3, 0.6, 1.5, 3.0]),
    ("horn", horn, [350, 420]),
    ("bark", bark, [250, 400, 500]),
    ("bell", bell, [900, 1500, 2000]),
]


def telephone(sound: Sound, gain: float) -> bytes:
    """Band-limit, A-law there and back, 16 kHz PCM."""
    sound = band(sound, 300, 3400)
    peak = np.max(np.abs(sound))
    sound = sound / peak * gain if peak > 0.02 else sound
    a = 87.6
    size = np.abs(np.clip(sound, -1, 1))
    small = size < 1 / a
    law = np.where(small, a * size, 1 + np.log(np.maximum(a * size, 1))) / (1 + np.log(a))
    law = np.round(law * 127) / 127
    back = law * (1 + np.log(a))
    size = np.where(back < 1, back / a, np.exp(back - 1) / a)
    narrow = (np.sign(sound) * size).astype(np.float32)
    return to_pcm(soxr.resample(narrow, RATE, 16_000).astype(np.float32))


def clips() -> Iterator[tuple[str, bytes]]:
    """The clips, the same every time: name and 16 kHz PCM."""
    rng = np.random.default_rng(12348)
    for kind, make, values in KINDS:
        for number, value in enumerate(values):
            gain = (0.5, 0.2, 0.8, 0.1)[number % 4]
            yield f"{kind}-{number}", telephone(make(rng, value), gain)


def main() -> int:
    """Run the clips."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--save", type=Path, help="keep the clips as WAV files here")
    options = parser.parse_args()
    choice = choose_engine(load_settings(), options.engine)
    if choice.model_path is None:
        print(choice.reason)
        return 2
    engine = load_engine(choice.name, choice.model_path, threads=2)
    heard, decoded, refused, count = [], 0, 0, 0
    for name, pcm in clips():
        count += 1
        if options.save:
            save(options.save / f"{name}.wav", pcm)
        found = hear(pcm, engine)
        decoded += bool(found)
        refused += any(one.refused for one in found)
        text = "".join(one.text for one in found)
        if text:
            heard.append({"clip": name, "text": text, "confidence": found[0].confidence})
            print(f"{name}: {text} ({found[0].confidence})")
    result = {
        "engine": choice.name,
        "clips": count,
        "clips_with_words": len(heard),
        "clips_decoded": decoded,
        "clips_refused": refused,
        "heard": heard,
    }
    print(f"{count} clips, {len(heard)} with words; {decoded} decoded, {refused} refused")
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=2))
    return 1 if heard else 0


def save(path: Path, pcm: bytes) -> None:
    """A clip as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(pcm)


if __name__ == "__main__":
    sys.exit(main())
