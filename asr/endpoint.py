"""When does an utterance begin, pause and end? A sans-I/O core that counts audio, not the clock.

In: 32 ms of sound with the likelihood that it is speech, and how complete the words heard so far
are. Out: a list of acts: speech began or stopped, sound to be decoded, an utterance closed. A
short silence already asks for a decode ("speculative"); when its words are complete the utterance
is closed early, when they are not the speaker is given time; speech that goes on makes it stale.

A long utterance is decoded piece by piece while the speaker goes on, so that at its end only the
last piece is left to decode.
"""

import math
from collections import deque
from dataclasses import dataclass
from enum import IntEnum

from asr.audio import BYTES_PER_SECOND, RATE
from asr.patience import LIKELY, Patience

CHUNK_SAMPLES = 512
CHUNK_BYTES = CHUNK_SAMPLES * 2
CHUNK_S = CHUNK_SAMPLES / RATE


_SLOWER_S, _SLOWEST_S = 0.3, 0.6
"""What a caller known to pause is given on top, and at most."""


class Kind(IntEnum):
    """Why sound is to be decoded; also its rank among the decodes of one stream."""

    FINAL = 0
    SPECULATIVE = 1
    WORDS = 2
    """Are there words in it at all? Our voice waits to know whether it may go on."""
    PIECE = 3
    PARTIAL = 4

    @property
    def passing(self) -> bool:
        """Only shown: no utterance is made of it, and it may be lost."""
        return self in (Kind.WORDS, Kind.PARTIAL)


@dataclass(frozen=True, slots=True)
class Piece:
    """Names one stretch of sound: utterance, piece within it, and how often it has grown."""

    utterance: int
    index: int
    revision: int


@dataclass(frozen=True, slots=True)
class Began:
    """Speech began (again)."""

    at: float


@dataclass(frozen=True, slots=True)
class Stopped:
    """Speech stopped, for now."""

    at: float


@dataclass(frozen=True, slots=True)
class Listen:
    """Decode this sound."""

    piece: Piece
    kind: Kind
    pcm: bytes
    start: float
    """Where the utterance's speech began."""
    end: float
    """Where its last speech ended."""
    voiced: float
    """Seconds of speech in ``pcm``."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The utterance is over; its text is that of ``pieces``, in order, once all are decoded."""

    pieces: tuple[Piece, ...]
    start: float
    end: float
    reason: str


Act = Began | Stopped | Listen | Closed


@dataclass(frozen=True, slots=True)
class Tuning:
    """What does not depend on the question asked."""

    on: float = 0.45
    """Likelihood from which a chunk is speech while there was silence."""
    off: float = 0.3
    """Likelihood below which a chunk is silence while there was speech."""
    onset_chunks: int = 2
    """Consecutive speech chunks that begin speech: one alone is a click."""
    min_voiced_s: float = 0.09
    """Less speech than this holds no word."""
    pre_roll_s: float = 0.4
    """Sound kept from before speech: weak initials (s, sh, x) come before the VAD wakes."""
    tail_s: float = 0.3
    """Sound kept from after speech."""
    first_partial_s: float = 0.5
    """Speech after which the first partial is made."""
    partial_every_s: float = 0.8
    """New sound after which another partial is made."""
    first_words_s: float = 0.22
    """Speech over our voice that is looked at for words: more than a syllable."""
    words_every_s: float = 0.16
    """New sound after which it is looked at again, while it holds none."""
    piece_s: float = 3.2
    """A piece longer than this ends at the next pause, whose look ahead has its words already: at
    the end of a story only its last clause is left to decode (0.1 s a second of sound)."""
    long_piece_s: float = 9.0
    """One longer than this ends at the next hesitation."""
    hesitation_s: float = 0.09
    """A silence that short is a hesitation."""
    forced_piece_s: float = 14.0
    """One longer than this ends wherever it is."""
    regret_s: float = 0.6
    """Speech that soon after an utterance was closed for its silence: it was closed too early."""


