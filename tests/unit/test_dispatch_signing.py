"""Signatures between us and the hub."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.hub.signing import (
    NONCE_HEADER,
    SIGNATURE_HEADER,
    TIME_HEADER,
    SignatureError,
    check_signature,
    signature,
    signed_headers,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
KEYS = {"k1": "secret one", "k2": "secret two"}
BODY = b'{"order_no":"20260305000420"}'


def headers(**changed: str) -> dict[str, str]:
    made = signed_headers("k1", "secret one", "POST", "/api/v1/messages", BODY, NOW)
    return {**made, **changed}


def check(given: dict[str, str], body: bytes = BODY, target: str = "/api/v1/messages") -> str:
    try:
        return check_signature(KEYS, given, "POST", target, body, NOW).key_id
    except SignatureError as error:
        return error.code


def test_the_signature_is_the_one_the_protocol_page_shows() -> None:
    """docs/hub-protocol.md, "An example to check your own code with"."""
    made = signature(
        "example-secret", "POST", "/api/v1/messages", "1772697600", "0123456789abcdef", b"{}"
    )
    assert made == ("hmac-sha256=f9619f50bd49f6a0cf545e89e8d076a4287801a0229bf6527b24cc353ac5f493")


def test_a_rightly_signed_message_is_known() -> None:
    assert check(headers()) == "k1"
    assert check(signed_headers("k2", "secret two", "POST", "/api/v1/messages", BODY, NOW)) == "k2"


def test_anything_changed_is_refused() -> None:
    assert check(headers(), body=BODY + b" ") == "bad-signature"
    assert check(headers(), target="/api/v1/orders") == "bad-signature"
    assert check(headers(**{TIME_HEADER: "1772697601"})) == "bad-signature"
    assert check(headers(**{NONCE_HEADER: "0" * 32})) == "bad-signature"
    assert check(headers(**{SIGNATURE_HEADER: "hmac-sha256=é"})) == "bad-signature"
    assert check(headers(**{SIGNATURE_HEADER: "hmac-md5=00"})) == "unknown-algorithm"
    assert check(headers(**{SIGNATURE_HEADER: ""})) == "unsigned"
    assert check(headers(**{"Hotline-Key": "k2"})) == "bad-signature"
    assert check(headers(**{"Hotline-Key": "k9"})) == "unknown-key"
    assert check({}) == "unsigned"


@pytest.mark.parametrize(("off", "code"), [(299, "k1"), (301, "stale-timestamp")])
@pytest.mark.parametrize("sign", [1, -1])
def test_old_and_future_messages_are_refused(off: int, sign: int, code: str) -> None:
    at = NOW + timedelta(seconds=sign * off)
    assert check(signed_headers("k1", "secret one", "POST", "/api/v1/messages", BODY, at)) == code


def test_every_attempt_has_its_own_nonce() -> None:
    assert len({headers()[NONCE_HEADER] for _ in range(100)}) == 100


def test_sm3_signs_as_the_protocol_page_shows() -> None:
    given = ("example-secret", "POST", "/api/v1/messages", "1772697600", "0123456789abcdef", b"{}")
    made = signature(*given, "hmac-sm3")
    assert made == "hmac-sm3=e6b35a6e0b8893b6a7cbfe3addcfa6c25069437415e5d35c3c18f5f23c6a77ed"


def test_both_algorithms_are_known_and_one_can_be_required() -> None:
    signed = signed_headers("k1", "secret one", "POST", "/api/v1/messages", BODY, NOW, "hmac-sm3")
    assert check(signed) == "k1"
    with pytest.raises(SignatureError, match="hmac-sha256"):
        check_signature(
            KEYS, signed, "POST", "/api/v1/messages", BODY, NOW, algorithms=("hmac-sha256",)
        )
    # the same digits under the other name are another signature
    renamed = {**signed, SIGNATURE_HEADER: signed[SIGNATURE_HEADER].replace("sm3", "sha256")}
    assert check(renamed) == "bad-signature"
