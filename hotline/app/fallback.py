"""Calls that Asterisk handled while the hotline was away become records and callback orders."""

import asyncio
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import soxr
import structlog

from dispatch.intake import IntakeDesk
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord
from hotline.domain.codes import Act, CallOutcome, ServiceType, Terminal, Topic, Urgency
from hotline.domain.orders import Intake
from hotline.ids import new_id
from hotline.privacy import KeyRing
from hotline.privacy.recording import RecordingWriter
from hotline.settings import Settings
from ivr.call.recorder import recording_name
from ivr.pbx.fallback import Batch, CdrLog, FallbackCall

log = structlog.get_logger(__name__)
_LEFT = "来电人留有语音留言，请听录音后回拨。"
_MISSED = "来电未接通，请回拨。"
EVERY_S = 60.0
"""How often Asterisk's records are looked at besides every connect: a call that the dialplan was
handling at the connect leaves its record when it ends."""


class FallbackReader:
    """Takes Asterisk's call detail records in, each call exactly once."""

    def __init__(
        self, settings: Settings, calls: CallStore, desk: IntakeDesk, ring: KeyRing
    ) -> None:
        self._log = CdrLog(settings)
        self._folder = settings.recordings_dir
        self._node = settings.node
        self._calls = calls
        self._desk = desk
        self._ring = ring
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.take_in()

    async def take_in(self) -> int:
        """Store what is new; returns how many calls got a record. Raises the database's errors."""
        async with self._lock:
            batch = await asyncio.to_thread(self._log.claim, datetime.now(UTC))
            for ended in batch.ended:
                record = await self._calls.by_channel(ended.unique_id)
                if record is not None and record.ended_at is None:
                    outcome = record.outcome or outcome_left(record)
                    await self._calls.finish(record.call_id, outcome, ended.ended, "unknown")
            stored = sum([await self._store(call) for call in batch.calls])
            await asyncio.to_thread(batch.forget)
            _tell(batch, stored)
            return stored

    async def _store(self, call: FallbackCall) -> bool:
        known = await self._calls.by_channel(call.unique_id)
        call_id = known.call_id if known else new_id(call.started)
        recording = None
        if call.recording is not None:
            recording = recording_name(f"{call_id}-message" if known else call_id)
            path = self._folder / recording
            await asyncio.to_thread(_seal_message, call.recording, path, self._ring)
        new = await self._calls.record_whole(self._record(call, call_id, recording))
        if recording is not None:
            seconds = (call.ended - call.started).total_seconds()
            await self._calls.add_voicemail(call_id, recording, seconds, call.ended)
        if call.outcome is not CallOutcome.FALLBACK_SEAT and call.caller is not None:
            await self._ask_callback(call, call_id)
        return new

    def _record(self, call: FallbackCall, call_id: str, recording: str | None) -> CallRecord:
        return CallRecord(
            call_id=call_id,
            channel_id=call.unique_id,
            caller_number=call.caller,
            started_at=call.started,
            answered_at=call.answered,
            ended_at=call.ended,
            outcome=call.outcome,
            hangup_by="unknown",
            human_requested=True,
            human_answered=call.outcome is CallOutcome.FALLBACK_SEAT,
            seat=call.seat,
            recording=recording,
            node=self._node,
        )

    async def _ask_callback(self, call: FallbackCall, call_id: str) -> None:
        """Whoever rang in vain is rung back (国办函〔2025〕66号: 漏接电话回拨)."""
        left = call.outcome is CallOutcome.VOICEMAIL
        await self._desk.receive(
            Intake(
                terminal=Terminal.PHONE_BOT,
                idempotency_key=f"fallback-{call.unique_id}",
                service_type=ServiceType.CONSULTATION,
                act=Act.ASK.value,
                topic=Topic.SERVICE.value,
                urgency=Urgency.URGENT,
                title="系统故障期间来电，请回拨",
                description="来电人留有语音留言，请听录音后回拨。"
                if left
                else "来电未接通，请回拨。",
                contact_name=None,
                contact_phone=call.caller,
                caller_number=call.caller,
                region=None,
                call_id=call_id,
                callback=True,
            ),
            datetime.now(UTC),
        )


def outcome_left(record: CallRecord) -> CallOutcome:
    """How a call ended that ended while nobody watched."""
    if record.human_answered:
        return CallOutcome.TRANSFERRED
    if record.order_no is not None:
        return CallOutcome.ORDER_FILED
    if record.answer_ids:
        return CallOutcome.ANSWERED_BY_BOT
    return CallOutcome.ABANDONED


def _seal_message(source: Path, target: Path, ring: KeyRing) -> None:
    """A message (8 kHz WAV in the clear) as an encrypted recording, the caller on the left."""
    if target.exists():
        return
    with wave.open(str(source)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
        rate = sound.getframerate()
    left = soxr.resample(samples.astype(np.float32), rate, 16000).astype(np.int16)
    writer = RecordingWriter(target, ring)
    writer.write(np.column_stack([left, np.zeros_like(left)]).tobytes())
    writer.close()


def _tell(batch: Batch, stored: int) -> None:
    if batch.broken_lines:
        log.warning("call detail records could not be read", lines=batch.broken_lines)
    if stored:
        log.warning("calls were handled without the hotline", calls=stored)
