"""Language: what a caller's words mean. Text in, ``hotline.domain.understanding`` out.

``Understander.load().understand(text)`` is pure; ``complete`` and ``backchannel`` serve turns;
``normalise``, ``pinyin_key`` and the error rates serve recognition, search and benchmarks.
"""

from hotline.language.complete import backchannel, complete, own_number
from hotline.language.distance import char_error_rate, syllable_error_rate
from hotline.language.errors import LanguageDataError
from hotline.language.expect import Expect, Kind
from hotline.language.normalise import normalise
from hotline.language.pinyin import pinyin_key
from hotline.language.slots import RegionFinder, read_slots
from hotline.language.understander import Understander

__all__ = [
    "Expect",
    "Kind",
    "LanguageDataError",
    "RegionFinder",
    "Understander",
    "backchannel",
    "char_error_rate",
    "complete",
    "normalise",
    "own_number",
    "pinyin_key",
    "read_slots",
    "syllable_error_rate",
]
