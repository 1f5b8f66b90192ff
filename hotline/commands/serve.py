"""Commands that run things: up, pbx."""

import time
from typing import Annotated

import typer

from hotline.app import House
from hotline.commands.common import (
    console,
    plain_errors,
    run,
    settings_for_work,
    until_signal,
)
from ivr.pbx.control import AsteriskProcess

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
        console.print(f"坐席页面  http://{web.host}:{web.port}/desk   大屏  /wall")
        await until_signal()
        console.print("正在停止：不再接新电话，等待通话结束……（再按一次 Ctrl-C 立即停止）")
        await house.stop()

    run(serve())


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
