"""A disk that is full while recording ends the recording; the call and its clock go on."""

import asyncio

import pytest

from hotline.privacy.errors import RecordingDiskFullError
from ivr.call.recorder import Recorder
from ivr.media import FRAME_BYTES, FRAME_S

pytestmark = pytest.mark.unit


class FakeRecording:
    """Takes so many seconds, then the disk is full."""

    name = "fake"

    def __init__(self, room: int) -> None:
        self.room = room
        self.chunks: list[bytes] = []
        self.closed = False

    def write(self, sound: bytes) -> None:
        if len(self.chunks) >= self.room:
            raise RecordingDiskFullError("the disk is full: make room")
        self.chunks.append(sound)

    def close(self) -> None:
        self.closed = True


async def record(recording: FakeRecording, seconds: float) -> int:
    """Record silence; how often the failure was told."""
    told: list[int] = []
    recorder = Recorder(recording, lambda: told.append(1))
    for i in range(int(seconds / FRAME_S)):
        recorder.received(bytes(FRAME_BYTES), i * FRAME_S)
        if i % 50 == 49:
            await asyncio.sleep(0)
    await recorder.close()
    return len(told)


async def test_everything_is_written_where_there_is_room() -> None:
    recording = FakeRecording(room=100)
    assert await record(recording, 3.5) == 0
    assert sum(map(len, recording.chunks)) == int(3.5 / FRAME_S) * FRAME_BYTES * 2
    assert recording.closed


async def test_a_full_disk_is_told_once_and_the_rest_is_let_go() -> None:
    recording = FakeRecording(room=1)
    assert await record(recording, 5.0) == 1
    assert len(recording.chunks) == 1
    assert recording.closed
