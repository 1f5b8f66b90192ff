"""The voice outside calls: rendering ahead, files, hearing itself."""

from collections.abc import Callable, Sequence
from pathlib import Path

from asr import choose_engine
from asr.engines import load_engine
from asr.files import hear
from hotline.errors import SetupError
from hotline.settings import Settings
from ivr.voice.prerender import prerender as render_ahead
from ivr.voice.reading import pieces
from ivr.voice.sound import Pcm, telephone, wav_bytes
from ivr.voice.synthesis import Synthesiser


def has_all(settings: Settings, texts: Sequence[str]) -> bool:
    """Whether every piece of the texts is in the cache (or needs no rendering)."""
    voice = Synthesiser(settings.voice, settings.cache_dir)
    return all(voice.has(piece) for text in texts for piece in pieces(text))


def prerender(
    settings: Settings, texts: Sequence[str], report: Callable[[float, str], None]
) -> None:
    """Render what is missing, in the order given. Ctrl-C keeps what is done."""

    render_ahead(
        texts,
        settings.voice,
        settings.cache_dir,
        lambda done, total: report(done / max(total, 1), f"{done}/{total}"),
    )


def render_to_sln16(text: str, path: Path, settings: Settings) -> None:
    """A text as Asterisk's 16 kHz raw sound."""
    pcm = Synthesiser(settings.voice, settings.cache_dir).render(text)
    new = path.with_name(path.name + ".new")
    new.write_bytes(pcm.astype("<i2").tobytes())
    new.chmod(0o644)
    new.replace(path)


def say_to_file(
    text: str, path: Path, settings: Settings, *, speed: float, telephone_line: bool
) -> float:
    """Write a WAV of a text; returns its length in seconds."""
    pcm = Synthesiser(settings.voice, settings.cache_dir).render(text, speed)
    rate = 16000
    if telephone_line:
        pcm, rate = telephone(pcm)[::2], 8000
    path.write_bytes(wav_bytes(pcm, rate))
    return len(pcm) / rate


def heard_by_recognizer(settings: Settings) -> Callable[[Pcm], str]:
    """A function from sound to what our recognizer hears in it. Raises SetupError without one."""
    choice = choose_engine(settings)
    if choice.model_path is None:
        raise SetupError(choice.reason)
    engine = load_engine(choice.name, choice.model_path, threads=settings.asr.threads)
    return lambda pcm: "".join(found.text for found in hear(pcm.astype("<i2").tobytes(), engine))
