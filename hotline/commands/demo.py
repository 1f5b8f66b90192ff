"""``hotline demo``: everything set up and started, a real call, the order at the hub."""

import asyncio
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from dispatch.progress import Progress
from hotline.app import steps
from hotline.app.trial import Trial, fetch
from hotline.commands.common import console, plain_errors, run, settings_for_work, until_signal
from hotline.commands.phone import new_number, place_call, read_line
from hotline.db import Database
from hotline.domain.calls import CallRecord
from hotline.domain.codes import HubState
from hotline.domain.orders import OrderView
from hotline.privacy import KeyRing
from hotline.settings import Settings
from hotline.setup.steps import run_setup
from ivr.pbx.pjsip import SOFTPHONE, softphone_password

_RECEIPT_S = 30.0
_POLL_S = 0.2


@plain_errors
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="打完电话就结束；只有中枢平台确认收到工单时退出码为 0")
    ] = False,
) -> None:
    """装好一切，启动热线和参考中枢平台，打一个真实的电话。"""
    settings = settings_for_work(log_level="warning")
    console.rule("准备")
    run_setup(steps.steps(settings), console=console, is_root=steps.is_root())
    console.rule("启动")
    with Trial(settings):
        console.print("[green]✓[/] 参考中枢平台、热线")
        acknowledged = run(_show(settings, once=once))
    if not acknowledged:
        raise typer.Exit(1)


async def _show(settings: Settings, *, once: bool) -> bool:
    console.rule("来电")
    lines = [read_line(str(path)) for path in demo_files()]
    record = await place_call(settings, lines, new_number())
    acknowledged = await _show_order(settings, record)
    if once:
        return acknowledged
    _show_addresses(settings)
    await until_signal()
    console.print("正在停止……")
    return acknowledged


def demo_files() -> list[Path]:
    """The recordings the demo's caller speaks, in order."""
    folder = Path(str(files("ivr.phone") / "demo"))
    return sorted(folder.glob("*.wav"))


async def _show_order(settings: Settings, record: CallRecord | None) -> bool:
    """Print the order and wait for the hub's receipt."""
    if record is None or record.order_no is None:
        console.print("[red]这通电话没有登记工单[/]")
        return False
    order = await _receipt(settings, record.order_no)
    console.print(f"\n[bold]工单[/] {order.order_no}  {order.title}")
    console.print(f"  状态 {order.state.label}   平台 {order.hub_state.label}")
    if order.hub_state is not HubState.ACKNOWLEDGED:
        console.print("[red]中枢平台没有确认[/]")
        return False
    console.print(f"  平台回执 [green]{order.hub_receipt}[/]")
    held = await asyncio.to_thread(fetch, f"{settings.hub.url}/api/v1/orders/{order.order_no}")
    if held is None:
        console.print("[red]中枢平台查不到这张工单[/]")
        return False
    return True


async def _receipt(settings: Settings, order_no: str) -> OrderView:
    ring = KeyRing.open(settings)
    deadline = asyncio.get_running_loop().time() + _RECEIPT_S
    with Database(settings) as db:
        progress = Progress(db, ring)
        while True:
            order = await progress.by_number(order_no)
            late = asyncio.get_running_loop().time() > deadline
            if order.hub_state is not HubState.PENDING or late:
                return order
            await asyncio.sleep(_POLL_S)


def _show_addresses(settings: Settings) -> None:
    pbx, web = settings.pbx, settings.web
    console.rule("运行中")
    console.print(f"热线状态   http://{web.host}:{web.port}/readyz")
    console.print(f"坐席页面   http://{web.host}:{web.port}/desk（大屏 /wall）")
    console.print(f"运行指标   http://{web.host}:{web.port}/metrics")
    console.print(f"中枢平台   {settings.hub.url}/")
    console.print(f"再打一个   {Path(sys.argv[0]).name} call 你的录音.wav")
    console.print(
        f"用 SIP 电话   服务器 {pbx.seat_bind}:{pbx.seat_port} (UDP)  账号 {SOFTPHONE}  "
        f"密码 {softphone_password(settings)}  拨 {pbx.number}"
    )
    console.print("按 Ctrl-C 结束")