class Endpointer:
    """The state of one stream. Feed chunks with ``step``, tell the outcome with ``judged``."""

    def __init__(
        self,
        patience: Patience | None = None,
        *,
        tuning: Tuning | None = None,
        partials: bool = True,
        speculate: bool = True,
    ) -> None:
        self.patience = patience or Patience()
        self.doubt = False
        """Our voice speaks: words in the caller's sound have to be found soon."""
        self._tuning = tuning or Tuning()
        self._partials = partials
        self._speculate = speculate
        self._chunks = 0
        self._utterance = 0
        self._history: deque[bytes] = deque(
            maxlen=round(self._tuning.pre_roll_s / CHUNK_S) + self._tuning.onset_chunks
        )
        self._slow_s = 0.0
        self._closed_at = -math.inf
        self._clear()

    @property
    def now(self) -> float:
        """Seconds of sound so far."""
        return self._chunks * CHUNK_S

    @property
    def open(self) -> bool:
        """Whether an utterance is running."""
        return self._start is not None

    @property
    def utterance(self) -> int:
        """Number of the running (or last) utterance."""
        return self._utterance

    def _clear(self) -> None:
        self._run = 0
        self._start: float | None = None
        self._end = 0.0
        self._speaking = False
        self._stopped_said = False
        self._pcm = bytearray()
        self._done: list[Piece] = []
        self._index = 0
        self._revision = 0
        self._voiced = 0.0
        self._total_voiced = 0.0
        self._score: float | None = None
        self._asked = False
        self._partial_at = 0.0
        self._worded = False

    def step(self, chunk: bytes, likelihood: float) -> list[Act]:
        """Take 32 ms of sound (1024 bytes) and how likely it is speech (0..1)."""
        self._chunks += 1
        voiced = likelihood >= (self._tuning.off if self._speaking else self._tuning.on)
        self._run = self._run + 1 if voiced else 0
        if self._start is None:
            self._history.append(chunk)
            return self._begin() if self._run >= self._tuning.onset_chunks else []
        self._pcm += chunk
        if self._speaking:
            return self._in_speech(voiced)
        if self._run >= self._tuning.onset_chunks:
            return self._resume()
        return self._in_silence()

    def judged(self, piece: Piece, score: float) -> list[Act]:
        """The words up to this piece are complete to this degree (0..1); stale news is ignored."""
        if self._start is None or piece != self._piece():
            return []
        self._score = score
        return [] if self._speaking else self._maybe_close()

    def worded(self, utterance: int) -> None:
        """Words were found in this utterance: it need not be looked at for them again."""
        if utterance == self._utterance:
            self._worded = True

    def flush(self, reason: str = "flush") -> list[Act]:
        """Close what is open, now."""
        return self._close(reason) if self._start is not None else []

    def reset(self) -> None:
        """Forget the running utterance: what it heard was not meant for us."""
        self._utterance += 1
        self._history.clear()
        self._clear()

    def _piece(self) -> Piece:
        return Piece(self._utterance, self._index, self._revision)

    def _begin(self) -> list[Act]:
        self._utterance += 1
        self._speaking = True
        lead = self._tuning.onset_chunks
        self._start = self.now - lead * CHUNK_S
        self._end = self.now
        self._pcm = bytearray(b"".join(self._history))
        self._history.clear()
        self._voiced = self._total_voiced = lead * CHUNK_S
        if self._start - self._closed_at < self._tuning.regret_s:
            # the caller had not finished: we were too quick
            self._slow_s = min(self._slow_s + _SLOWER_S, _SLOWEST_S)
        return [Began(self._start)]

    def _resume(self) -> list[Act]:
        lead = self._tuning.onset_chunks * CHUNK_S
        paused = self.now - lead - self._end
        more = paused + _SLOWER_S - self.patience.incomplete_s
        self._slow_s = min(max(self._slow_s, more), _SLOWEST_S)
        acts: list[Act] = []
        self._speaking = True
        if self._asked and self._piece_s() >= self._tuning.piece_s:
            self._cut(keep_s=lead + self._tuning.pre_roll_s / 2)
        else:
            self._revision += 1
        self._asked, self._score = False, None
        if self._stopped_said:
            acts.append(Began(self.now - lead))
            self._stopped_said = False
        self._end = self.now
        self._add_voiced(lead)
        return acts

    def _in_speech(self, voiced: bool) -> list[Act]:
        if voiced:
            self._end = self.now
            self._add_voiced(CHUNK_S)
        silence = self.now - self._end
        if self._over_long():
            return self._close("max_length", go_on=True)
        if self._piece_ends(silence):
            act = self._listen(Kind.PIECE)
            self._cut(keep_s=0.0)
            return [act]
        if silence >= 2 * CHUNK_S:
            self._speaking = False
            return self._in_silence()
        return self._partial() if voiced else []

    def _in_silence(self) -> list[Act]:
        acts: list[Act] = []
        silence = self.now - self._end
        if silence >= self.patience.speculate_s - 1e-6:
            if not self._stopped_said:
                self._stopped_said = True
                acts.append(Stopped(self._end))
            if self._speculate and not self._asked and self._worth_decoding():
                self._asked = True
                acts.append(self._listen(Kind.SPECULATIVE))
        return acts + self._maybe_close()

    def _maybe_close(self) -> list[Act]:
        silence = self.now - self._end
        needed = self.patience.needed(self._score)
        if self._score is None or self._score <= LIKELY:
            needed += self._slow_s
        if silence + 1e-6 < needed:
            return []
        said_all = self._score is not None and self._score > LIKELY
        return self._close("complete" if said_all else "endpoint")

    def _close(self, reason: str, *, go_on: bool = False) -> list[Act]:
        assert self._start is not None
        acts: list[Act] = []
        start, end = self._start, self._end
        if not go_on and not self._stopped_said:
            acts.append(Stopped(end))
        pieces = list(self._done)
        if self._worth_decoding():
            if not self._asked:
                acts.append(self._listen(Kind.FINAL))
            pieces.append(self._piece())
        acts.append(Closed(tuple(pieces), start, end, reason))
        self._closed_at = self.now if reason == "endpoint" else -math.inf
        self._history.clear()
        tail = bytes(self._pcm[-round(self._tuning.pre_roll_s / CHUNK_S) * CHUNK_BYTES :])
        self._clear()
        if go_on:
            self._utterance += 1
            self._start, self._end, self._speaking = end, self.now, True
        elif reason != "flush":
            # the silence just heard is the next utterance's pre-roll
            for at in range(0, len(tail), CHUNK_BYTES):
                self._history.append(tail[at : at + CHUNK_BYTES])
        return acts

    def _worth_decoding(self) -> bool:
        return self._voiced >= self._tuning.min_voiced_s

    def _add_voiced(self, much: float) -> None:
        self._voiced += much
        self._total_voiced += much

    def _piece_s(self) -> float:
        return len(self._pcm) / BYTES_PER_SECOND

    def _over_long(self) -> bool:
        return self._start is not None and self.now - self._start >= self.patience.max_s

    def _piece_ends(self, silence: float) -> bool:
        if not self._worth_decoding():
            return False
        length = self._piece_s()
        if length >= self._tuning.forced_piece_s:
            return True
        hesitating = silence >= self._tuning.hesitation_s
        return length >= self._tuning.long_piece_s and hesitating

    def _cut(self, keep_s: float) -> None:
        """End the piece; the next one begins with the last ``keep_s`` of its sound."""
        self._done.append(self._piece())
        keep = round(keep_s / CHUNK_S) * CHUNK_BYTES
        self._pcm = bytearray(self._pcm[len(self._pcm) - keep :]) if keep else bytearray()
        self._index += 1
        self._revision = 0
        self._voiced = 0.0
        self._partial_at = 0.0

    def _listen(self, kind: Kind) -> Listen:
        silence = self.now - self._end
        spare = max(0, round((silence - self._tuning.tail_s) / CHUNK_S)) * CHUNK_BYTES
        pcm = bytes(self._pcm[: len(self._pcm) - spare])
        start = self._start if self._start is not None else self._end
        return Listen(self._piece(), kind, pcm, start, self._end, self._voiced)

    def _partial(self) -> list[Act]:
        doubt = self.doubt and not self._worded
        if not (doubt or self._partials) or not self._worth_decoding():
            return []
        tuning, length = self._tuning, self._piece_s()
        first, every = (
            (tuning.first_words_s, tuning.words_every_s)
            if doubt
            else (tuning.first_partial_s, tuning.partial_every_s)
        )
        due = (
            self._voiced >= first if self._partial_at == 0.0 else length - self._partial_at >= every
        )
        if not due:
            return []
        self._partial_at = length
        return [self._listen(Kind.WORDS if doubt else Kind.PARTIAL)]
