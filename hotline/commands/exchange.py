"""Commands of files in and out, and of the data standard."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dispatch.intake import IntakeDesk
from dispatch.intake_files import FileReceiver
from hotline.commands.care import opened
from hotline.commands.common import JSON, console, emit, errors, plain_errors, run
from hotline.commands.records import local_moment, region_names, tables_of
from hotline.db.opening import Store
from hotline.domain.order_codes import Right
from hotline.domain.people import Actor
from hotline.domain.standard import VERSION
from hotline.errors import InputError
from hotline.exchange.ask import Ask
from hotline.exchange.duties import DutiesTarget
from hotline.exchange.errors import ImportRefusedError
from hotline.exchange.exporting import Exporter
from hotline.exchange.fields import DUTIES, INSTITUTIONS, ORDERS, PEOPLE
from hotline.exchange.importing import ImportReport, Target
from hotline.exchange.importing import import_file as bring_in
from hotline.exchange.intakes import IntakesTarget
from hotline.exchange.standard import table_json, write, written
from hotline.exchange.targets import Desk, InstitutionsTarget, PeopleTarget
from hotline.settings import load_settings

standard_app = typer.Typer(help="数据标准：代码表、JSON Schema", no_args_is_help=True)
OPERATOR = Actor("operator", rights=frozenset(Right))
"""Whoever runs commands on the machine itself may do what the files under it let them do anyway."""
_LONG = 1000
"""Rows from which on a progress bar is shown."""
_IN = ("orders", "institutions", "people", "duties")
_OUT = {record.id: record for record in (ORDERS, INSTITUTIONS, PEOPLE, DUTIES)}
FILE = Annotated[Path, typer.Argument(help="文件：.jsonl、.xlsx（导入也可 .csv）")]


@plain_errors
def import_file(
    kind: Annotated[str, typer.Argument(help=f"内容：{'、'.join(_IN)}")],
    file: FILE,
    check: Annotated[bool, typer.Option("--check", help="只检查，不写入")] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """导入文件：先检查整份文件，有错误一处也不写入；可重复导入。"""
    if kind not in _IN:
        raise InputError(f"没有“{kind}”这种内容，可填：{'、'.join(_IN)}", field="kind")

    async def work() -> ImportReport:
        async with opened() as store:
            target = _target(store, kind)
            with _bar(as_json) as progress:
                return await bring_in(
                    file, target, tables_of(store.settings), progress, dry_run=check
                )

    try:
        report = run(work())
    except ImportRefusedError as error:
        _show_problems(error, as_json)
        raise typer.Exit(1) from None
    if as_json:
        emit(
            {
                "event": "report",
                "ok": True,
                "checked_only": check,
                "rows": report.rows,
                "created": report.created,
                "changed": report.changed,
                "same": report.same,
            }
        )
    elif check:
        console.print(f"检查通过，共 {report.rows} 行；没有写入")
    else:
        console.print(
            f"共 {report.rows} 行：新增 {report.created}，更新 {report.changed}，未变 {report.same}"
        )


@plain_errors
def export_file(
    kind: Annotated[str, typer.Argument(help=f"内容：{'、'.join(_OUT)}")],
    file: FILE,
    since: Annotated[str | None, typer.Option(help="从何时起（登记或值班开始）")] = None,
    until: Annotated[str | None, typer.Option(help="到何时止（不含）")] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="个人信息不打码；记入审计，请妥善保管文件")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """导出文件，个人信息默认打码。"""
    if kind not in _OUT:
        raise InputError(f"没有“{kind}”这种内容，可填：{'、'.join(_OUT)}", field="kind")
    ask = Ask(
        OPERATOR,
        datetime.now(UTC),
        local_moment(since) if since else None,
        local_moment(until) if until else None,
        reveal,
    )

    async def work() -> int:
        async with opened() as store:
            exporter = Exporter(store.db, store.ring, tables_of(store.settings))
            with _bar(as_json) as progress:
                return await exporter.export(_OUT[kind], file, ask, progress)

    rows = run(work())
    if as_json:
        emit({"event": "report", "ok": True, "rows": rows, "file": str(file)})
    else:
        console.print(f"已导出 {rows} 行到 {file}")


def _target(store: Store, kind: str) -> Target[Any]:
    now = datetime.now(UTC)
    if kind == "orders":
        desk = IntakeDesk(store.db, store.ring, store.settings.hub.terminal)
        return IntakesTarget(FileReceiver(desk, store.db, store.ring), OPERATOR, now)
    common = Desk(store.db, store.ring, region_names(store.settings), OPERATOR, now)
    if kind == "institutions":
        return InstitutionsTarget(common)
    return PeopleTarget(common) if kind == "people" else DutiesTarget(common)


def _show_problems(error: ImportRefusedError, as_json: bool) -> None:
    for problem in error.problems:
        if as_json:
            emit(
                {
                    "event": "problem",
                    "sheet": problem.sheet,
                    "row": problem.row,
                    "field": problem.field,
                    "mend": problem.mend,
                }
            )
        else:
            errors.print(str(problem), markup=False)
    if as_json:
        emit({"event": "report", "ok": False, "problems": len(error.problems), "more": error.more})
    else:
        errors.print(f"[red]✗[/] {error}")


@contextmanager
def _bar(as_json: bool) -> Iterator[Any]:
    """A bar that appears once a file turns out to be long."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=errors, disable=as_json, transient=True)
    tasks: dict[str, Any] = {}

    def progress(what: str, done: int, whole: int) -> None:
        if done < _LONG:
            return
        if what not in tasks:
            bar.start()
            tasks[what] = bar.add_task(what, total=whole or None)
        bar.update(tasks[what], completed=done)

    try:
        yield progress
    finally:
        if tasks:
            bar.stop()


@standard_app.command("codes")
@plain_errors
def codes(
    table: Annotated[str | None, typer.Argument(help="代码表编号；不填列出全部")] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """代码表。"""
    tables = tables_of(load_settings())
    if table is None:
        for one in tables.values():
            if as_json:
                emit({"version": VERSION, **table_json(one)})
            else:
                console.print(f"{one.id:18} {one.name}（{len(one.entries)}）")
        return
    if table not in tables:
        raise InputError(f"没有代码表“{table}”，可填：{'、'.join(tables)}", field="table")
    for entry in tables[table].entries:
        if as_json:
            emit({"code": entry.code, "name": entry.name, "parent": entry.parent})
        else:
            console.print(f"{entry.code:24} {entry.name}")


@standard_app.command("write")
@plain_errors
def write_standard(
    folder: Annotated[Path, typer.Argument(help="文档目录")] = Path("docs"),
) -> None:
    """按代码写出 docs/data-standard.md 和 docs/schema/；已公布的代码不得删除。"""
    changed = write(folder, written(region_names(load_settings())))
    for path in changed:
        console.print(f"已更新 {path}")
    if not changed:
        console.print("都是最新的")
