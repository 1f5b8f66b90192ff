"""SIP: who may reach us, on which address, and as what (``pjsip.conf``).

* ``trunk``: the carrier, known by its address alone; callers who withhold their number come in like
  all others. Nobody else is let in without a password: there is no anonymous endpoint.
* ``phone``: our own telephone for tests and the demo, on an address of its own, so that its calls
  are real SIP and RTP over loopback. It takes no calls.
* ``softphone``: one account for a person's SIP telephone, in development only.
* seats are pushed while we run (``PUT /ari/asterisk/config/dynamic/res_pjsip/...``).
"""

import hashlib
import hmac
import ipaddress

from hotline.settings import Settings
from ivr.pbx.ini import Options, file, section

TRUNK = "trunk"
PHONE = "phone"
SOFTPHONE = "softphone"

TRUNK_CODECS = "alaw,ulaw"
SEAT_CODECS = "opus,g722,alaw,ulaw"

LOCAL_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")


def softphone_password(settings: Settings) -> str:
    """Password of the ``softphone`` account, made from the ARI password: none to keep."""
    key = settings.pbx.ari_password.encode()
    return hmac.new(key, b"softphone", hashlib.sha256).hexdigest()[:20]


def render_pjsip(settings: Settings) -> str:
    """The whole of ``pjsip.conf``."""
    pbx = settings.pbx
    parts = [
        section("global", _global()),
        section("system", {"type": "system", "disable_tcp_switch": True}),
        section("transport-trunk", _udp(settings, pbx.trunk_bind, pbx.trunk_port)),
        section("transport-phone", _udp(settings, pbx.phone_bind, pbx.phone_port)),
        section("transport-seat", _udp(settings, pbx.seat_bind, pbx.seat_port)),
        section("transport-ws", {"type": "transport", "protocol": "ws", "bind": "0.0.0.0"}),
    ]
    if pbx.tls_cert is not None:
        wss: Options = {"type": "transport", "protocol": "wss", "bind": "0.0.0.0"}
        parts.append(section("transport-wss", wss))
    parts += _trunk(settings)
    parts += _phone(settings)
    if settings.environment == "development":
        parts += _softphone(settings)
    return file(*parts)


def _global() -> Options:
    return {
        "type": "global",
        "user_agent": "hotline-12348",
        # The carrier first: a caller whose number happens to be a seat's name is still a caller.
        "endpoint_identifier_order": "ip,username",
        "unidentified_request_count": 5,
        "unidentified_request_period": 5,
        "unidentified_request_prune_interval": 30,
        "keep_alive_interval": 30,
    }


def _udp(settings: Settings, host: str, port: int) -> Options:
    options: dict[str, str | int | bool | list[str]] = {
        "type": "transport",
        "protocol": "udp",
        "bind": f"{host}:{port}",
    }
    if settings.pbx.external_address and not ipaddress.ip_address(host).is_loopback:
        options["external_media_address"] = settings.pbx.external_address
        options["external_signaling_address"] = settings.pbx.external_address
        options["local_net"] = list(LOCAL_NETWORKS)
    return options


def _line(transport: str, context: str, codecs: str) -> dict[str, str | int | bool | list[str]]:
    """What every endpoint of ours has."""
    return {
        "type": "endpoint",
        "transport": transport,
        "context": context,
        "disallow": "all",
        "allow": codecs,
        "direct_media": False,
        "rtp_symmetric": True,
        "force_rport": True,
        "rewrite_contact": True,
        "language": "zh",
        "allow_transfer": False,
        "allow_subscribe": False,
    }


def _trunk(settings: Settings) -> list[str]:
    pbx = settings.pbx
    endpoint: Options = {
        **_line("transport-trunk", "from-trunk", TRUNK_CODECS),
        "aors": TRUNK,
        # Never by the name in From, which anybody can write.
        "identify_by": "ip",
        "trust_id_inbound": True,
        "send_pai": True,
        # No re-INVITE only to tell the carrier which seat answered: some drop the call on it.
        "send_connected_line": False,
        # Keys come as RFC 4733 where the carrier has it, else as tones in the sound.
        "dtmf_mode": "auto",
        "rtp_timeout": 300,
        "rtp_timeout_hold": 900,
        "tos_audio": "ef",
        "from_user": pbx.number,
    }
    hosts = [peer for peer in pbx.trunk_peers if "/" not in peer]
    aor: dict[str, str | int | bool | list[str]] = {"type": "aor"}
    if hosts:
        aor["contact"] = [f"sip:{_with_port(host)}" for host in hosts]
    if hosts and not all(_is_loopback(host) for host in hosts):
        aor["qualify_frequency"] = 60
    parts = [section(TRUNK, endpoint), section(TRUNK, aor)]
    if pbx.trunk_peers:
        identify: Options = {
            "type": "identify",
            "endpoint": TRUNK,
            "match": list(pbx.trunk_peers),
            "srv_lookups": False,
        }
        parts.append(section(TRUNK, identify))
    return parts


def _phone(settings: Settings) -> list[str]:
    pbx = settings.pbx
    endpoint: Options = {
        **_line("transport-phone", "from-phone", TRUNK_CODECS),
        "aors": PHONE,
        "identify_by": "ip",
        "dtmf_mode": "rfc4733",
    }
    contact = f"sip:{pbx.number}@{pbx.trunk_bind}:{pbx.trunk_port}"
    return [section(PHONE, endpoint), section(PHONE, {"type": "aor", "contact": contact})]


def _softphone(settings: Settings) -> list[str]:
    endpoint: Options = {
        **_line("transport-seat", "from-softphone", SEAT_CODECS),
        "aors": SOFTPHONE,
        "auth": SOFTPHONE,
        "identify_by": "username",
        "dtmf_mode": "auto",
    }
    auth: Options = {
        "type": "auth",
        "auth_type": "userpass",
        "username": SOFTPHONE,
        "password": softphone_password(settings),
    }
    aor: Options = {"type": "aor", "max_contacts": 2, "remove_existing": True}
    return [section(SOFTPHONE, part) for part in (endpoint, auth, aor)]


def _with_port(host: str) -> str:
    return host if ":" in host else f"{host}:5060"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.split(":")[0]).is_loopback
    except ValueError:
        return False
