"""Signing of messages between us and the hub (docs/hub-protocol.md, "Signature").

Pure functions of bytes and times: both sides use them, and anyone can write them anew in another
language from the protocol's page.
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

Algorithm = Literal["hmac-sha256", "hmac-sm3"]
ALGORITHMS: tuple[Algorithm, ...] = ("hmac-sha256", "hmac-sm3")
KEY_HEADER = "Hotline-Key"
TIME_HEADER = "Hotline-Timestamp"
NONCE_HEADER = "Hotline-Nonce"
SIGNATURE_HEADER = "Hotline-Signature"
IDEMPOTENCY_HEADER = "Idempotency-Key"
ANSWER = "ANSWER"
"""Stands for the method in the signature of an answer, so that none passes for a request."""
WINDOW_S = 300
"""A message whose time is further off than this is refused."""
NONCE_S = 2 * WINDOW_S
"""Nonces are kept this long: a message from the future lives for two windows."""
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
    secret: str,
    method: str,
    target: str,
    timestamp: str,
    nonce: str,
    body: bytes,
    algorithm: Algorithm = "hmac-sha256",
) -> str:
    """``<algorithm>=`` and 64 hex digits over method, path with query, time, nonce, body hash."""
    body_hash = _digest(algorithm, body)
    text = "\n".join((_VERSION, method.upper(), target, timestamp, nonce, body_hash))
    return f"{algorithm}={_mac(algorithm, secret.encode(), text.encode())}"


def signed_headers(
    key_id: str,
    secret: str,
    method: str,
    target: str,
    body: bytes,
    now: datetime,
    algorithm: Algorithm = "hmac-sha256",
) -> dict[str, str]:
    """The four headers of a signed request; every attempt has its own time and nonce."""
    timestamp = str(int(now.timestamp()))
    nonce = secrets.token_hex(16)
    return {
        KEY_HEADER: key_id,
        TIME_HEADER: timestamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: signature(secret, method, target, timestamp, nonce, body, algorithm),
    }


def check_signature(
    keys: Mapping[str, str],
    headers: Mapping[str, str],
    method: str,
    target: str,
    body: bytes,
    now: datetime,
    algorithms: Collection[str] = ALGORITHMS,
) -> Signed:
    """Raises SignatureError: unsigned, unknown-key, unknown-algorithm, bad-signature,
    stale-timestamp, bad-nonce.

    The caller has still to refuse a nonce it has seen within ``NONCE_S``.
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
    algorithm = _algorithm(given, algorithms)
    made = signature(secret, method, target, timestamp, nonce, body, algorithm)
    if not hmac.compare_digest(made.encode(), given.encode()):
        raise SignatureError("bad-signature", "the signature does not fit the message")
    # only a rightly signed time is looked at: it is then known to be a number of ours
    if abs(now.timestamp() - int(timestamp)) > WINDOW_S:
        raise SignatureError("stale-timestamp", f"more than {WINDOW_S} s off: set the clocks")
    if not 16 <= len(nonce) <= 64:
        raise SignatureError("bad-nonce", "a nonce has 16 to 64 characters")
    return Signed(key_id, nonce)


def _algorithm(given: str, accepted: Collection[str]) -> Algorithm:
    name, equals, _ = given.partition("=")
    for algorithm in ALGORITHMS:
        if equals and name == algorithm and name in accepted:
            return algorithm
    known = ", ".join(accepted)
    raise SignatureError("unknown-algorithm", f"the signature begins with one of: {known}")


def _digest(algorithm: Algorithm, data: bytes) -> str:
    if algorithm == "hmac-sha256":
        return hashlib.sha256(data).hexdigest()
    # not hashlib's: whether that has SM3 depends on how the system's OpenSSL was built
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize().hex()


def _mac(algorithm: Algorithm, key: bytes, data: bytes) -> str:
    if algorithm == "hmac-sha256":
        return hmac.new(key, data, hashlib.sha256).hexdigest()
    made = HMAC(key, hashes.SM3())
    made.update(data)
    return made.finalize().hex()
