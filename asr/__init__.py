"""Sound in, text out, streaming.

The public names are loaded when they are asked for: a worker process that needs only an engine
must not carry the memory of everything else.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asr.engines import EngineChoice, choose_engine
    from asr.fake import FakeRecognizerPool, FakeRecognizerStream
    from asr.files import TranscribeResult, transcribe
    from asr.patience import SHORT_ANSWER, STORY, TALK, Patience
    from asr.schedule import Priority
    from asr.stream import Completeness, RecognizerStream
    from asr.workers import PoolStats, RecognizerPool

_WHERE = {
    "SHORT_ANSWER": "asr.patience",
    "STORY": "asr.patience",
    "TALK": "asr.patience",
    "Patience": "asr.patience",
    "EngineChoice": "asr.engines",
    "choose_engine": "asr.engines",
    "FakeRecognizerPool": "asr.fake",
    "FakeRecognizerStream": "asr.fake",
    "TranscribeResult": "asr.files",
    "transcribe": "asr.files",
    "Priority": "asr.schedule",
    "Completeness": "asr.stream",
    "RecognizerStream": "asr.stream",
    "PoolStats": "asr.workers",
    "RecognizerPool": "asr.workers",
}

__all__ = [
    "SHORT_ANSWER",
    "STORY",
    "TALK",
    "Completeness",
    "EngineChoice",
    "FakeRecognizerPool",
    "FakeRecognizerStream",
    "Patience",
    "PoolStats",
    "Priority",
    "RecognizerPool",
    "RecognizerStream",
    "TranscribeResult",
    "choose_engine",
    "transcribe",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'asr' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
