"""Commands on the hotline's own voice: render, check."""

from typing import Annotated

import typer

from hotline.app.steps import all_texts
from hotline.app.voices import heard_by_recognizer, prerender
from hotline.commands.common import JSON, console, emit, plain_errors, settings_for_work
from ivr.bot import prompts
from ivr.voice.check import voice_check
from ivr.voice.synthesis import Synthesiser

voice_app = typer.Typer(help="热线的声音", no_args_is_help=True)


@voice_app.command("render")
@plain_errors
def render() -> None:
    """把所有固定文字提前录成声音，可随时中断，再次执行会继续。"""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    settings = settings_for_work(log_level="warning")
    texts = all_texts(settings)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("录制", total=len(texts))

        def report(share: float, word: str) -> None:
            bars.update(task, completed=share * len(texts))

        prerender(settings, texts, report)
    console.print(f"[green]✓[/] {len(texts)} 条")


@voice_app.command("check")
@plain_errors
def check(
    count: Annotated[int, typer.Option(help="检查多少条，0 为全部提示语")] = 0,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """录制所有提示语，经 8 kHz 电话线路后让识别引擎听写，报告没听懂的。"""
    settings = settings_for_work(log_level="warning")
    texts = list(prompts.ALL)[: count or None]
    voice = Synthesiser(settings.voice, settings.cache_dir)
    errors = syllables = 0
    for heard in voice_check(texts, heard_by_recognizer(settings), voice):
        errors += heard.errors
        syllables += heard.syllables
        if as_json:
            emit({"text": heard.text, "heard": heard.heard, "error_rate": round(heard.rate, 3)})
        elif not heard.understood:
            console.print(f"[yellow]没听懂[/] {heard.text}\n      → {heard.heard}")
    rate = errors / syllables if syllables else 0.0
    if as_json:
        emit({"texts": len(texts), "syllables": syllables, "syllable_error_rate": round(rate, 4)})
    else:
        console.print(f"{len(texts)} 条，音节错误率 {rate:.1%}")
