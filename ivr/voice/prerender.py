"""Render fixed texts ahead, in a process of its own that gives way to everything else.

    python -m ivr.voice.prerender < texts.txt

Reads one text a line, most needed first; prints ``done total`` a line when a text is in the cache.
What is there already is passed over, so it can be stopped and run again at any time.
"""

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from hotline.settings import VoiceSettings, load_settings
from ivr.voice.synthesis import Synthesiser

_NICE = 10


def prerender(
    texts: Iterable[str],
    settings: VoiceSettings,
    cache_dir: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    *,
    threads: int = 2,
) -> int:
    """Render the texts in order into the cache, in this process; pieces rendered.

    For set-up. ``VoiceService.prerender`` does the same beside live calls.
    """
    voice = Synthesiser(settings, cache_dir, threads=threads)
    wanted = list(texts)
    rendered = 0
    for done, text in enumerate(wanted, 1):
        rendered += voice.prepare(text)
        progress(done, len(wanted))
    return rendered


def main() -> None:
    """Read texts from standard input until it ends and render them."""
    os.nice(_NICE)
    settings = load_settings()
    texts = [line.strip() for line in sys.stdin if line.strip()]

    def progress(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    prerender(texts, settings.voice, settings.cache_dir, progress)


if __name__ == "__main__":
    main()
