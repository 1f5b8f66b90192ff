"""The key ring: data keys with ids, the search key and the audit key, in a file of mode 600.

The file stands outside the database, so that neither a copy of the database nor a backup of it
gives anything away. Every row with personal data has a random key of its own (``RowKey``), kept
sealed under the ring beside the data: erasing a person destroys the row keys, and what is left
anywhere of the row's ciphertext can no longer be read.
"""

import base64
import fcntl
import hashlib
import hmac
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hotline.privacy.ciphers import CODES, KEY_BYTES, NAMES, CipherName, decrypt, encrypt
from hotline.privacy.errors import KeysMissingError, TamperedError, UnknownKeyError
from hotline.settings import Settings

_RING_SEALED = 1
_ROW_SEALED = 2
_ROW_SECRET_BYTES = 32


def place(table: str, column: str, row: str) -> bytes:
    """Name of one field of one row: authenticated with the data, so that it cannot be moved."""
    return f"hotline/{table}/{column}/{row}".encode()


@dataclass(frozen=True, slots=True)
class RowKey:
    """The key of one row (a call with its turns, an order with its events)."""

    cipher: CipherName
    secret: bytes = field(repr=False)
    """32 random bytes; the cipher's key and the digest key are derived from it."""

    def _derive(self, purpose: bytes, size: int) -> bytes:
        return hmac.digest(self.secret, purpose, "sha256")[:size]

    def seal(self, data: bytes, where: bytes) -> bytes:
        """Seal a field's bytes for the place ``where`` (see ``place``)."""
        key = self._derive(b"data/" + self.cipher.encode(), KEY_BYTES[self.cipher])
        return bytes((_ROW_SEALED, CODES[self.cipher])) + encrypt(self.cipher, key, data, where)

    def open(self, blob: bytes, where: bytes) -> bytes:
        """Undo ``seal``. Raises TamperedError when anything was changed."""
        if len(blob) < 2 or blob[0] != _ROW_SEALED or blob[1] not in NAMES:
            raise TamperedError("this is not data sealed under a row key")
        cipher = NAMES[blob[1]]
        key = self._derive(b"data/" + cipher.encode(), KEY_BYTES[cipher])
        return decrypt(cipher, key, blob[2:], where)

    def seal_text(self, text: str | None, where: bytes) -> bytes | None:
        """Seal a text; None stays None."""
        return None if text is None else self.seal(text.encode(), where)

    def open_text(self, blob: bytes | None, where: bytes) -> str | None:
        """Undo ``seal_text``."""
        return None if blob is None else self.open(blob, where).decode()

    def digest(self, data: bytes) -> str:
        """Keyed digest of the row's content (64 hex digits); says nothing once the key is gone."""
        return hmac.new(self._derive(b"digest", 32), data, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class _DataKey:
    key_id: str
    cipher: CipherName
    secret: bytes = field(repr=False)
    created: str


@dataclass(frozen=True, slots=True)
class _Ring:
    current: str
    index_key: bytes = field(repr=False)
    audit_key: bytes = field(repr=False)
    keys: dict[str, _DataKey] = field(repr=False)


class KeyRing:
    """Seals and opens, finds by keyed hash, and rotates. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._ring = self._reload()

    @classmethod
    def create(cls, path: Path, cipher: CipherName = "aes-gcm") -> "KeyRing":
        """Make a new ring in ``path`` (mode 600). Raises FileExistsError when there is one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            if path.exists():
                raise FileExistsError(path)
            key = _new_key("d1", cipher)
            ring = _Ring("d1", os.urandom(32), os.urandom(32), {"d1": key})
            _write(path, ring)
        return cls(path)

    @classmethod
    def open(cls, settings: Settings) -> "KeyRing":
        """The ring of these settings; made when there is none yet.

        When ``privacy.cipher`` names another cipher than the current key's, a key of that cipher
        is added and used for new data.
        """
        path = settings.keys_path
        if not path.exists():
            try:
                return cls.create(path, settings.privacy.cipher)
            except FileExistsError:
                pass  # another process of ours was first
        ring = cls(path)
        if ring.cipher != settings.privacy.cipher:
            ring.rotate(settings.privacy.cipher)
        return ring

    @property
    def path(self) -> Path:
        """The ring's file."""
        return self._path

    @property
    def current(self) -> str:
        """Id of the key new data is sealed under."""
        return self._fresh().current

    @property
    def cipher(self) -> CipherName:
        """Cipher of the current key."""
        ring = self._fresh()
        return ring.keys[ring.current].cipher

    def fingerprints(self) -> dict[str, str]:
        """For every key its cipher and a check value that does not give the key away."""
        return {
            key.key_id: f"{key.cipher}:{hmac.new(key.secret, b'check', 'sha256').hexdigest()[:16]}"
            for key in self._fresh().keys.values()
        }

    def rotate(self, cipher: CipherName | None = None) -> str:
        """Add a key and use it for new data; what is sealed stays readable. Returns its id."""
        with _locked(self._path):
            ring = _read(self._path)
            number = 1 + max(int(key_id[1:]) for key_id in ring.keys)
            key = _new_key(f"d{number}", cipher or ring.keys[ring.current].cipher)
            keys = {**ring.keys, key.key_id: key}
            self._ring = _Ring(key.key_id, ring.index_key, ring.audit_key, keys)
            _write(self._path, self._ring)
        return key.key_id

    def retire(self, key_id: str) -> None:
        """Destroy an old key once nothing is sealed under it any more."""
        with _locked(self._path):
            ring = _read(self._path)
            if key_id == ring.current:
                raise ValueError("the current key cannot be retired; rotate first")
            keys = {name: key for name, key in ring.keys.items() if name != key_id}
            self._ring = _Ring(ring.current, ring.index_key, ring.audit_key, keys)
            _write(self._path, self._ring)

    def seal(self, data: bytes, where: bytes) -> bytes:
        """Seal under the current key; the key's id is part of the result."""
        ring = self._fresh()
        key = ring.keys[ring.current]
        name = key.key_id.encode()
        head = bytes((_RING_SEALED, CODES[key.cipher], len(name))) + name
        return head + encrypt(key.cipher, key.secret, data, where)

    def unseal(self, blob: bytes, where: bytes) -> bytes:
        """Undo ``seal``. Raises UnknownKeyError or TamperedError."""
        key_id = self.key_id_of(blob)
        key = self._ring.keys.get(key_id) or self._reload().keys.get(key_id)
        if key is None:
            raise UnknownKeyError(
                f"data is sealed under key {key_id}, which {self._path.name} does not hold; "
                "bring back the key file that belongs to this database"
            )
        return decrypt(key.cipher, key.secret, blob[3 + blob[2] :], where)

    @staticmethod
    def key_id_of(blob: bytes) -> str:
        """Id of the key a sealed blob is under."""
        if len(blob) < 3 or blob[0] != _RING_SEALED or len(blob) < 3 + blob[2]:
            raise TamperedError("this is not data sealed under the key ring")
        return blob[3 : 3 + blob[2]].decode("ascii", "replace")

    def new_row_key(self) -> RowKey:
        """A random key for a new row."""
        return RowKey(self.cipher, os.urandom(_ROW_SECRET_BYTES))

    def wrap(self, key: RowKey, where: bytes) -> bytes:
        """A row's key, sealed, to be kept in the row."""
        return self.seal(bytes((CODES[key.cipher],)) + key.secret, where)

    def unwrap(self, blob: bytes, where: bytes) -> RowKey:
        """Undo ``wrap``."""
        plain = self.unseal(blob, where)
        return RowKey(NAMES[plain[0]], plain[1:])

    def index(self, kind: str, value: str) -> str:
        """Keyed hash to find a phone or an ID number by (64 hex digits)."""
        data = f"{kind}\0{value}".encode()
        return hmac.new(self._ring.index_key, data, hashlib.sha256).hexdigest()

    def audit_mac(self, data: bytes) -> str:
        """Keyed hash that only holders of the ring can make, for the head of the audit chain."""
        return hmac.new(self._ring.audit_key, data, hashlib.sha256).hexdigest()

    def _fresh(self) -> _Ring:
        """The ring as it is now: another process may have rotated (a look costs 2 µs)."""
        try:
            found = self._path.stat()
        except OSError:
            return self._ring  # what we hold still works; the next start will say what is wrong
        return self._ring if self._stamp == (found.st_mtime_ns, found.st_ino) else self._reload()

    def _reload(self) -> _Ring:
        ring = _read(self._path)
        found = self._path.stat()
        self._stamp = (found.st_mtime_ns, found.st_ino)
        self._ring = ring
        return ring


def _new_key(key_id: str, cipher: CipherName) -> _DataKey:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return _DataKey(key_id, cipher, os.urandom(KEY_BYTES[cipher]), created)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One process at a time changes the ring."""
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(path: Path) -> _Ring:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        data: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        ring = _Ring(
            data["current"],
            base64.b64decode(data["index_key"]),
            base64.b64decode(data["audit_key"]),
            {
                item["id"]: _DataKey(
                    item["id"], item["cipher"], base64.b64decode(item["key"]), item["created"]
                )
                for item in data["keys"]
            },
        )
    except FileNotFoundError:
        raise KeysMissingError(
            f"the key ring {path} is missing; restore it from where the keys are kept apart"
        ) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise KeysMissingError(f"the key ring {path} cannot be read or is damaged") from None
    if mode & 0o077:
        raise KeysMissingError(f"others may read the key ring {path}; mend it: chmod 600 {path}")
    if ring.current not in ring.keys:
        raise KeysMissingError(f"the key ring {path} lacks its current key")
    return ring


def _write(path: Path, ring: _Ring) -> None:
    """All or nothing: a crash leaves the old ring or the new one."""
    data = {
        "version": 1,
        "current": ring.current,
        "index_key": base64.b64encode(ring.index_key).decode(),
        "audit_key": base64.b64encode(ring.audit_key).decode(),
        "keys": [
            {
                "id": key.key_id,
                "cipher": key.cipher,
                "key": base64.b64encode(key.secret).decode(),
                "created": key.created,
            }
            for key in ring.keys.values()
        ],
    }
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(data, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
