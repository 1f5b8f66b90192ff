"""Encrypted recordings: readable prefix, nothing changed unseen, full disks survived."""

import errno
import stat
import wave
from pathlib import Path
from typing import Any

import pytest

from hotline.privacy import KeyRing
from hotline.privacy.ciphers import CipherName
from hotline.privacy.errors import RecordingDiskFullError, RecordingError, TamperedError
from hotline.privacy.recording import (
    BYTES_PER_SECOND,
    RecordingReader,
    RecordingWriter,
    reseal,
    shred,
)

pytestmark = pytest.mark.unit
SECOND = bytes(range(256)) * (BYTES_PER_SECOND // 256)


@pytest.fixture(params=["aes-gcm", "sm4-gcm"])
def ring(request: pytest.FixtureRequest, tmp_path: Path) -> KeyRing:
    cipher: CipherName = request.param
    return KeyRing.create(tmp_path / "keys.json", cipher)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "call.rec"


def sound(path: Path, ring: KeyRing) -> bytes:
    return b"".join(RecordingReader(path, ring).chunks())


def record(path: Path, ring: KeyRing, seconds: float = 3.5) -> bytes:
    data = (SECOND * 10)[: int(seconds * BYTES_PER_SECOND)]
    with RecordingWriter(path, ring) as writer:
        for start in range(0, len(data), 1280):
            writer.write(data[start : start + 1280])
    return data


def test_what_was_written_is_read(path: Path, ring: KeyRing) -> None:
    data = record(path, ring)
    assert sound(path, ring) == data
    state = RecordingReader(path, ring).check()
    assert (state.seconds, state.complete) == (3.5, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert data[:64] not in path.read_bytes()


def test_the_wav_is_stereo_16_khz(path: Path, ring: KeyRing, tmp_path: Path) -> None:
    data = record(path, ring, 1.25)
    RecordingReader(path, ring).export_wav(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16000)
        assert file.readframes(file.getnframes()) == data


@pytest.mark.parametrize("cut", [1, 17, 100, 60_000, 64_040])
def test_a_cut_off_file_is_readable_up_to_the_cut(path: Path, ring: KeyRing, cut: int) -> None:
    data = record(path, ring, 4)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    state = RecordingReader(path, ring).check()
    assert not state.complete
    assert sound(path, ring) == data[: int(state.seconds * BYTES_PER_SECOND)]
    assert state.seconds >= 2


def test_a_cut_at_a_chunk_border_shows_as_incomplete(path: Path, ring: KeyRing) -> None:
    record(path, ring, 2)
    end = RecordingReader(path, ring).check().end
    path.write_bytes(path.read_bytes()[:end])
    state = RecordingReader(path, ring).check()
    assert (state.seconds, state.complete) == (2, False)


def chunk_offsets(path: Path, ring: KeyRing) -> list[int]:
    return [offset for offset, _, _ in RecordingReader(path, ring)._walk()]


def test_changed_swapped_dropped_and_appended_chunks_are_found(
    path: Path, ring: KeyRing, tmp_path: Path
) -> None:
    record(path, ring, 4)
    whole = path.read_bytes()
    ends = chunk_offsets(path, ring)
    first, second = slice(ends[0], ends[1]), slice(ends[1], ends[2])
    other = tmp_path / "other.rec"
    record(other, ring, 4)
    changed = bytearray(whole)
    changed[ends[0] + 40] ^= 1
    bad = {
        "changed": bytes(changed),
        "dropped": whole[: ends[0]] + whole[ends[1] :],
        "swapped": whole[: ends[0]] + whole[second] + whole[first] + whole[ends[2] :],
        "foreign": whole[: ends[0]] + other.read_bytes()[first] + whole[ends[1] :],
        "repeated": whole[: ends[1]] + whole[first] + whole[ends[1] :],
        "appended": whole + whole[first],
    }
    for name, data in bad.items():
        path.write_bytes(data)
        with pytest.raises(TamperedError):
            RecordingReader(path, ring).check()
            pytest.fail(f"{name} was not found")


def test_a_killed_recording_goes_on_where_it_stopped(path: Path, ring: KeyRing) -> None:
    record(path, ring, 3)
    path.write_bytes(path.read_bytes()[:-100])  # torn last chunk, no end mark
    writer = RecordingWriter(path, ring, resume=True)
    writer.gap(0.5)
    writer.write(SECOND)
    writer.close()
    assert sound(path, ring) == SECOND * 2 + bytes(BYTES_PER_SECOND // 2) + SECOND
    assert RecordingReader(path, ring).check().complete


def test_an_ended_recording_can_go_on_too(path: Path, ring: KeyRing) -> None:
    record(path, ring, 1)
    with RecordingWriter(path, ring, resume=True) as writer:
        writer.write(SECOND)
    assert sound(path, ring) == SECOND * 2


class FullDisk:
    """Wraps a file; while full, writes part of the data and then says ENOSPC, as disks do."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.full = False

    def write(self, data: bytes) -> int:
        if self.full:
            self._file.write(bytes(data[:1000]))
            raise OSError(errno.ENOSPC, "No space left on device")
        written: int = self._file.write(data)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_is_a_typed_error_and_a_gap(path: Path, ring: KeyRing) -> None:
    writer = RecordingWriter(path, ring)
    disk = FullDisk(writer._file)
    writer._file = disk  # type: ignore[assignment]
    writer.write(SECOND)
    disk.full = True
    for _ in range(2):
        with pytest.raises(RecordingDiskFullError, match="disk space"):
            writer.write(SECOND)
    assert sound(path, ring) == SECOND, "the torn chunk was taken back"
    disk.full = False
    writer.write(SECOND)
    writer.close()
    assert sound(path, ring) == SECOND + bytes(2 * BYTES_PER_SECOND) + SECOND


def test_a_real_full_device_is_a_typed_error(ring: KeyRing, path: Path) -> None:
    writer = RecordingWriter(path, ring)
    with Path("/dev/full").open("r+b", buffering=0) as full:
        writer._file.close()
        writer._file = full
        writer._append = lambda data: full.write(data)  # type: ignore[method-assign, assignment, return-value]
        with pytest.raises(RecordingDiskFullError):
            writer.write(SECOND)


def test_what_is_no_recording_is_said_so(path: Path, ring: KeyRing) -> None:
    for junk in (b"", b"RIFF", b"HLREC1\n\0" + bytes(5000)):
        path.write_bytes(junk)
        with pytest.raises((RecordingError, TamperedError)):
            RecordingReader(path, ring)
    with pytest.raises(RecordingError, match="No such file"):
        RecordingReader(path.with_name("none"), ring)


def test_a_name_is_never_written_over(path: Path, ring: KeyRing) -> None:
    record(path, ring, 1)
    with pytest.raises(FileExistsError):
        RecordingWriter(path, ring)


def test_resealing_keeps_the_sound_and_frees_the_old_key(path: Path, ring: KeyRing) -> None:
    data = record(path, ring, 1)
    assert not reseal(path, ring)
    ring.rotate()
    assert reseal(path, ring)
    assert not reseal(path, ring)
    ring.retire("d1")
    assert sound(path, ring) == data


def test_a_crash_while_resealing_loses_nothing(path: Path, ring: KeyRing) -> None:
    data = record(path, ring, 1)
    before = path.read_bytes()
    ring.rotate()
    reseal(path, ring)
    after = path.read_bytes()
    slots = slice(24 + 256, 24 + 512)
    both = bytearray(before)  # the new slot is written, the old not yet blanked
    both[slots] = after[slots]
    path.write_bytes(both)
    assert sound(path, ring) == data
    assert reseal(path, ring)


def test_a_shredded_recording_is_gone_with_its_key(path: Path, ring: KeyRing) -> None:
    record(path, ring, 1)
    keep = path.with_name("hard-link")
    keep.hardlink_to(path)
    shred(path)
    shred(path)
    assert not path.exists()
    with pytest.raises(RecordingError):
        RecordingReader(keep, ring)
