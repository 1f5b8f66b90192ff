"""The ``hotline`` command."""

import typer

from hotline import __version__
from hotline.commands import care, demo, phone, serve, setup, voice, words

app = typer.Typer(
    help="12348 公共法律服务热线",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="版本"),
) -> None:
    """12348 公共法律服务热线。设置见 docs/settings.md；先执行 hotline doctor。"""


app.command()(demo.demo)
app.command()(serve.up)
app.add_typer(serve.hub_app, name="hub")
app.add_typer(serve.pbx_app, name="pbx")
app.command()(setup.setup)
app.command()(setup.doctor)
app.add_typer(setup.models_app, name="models")
app.command()(phone.call)
app.command()(words.understand)
app.command()(words.transcribe)
app.command()(words.say)
app.add_typer(voice.voice_app, name="voice")
app.add_typer(words.knowledge_app, name="knowledge")
app.command()(care.stats)
app.command()(care.calls)
app.command()(care.backup)
app.command()(care.restore)
app.add_typer(care.privacy_app, name="privacy")


def main() -> None:
    """Entry point of the ``hotline`` script."""
    app()


if __name__ == "__main__":
    main()
