"""Commands on words and sound: understand, transcribe, say, voice check, knowledge check."""

from pathlib import Path
from typing import Annotated

import typer

from asr import transcribe as transcribe_files
from hotline.app.joints import load_language, now
from hotline.commands.common import JSON, console, emit, plain_errors, settings_for_work
from hotline.errors import InputError
from hotline.knowledge.check import check, render_check
from hotline.knowledge.load import DATA
from ivr.bot.reply import understand_reply

knowledge_app = typer.Typer(help="知识库", no_args_is_help=True)


@plain_errors
def understand(
    texts: Annotated[list[str], typer.Argument(help="来电人说的话，一句一个参数")],
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """听懂一句话：意图、事项、把握，以及热线会怎样回答。"""
    settings = settings_for_work(log_level="warning")
    knowledge, understander = load_language(settings.knowledge_dir)
    for text in texts:
        meaning, reply = understand_reply(
            text,
            understander=understander,
            knowledge=knowledge,
            regions=knowledge.regions,
            settings=settings.bot,
            now=now(),
        )
        if as_json:
            emit(
                {
                    "text": text,
                    "act": meaning.act.value,
                    "topic": meaning.topic.value,
                    "confidence": round(meaning.confidence, 3),
                    "reply": reply,
                }
            )
            continue
        console.print(f"[bold]{text}[/]")
        console.print(
            f"  {meaning.act.label} / {meaning.topic.label}  把握 {meaning.confidence:.0%}"
        )
        console.print(f"  → {reply}")


@plain_errors
def transcribe(
    files: Annotated[list[Path], typer.Argument(help="WAV 文件")],
    engine: Annotated[str, typer.Option(help="auto、vosk 或 whisper")] = "auto",
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """把录音转成文字。"""
    settings = settings_for_work(log_level="warning")
    if engine not in ("auto", "vosk", "whisper"):
        raise InputError("--engine: one of auto, vosk, whisper", field="engine")
    for result in transcribe_files(files, engine, settings):
        if as_json:
            emit(
                {
                    "file": result.file,
                    "text": result.text,
                    "confidence": round(result.confidence, 3),
                    "seconds": round(result.seconds, 2),
                    "engine": result.engine,
                }
            )
        else:
            console.print(f"{result.file}: {result.text}  [dim]{result.confidence:.0%}[/]")


@plain_errors
def say(
    text: Annotated[str, typer.Argument(help="要读出的文字")],
    output: Annotated[Path, typer.Option("-o", "--output", help="写入的 WAV 文件")],
    telephone: Annotated[bool, typer.Option(help="按电话线路的音质输出（8 kHz）")] = False,
    slow: Annotated[bool, typer.Option(help="慢速")] = False,
) -> None:
    """用热线的声音把文字读成录音。"""
    from hotline.app.voices import say_to_file

    settings = settings_for_work(log_level="warning")
    if not text.strip():
        raise InputError("TEXT: there is nothing to say", field="text")
    seconds = say_to_file(
        text, output, settings, speed=0.8 if slow else 1.0, telephone_line=telephone
    )
    console.print(f"{output}: {seconds:.1f} s")


@knowledge_app.command("check")
@plain_errors
def knowledge_check(
    folder: Annotated[Path | None, typer.Argument(help="知识库目录，默认用随程序提供的")] = None,
    laws: Annotated[Path | None, typer.Option(help="法律原文目录；给出时逐条对照所引条文")] = None,
) -> None:
    """检查知识库：字段、长度、所引法条。"""
    settings = settings_for_work(log_level="warning")
    result = check(folder or settings.knowledge_dir or DATA, laws)
    for line in render_check(result, show_articles=laws is not None):
        console.print(line, markup=False)
    if not result.ok:
        raise typer.Exit(1)
