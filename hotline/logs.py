"""Logging: constant messages, data in fields, nothing personal.

Messages are constant strings. Fields whose name begins with ``pii_`` are dropped, and so are the
names that hold personal data by convention. Exceptions are shown as type and place only: their
texts may repeat what a caller said or a peer sent.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

PERSONAL = frozenset(
    {"phone", "number", "caller", "caller_number", "name", "text", "transcript", "address"}
)
"""Field names never written, whatever they hold."""
_LONG_DIGITS = re.compile(r"(?<![\d-])\d{7,18}(?![\d-])")


def drop_personal(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Drop personal fields; blot out digit runs that may be a telephone or ID number."""
    for key in list(event):
        if key.startswith("pii_") or key in PERSONAL:
            del event[key]
        elif isinstance(event[key], str) and key not in ("event", "timestamp", "call"):
            event[key] = _LONG_DIGITS.sub("***", event[key])
    return event


def place_of_exception(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace ``exc_info`` by the exception's type and the frames it passed."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
        frames = traceback.extract_tb(info[2])
        event["place"] = " < ".join(f"{f.filename}:{f.lineno}" for f in reversed(frames[-6:]))
    return event


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logs, one line each, to ``stream`` (stderr)."""
    out = stream or sys.stderr
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=False),
        place_of_exception,
        drop_personal,
    ]
    structlog.configure(
        processors=[*processors, structlog.dev.ConsoleRenderer(colors=out.isatty())],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.dev.ConsoleRenderer(colors=out.isatty()),
            ],
            foreign_pre_chain=processors,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(getattr(logging, level.upper()))
    # Libraries' own lines name URLs and peers; only their warnings matter to an operator.
    for noisy in ("httpx2", "httpcore2", "websockets", "uvicorn.access", "faster_whisper"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
