"""Commands that run things: up, hub, pbx."""

import time
from typing import Annotated, Any

import typer

from dispatch.hub.pusher import HubPusher
from dispatch.reference_hub import main as reference_hub
from hotline.app import House
from hotline.commands.common import (
    JSON,
    console,
    emit,
    plain_errors,
    run,
    settings_for_work,
    until_signal,
)
from hotline.db import Database
from hotline.errors import SetupError
from hotline.privacy import KeyRing
from ivr.pbx.control import AsteriskProcess

hub_app = typer.Typer(help="参考中枢平台；推送情况")
pbx_app = typer.Typer(help="Asterisk", no_args_is_help=True)


@plain_errors
def up(
    own_pbx: Annotated[
        bool, typer.Option("--pbx/--no-pbx", help="是否由本程序启动 Asterisk")
    ] = True,
) -> None:
    """启动热线，直到 Ctrl-C。"""
    settings = settings_for_work()

    async def serve() -> None:
        house = House(settings, own_pbx=own_pbx)
        await house.start()
        web = settings.web
        console.print(f"[bold]12348 热线已就绪[/]  http://{web.host}:{web.port}/readyz")
        await until_signal()
        console.print("正在停止：不再接新电话，等待通话结束……（再按一次 Ctrl-C 立即停止）")
        await house.stop()

    run(serve())


@hub_app.callback(invoke_without_command=True)
@plain_errors
def hub(
    context: typer.Context,
    port: Annotated[int | None, typer.Option(help="监听端口，默认取自 hub.url")] = None,
    faults: Annotated[bool, typer.Option(help="允许 POST /control/faults 制造故障")] = False,
) -> None:
    """启动参考中枢平台（独立进程、独立数据库）。"""
    if context.invoked_subcommand is not None:
        return
    settings = settings_for_work()
    host, _, at = settings.hub.url.rpartition("//")[2].partition(":")
    if not settings.hub.secret:
        raise SetupError("hub.secret is empty; run: hotline setup --only secrets")
    console.print(f"参考中枢平台：http://{host}:{port or at or 80}/")
    reference_hub.run(
        host,
        port or int(at or 80),
        settings.data_dir / "hub.db",
        {settings.hub.key_id: settings.hub.secret},
        faults=faults,
    )


@hub_app.command("dead-letters")
@plain_errors
def dead_letters(
    resend: Annotated[int | None, typer.Option(help="重新推送这一条")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """推送失败、等人处理的消息。"""
    settings = settings_for_work(log_level="warning")

    async def work() -> list[Any]:
        with Database(settings) as db:
            db.migrate()
            pusher = HubPusher(db, KeyRing.open(settings), settings.hub)
            if resend is not None:
                await pusher.resend(resend)
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


@pbx_app.command("start")
@plain_errors
def pbx_start() -> None:
    """启动 Asterisk，前台运行直到 Ctrl-C。"""
    settings = settings_for_work()
    process = AsteriskProcess(settings)
    process.start()
    console.print(f"Asterisk {process.installation.version_text} 已启动，进程 {process.pid}")
    try:
        while process.pid is not None:
            time.sleep(0.5)
    finally:
        process.stop()


@pbx_app.command("render")
@plain_errors
def pbx_render() -> None:
    """按设置写出 Asterisk 的全部配置。"""
    settings = settings_for_work()
    process = AsteriskProcess(settings)
    process.write_configuration()
    console.print(str(process.paths.etc))
