"""``docs/settings.md`` made from the settings themselves: ``python -m hotline.settings_page``."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hotline.settings import Settings, default_cache_dir

PAGE = Path(__file__).resolve().parents[1] / "docs" / "settings.md"
_HEAD = """# Settings

Made by `python -m hotline.settings_page` from `hotline/settings.py`; a test keeps it true.

Each setting can be given as an environment variable (`HOTLINE_` and the name, groups joined by two
underscores: `HOTLINE_PBX__HTTP_PORT=8088`) or in `hotline.toml` (`[pbx]`, `http_port = 8088`;
another file by `HOTLINE_CONFIG`). The environment wins. Secrets that nobody gives are made once by
`hotline setup` and kept in `<data_dir>/secrets.toml` (mode 600).

| setting | default | what it is |
|---|---|---|
"""


def rows() -> Iterator[tuple[str, str, str]]:
    """(name, default, description) of every setting, in the order of the class."""
    for name, info in Settings.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            for sub, sub_info in inner.model_fields.items():
                yield f"{name}.{sub}", _default(sub_info), sub_info.description or ""
        else:
            yield name, _default(info), info.description or ""


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(f"| `{name}` | {value} | {text} |\n" for name, value, text in rows())


def _default(info: FieldInfo) -> str:
    value = info.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined or value in ("", []):
        return ""
    if value == default_cache_dir():
        return "`~/.cache/hotline-12348`"
    if isinstance(value, list):
        value = [str(item) for item in value]
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
