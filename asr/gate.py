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
    r"^(谢谢|感谢)(大家|你们|您)?(的)?(观看|收看|收听)|谢谢观看|感谢观看|下(期|集|次|个)(视频)?(再见|再會)",
    r"^(作?词|作?曲|编曲|演唱|李宗盛|词曲)+",
    r"^(by|BY|thankyou|Thankyou|youyou|ThanksForWatching|MING|MINGPAOCANADA).{0,12}$",
    r"小編字幕|小编字幕|以下(是|为)普通话|普通话的句子",
)
_PHANTOM = re.compile("|".join(_PHANTOMS))
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
    prompt: str = ""
    """What the engine was primed with; said back, it was not heard."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the gate closes."""

    logprob: float = -1.35
    """Below it the text is a guess at noise."""
    weak_logprob: float = -0.95
    """Below it the text needs ``no_speech`` on its side."""
    no_speech: float = 0.6
    fastest: float = 14.0
    """Syllables a second of speech nobody speaks."""


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
    if evidence.prompt and len(text) >= 6 and text in evidence.prompt:
        return "prompt"
    if syllables(text) > 4 and syllables(text) > bounds.fastest * max(evidence.voiced, 0.1):
        return "too-fast"
    if evidence.logprob < bounds.logprob:
        return "unlikely"
    if evidence.no_speech > bounds.no_speech and evidence.logprob < bounds.weak_logprob:
        return "no-speech"
    return None
