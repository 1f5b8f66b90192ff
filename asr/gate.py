"""Were there words at all? Keeps a recognizer from inventing text out of coughs and music.

Whisper was trained on subtitled film: given sound without words it writes what subtitles say over
silence. The gate weighs what the engine itself says of its text (mean log-probability, likelihood
of "no speech", repetition) against what the sound can hold (seconds of speech, syllables a second).
"""

import re
from dataclasses import dataclass

from asr.text import syllables

_PHANTOMS = (
    r"请不吝点赞|点赞.{0,4}订阅|订阅.{0,6}(转发|打赏|频道)|打赏支持|明镜(与|需要)?点点|明镜(火拍|新闻)",
    r"字幕(由|组|提供|制作|校对|志愿)|中文字幕|优优独播剧场|独播剧场|YoYoTelevision|Amara",
    r"^(谢谢|感谢)(大家|你们|您)?(的)?(观看|收看|收听)|谢谢观看|感谢观看|下(期|集|个视频)(视频)?再见",
    r"^(作?词|作?曲|编曲|演唱|李宗盛|词曲)+",
    r"^(by|BY|thankyou|Thankyou|youyou|ThanksForWatching|MING|MINGPAOCANADA).{0,12}$",
    r"小編字幕|小编字幕|以下(是|为)普通话|普通话的句子",
)
_PHANTOM = re.compile("|".join(_PHANTOMS))
_SAID_TWICE = re.compile(r"(.{3,}?)\1|^(.{4,}).*\2$")
_SOUNDS = re.compile("[呜嗨诶啊嗯哦哇哈呃唔嘿哎唉]{2,}")
_TAIL_REPEATS_HEAD = re.compile(r"^(.{4,}).*?(\1)$")
_LOOP = re.compile(r"(.{1,2}?)\1{3,}|(.{3,}?)\2+")
_REPEATED = re.compile(r"(.{1,6}?)\1{4,}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one decoded stretch of sound."""

    text: str
    """Normalised text."""
    logprob: float
    """Mean log-probability of a token."""
    no_speech: float
    """The engine's likelihood that there was no speech (0 where it gives none)."""
    voiced: float
    """Seconds of speech the VAD found."""
    prompt: tuple[str, ...] = ()
    """The words the engine was primed with; said back in a row, they were not heard."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the gate closes."""

    no_speech: float = 0.75
    """Above it there was no speech, whatever the text."""
    quiet_no_speech: float = 0.15
    no_speech_weight: float = 1.6
    logprob: float = -1.45
    """Least of the log-probability less ``no_speech_weight`` times what ``no_speech`` exceeds
    ``quiet_no_speech``. Measured on 186 recordings of speech and 100 clips without."""
    voice_no_speech: float = 0.3
    """Above it a text of mere sounds (啊啊啊, 呜呜) is a cough or a dog."""
    fastest: float = 10.0
    """Syllables a second of speech nobody speaks; the fastest recording has 7.5."""
    late_s: float = 0.4
    """So much speech before what the VAD found may have been heard too: it wakes late now and then,
    and the recognizer is given as much sound from before (``Tuning.pre_roll_s``)."""
    fastest_repeated: float = 5.5
    """The same for a text that says something twice in a row: people do, but not in a hurry."""


def refusal(evidence: Evidence, limits: Limits | None = None) -> str | None:
    """Why this text was not said, or None when it may have been."""
    bounds = limits or Limits()
    text = evidence.text
    if not text:
        return "no-words"
    if _PHANTOM.search(text):
        return "phantom"
    if _REPEATED.search(text):
        return "repetition"
    if _echoes(text, evidence.prompt):
        return "prompt"
    rate = syllables(text) / max(evidence.voiced, 0.1)
    held = bounds.fastest * (evidence.voiced + bounds.late_s)
    if syllables(text) > max(4, held):
        return "too-fast"
    if _SAID_TWICE.search(text) and rate > bounds.fastest_repeated:
        return "repetition"
    if evidence.no_speech > bounds.no_speech:
        return "no-speech"
    if _SOUNDS.fullmatch(text) and evidence.no_speech > bounds.voice_no_speech:
        return "no-speech"
    excess = max(0.0, evidence.no_speech - bounds.quiet_no_speech)
    if evidence.logprob - bounds.no_speech_weight * excess < bounds.logprob:
        return "unlikely"
    return None


def unloop(text: str) -> str:
    """What was said before the decoder began to repeat itself: 开发商开发商开发 → 开发商."""
    while match := _LOOP.search(text):
        unit, after = match[1] or match[2], text[match.end() :]
        text = text[: match.start()] + unit + ("" if unit.startswith(after) else after)
    if match := _TAIL_REPEATS_HEAD.match(text):
        text = text[: match.start(2)]
    return text


def _echoes(text: str, prompt: tuple[str, ...]) -> bool:
    """Whether the text is nothing but three or more different words of the prompt."""
    rest, count = text, 0
    for word in prompt:
        count += word in rest
        rest = rest.replace(word, "")
    return count >= 3 and len(rest) <= len(text) // 5


ENGINE_FAULTS = frozenset({"repetition", "too-fast", "prompt"})
"""Refusals where there was speech and the decoder ran wild: worth another try."""
