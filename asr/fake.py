"""A recognizer pool without recognition, for tests of what listens to it."""

from collections.abc import Callable

from asr.engines.choice import EngineChoice
from asr.patience import Patience
from asr.schedule import Priority
from asr.stream import Completeness
from asr.workers import PoolStats
from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechEvent, SpeechStart


class FakeRecognizerStream:
    """Looks like a RecognizerStream; a test tells what is heard with ``hear``."""

    def __init__(
        self, stream_id: str, on_event: Callable[[SpeechEvent], None], patience: Patience
    ) -> None:
        self.id = stream_id
        self.patience = patience
        self.closed = False
        self.resets = 0
        self._bytes = 0
        self._on_event = on_event

    @property
    def now(self) -> float:
        """Seconds of sound taken so far."""
        return self._bytes / 32_000

    def feed(self, frame: bytes) -> None:
        """Count the sound; nothing is heard in it."""
        self._bytes += len(frame)

    def hear(
        self, text: str, *, confidence: float = 0.9, seconds: float = 1.0, partial: bool = True
    ) -> None:
        """The caller says this: SpeechStart, Partial, SpeechEnd, Final, at once."""
        start, end = self.now, self.now + seconds
        self._bytes += round(seconds * 32_000)
        self.tell(SpeechStart(start))
        if partial and text:
            self.tell(Partial(text, confidence, start, end))
        self.tell(SpeechEnd(end))
        self.tell(Final(text, confidence, start, end))

    def tell(self, event: SpeechEvent) -> None:
        """Send one event, unless the stream is closed."""
        if not self.closed:
            self._on_event(event)

    def set_patience(self, patience: Patience, completeness: Completeness | None = None) -> None:
        """Remember it, for the test to look at."""
        self.patience = patience

    def set_doubt(self, doubt: bool) -> None:
        """Nothing depends on it."""

    def flush(self) -> None:
        """Nothing is running."""

    def reset(self) -> None:
        """Count it, for the test to look at."""
        self.resets += 1

    async def drain(self, timeout_s: float = 10.0) -> None:
        """Nothing is waiting."""

    def close(self) -> None:
        """No more events."""
        self.closed = True


class FakeRecognizerPool:
    """Looks like a RecognizerPool; its streams are in ``streams``."""

    def __init__(self) -> None:
        self.choice = EngineChoice("fake", None, "Fake: hears what a test tells it to hear")
        self.hears = True
        self.streams: dict[str, FakeRecognizerStream] = {}

    async def start(self, timeout_s: float = 60.0) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Close all streams."""
        for stream in self.streams.values():
            stream.close()

    def open(
        self,
        stream_id: str,
        *,
        on_event: Callable[[SpeechEvent], None],
        priority: Priority = Priority.BOT,
        patience: Patience | None = None,
        completeness: Completeness | None = None,
    ) -> FakeRecognizerStream:
        """A stream whose words a test gives."""
        stream = FakeRecognizerStream(stream_id, on_event, patience or Patience())
        self.streams[stream_id] = stream
        return stream

    def stats(self) -> PoolStats:
        """Zeros."""
        return PoolStats(engine="fake", streams=len(self.streams))

    def worker_pids(self) -> list[int]:
        """There are no workers."""
        return []
