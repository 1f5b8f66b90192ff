"""Signing of messages between us and the hub (docs/hub-protocol.md, "Signature").

Pure functions of bytes and times: both sides use them, and anyone can write them anew in another
language from the protocol's page.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

KEY_HEADER = "Hotline-Key"
TIME_HEADER = "Hotline-Timestamp"
NONCE_HEADER = "Hotline-Nonce"
SIGNATURE_HEADER = "Hotline-Signature"
IDEMPOTENCY_HEADER = "Idempotency-Key"
ALGORITHM = "hmac-sha256"
WINDOW_S = 300
"""A message whose time is further off than this is refused."""
_VERSION = "hotline-hub-1"


class SignatureError(Exception):
    """A signature that does not hold; ``code`` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed, and the nonce that must not come again."""

    key_id: str
    nonce: str


def signature(
    secret: str, method: str, target: str, timestamp: str, nonce: str, body: bytes
) -> str:
    """``hmac-sha256=`` and 64 hex digits over method, path with query, time, nonce, body hash."""
    text = "\n".join(
        (_VERSION, method.upper(), target, timestamp, nonce, hashlib.sha256(body).hexdigest())
    )
    return f"{ALGORITHM}={hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}"


def signed_headers(
    key_id: str, secret: str, method: str, target: str, body: bytes, now: datetime
) -> dict[str, str]:
    """The four headers of a signed request; every attempt has its own time and nonce."""
    timestamp = str(int(now.timestamp()))
    nonce = secrets.token_hex(16)
    return {
        KEY_HEADER: key_id,
        TIME_HEADER: timestamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: signature(secret, method, target, timestamp, nonce, body),
    }


def check_signature(
    keys: Mapping[str, str],
    headers: Mapping[str, str],
    method: str,
    target: str,
    body: bytes,
    now: datetime,
) -> Signed:
    """Raises SignatureError: unsigned, unknown-key, bad-signature, stale-timestamp.

    The caller has still to refuse a nonce it has seen within the window.
    """
    key_id = headers.get(KEY_HEADER)
    timestamp = headers.get(TIME_HEADER)
    nonce = headers.get(NONCE_HEADER)
    given = headers.get(SIGNATURE_HEADER)
    if not (key_id and timestamp and nonce and given):
        raise SignatureError("unsigned", "the four Hotline-… headers are needed")
    secret = keys.get(key_id)
    if secret is None:
        raise SignatureError("unknown-key", "this key id is not known here")
    made = signature(secret, method, target, timestamp, nonce, body)
    if not hmac.compare_digest(made.encode(), given.encode()):
        raise SignatureError("bad-signature", "the signature does not fit the message")
    # only a rightly signed time is looked at: it is then known to be a number of ours
    if abs(now.timestamp() - int(timestamp)) > WINDOW_S:
        raise SignatureError("stale-timestamp", f"more than {WINDOW_S} s off: set the clocks")
    if not 16 <= len(nonce) <= 64:
        raise SignatureError("bad-nonce", "a nonce has 16 to 64 characters")
    return Signed(key_id, nonce)
