"""Commands of daily care: figures, calls, backup, personal data."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hotline import backup as backups
from hotline.analysis.stats import Rate, Stats
from hotline.analysis.stats import stats as read_stats
from hotline.commands.common import JSON, console, emit, plain_errors, run, settings_for_work
from hotline.db.audit_content import changed_records
from hotline.db.erase import erase_person
from hotline.db.opening import Store, open_store
from hotline.db.rekey import finish_rotation, rotate_keys
from hotline.db.retention import purge
from hotline.domain.calls import CallRecord
from hotline.errors import InputError

privacy_app = typer.Typer(help="个人信息：密钥、删除、清理、审计", no_args_is_help=True)


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Store]:
    """The store of the current settings."""
    store = await asyncio.to_thread(open_store, settings_for_work(log_level="warning"))
    try:
        yield store
    finally:
        await store.aclose()


@plain_errors
def stats(
    days: Annotated[float, typer.Option(help="最近多少天")] = 1.0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """服务指标：接通率、15 秒接通率、满意率与测评率、工单。"""
    if not 0 < days <= 3660:
        raise InputError("--days: a number of days from 0 to 3660", field="days")

    async def work() -> Stats:
        async with opened() as store:
            until = datetime.now(UTC) + timedelta(seconds=1)
            return await read_stats(store.db, until - timedelta(days=days), until)

    found = run(work())
    if as_json:
        emit(found.as_dict())
    else:
        _show_stats(found, days)


def _show_stats(found: Stats, days: float) -> None:
    table = Table(title=f"最近 {days:g} 天", show_header=False, box=None)
    table.add_row("来电", str(found.received))
    table.add_row("接通", str(found.answered))
    for name, rate in (
        ("接通率", found.answer_rate),
        ("  其中智能助手", found.answer_rate_bot),
        ("  其中人工（人工接听 ÷ 要求人工）", found.answer_rate_human),
        ("15 秒接通率", found.service_level),
        ("满意率", found.satisfaction_rate),
        ("测评率", found.survey_rate),
        ("工单平台确认率", found.orders_acknowledged),
    ):
        table.add_row(name, _rate(rate))
    table.add_row("登记工单", str(found.orders_filed))
    mean = "无" if found.latency_mean_ms is None else f"{found.latency_mean_ms:.0f} ms"
    p90 = "无" if found.latency_p90_ms is None else f"{found.latency_p90_ms} ms"
    table.add_row("应答用时 平均 / 九成以内", f"{mean} / {p90}（{found.latency_count} 次）")
    console.print(table)


def _rate(rate: Rate) -> str:
    if rate.value is None:
        return "无"
    return f"{rate.value:.1%}（{rate.part}/{rate.whole}）"


@plain_errors
def calls(
    count: Annotated[int, typer.Option(help="多少通")] = 10,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """最近的通话记录（号码打码，不含谈话内容）。"""

    async def work() -> list[CallRecord]:
        async with opened() as store:
            return await store.calls.recent(count)

    for record in run(work()):
        row = {
            "call_id": record.call_id,
            "started_at": record.started_at.astimezone().isoformat(timespec="seconds"),
            "caller": record.caller_number,
            "outcome": record.outcome.value if record.outcome else None,
            "topic": record.topic,
            "order": record.order_no,
            "turns": len(record.turns),
            "adopted": record.adopted,
        }
        if as_json:
            emit(row)
        else:
            console.print("  ".join(str(value) for value in row.values()))


@plain_errors
def backup(target: Annotated[Path, typer.Argument(help="备份写入的新目录")]) -> None:
    """备份数据库和录音。密钥不在其中：请另行保存 keys.json。"""
    settings = settings_for_work(log_level="warning")
    report = backups.backup(settings, target)
    console.print(f"已备份到 {target}：{report}")
    console.print(f"[yellow]密钥 {settings.keys_path} 不在备份中，请另行妥善保存[/]")


@plain_errors
def restore(
    source: Annotated[Path, typer.Argument(help="备份目录")],
    overwrite: Annotated[bool, typer.Option(help="覆盖现有数据")] = False,
) -> None:
    """从备份恢复。"""
    settings = settings_for_work(log_level="warning")
    report = backups.restore(settings, source, overwrite=overwrite)
    console.print(f"已恢复：{report}")


@privacy_app.command("rotate")
@plain_errors
def rotate() -> None:
    """启用新密钥，并用它重新加密原有数据。"""

    async def work() -> str:
        async with opened() as store:
            key_id = await asyncio.to_thread(rotate_keys, store.db, store.ring)
            report = await finish_rotation(store.db, store.ring, store.settings.recordings_dir)
            return f"新密钥 {key_id}；重新加密 {report.rows} 行、{report.recordings} 个录音"

    console.print(run(work()))


@privacy_app.command("erase")
@plain_errors
def erase(
    phone: Annotated[str | None, typer.Option(help="当事人的电话", prompt=False)] = None,
    id_number: Annotated[str | None, typer.Option(help="当事人的身份证号")] = None,
    actor: Annotated[str, typer.Option(help="谁在操作")] = "operator",
) -> None:
    """删除一位当事人的全部个人信息；审计链仍可核对。"""

    async def work() -> str:
        async with opened() as store:
            report = await erase_person(
                store.db,
                store.ring,
                store.settings,
                phone=phone,
                id_number=id_number,
                actor=actor,
                now=datetime.now(UTC),
            )
            return f"已删除：通话 {report.calls}、工单 {report.orders}、录音 {report.recordings}"

    console.print(run(work()))


@privacy_app.command("purge")
@plain_errors
def purge_now() -> None:
    """删除保存期已满的录音、通话和工单（运行中每天自动执行）。"""

    async def work() -> str:
        async with opened() as store:
            report = await purge(store.db, store.ring, store.settings, datetime.now(UTC))
            return f"已清理：通话 {report.calls}、工单 {report.orders}、录音 {report.recordings}"

    console.print(run(work()))


@privacy_app.command("audit")
@plain_errors
def audit() -> None:
    """核对审计链，以及通话和工单的内容是否与审计一致。"""

    async def work() -> list[str]:
        async with opened() as store:
            report = await store.audit.verify()
            console.print(f"审计链共 {report.links} 环")
            changed = await changed_records(store.db, store.ring)
            told = [f"{name}: content is not what was audited" for name in changed]
            return [*report.problems, *told]

    problems = run(work())
    for problem in problems:
        console.print(f"[red]✗[/] {problem}")
    if problems:
        raise typer.Exit(1)
    console.print("[green]✓[/] 完整")
