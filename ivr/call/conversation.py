"""The talk of one call: turn-taking, dialogue and voice joined, and noted turn by turn."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from hotline.domain.codes import Speaker
from hotline.domain.speech import SpeechEvent
from ivr.bot.api import Action, Heard, Input, Key, Listen, Note, Say, Silence
from ivr.bot.dialogue import Dialogue
from ivr.call.ports import Mouth
from ivr.call.record import CallBook
from ivr.call.speaker import Speaker as Voice
from ivr.call.speaker import Utterance
from ivr.call.turns import Deliver, GiveUp, Output, PauseVoice, ResumeVoice, StopVoice, TurnTaker

log = structlog.get_logger(__name__)

_MERGE_S = 1.0
"""A caller who goes on within the first second of our reply had only paused: what they say is one
sentence with what went before."""
_ANSWERS = frozenset({"yes_no", "choice", "rating"})


@dataclass(frozen=True, slots=True)
class _Undo:
    """The dialogue as it was before the last sentence, and that sentence."""

    state: str
    text: str


class Conversation:
    """Runs the dialogue. Times are the event loop's clock.

    ``on_action`` gets the last action of every turn of the dialogue: what it waits for.
    ``on_silent`` is called when our voice has come to its end, ``on_doubt`` when words spoken over
    it begin, or cease, to matter. ``clock`` turns times of the recognizer's stream into the loop's.
    """

    def __init__(
        self,
        book: CallBook,
        mouth: Mouth,
        backchannel: Callable[[str], bool],
        *,
        restore: Callable[[str], Dialogue],
        now: Callable[[], datetime],
        clock: Callable[[float], float],
        on_action: Callable[[Action], None],
        on_silent: Callable[[int], None],
        on_doubt: Callable[[bool], None] = lambda doubt: None,
    ) -> None:
        self._book = book
        self._restore = restore
        self._now = now
        self._clock = clock
        self._on_action = on_action
        self._on_silent = on_silent
        self._on_doubt = on_doubt
        self._doubt = False
        self._given_up_at: float | None = None
        self.voice = Voice(mouth, on_began=self._began, on_done=self._done)
        self._turns = TurnTaker(backchannel)
        self.dialogue: Dialogue | None = None
        """None until the call is answered and again once a person has the caller."""
        self.answered_at = 0.0
        self._heard_end: float | None = None
        self._latency_ms: int | None = None
        self._undo: _Undo | None = None

    @property
    def caller_speaking(self) -> bool:
        """Speech-like sound is coming in."""
        return self._turns.caller_speaking

    def deadline(self) -> float | None:
        """When ``tick`` has to be called next."""
        return self._turns.deadline()

    def tick(self, now: float) -> None:
        """Time has passed."""
        self._do(self._turns.tick(now))

    def hear(self, event: SpeechEvent, now: float) -> None:
        """Take one event of the recognizer."""
        self._do(self._turns.hear(event, now))

    def press(self, digit: str, now: float) -> None:
        """The caller has pressed a key."""
        if self.dialogue is None:
            return
        self._do(self._turns.key(now))
        at = now - self.answered_at
        self._book.turn(Speaker.CALLER, f"[按键 {digit}]", at, at)
        self._heard_end = now
        self.tell(Key(digit))

    def voice_over(self, now: float) -> None:
        """Our voice has come to its end."""
        self._do(self._turns.voice_ended(now))

    def tell(self, given: Input, *, append: bool = False) -> None:
        """Give the dialogue something and carry out what it wants.

        ``append``: what it says comes after what is being said, instead of cutting it.
        """
        if self.dialogue is None:
            return
        self._undo = None
        self._carry_out(self.dialogue.turn(given, self._now()), append=append)

    def say(self, text: str) -> None:
        """Say something besides the dialogue, after what is being said."""
        self._speak([Say(text)], append=True, answer=False)

    def cut(self) -> None:
        """Fall silent; what was said so far is noted."""
        self._note(self.voice.stop(), interrupted=True)
        self._given_up_at = None

    def _do(self, outputs: Sequence[Output]) -> None:
        for out in outputs:
            match out:
                case PauseVoice():
                    self.voice.pause()
                case ResumeVoice():
                    self._given_up_at = None
                    self.voice.resume()
                case GiveUp():
                    self._given_up_at = asyncio.get_running_loop().time()
                case StopVoice():
                    self.cut()
                case Deliver():
                    self._heard(out)
                case _:
                    self.tell(Silence())
        self._tell_doubt()

    def _tell_doubt(self) -> None:
        if self._turns.doubt != self._doubt:
            self._doubt = self._turns.doubt
            self._on_doubt(self._doubt)

    def _heard(self, said: Deliver) -> None:
        if self.dialogue is None:
            return
        start, end = self._clock(said.start), self._clock(said.end)
        self._heard_end = end
        text = said.text
        if self._undo is not None and said.interrupted and self._just_began(start):
            self.dialogue = self._restore(self._undo.state)
            text = self._undo.text + text
        undo = _Undo(self.dialogue.to_json(), text)
        heard = Heard(text, said.confidence, said.alternatives, said.interrupted)
        actions = self.dialogue.turn(heard, self._now())
        noted = next((a for a in actions if isinstance(a, Note)), Note())
        self._book.turn(
            Speaker.CALLER,
            said.text,
            start - self.answered_at,
            end - self.answered_at,
            confidence=round(said.confidence, 3),
            act=noted.act.value if noted.act else None,
            topic=noted.topic.value if noted.topic else None,
        )
        self._carry_out(actions, append=False)
        self._undo = undo if isinstance(actions[-1], Listen) else None

    def _just_began(self, start: float) -> bool:
        """Whether the caller went on before our reply had lasted long enough to be an answer."""
        turns = self._book.record.turns
        if not turns or turns[-1].speaker is not Speaker.BOT:
            return True
        return start - self.answered_at - turns[-1].started < _MERGE_S

    def _carry_out(self, actions: Sequence[Action], *, append: bool) -> None:
        last = actions[-1]
        for action in actions:
            if isinstance(action, Note):
                self._book.note(action)
        says = [a for a in actions if isinstance(a, Say)]
        if says:
            answer = isinstance(last, Listen) and last.expect in _ANSWERS
            self._speak(says, append=append, answer=answer)
        timeout = last.timeout_s if isinstance(last, Listen) else None
        self._turns.listen(timeout, asyncio.get_running_loop().time())
        if self.dialogue is not None:
            self._book.state(self.dialogue.to_json())
        self._on_action(last)

    def _speak(self, says: Sequence[Say], *, append: bool, answer: bool) -> None:
        if not append:
            self.cut()
        utterance = self.voice.speak(says, append=append)
        self._turns.voice_started(interruptible=utterance.interruptible, answer_expected=answer)
        self._tell_doubt()

    def _began(self, utterance: Utterance) -> None:
        self._latency_ms = None
        if self._heard_end is not None and utterance.began is not None:
            self._latency_ms = max(0, round((utterance.began - self._heard_end) * 1000))
            self._heard_end = None

    def _done(self, utterance: Utterance) -> None:
        self._note(utterance, interrupted=False)
        self._on_silent(utterance.number)

    def _note(self, utterance: Utterance | None, *, interrupted: bool) -> None:
        if utterance is None or utterance.began is None:
            return
        self._book.turn(
            Speaker.BOT,
            utterance.text,
            utterance.began - self.answered_at,
            (self._given_up_at or asyncio.get_running_loop().time()) - self.answered_at,
            latency_ms=self._latency_ms,
            interrupted=interrupted,
        )
        self._latency_ms = None
