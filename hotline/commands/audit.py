"""Commands of the audit chain: is it whole, and does the hub say so too?"""

from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from dispatch.hub.anchoring import AnchorReport, Anchors
from dispatch.hub.client import HubClient
from hotline.commands.care import opened
from hotline.commands.common import console, plain_errors, run
from hotline.db.audit_content import changed_records
from hotline.db.opening import Store
from hotline.errors import UnavailableError

audit_app = typer.Typer(help="审计链：核对、向平台存证", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class _Found:
    links: int
    problems: list[str]
    hub: AnchorReport | None
    """None: the hub could not be asked."""


@audit_app.command("verify")
@plain_errors
def verify() -> None:
    """核对审计链、通话和工单的内容，并与平台存证比对（平台连得上时）。"""

    async def work() -> _Found:
        async with opened() as store:
            report = await store.audit.verify()
            changed = await changed_records(store.db, store.ring)
            told = [f"{name}: content is not what was audited" for name in changed]
            return _Found(report.links, [*report.problems, *told], await _ask_hub(store))

    found = run(work())
    console.print(f"审计链共 {found.links} 环")
    problems = list(found.problems)
    if found.hub is None:
        console.print("[yellow]![/] 平台连不上，未与平台存证比对")
    elif found.hub.anchors == 0:
        console.print(
            "[yellow]![/] 平台还没有存证（运行中每天夜里存证，或执行 hotline audit anchor）"
        )
    else:
        latest = found.hub.latest.astimezone() if found.hub.latest else None
        console.print(f"平台存证 {found.hub.anchors} 处，最近一次 {latest:%Y-%m-%d %H:%M}")
        problems += [f"{problem} (hub)" for problem in found.hub.problems]
    for problem in problems:
        console.print(f"[red]✗[/] {problem}")
    if problems:
        raise typer.Exit(1)
    console.print("[green]✓[/] 完整")


@audit_app.command("anchor")
@plain_errors
def anchor() -> None:
    """把审计链的末端存到平台（运行中每天夜里自动执行）。"""

    async def work() -> bool:
        async with opened() as store, HubClient(store.settings.hub) as client:
            return await Anchors(store.db, store.settings.hub, client).send(datetime.now(UTC))

    if not run(work()):
        console.print(
            "[red]✗[/] 没有可存证的审计链，或平台存有不同的末端：请执行 hotline audit verify"
        )
        raise typer.Exit(1)
    console.print("[green]✓[/] 已存证")


async def _ask_hub(store: Store) -> AnchorReport | None:
    hub = store.settings.hub
    if not hub.signing_secret:
        return None
    try:
        async with HubClient(hub) as client:
            return await Anchors(store.db, hub, client).compare()
    except UnavailableError:
        return None
