"""What all commands share: the screen, settings, errors in plain words, a clean end."""

import asyncio
import functools
import json
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

import typer
from rich.console import Console

from hotline import logs
from hotline.errors import HotlineError
from hotline.settings import Settings, load_settings
from hotline.setup.secrets import ensure_secrets

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

P = ParamSpec("P")
R = TypeVar("R")

JSON = typer.Option("--json", help="每行输出一个 JSON 对象")


def plain_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turn our errors into one plain line and exit status 1; Ctrl-C ends with 130, quietly."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except HotlineError as error:
            errors.print(f"[red]✗[/] {error}", markup=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of our output has gone (`hotline ... | head`): nothing is left to do.
            sys.stderr.close()
            raise typer.Exit(0) from None

    return wrapped


def settings_for_work(*, log_level: str | None = None) -> Settings:
    """Read settings, making the secrets nobody chose; set logging up."""
    ensure_secrets(load_settings().data_dir)
    settings = load_settings()
    logs.set_up(log_level or settings.log_level)
    return settings


def emit(row: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def run(work: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine; SIGTERM is taken like Ctrl-C."""

    async def main() -> R:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    return asyncio.run(main())


async def until_signal() -> None:
    """Return at the first Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
