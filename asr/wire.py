"""Messages between the hotline and a recognition worker: a length, a JSON head, raw sound.

``<head length: 4 bytes LE><body length: 4 bytes LE><head: UTF-8 JSON><body>``
"""

import json
import struct
from typing import Any

from asr.engines.base import Hypothesis, Request

PREFIX = struct.Struct("<II")


def pack(head: dict[str, Any], body: bytes = b"") -> bytes:
    """One message."""
    text = json.dumps(head, ensure_ascii=False).encode()
    return PREFIX.pack(len(text), len(body)) + text + body


def pack_requests(number: int, requests: list[Request]) -> bytes:
    """Stretches of sound to be decoded together; the answer bears the same number."""
    items = [
        {
            "key": r.key,
            "bytes": len(r.pcm),
            "offset": r.offset,
            "final": r.final,
            "voiced": r.voiced,
            "expect": r.expect,
        }
        for r in requests
    ]
    return pack(
        {"do": "decode", "number": number, "items": items}, b"".join(r.pcm for r in requests)
    )


def unpack_requests(head: dict[str, Any], body: bytes) -> list[Request]:
    """The other end of ``pack_requests``."""
    requests, at = [], 0
    for item in head["items"]:
        pcm = body[at : at + item["bytes"]]
        at += item["bytes"]
        known = (item["offset"], item["final"], item["voiced"], item["expect"])
        requests.append(Request(item["key"], pcm, *known))
    return requests


def pack_hypotheses(number: int, found: list[Hypothesis], seconds: float) -> bytes:
    """What was heard, and how long that took."""
    items = [
        {
            "text": h.text,
            "confidence": h.confidence,
            "alternatives": list(h.alternatives),
            "refused": h.refused,
        }
        for h in found
    ]
    return pack({"did": "decode", "number": number, "items": items, "seconds": seconds})


def unpack_hypotheses(head: dict[str, Any]) -> list[Hypothesis]:
    """The other end of ``pack_hypotheses``."""
    return [
        Hypothesis(i["text"], i["confidence"], tuple(i["alternatives"]), i["refused"])
        for i in head["items"]
    ]


def head(text: bytes) -> dict[str, Any]:
    """The JSON head of a message."""
    found: dict[str, Any] = json.loads(text)
    return found
