"""SIP accounts of seats: pushed into Asterisk at sign-in, taken away at sign-out.

The password is made from the ARI password and the account's one-time name: nothing is kept, and
after a restart of Asterisk the same account can be pushed again.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Any

from ivr.ari import AriClient
from ivr.ari.protocol import segment
from ivr.errors import AriError
from ivr.pbx.pjsip import SEAT_CODECS

_PATH = "asterisk/config/dynamic/res_pjsip"
_PREFIX = "seat"
_LATER_S = "60"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a browser's telephone registers with."""

    line: str
    password: str = field(repr=False)


class SeatLines:
    """Makes and removes seats' SIP accounts."""

    def __init__(self, ari: AriClient, secret: str) -> None:
        """``secret``: the ARI password, which passwords are made from."""
        self._ari = ari
        self._key = secret.encode()

    def credential(self, line: str) -> Credential:
        """The password of an account."""
        password = hmac.new(self._key, f"{_PREFIX}/{line}".encode(), hashlib.sha256).hexdigest()
        return Credential(line, password[:40])

    async def push(self, line: str) -> Credential:
        """Make (or renew) an account. Raises AriError, AriUnavailableError."""
        made = self.credential(line)
        auth = {"auth_type": "userpass", "username": line, "password": made.password}
        aor = {
            "max_contacts": "1",
            "remove_existing": "yes",
            "remove_unavailable": "yes",
            "qualify_frequency": "15",
            "minimum_expiration": _LATER_S,
        }
        for kind, fields in (("auth", auth), ("aor", aor), ("endpoint", _endpoint(line))):
            await self._ari.put(
                f"{_PATH}/{kind}/{segment(line)}",
                body={"fields": [{"attribute": k, "value": v} for k, v in fields.items()]},
            )
        await self._ari.post(
            f"applications/{segment(self._ari.app)}/subscription",
            eventSource=f"endpoint:PJSIP/{line}",
        )
        return made

    async def remove(self, line: str) -> None:
        """Take an account away; one that is gone is fine."""
        for kind in ("endpoint", "aor", "auth"):
            try:
                await self._ari.delete(f"{_PATH}/{kind}/{segment(line)}")
            except AriError:
                continue

    async def online(self) -> set[str]:
        """Accounts whose telephone is registered."""
        listed: Any = await self._ari.get("endpoints/PJSIP")
        found = listed if isinstance(listed, list) else []
        return {str(one.get("resource")) for one in found if one.get("state") == "online"}

    async def is_online(self, line: str) -> bool:
        """Whether one telephone is registered."""
        try:
            one: Any = await self._ari.get(f"endpoints/PJSIP/{segment(line)}")
        except AriError:
            return False
        return isinstance(one, dict) and one.get("state") == "online"


def endpoint_of(line: str) -> str:
    """The dial string of an account."""
    return f"PJSIP/{line}"


def _endpoint(line: str) -> dict[str, str]:
    return {
        "context": "from-seat",
        "transport": "transport-ws",
        "disallow": "all",
        "allow": SEAT_CODECS,
        "aors": line,
        "auth": line,
        "identify_by": "auth_username,username",
        # DTLS-SRTP, ICE, AVPF and rtcp-mux, with a certificate of Asterisk's own making
        "webrtc": "yes",
        "dtls_auto_generate_cert": "yes",
        "direct_media": "no",
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
        "language": "zh",
        "allow_transfer": "no",
        "allow_subscribe": "no",
        # a page that is gone is noticed by its silence; JsSIP sends sound even when muted
        "rtp_timeout": "20",
        "rtp_timeout_hold": "900",
    }
