"""Commands that bring the parts: setup, doctor, models."""

from typing import Annotated

import typer

from asr import models as asr_models
from hotline.app import steps
from hotline.commands.common import (
    JSON,
    console,
    emit,
    errors,
    plain_errors,
    settings_for_work,
)
from hotline.setup.doctor import examine, healthy, show
from hotline.setup.steps import run_setup
from ivr.voice import models as voice_models

models_app = typer.Typer(help="模型", no_args_is_help=True)


@plain_errors
def setup(
    only: Annotated[
        list[str] | None, typer.Option(help="只做这一步，可以给多次；见 hotline doctor")
    ] = None,
) -> None:
    """把热线需要的一切装好；已装好的跳过。"""
    settings = settings_for_work(log_level="warning")
    run_setup(steps.steps(settings), what=only or (), console=console, is_root=steps.is_root())


@plain_errors
def doctor(as_json: Annotated[bool, JSON] = False) -> None:
    """逐项检查：有什么，缺什么，用哪条命令补上。"""
    settings = settings_for_work(log_level="error")
    findings = examine(steps.checks(settings))
    if as_json:
        for finding in findings:
            emit(finding.as_dict())
    else:
        show(findings, console)
    if not healthy(findings):
        raise typer.Exit(1)


@models_app.command("fetch")
@plain_errors
def models_fetch(
    names: Annotated[list[str] | None, typer.Argument(help="模型名，默认全部")] = None,
) -> None:
    """取回并校验语音识别和语音合成模型。"""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    settings = settings_for_work(log_level="warning")
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), DownloadColumn())
    failed = False
    with Progress(*columns, console=errors, transient=True) as bars:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total or None)
            bars.update(tasks[what], completed=done, total=total or None)  # type: ignore[arg-type]  # TaskID is a NewType of int

        for result in asr_models.fetch(settings, names, progress):
            console.print(f"{result.name}: {result.detail}")
            failed |= result.state == "failed" and result.name != asr_models.VOSK
        if not names:
            voice_models.fetch(settings.cache_dir, progress)
            console.print("kokoro: " + str(settings.cache_dir / "models"))
    if failed:
        raise typer.Exit(1)
