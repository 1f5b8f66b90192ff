"""Looking for a person: the queue, the configured seats, the telephones on call."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.domain.calls import CallRecord
from hotline.settings import PbxSettings
from hotline.settings_desk import QueueSettings
from ivr.bot.api import Transfer
from ivr.call import messages as m
from ivr.call.people import People, Staff
from ivr.call.watch import Watch
from ivr.errors import SeatStepError
from ivr.queue.parts import Wanted

pytestmark = pytest.mark.unit
T0 = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
ON_CALL = "PJSIP/110@trunk"


class FakeTicket:
    """A place in a queue where every seat is busy."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    async def next(self) -> str | None:
        await asyncio.Event().wait()
        return None


class FakeDesk:
    """Seats that are all in a talk."""

    staffed = True

    def __init__(self) -> None:
        self.left: list[str] = []

    def join(self, wanted: Wanted) -> FakeTicket:
        return FakeTicket()

    def leave(self, call_id: str) -> None:
        self.left.append(call_id)

    def place(self, call_id: str) -> None:
        return None


class FakeLegs:
    """Channels that ring and are never answered, but one."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.people: People | None = None

    def new_seat(self) -> str:
        return f"seat-c1-{len(self.rung)}"

    async def ring(self, endpoint: str, channel: str, caller_id: str) -> None:
        self.rung.append(endpoint)
        if endpoint == ON_CALL and self.people is not None:
            self.people.seat_answered(channel)

    async def hang_up(self, channel: str, reason: str = "normal") -> None: ...


class FakeBook:
    record = CallRecord("c1", "ch", "13955512345", T0, T0, None, None)


class Room:
    """People and what they tell the call."""

    def __init__(self, ring_s: float = 0.05) -> None:
        self.desk, self.legs = FakeDesk(), FakeLegs()
        self.told: list[m.Message] = []
        self.said: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

        async def wanted(record: CallRecord, transfer: Transfer) -> Wanted:
            return Wanted(record.call_id, T0, emergency=transfer.urgent)

        staff = Staff(
            ari=None,  # type: ignore[arg-type]  # no configured seats: never asked
            pbx=PbxSettings(on_call=[ON_CALL]),
            queue=QueueSettings(ring_s=ring_s),
            desk=self.desk,  # type: ignore[arg-type]
            wanted=wanted,
            now=lambda: T0,
        )
        self.people = self.legs.people = People(
            staff,
            self.legs,  # type: ignore[arg-type]
            FakeBook(),  # type: ignore[arg-type]
            ears=None,  # type: ignore[arg-type]  # nobody is bridged here
            post=self.told.append,
            say=self.said.append,
            spawn=self.spawn,
            on_change=lambda: None,
        )

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(asyncio.create_task(work))

    async def settled(self) -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*self.tasks)


@pytest.mark.looptime
async def test_in_danger_nobody_waits_for_a_busy_seat() -> None:
    room = Room()
    room.people.ring(Transfer("emergency", True, True, None, "请别挂机"))
    await room.settled()
    assert room.legs.rung == [ON_CALL]
    (rung,) = room.told
    assert isinstance(rung, m.Rung)
    assert rung.answered is not None
    assert rung.answered.endpoint == ON_CALL
    assert room.desk.left == ["c1"]
    assert room.said == ["请别挂机"]


@pytest.mark.looptime
async def test_otherwise_the_caller_waits_in_the_queue() -> None:
    room = Room()
    room.people.ring(Transfer("requested", False, False, None, "请别挂机"))
    await asyncio.sleep(60)
    assert room.told == []
    assert room.people.keeps_waiting
    room.people.stop()
    assert room.desk.left == ["c1"]
    for task in room.tasks:
        task.cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)


async def test_asking_twice_looks_once() -> None:
    room = Room()
    transfer = Transfer("emergency", True, True, None, "请别挂机")
    room.people.ring(transfer)
    room.people.ring(transfer)
    assert len(room.tasks) == 1
    room.tasks[0].cancel()
    await asyncio.gather(*room.tasks, return_exceptions=True)


async def test_a_supervisor_finds_nobody_talking() -> None:
    with pytest.raises(SeatStepError, match="没有坐席"):
        await Room().people.watch("boss", Watch.LISTEN)
