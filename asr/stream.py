"""One caller's sound becoming words: joins VAD, end-pointing and the pool's decodes.

Lives on the event loop and never waits: ``feed`` takes a frame and returns. Events go to the
listener in the order of the sound, but for one thing: SpeechStart is told at once, even while the
words of the utterance before are still being decoded (a voice must stop within 300 ms).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from asr.endpoint import (
    CHUNK_BYTES,
    Act,
    Began,
    Closed,
    Endpointer,
    Kind,
    Listen,
    Piece,
    Stopped,
    Tuning,
)
from asr.engines.base import Hypothesis
from asr.gate import ENGINE_FAULTS
from asr.patience import Patience
from asr.schedule import Job, Priority
from hotline.domain.speech import Final, Partial, SpeechEnd, SpeechEvent, SpeechStart

Completeness = Callable[[str], float]
"""How surely these words are all the caller will say now, 0..1."""

_WAIT_S = {Priority.BOT: 6.0, Priority.AGENT: 90.0}
"""A final that is not decoded by then is told as lost: a caller must not be left waiting."""
_UNKNOWN = 0.5
"""Completeness of words nobody judged."""
_GUESS, _GUESSED = 0.35, 0.75
"""Confidence below which words are a guess, and what their completeness counts for at most."""
_SPOKEN_S = 0.25
"""Speech that long was a word, though none was made out."""
_INCREMENTAL = Tuning(
    first_partial_s=0.25,
    partial_every_s=0.25,
    first_words_s=0.25,
    words_every_s=0.25,
    piece_s=1e9,
    long_piece_s=1e9,
    forced_piece_s=1e9,
)


class Vad(Protocol):
    """Speech likelihood, chunk by chunk."""

    def step(self, chunk: bytes) -> float:
        """0..1 for 32 ms of PCM."""
        ...


class Decoder(Protocol):
    """The part of the pool a stream uses."""

    hears: bool
    """Whether there is an engine at all."""

    def submit(self, job: Job) -> None:
        """Have a stretch decoded; the answer comes by ``RecognizerStream.heard``."""
        ...

    def promote(self, stream: str, pieces: tuple[Piece, ...]) -> None:
        """Somebody waits for these."""
        ...

    def forget(self, stream: str) -> None:
        """Drop the waiting jobs and the engine state of a stream."""
        ...

    def finished(self, stream: str, utterance: int) -> None:
        """The words of an utterance have been told."""
        ...

    def closed(self, stream: "RecognizerStream") -> None:
        """The stream is no more."""
        ...


@dataclass(slots=True)
class _Waiting:
    """An utterance that is over and whose words are not all there yet."""

    closed: Closed
    deadline: asyncio.TimerHandle | None = field(default=None)


class RecognizerStream:
    """Made by ``RecognizerPool.open``."""

    def __init__(
        self,
        stream_id: str,
        decoder: Decoder,
        vad: Vad,
        on_event: Callable[[SpeechEvent], None],
        *,
        priority: Priority,
        patience: Patience,
        completeness: Completeness | None,
        partials: bool,
        incremental: bool,
    ) -> None:
        self.id = stream_id
        self.priority = priority
        self._decoder = decoder
        self._vad = vad
        self._on_event = on_event
        self._completeness = completeness
        self._expect = ""
        self._core = Endpointer(
            patience,
            tuning=_INCREMENTAL if incremental else None,
            partials=partials and decoder.hears,
            speculate=decoder.hears and priority is Priority.BOT,
        )
        self._buffer = bytearray()
        self._words: dict[Piece, Hypothesis] = {}
        self._waiting: list[_Waiting] = []
        self._idle: asyncio.Event = asyncio.Event()
        self._idle.set()
        self._open = True

    @property
    def now(self) -> float:
        """Seconds of sound taken so far."""
        return self._core.now

    def feed(self, frame: bytes) -> None:
        """Take sound (16 kHz mono s16le, any length; Asterisk sends 640 bytes). Never blocks."""
        if not self._open:
            return
        self._buffer += frame
        while len(self._buffer) >= CHUNK_BYTES and self._open:
            chunk = bytes(self._buffer[:CHUNK_BYTES])
            del self._buffer[:CHUNK_BYTES]
            self._do(self._core.step(chunk, self._vad.step(chunk)))

    def set_patience(
        self, patience: Patience, completeness: Completeness | None = None, expect: str = ""
    ) -> None:
        """For the question just asked; a completeness given replaces the one before.

        ``expect``: the kind of answer asked for (``hotline.language.expect``).
        """
        self._core.patience = patience
        self._expect = expect
        if completeness is not None:
            self._completeness = completeness

    def set_doubt(self, doubt: bool) -> None:
        """Our voice speaks (or no longer): words over it are told as soon as there are any."""
        self._core.doubt = doubt

    def flush(self) -> None:
        """Close the running utterance now; its Final follows."""
        if self._open:
            self._do(self._core.flush())

    def reset(self) -> None:
        """Forget all sound before now: no event of it comes any more."""
        self._core.reset()
        self._buffer.clear()
        self._drop_waiting()
        self._words.clear()
        self._decoder.forget(self.id)

    async def drain(self, timeout_s: float = 10.0) -> None:
        """Wait until the finals of all closed utterances are told (at most so long)."""
        try:
            await asyncio.wait_for(self._idle.wait(), timeout_s)
        except TimeoutError:
            return

    def close(self) -> None:
        """No more events. What is still being decoded is dropped."""
        if self._open:
            self._open = False
            self.reset()
            self._decoder.closed(self)

    def heard(self, job: Job, found: Hypothesis) -> None:
        """The pool's answer to a job of this stream."""
        if not self._open:
            return
        piece = job.piece
        if job.kind.passing:
            self._tell_partial(job, found)
            return
        if not self._expected(piece):
            return
        self._words[piece] = found
        if job.kind is Kind.SPECULATIVE:
            self._look_ahead(job, found)
        self._tell_finals()

    def lost(self, job: Job) -> None:
        """A job was given up: its worker died twice, or it was shed."""
        if self._open and not job.kind.passing and self._expected(job.piece):
            self._words[job.piece] = Hypothesis("", 0.0, refused="lost")
            self._tell_finals()

    def _do(self, acts: list[Act]) -> None:
        for act in acts:
            if isinstance(act, Began):
                self._on_event(SpeechStart(act.at))
            elif isinstance(act, Stopped):
                self._on_event(SpeechEnd(act.at))
            elif not self._decoder.hears:
                continue
            elif isinstance(act, Listen):
                job = Job(self.id, self.priority, act.kind, act, expect=self._expect)
                self._decoder.submit(job)
            else:
                self._close(act)

    def _close(self, closed: Closed) -> None:
        waiting = _Waiting(closed)
        self._waiting.append(waiting)
        self._idle.clear()
        self._tell_finals()
        if waiting in self._waiting:
            self._decoder.promote(self.id, closed.pieces)
            waiting.deadline = asyncio.get_running_loop().call_later(
                _WAIT_S[self.priority], self._give_up, waiting
            )

    def _give_up(self, waiting: _Waiting) -> None:
        for piece in waiting.closed.pieces:
            self._words.setdefault(piece, Hypothesis("", 0.0, refused="lost"))
        self._tell_finals()

    def _tell_finals(self) -> None:
        while self._waiting and all(p in self._words for p in self._waiting[0].closed.pieces):
            waiting = self._waiting.pop(0)
            if waiting.deadline is not None:
                waiting.deadline.cancel()
            final = self._final(waiting.closed)
            last = waiting.closed.pieces[-1].utterance if waiting.closed.pieces else -1
            self._words = {p: h for p, h in self._words.items() if p.utterance > last}
            if not self._waiting:
                self._idle.set()
            if last >= 0:
                self._decoder.finished(self.id, last)
            self._on_event(final)

    def _final(self, closed: Closed) -> Final:
        found = [self._words[piece] for piece in closed.pieces]
        text = "".join(one.text for one in found)
        spoken = [one for one in found if one.text]
        weight = sum(len(one.text) for one in spoken)
        sure = sum(one.confidence * len(one.text) for one in spoken) / weight if weight else 0.0
        others = found[0].alternatives if len(found) == 1 else ()
        reason = closed.reason
        if not text and any(one.refused == "lost" for one in found):
            reason = "lost"
        elif not text and closed.end - closed.start >= _SPOKEN_S and _spoken(found):
            reason = "unheard"
        return Final(text, round(sure, 3), closed.start, closed.end, others, reason)

    def _look_ahead(self, job: Job, found: Hypothesis) -> None:
        """Words at a pause: show them, and let them decide how long the pause may last."""
        text = self._so_far(job.piece) + found.text
        if text:
            self._tell_partial(job, found)
        if text:
            score = _UNKNOWN if self._completeness is None else self._completeness(text)
            if found.confidence < _GUESS:
                # words that are a guess say little about the end of a sentence
                score = min(score, _GUESSED)
        else:
            # sound without words (a cough) is over as soon as complete words would be; speech
            # of which no word was made out is given time: it may be a sentence's beginning
            score = _UNKNOWN if _spoken([found]) else 1.0
        self._do(self._core.judged(job.piece, score))

    def _tell_partial(self, job: Job, found: Hypothesis) -> None:
        text = self._so_far(job.piece) + found.text
        if text:
            self._core.worded(job.piece.utterance)
        running = self._core.open and job.piece.utterance == self._core.utterance
        if text and running and not self._waiting:
            listen = job.listen
            self._on_event(Partial(text, found.confidence, listen.start, listen.end))

    def _so_far(self, piece: Piece) -> str:
        """Words of the pieces before this one in the same utterance, where they are known."""
        before = {
            p.index: h.text
            for p, h in self._words.items()
            if p.utterance == piece.utterance and p.index < piece.index
        }
        return "".join(before[index] for index in sorted(before))

    def _expected(self, piece: Piece) -> bool:
        if self._core.open and piece.utterance == self._core.utterance:
            return True
        return any(piece in waiting.closed.pieces for waiting in self._waiting)

    def _drop_waiting(self) -> None:
        for waiting in self._waiting:
            if waiting.deadline is not None:
                waiting.deadline.cancel()
        self._waiting.clear()
        self._idle.set()


def _spoken(found: list[Hypothesis]) -> bool:
    """Whether there was speech of which the engine made nothing that can be believed."""
    return any(one.refused == "unlikely" or one.refused in ENGINE_FAULTS for one in found)
