"""The rooms' own interfaces as a call knows them (``ivr.call.ports``)."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from asr import RecognizerPool, RecognizerStream
from asr.patience import SHORT_ANSWER, STORY, TALK, Patience
from asr.schedule import Priority
from dispatch.errors import AlreadyRatedError, OrderNotFoundError, StepError
from dispatch.intake import IntakeDesk
from dispatch.progress import CHECK_DIGITS, Progress
from dispatch.tracking.rating import Rating, RatingDesk, read_level
from hotline.domain.calls import CallRecord
from hotline.domain.codes import OrderState
from hotline.domain.orders import Intake, OrderView
from hotline.domain.speech import SpeechEvent
from hotline.knowledge.search import KnowledgeBase
from hotline.knowledge.speech import spoken
from hotline.language import Understander, complete
from hotline.language.expect import Expect, Kind
from hotline.privacy import KeyRing
from hotline.privacy.recording import RecordingWriter
from ivr.bot import prompts
from ivr.bot.api import OrderRated, RateOrder
from ivr.call.recorder import recording_name

_PATIENCE = {"short": SHORT_ANSWER, "normal": Patience(), "story": STORY}


def now() -> datetime:
    """The present, with its zone; shown to callers in China's time by those who speak it."""
    return datetime.now(UTC).astimezone()


class CallStream:
    """One recognizer stream, told by the dialogue's words what it waits for."""

    def __init__(self, stream: RecognizerStream) -> None:
        self._stream = stream

    def feed(self, frame: bytes) -> None:
        """See ``ivr.call.ports.Stream``."""
        self._stream.feed(frame)

    def set_patience(self, patience: str, expect: str) -> None:
        """See ``ivr.call.ports.Stream``."""
        wanted = Expect(cast(Kind, expect))
        self._stream.set_patience(_PATIENCE[patience], lambda text: complete(text, wanted), expect)

    def set_doubt(self, doubt: bool) -> None:
        """See ``ivr.call.ports.Stream``."""
        self._stream.set_doubt(doubt)

    async def close(self) -> None:
        """See ``ivr.call.ports.Stream``."""
        self._stream.close()


class PoolEars:
    """The recognizer pool as a call's ears."""

    def __init__(self, pool: RecognizerPool) -> None:
        self._pool = pool

    @property
    def available(self) -> bool:
        """Words can be recognised now."""
        return self._pool.hears and self._pool.stats().alive > 0

    @property
    def engine(self) -> str | None:
        """Name of the engine."""
        return self._pool.choice.name if self.available else None

    def open(self, stream_id: str, on_event: Callable[[SpeechEvent], None]) -> CallStream:
        """A stream for one caller of the bot."""
        stream = self._pool.open(stream_id, on_event=on_event, priority=Priority.BOT)
        return CallStream(stream)

    def open_beside(self, stream_id: str, on_event: Callable[[SpeechEvent], None]) -> CallStream:
        """A stream for one side of a talk between people."""
        stream = self._pool.open(
            stream_id, on_event=on_event, priority=Priority.AGENT, patience=TALK
        )
        return CallStream(stream)


class DeskOrders:
    """Intake, progress and rating as a call needs them."""

    def __init__(self, desk: IntakeDesk, progress: Progress, ratings: RatingDesk) -> None:
        self._desk = desk
        self._progress = progress
        self._ratings = ratings

    async def file(self, intake: Intake) -> OrderView:
        """Store an order."""
        return await self._desk.receive(intake, now())

    async def look_up(
        self, order_no: str | None, phone: str | None, tail: str | None
    ) -> tuple[OrderView, ...]:
        """Orders found, newest first; none is no error."""
        try:
            if order_no is not None:
                return (await self._progress.by_number(order_no),)
            if phone is not None and tail is not None:
                return (await self._progress.by_phone(phone, tail),)
        except OrderNotFoundError:
            return ()
        return ()

    async def rate(self, wanted: RateOrder) -> OrderRated:
        """See ``ivr.call.ports.Orders``."""
        rating = Rating(read_level(wanted.level), wanted.comment, wanted.again)
        tail = wanted.order_no[-CHECK_DIGITS:]
        try:
            rated = await self._ratings.by_phone(wanted.phone, tail, rating, now())
        except AlreadyRatedError:
            return OrderRated(ok=True)
        except OrderNotFoundError:
            return OrderRated(ok=False)
        except StepError:
            # A call taken over after a restart asks again for what it had done already.
            view = await self._progress.by_phone(wanted.phone, tail)
            done = wanted.again and view.state is OrderState.REOPENED
            return OrderRated(ok=done, reopened=done)
        return OrderRated(ok=True, reopened=rated.reopened)


def fixed_texts(knowledge: KnowledgeBase) -> dict[str, str | None]:
    """Every text the hotline says word for word, most needed first, with its prompt's id."""
    texts: dict[str, str | None] = dict.fromkeys(prompts.ALL)
    texts.update({text: name for name, text in prompts.P.items()})
    for answer in knowledge.answers:
        texts.setdefault(spoken(answer), None)
    return texts


def begin_recording(folder: Path, ring: KeyRing, record: CallRecord) -> RecordingWriter:
    """The call's encrypted recording; that of an adopted call goes on where it was cut."""
    path = folder / recording_name(record.call_id)
    return RecordingWriter(path, ring, resume=record.adopted > 0)


def load_language(folder: Path | None) -> tuple[KnowledgeBase, Understander]:
    """The knowledge of ``folder`` (None: the one shipped), and the understanding joined to it."""
    knowledge = KnowledgeBase.load(folder) if folder else KnowledgeBase.load()

    def find_region(text: str) -> str | None:
        found = knowledge.find_region(text)
        return found[0].code if found else None

    return knowledge, Understander.load(find_region)
