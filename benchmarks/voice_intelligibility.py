"""How well our voice is understood over a telephone line, by Whisper base.

    python benchmarks/voice_intelligibility.py                       # the default voice
    python benchmarks/voice_intelligibility.py --style zf_xiaoxiao --speed 1.1 --what sentences

``--what``: sentences (42 of our own), prompts (all of the bot's), answers (50 of the knowledge).
Prints the texts with most errors, then the syllable error rate, the pace and the real-time factor.
Renders anew what is not in the cache.
"""

import argparse
import random
import time
from pathlib import Path

from asr.engines.whisper import WhisperEngine
from asr.files import hear
from hotline.settings import load_settings
from ivr.voice.check import Heard, compare, listen
from ivr.voice.sound import RATE, Pcm
from ivr.voice.synthesis import Synthesiser


def texts(what: str) -> list[str]:
    """The texts to speak."""
    if what == "sentences":
        path = Path(__file__).with_name("voice_sentences.txt")
        return path.read_text(encoding="utf-8").split()
    if what == "prompts":
        from ivr.bot.prompts import P

        return list(P.values())
    from hotline.knowledge.load import load_stock
    from hotline.knowledge.speech import spoken

    answers = sorted(load_stock().answers, key=lambda answer: answer.id)
    return [spoken(answer) for answer in random.Random(12348).sample(answers, 50)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--what", choices=["sentences", "prompts", "answers"], default="sentences")
    parser.add_argument("--style")
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--worst", type=int, default=8)
    args = parser.parse_args()
    settings = load_settings()
    voice_settings = settings.voice
    if args.style:
        voice_settings = voice_settings.model_copy(update={"style": args.style})
    voice = Synthesiser(voice_settings, settings.cache_dir, threads=args.threads)
    hears = WhisperEngine(settings.cache_dir / "models" / "whisper-base", threads=1)

    def recognise(pcm: Pcm) -> str:
        return "".join(found.text for found in hear(pcm.astype("<i2").tobytes(), hears))

    found: list[Heard] = []
    spoken_s = spent = 0.0
    for text in texts(args.what)[: args.limit]:
        began = time.perf_counter()
        pcm = voice.render(text, args.speed)
        spent += time.perf_counter() - began
        spoken_s += len(pcm) / RATE
        found.append(compare(text, listen(text, recognise, voice, args.speed)))
    for one in sorted(found, key=lambda heard: -heard.errors)[: args.worst]:
        print(f"{one.errors:3d}/{one.syllables:3d}  {one.text}\n         {one.heard}")
    errors, syllables = sum(one.errors for one in found), sum(one.syllables for one in found)
    print(
        f"{voice.spec.voice} speed {args.speed} {args.what} {len(found)}: "
        f"syllable errors {errors / syllables:.2%} ({errors}/{syllables}), "
        f"not understood {sum(not one.understood for one in found)}, "
        f"{syllables / spoken_s:.2f} syllables/s, {spoken_s:.0f} s, "
        f"real-time factor {spent / spoken_s:.2f}"
    )


if __name__ == "__main__":
    main()
