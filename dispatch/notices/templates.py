"""Texts with gaps: read from a file, checked, filled. No I/O after loading."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dispatch.notices.errors import NoticeTemplateError
from dispatch.numbers import CHINA
from hotline.domain.order_codes import CloseReason

SHIPPED = Path(__file__).parent / "templates.yaml"
LONGEST = 134
"""Characters of two joined messages (67 each in UCS-2); more is cut by some gateways."""
GAPS = {
    "order_no": "20260305000010",
    "link": "https://www.example.gov.cn/p/" + "a" * 24,
    "rate_link": "https://www.example.gov.cn/p/" + "a" * 24,
    "until": "2026年12月31日",
    "reason": max((member.label for member in CloseReason), key=len),
}
"""Every gap a text may have, with a value as long as they come."""
_GLUED = re.compile(r"\{(?:rate_)?link\}[^ ]")
_SIGN = re.compile(r"【[^【】]{2,12}】")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    sign: str
    templates: dict[str, str] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Links:
    """Links for one order, ready for a text."""

    progress: str
    rating: str


@dataclass(frozen=True, slots=True)
class Templates:
    """Checked texts by name."""

    sign: str
    texts: Mapping[str, str]

    @classmethod
    def load(cls, path: Path | None = None) -> "Templates":
        """The texts of a file (None: the shipped one). Raises NoticeTemplateError."""
        file = path or SHIPPED
        try:
            given = _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
        except OSError:
            raise NoticeTemplateError(f"{file}: cannot be read") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise NoticeTemplateError(
                f"{file.name}: no valid YAML ({type(error).__name__})"
            ) from None
        except ValidationError as error:
            wrong = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in wrong["loc"])
            raise NoticeTemplateError(f"{file.name}: {where}: {wrong['msg']}") from None
        if not _SIGN.fullmatch(given.sign):
            raise NoticeTemplateError(f"{file.name}: sign: write it like 【安徽12348】")
        for name, text in given.templates.items():
            _check(file.name, given.sign, name, text)
        return cls(given.sign, dict(given.templates))

    def render(self, name: str, order_no: str, links: Links, data: Mapping[str, str]) -> str | None:
        """The whole text, signed; None when there is no such template, or ``data`` lacks what it
        needs (a step may leave out an optional field).
        """
        text = self.texts.get(name)
        if text is None:
            return None
        values = {"order_no": order_no, "link": links.progress, "rate_link": links.rating}
        for gap, show in _SHOWN.items():
            value = show(data.get(gap))
            if value is not None:
                values[gap] = value
        if not _gaps(text) <= values.keys():
            return None
        return self.sign + text.format_map(values)


def _check(file: str, sign: str, name: str, text: str) -> None:
    where = f"{file}: templates.{name}"
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise NoticeTemplateError(f"{where}: a brace without its partner") from None
    for _, gap, spec, conversion in parts:
        if gap is not None and (gap not in GAPS or spec or conversion):
            raise NoticeTemplateError(f"{where}: unknown gap; known: {', '.join(GAPS)}")
    if "order_no" not in _gaps(text):
        raise NoticeTemplateError(f"{where}: lacks {{order_no}}")
    if _GLUED.search(text):
        raise NoticeTemplateError(f"{where}: put a blank after the link")
    if any(not char.isprintable() for char in text):
        raise NoticeTemplateError(f"{where}: line breaks and control characters are not allowed")
    length = len(sign + text.format_map(GAPS))
    if length > LONGEST:
        raise NoticeTemplateError(f"{where}: up to {length} characters, at most {LONGEST}")


def _gaps(text: str) -> set[str]:
    return {gap for _, gap, _, _ in Formatter().parse(text) if gap is not None}


def _day(value: str | None) -> str | None:
    try:
        moment = datetime.fromisoformat(value or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    local = moment.astimezone(CHINA)
    return f"{local.year}年{local.month}月{local.day}日"


def _reason(value: str | None) -> str | None:
    return next((member.label for member in CloseReason if member.value == value), None)


_SHOWN: dict[str, Any] = {"until": _day, "reason": _reason}
