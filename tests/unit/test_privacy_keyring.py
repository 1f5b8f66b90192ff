"""Sealing, keys and rotation."""

import json
import stat
from pathlib import Path

import pytest

from hotline.privacy import KeyRing, place
from hotline.privacy.ciphers import CipherName, decrypt, encrypt
from hotline.privacy.errors import KeysMissingError, TamperedError, UnknownKeyError
from hotline.settings import PrivacySettings, Settings

pytestmark = pytest.mark.unit
HERE = place("calls", "caller", "C1")
SECRET = b"13812345678"


@pytest.fixture(params=["aes-gcm", "sm4-gcm"])
def cipher(request: pytest.FixtureRequest) -> CipherName:
    name: CipherName = request.param
    return name


def settings(folder: Path, cipher: CipherName) -> Settings:
    return Settings(data_dir=folder, privacy=PrivacySettings(cipher=cipher))


def test_sm4_gcm_matches_the_published_vector() -> None:
    """RFC 8998, appendix A.1."""
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    aad = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex(
        "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDD"
        "EEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"
    )
    sealed = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    )
    tag = bytes.fromhex("83DE3541E4C2B58177E065A9BF7B62EC")
    assert decrypt("sm4-gcm", key, nonce + sealed + tag, aad) == plain


def test_sealed_data_opens_only_where_it_was_sealed(tmp_path: Path, cipher: CipherName) -> None:
    ring = KeyRing.open(settings(tmp_path, cipher))
    key = ring.new_row_key()
    blob = key.seal(SECRET, HERE)
    assert SECRET not in blob
    assert key.open(blob, HERE) == SECRET
    for wrong in (place("calls", "caller", "C2"), place("calls", "state", "C1")):
        with pytest.raises(TamperedError):
            key.open(blob, wrong)
    with pytest.raises(TamperedError):
        ring.new_row_key().open(blob, HERE)


def test_any_changed_bit_is_found(tmp_path: Path, cipher: CipherName) -> None:
    ring = KeyRing.open(settings(tmp_path, cipher))
    blob = ring.seal(SECRET, HERE)
    for position in range(5, len(blob)):
        changed = bytearray(blob)
        changed[position] ^= 1
        with pytest.raises((TamperedError, UnknownKeyError)):
            ring.unseal(bytes(changed), HERE)
    for length in range(len(blob)):
        with pytest.raises((TamperedError, UnknownKeyError)):
            ring.unseal(blob[:length], HERE)


def test_the_same_text_is_sealed_differently_each_time(cipher: CipherName) -> None:
    key = bytes(32 if cipher == "aes-gcm" else 16)
    assert len({encrypt(cipher, key, b"x", b"") for _ in range(100)}) == 100


def test_rotation_seals_new_data_under_the_new_key_and_reads_the_old(tmp_path: Path) -> None:
    ring = KeyRing.open(settings(tmp_path, "aes-gcm"))
    other = KeyRing(ring.path)  # a process that runs meanwhile
    old = ring.seal(SECRET, HERE)
    assert ring.rotate("sm4-gcm") == "d2"
    new = ring.seal(SECRET, HERE)
    assert (KeyRing.key_id_of(old), KeyRing.key_id_of(new)) == ("d1", "d2")
    assert ring.unseal(old, HERE) == ring.unseal(new, HERE) == other.unseal(new, HERE) == SECRET
    assert KeyRing.key_id_of(other.seal(SECRET, HERE)) == "d2"


def test_a_retired_key_opens_nothing(tmp_path: Path) -> None:
    ring = KeyRing.open(settings(tmp_path, "aes-gcm"))
    old = ring.seal(SECRET, HERE)
    with pytest.raises(ValueError, match="rotate first"):
        ring.retire("d1")
    ring.rotate()
    ring.retire("d1")
    with pytest.raises(UnknownKeyError, match="d1"):
        ring.unseal(old, HERE)


def test_another_cipher_in_settings_is_used_from_the_next_start(tmp_path: Path) -> None:
    old = KeyRing.open(settings(tmp_path, "aes-gcm")).seal(SECRET, HERE)
    ring = KeyRing.open(settings(tmp_path, "sm4-gcm"))
    assert (ring.current, ring.cipher) == ("d2", "sm4-gcm")
    assert ring.unseal(old, HERE) == SECRET
    assert KeyRing.open(settings(tmp_path, "sm4-gcm")).current == "d2"


def test_the_file_is_ours_alone(tmp_path: Path) -> None:
    ring = KeyRing.open(settings(tmp_path, "aes-gcm"))
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o600
    ring.path.chmod(0o640)
    with pytest.raises(KeysMissingError, match="chmod 600"):
        KeyRing(ring.path)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"current": "d9"}', "junk"])
def test_a_damaged_file_is_said_in_plain_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(KeysMissingError, match=r"keys\.json"):
        KeyRing(path)


def test_a_missing_file_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(KeysMissingError, match="missing"):
        KeyRing(tmp_path / "keys.json")


def test_search_hashes_depend_on_the_ring_and_the_kind(tmp_path: Path) -> None:
    one = KeyRing.create(tmp_path / "a.json")
    two = KeyRing.create(tmp_path / "b.json")
    found = one.index("phone", "13812345678")
    assert found == one.index("phone", "13812345678")
    assert len({found, one.index("id", "13812345678"), two.index("phone", "13812345678")}) == 3


def test_secrets_do_not_show_in_representations(tmp_path: Path) -> None:
    ring = KeyRing.create(tmp_path / "keys.json")
    stored = json.loads(ring.path.read_text())["keys"][0]["key"]
    shown = repr(ring.new_row_key()) + repr(ring._ring) + repr(ring.fingerprints())
    assert stored not in shown
    assert "secret" not in repr(ring.new_row_key())
