"""Write Asterisk's configuration files from plain data."""

from collections.abc import Iterable, Mapping

Value = str | int | bool
Options = Mapping[str, Value | Iterable[str]]

HEADER = (
    "; Made by the hotline from its settings at every start: change the settings, not this file.\n"
)


def section(name: str, options: Options) -> str:
    """One ``[name]`` with its options; a list gives one line for each of its values."""
    lines = [f"[{name}]"]
    for key, value in options.items():
        if isinstance(value, str | int):
            lines.append(f"{key} = {_text(value)}")
        else:
            lines.extend(f"{key} = {_text(one)}" for one in value)
    return "\n".join(lines) + "\n"


def file(*sections: str) -> str:
    """A whole file."""
    return "\n".join((HEADER, *sections))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # A semicolon starts a comment; a line end would start another option.
    return "".join(character for character in str(value) if character >= " ").replace(";", "\\;")
