"""The authenticated ciphers for data at rest: AES-256-GCM and SM4-GCM (GB/T 32907, 36624)."""

import os
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4

from hotline.privacy.errors import TamperedError

CipherName = Literal["aes-gcm", "sm4-gcm"]
NONCE_BYTES = 12
TAG_BYTES = 16
KEY_BYTES: dict[CipherName, int] = {"aes-gcm": 32, "sm4-gcm": 16}
CODES: dict[CipherName, int] = {"aes-gcm": 1, "sm4-gcm": 2}
NAMES: dict[int, CipherName] = {code: name for name, code in CODES.items()}


def encrypt(cipher: CipherName, key: bytes, data: bytes, aad: bytes) -> bytes:
    """Nonce (12 random bytes), ciphertext and tag (16 bytes), in this order."""
    nonce = os.urandom(NONCE_BYTES)
    if cipher == "aes-gcm":
        return nonce + AESGCM(key).encrypt(nonce, data, aad)
    encryptor = Cipher(SM4(key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(aad)
    return nonce + encryptor.update(data) + encryptor.finalize() + encryptor.tag


def decrypt(cipher: CipherName, key: bytes, blob: bytes, aad: bytes) -> bytes:
    """Undo ``encrypt``. Raises TamperedError unless blob, key and aad all belong together."""
    if len(blob) < NONCE_BYTES + TAG_BYTES:
        raise TamperedError("sealed data is too short to be whole")
    nonce, body, tag = blob[:NONCE_BYTES], blob[NONCE_BYTES:-TAG_BYTES], blob[-TAG_BYTES:]
    try:
        if cipher == "aes-gcm":
            return AESGCM(key).decrypt(nonce, body + tag, aad)
        decryptor = Cipher(SM4(key), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise TamperedError(
            "sealed data does not pass authentication: it was changed, moved, or has another key"
        ) from None
