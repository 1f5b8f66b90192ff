"""Commands of the hub: the reference hub, dead letters, the comparison with the hub."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from dispatch.hub.outbox_rows import DeadLetter
from dispatch.hub.pusher import HubPusher
from dispatch.hub.reconcile import Reconciler, Report
from dispatch.reference_hub import main as reference_hub
from dispatch.reference_hub.outgoing import Door
from hotline.app.dispatching import Dispatching
from hotline.bus import make_bus
from hotline.commands.care import opened
from hotline.commands.common import JSON, console, emit, plain_errors, run, settings_for_work
from hotline.db import Database
from hotline.errors import InputError, SetupError
from hotline.knowledge.load import DATA
from hotline.knowledge.search import KnowledgeBase
from hotline.privacy import KeyRing
from hotline.settings import Settings

hub_app = typer.Typer(help="参考中枢平台；推送情况")
CALLBACK = "/api/v1/hub/messages"
_FAULTS = {
    "lacking": "平台没有此工单",
    "behind": "平台缺少部分消息",
    "ahead": "平台的消息比本地多",
    "different": "内容不一致",
    "not-erased": "平台尚未删除个人信息",
    "erased-there": "平台已删除个人信息，本地没有",
    "unheard": "平台的消息未送达",
    "forgotten": "平台不记得已发出的消息",
    "dead-letter": "推送失败，等人处理",
    "unknown-here": "本地没有此工单",
}


@hub_app.callback(invoke_without_command=True)
@plain_errors
def hub(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="监听端口，默认取自 hub.url")] = None,
    faults: Annotated[
        bool, typer.Option(help="允许制造故障，并在工单页上显示平台工作人员的操作按钮")
    ] = False,
    cert: Annotated[Path | None, typer.Option(help="TLS 证书（PEM）")] = None,
    key: Annotated[Path | None, typer.Option(help="TLS 私钥（PEM）")] = None,
) -> None:
    """启动参考中枢平台（独立进程、独立数据库）。"""
    if context.invoked_subcommand is not None:
        return
    settings = settings_for_work()
    if not settings.hub.signing_secret:
        raise SetupError("hub.secret is empty; run: hotline setup --only secrets")
    address = urlsplit(settings.hub.url)
    host = address.hostname or "127.0.0.1"
    chosen = port or address.port or (443 if address.scheme == "https" else 80)
    console.print(f"参考中枢平台：{'https' if cert else 'http'}://{host}:{chosen}/")
    reference_hub.run(
        host,
        chosen,
        settings.data_dir / "hub.db",
        settings.hub.accepted_keys,
        faults=faults,
        door=_door(settings),
        key_id=settings.hub.key_id,
        cert=cert,
        key=key,
    )


def _door(settings: Settings) -> Door:
    hub, web = settings.hub, settings.web
    url = hub.callback_url or f"http://{web.host}:{web.port}{CALLBACK}"
    return Door(url, hub.key_id, hub.signing_secret, hub.algorithm)


@hub_app.command("dead-letters")
@plain_errors
def dead_letters(
    resend: Annotated[int | None, typer.Option(help="重新推送这一条（编号）")] = None,
    resend_all: Annotated[bool, typer.Option("--all", help="全部重新推送")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """推送失败、等人处理的消息。"""
    settings = settings_for_work(log_level="warning")

    async def work() -> list[DeadLetter]:
        with Database(settings) as db:
            db.migrate()
            pusher = HubPusher(db, KeyRing.open(settings), settings.hub)
            if resend is not None:
                await pusher.resend(resend)
            if resend_all:
                count = await pusher.resend_all()
                if not as_json:
                    console.print(f"已重新排队 {count} 条")
            return list(await pusher.dead_letters())

    letters = run(work())
    for letter in letters:
        row = {name: getattr(letter, name) for name in letter.__slots__}
        if as_json:
            emit(row)
        else:
            console.print("  ".join(f"{name}={value}" for name, value in row.items()))
    if not letters and not as_json:
        console.print("没有推送失败的消息")


@hub_app.command("reconcile")
@plain_errors
def reconcile(
    days: Annotated[float | None, typer.Option(help="只比对最近多少天变动的工单，默认全部")] = None,
    look: Annotated[bool, typer.Option("--look", help="只比对，不修正")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """与平台逐单比对并修正差异（运行中每天夜里自动执行）；有修正不了的差异时退出码为 1。"""
    if days is not None and not 0 < days <= 36_600:
        raise InputError("--days：须为大于 0 的天数", field="days")

    async def work() -> Report:
        async with opened() as store:
            settings = store.settings
            bus = make_bus(settings)
            rooms = Dispatching(
                settings,
                store,
                bus,
                knowledge=KnowledgeBase.load(settings.knowledge_dir or DATA),
                understander=None,
                on_filed=lambda view: None,
            )
            reconciler = Reconciler(store.db, store.ring, settings.hub, rooms.inbox)
            since = None if days is None else datetime.now(UTC) - timedelta(days=days)
            return await reconciler.reconcile(since, mend=not look)

    report = run(work())
    for found in report.differences:
        row = {
            "order_no": found.order_no,
            "fault": found.fault.value,
            "mend": found.mend.value,
            "mended": found.mended,
        }
        if as_json:
            emit(row)
        else:
            mark = "[green]已修正[/]" if found.mended else "[red]未修正[/]"
            console.print(f"{found.order_no}  {_FAULTS[found.fault.value]}  {mark}")
    if not as_json:
        console.print(f"比对工单 {report.checked} 件，差异 {len(report.differences)} 处")
    if report.open:
        raise typer.Exit(1)
