"""``hotline call``: a real telephone call to the running hotline."""

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from asr.audio import read_wav
from hotline.commands.common import JSON, console, emit, plain_errors, run, settings_for_work
from hotline.db import Database
from hotline.db.calls import CallStore
from hotline.domain.calls import CallRecord, Turn
from hotline.domain.codes import CallOutcome, Speaker
from hotline.privacy import KeyRing
from hotline.settings import Settings
from ivr.phone import Phone, PhoneCall
from ivr.phone.talk import KEYS, Line, Spoken, TalkResult, Tape, converse

_POLL_S = 0.25
_RECORD_S = 10.0
"""How long the record is waited for after the call."""


@plain_errors
def call(
    files: Annotated[
        list[str], typer.Argument(help="依次说出的 WAV 文件；按键写作 keys:1 或 keys:123#")
    ],
    caller: Annotated[
        str | None, typer.Option(help="显示的来电号码，默认随机；none 表示不显示")
    ] = None,
    save: Annotated[Path | None, typer.Option(help="把双方声音存到这个目录")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """给正在运行的热线打一个真实的电话，打印双方对话和通话记录。"""
    settings = settings_for_work(log_level="warning")
    lines = [read_line(name) for name in files]
    number = None if caller == "none" else caller or new_number()
    record = run(place_call(settings, lines, number, save=save, as_json=as_json))
    if record is None:
        raise typer.Exit(1)


def new_number() -> str:
    """A mobile number of the block that test calls use, so that calls can be told apart."""
    return f"1385500{secrets.randbelow(10_000):04d}"


def read_line(name: str) -> Line:
    """A WAV file to speak, or keys to press. Raises InputError naming the file."""
    if name.startswith("keys:"):
        keys = name.removeprefix("keys:")
        if not keys or any(key not in KEYS for key in keys):
            raise typer.BadParameter(f"{name}: keys are 0-9, * and #")
        return Line(name, keys=keys)
    return Line(Path(name).name, pcm=read_wav(Path(name)))


async def place_call(
    settings: Settings,
    lines: list[Line],
    caller: str | None,
    *,
    save: Path | None = None,
    as_json: bool = False,
) -> CallRecord | None:
    """Call, show both sides as they speak, return the finished record (None: not found)."""
    ring = await asyncio.to_thread(KeyRing.open, settings)
    with Database(settings) as db:
        store = CallStore(db, ring)
        shower = Shower(store, as_json)
        tape = Tape() if save is not None else None
        watcher: asyncio.Task[None] | None = None
        began = datetime.now().astimezone()
        answered_at = 0.0

        def answered(phone_call: PhoneCall) -> None:
            nonlocal watcher, answered_at
            answered_at = phone_call.answered_at or 0.0
            shower.note(f"接通，用时 {(answered_at - phone_call.dialled_at) * 1000:.0f} 毫秒")
            watcher = asyncio.create_task(shower.watch(caller, began), name="watch-call")

        async with Phone(settings.pbx, app=f"telephone-{secrets.token_hex(4)}") as phone:
            result = await converse(
                phone,
                secrets.token_hex(6),
                lines,
                caller=caller,
                tape=tape,
                on_answer=answered,
                on_line=shower.spoken,
            )
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        record = await shower.finished(caller, began)
        if tape is not None and save is not None:
            tape.save(save, answered_at)
            shower.note(f"双方声音已存入 {save}")
        shower.summary(result, record)
        return record


@dataclass(slots=True)
class Shower:
    """Prints a call as it goes, from the hotline's own record of it."""

    store: CallStore
    as_json: bool
    _shown: int = 0
    _latencies: list[int | None] = field(default_factory=list)

    def note(self, text: str) -> None:
        """A line about the call itself."""
        if not self.as_json:
            console.print(f"[dim]── {text}[/]")

    def spoken(self, line: Spoken) -> None:
        """The caller has spoken a file (or pressed keys) and heard the reply out."""
        self._latencies.append(line.latency_ms)
        if self.as_json:
            row: dict[str, Any] = {
                "event": "line",
                "file": line.label,
                "began": round(line.began, 2),
                "ended": round(line.ended, 2),
                "latency_ms": line.latency_ms,
            }
            emit(row)

    async def watch(self, caller: str | None, since: datetime) -> None:
        """Show turns as they are stored, until cancelled."""
        while True:
            record = await self._find(caller, since)
            if record is not None:
                self._show(record.turns)
            await asyncio.sleep(_POLL_S)

    async def finished(self, caller: str | None, since: datetime) -> CallRecord | None:
        """The record once the hotline has closed it."""
        deadline = asyncio.get_running_loop().time() + _RECORD_S
        record = None
        while asyncio.get_running_loop().time() < deadline:
            record = await self._find(caller, since)
            if record is not None and record.ended_at is not None:
                self._show(record.turns)
                return record
            await asyncio.sleep(_POLL_S)
        return record

    async def _find(self, caller: str | None, since: datetime) -> CallRecord | None:
        if caller is None:
            found = await self.store.recent(5, reveal=True)
        else:
            found = await self.store.by_phone(caller, reveal=True)
        return next((r for r in found if r.started_at >= since), None)

    def _show(self, turns: tuple[Turn, ...]) -> None:
        for turn in turns[self._shown :]:
            if self.as_json:
                emit(_turn_row(turn))
            else:
                console.print(_turn_line(turn), markup=True)
        self._shown = len(turns)

    def summary(self, result: TalkResult, record: CallRecord | None) -> None:
        """The record at the end."""
        if record is None:
            self.note("没有找到通话记录：热线是否在运行？请执行 hotline doctor")
            return
        row = {
            "event": "record",
            "call_id": record.call_id,
            "outcome": record.outcome.value if record.outcome else None,
            "order": record.order_no,
            "act": record.act,
            "topic": record.topic,
            "seconds": _seconds(record),
            "hangup_by": record.hangup_by,
            "answered_ms": round(result.answered_s * 1000),
            "greeting_ms": None if result.greeting_s is None else round(result.greeting_s * 1000),
            "latency_ms": self._latencies,
        }
        if self.as_json:
            emit(row)
            return
        outcome = CallOutcome(record.outcome).label if record.outcome else "未结束"
        console.print(f"\n[bold]通话记录[/] {record.call_id}")
        console.print(f"  结果 {outcome}   工单 {record.order_no or '无'}   {_seconds(record)} 秒")
        heard = "、".join("无" if ms is None else f"{ms}" for ms in self._latencies)
        console.print(f"  每句应答用时（毫秒，按收到的声音计）：{heard}")


def _seconds(record: CallRecord) -> int | None:
    if record.ended_at is None:
        return None
    return round((record.ended_at - record.started_at).total_seconds())


def _turn_row(turn: Turn) -> dict[str, Any]:
    return {
        "event": "turn",
        "at": turn.started,
        "side": turn.speaker.value,
        "text": turn.text,
        "confidence": turn.confidence,
        "act": turn.act,
        "topic": turn.topic,
        "latency_ms": turn.latency_ms,
        "interrupted": turn.interrupted,
    }


def _turn_line(turn: Turn) -> str:
    clock = f"[dim]{int(turn.started // 60):02d}:{turn.started % 60:04.1f}[/]"
    if turn.speaker is Speaker.CALLER:
        sure = f" [dim]({turn.confidence:.0%})[/]" if turn.confidence is not None else ""
        return f"{clock} [cyan]来电人[/] {_plain(turn.text)}{sure}"
    late = f" [dim]+{turn.latency_ms} ms[/]" if turn.latency_ms is not None else ""
    cut = " [yellow]（被打断）[/]" if turn.interrupted else ""
    return f"{clock} [green]热  线[/] {_plain(turn.text)}{late}{cut}"


def _plain(text: str) -> str:
    return text.replace("[", "\\[")
