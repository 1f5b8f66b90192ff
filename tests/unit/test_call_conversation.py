"""The talk of one call: halves of a sentence are joined, results do not cut what is being said."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.domain.speech import Final, Partial, SpeechStart
from ivr.bot.api import Action, Heard, Input, Key, Listen, Note, Say, Silence
from ivr.call.conversation import Conversation
from ivr.call.record import CallBook

pytestmark = pytest.mark.unit


class FakeRecords:
    """Keeps what is written in memory."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.fields: dict[str, Any] = {}
        self.ended: list[CallOutcome] = []
        self.fail = 0

    async def start(self, record: CallRecord) -> None: ...
    async def answered(self, call_id: str, at: datetime) -> None: ...

    async def adopted(self, call_id: str, node: str) -> int:
        return 1

    async def update(self, call_id: str, **fields: Any) -> None:
        self.fields.update(fields)

    async def add_turn(self, call_id: str, turn: Turn) -> None:
        if self.fail:
            self.fail -= 1
            raise OSError("the disk is busy")
        self.turns.append(turn)

    async def save_state(self, call_id: str, state: str) -> None: ...

    async def load_state(self, call_id: str) -> str | None:
        return None

    async def finish(
        self, call_id: str, outcome: CallOutcome, ended_at: datetime, hangup_by: str | None = None
    ) -> bool:
        self.ended.append(outcome)
        return True

    async def open_calls(self, node: str | None = None) -> list[CallRecord]:
        return []


class FakeMouth:
    """Every text is a tenth of a second of sound."""

    async def say(self, text: str, *, slow: bool) -> AsyncIterator[bytes]:
        yield bytes(3200)


class FakeMedia:
    """A media socket whose sound goes out at once and is heard when the test says so."""

    def __init__(self, talk: Conversation) -> None:
        self._voice = talk.voice
        self.marks: list[str] = []
        self.paused = 0
        self.flushed = 0

    def play(self, pcm: bytes) -> None:
        self._voice.sounded(asyncio.get_running_loop().time())

    def mark(self, name: str) -> None:
        self.marks.append(name)

    def heard(self) -> None:
        self._voice.played(self.marks[-1])

    def pause(self) -> None:
        self.paused += 1

    def resume(self) -> None:
        self.paused -= 1

    def flush(self) -> None:
        self.flushed += 1


class FakeDialogue:
    """Repeats what it was told; its state is the list of inputs."""

    def __init__(self, told: list[str] | None = None) -> None:
        self.told = told or []

    def to_json(self) -> str:
        return json.dumps(self.told)

    def turn(self, given: Input, now: datetime) -> list[Action]:
        self.told.append(given.text if isinstance(given, Heard) else type(given).__name__)
        return [Note(), Say(f"好，{self.told[-1]}。"), Listen("open", "normal", 6.0)]


class Talk:
    """A conversation over fakes."""

    def __init__(self) -> None:
        self.records = FakeRecords()
        record = CallRecord("C", "ch", None, datetime.now(UTC), None, None, None)
        self.book = CallBook(self.records, record)
        self.actions: list[Action] = []
        self.talk = Conversation(
            self.book,
            FakeMouth(),
            lambda text: text == "嗯",
            restore=lambda state: FakeDialogue(json.loads(state)),  # type: ignore[arg-type,return-value]  # a stand-in
            now=lambda: datetime.now(UTC),
            clock=lambda at: at,
            on_action=self.actions.append,
            on_silent=lambda number: None,
        )
        self.media = FakeMedia(self.talk)
        self.talk.voice.attach(self.media)  # type: ignore[arg-type]  # a stand-in
        self.talk.dialogue = FakeDialogue()  # type: ignore[assignment]  # a stand-in
        self.talk.answered_at = asyncio.get_running_loop().time()

    @property
    def told(self) -> list[str]:
        dialogue: Any = self.talk.dialogue
        return list(dialogue.told)

    async def hear(self, text: str, *, after: float = 0.0) -> None:
        now = asyncio.get_running_loop().time() + after
        self.talk.hear(SpeechStart(now), now)
        if text:
            self.talk.hear(Partial(text[:2], 0.8, now, now + 0.4), now + 0.4)
        self.talk.hear(Final(text, 0.9, now, now + 1.0), now + 1.5)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def end(self) -> None:
        self.talk.cut()
        await self.book.finish(CallOutcome.ABANDONED, datetime.now(UTC), "caller")


async def test_a_caller_who_goes_on_at_once_is_heard_as_one_sentence() -> None:
    t = Talk()
    await t.hear("我在工地上")
    assert t.told == ["我在工地上"]
    await t.hear("摔伤了怎么办")
    assert t.told == ["我在工地上摔伤了怎么办"]
    await t.end()
    said = [turn.text for turn in t.records.turns if turn.speaker is Speaker.CALLER]
    assert said == ["我在工地上", "摔伤了怎么办"]


async def test_a_caller_who_speaks_later_says_something_new() -> None:
    t = Talk()
    await t.hear("老板不给钱")
    await t.hear("我还想问离婚", after=3.0)
    assert t.told == ["老板不给钱", "我还想问离婚"]
    await t.end()


async def test_a_hum_over_the_voice_changes_nothing() -> None:
    t = Talk()
    await t.hear("老板不给钱")
    await t.hear("嗯", after=0.5)
    assert t.told == ["老板不给钱"]
    assert t.media.paused == 0
    await t.end()


async def test_a_result_comes_after_what_is_being_said() -> None:
    t = Talk()
    await t.hear("帮我登记")
    flushed = t.media.flushed
    t.talk.tell(Silence(), append=True)
    await asyncio.sleep(0)
    current = t.talk.voice.current
    assert current is not None
    assert current.text == "好，帮我登记。好，Silence。"
    assert t.media.flushed == flushed
    await t.end()


async def test_a_key_cuts_the_voice_and_is_noted() -> None:
    t = Talk()
    await t.hear("老板不给钱")
    t.talk.press("0", asyncio.get_running_loop().time())
    assert t.told[-1] == Key.__name__
    await t.end()
    assert "[按键 0]" in [turn.text for turn in t.records.turns]
    assert any(turn.interrupted for turn in t.records.turns)


async def test_turns_are_numbered_and_a_failed_write_is_tried_again() -> None:
    t = Talk()
    t.records.fail = 1
    await t.hear("老板不给钱")
    t.media.heard()
    await t.end()
    assert [turn.index for turn in t.records.turns] == [0, 1]
    assert t.records.turns[1].latency_ms is not None
    assert t.book.lost == 0
    assert t.records.ended == [CallOutcome.ABANDONED]
