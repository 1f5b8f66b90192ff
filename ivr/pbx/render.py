"""The whole configuration of Asterisk from our settings: pure, settings in and texts out."""

from pathlib import Path

from hotline.errors import SettingsError
from hotline.settings import Settings
from ivr.pbx.dialplan import render_extensions
from ivr.pbx.ini import Options, file, section
from ivr.pbx.layout import SOCKET_LIMIT, Layout, layout
from ivr.pbx.locate import Installation
from ivr.pbx.modules import ESSENTIAL, WANTED
from ivr.pbx.pjsip import render_pjsip

CDR_FIELDS = (
    "uniqueid",
    "linkedid",
    "channel",
    "dstchannel",
    "dcontext",
    "start(double)",
    "answer(double)",
    "end(double)",
    "disposition",
    "userfield",
    "caller(uservar)",
)
"""Caller and called number are left out: only a call caught by the dialplan writes ``caller``."""

HTTP_SESSIONS = 2000
"""Each media and each seat's WebSocket holds an HTTP session; Asterisk's default is 100."""


def render(settings: Settings, installation: Installation) -> dict[Path, str]:
    """Every configuration file: absolute path to text.

    Raises SettingsError for settings that Asterisk cannot be started with.
    """
    _refuse(settings)
    paths = layout(settings)
    texts = {
        "asterisk.conf": _asterisk(settings, paths, installation),
        "modules.conf": _modules(installation),
        "logger.conf": _logger(),
        "http.conf": _http(settings, paths),
        "ari.conf": _ari(settings),
        "prometheus.conf": _prometheus(settings),
        "rtp.conf": _rtp(settings),
        "sorcery.conf": _sorcery(),
        "pjsip.conf": render_pjsip(settings),
        "extensions.conf": render_extensions(settings),
        "cdr.conf": file(section("general", {"enable": True, "unanswered": True})),
        "cdr_custom.conf": _cdr(paths),
        "cel.conf": file(section("general", {"enable": False})),
        "indications.conf": _indications(),
        "manager.conf": file(section("general", {"enabled": False})),
        # Parts of Asterisk's core complain when these are missing; their defaults are right.
        **{name: file() for name in _DEFAULTS},
    }
    return {paths.etc / name: text for name, text in texts.items()}


_DEFAULTS = (
    "acl.conf",
    "ccss.conf",
    "codecs.conf",
    "features.conf",
    "pjproject.conf",
    "stasis.conf",
    "udptl.conf",
    "websocket_client.conf",
    "chan_websocket.conf",
)


def _refuse(settings: Settings) -> None:
    pbx = settings.pbx
    if not pbx.ari_password:
        raise SettingsError("pbx.ari_password is empty: `hotline setup` makes one")
    socket = layout(settings).socket
    if len(str(socket)) > SOCKET_LIMIT:
        raise SettingsError(
            f"pbx.run_dir is too long for a socket ({socket}): give a shorter folder"
        )
    if any(character in str(settings.pbx_dir) for character in " ,;&|()[]$\"'"):
        raise SettingsError(
            f"pbx.run_dir may hold letters, digits, '-', '_', '.': {settings.pbx_dir}"
        )
    if (pbx.tls_cert is None) != (pbx.tls_key is None):
        raise SettingsError("pbx.tls_cert and pbx.tls_key: give both or neither")
    if pbx.rtp_end - pbx.rtp_start < 3:
        raise SettingsError("pbx.rtp_end must be at least 3 above pbx.rtp_start")
    hosts = {pbx.seat_bind, pbx.http_host} & set(pbx.trunk_peers)
    if hosts:
        raise SettingsError(
            f"pbx.trunk_peers holds {min(hosts)}, where seats register from: a seat there would be "
            "taken for the carrier. Give the carrier an address of its own"
        )


def _asterisk(settings: Settings, paths: Layout, installation: Installation) -> str:
    directories = {
        "astetcdir": paths.etc,
        "astmoddir": installation.modules,
        "astvarlibdir": paths.lib,
        "astdbdir": paths.lib,
        "astkeydir": paths.base,
        "astdatadir": installation.data,
        "astagidir": paths.lib,
        "astspooldir": paths.spool,
        "astrundir": paths.run,
        "astlogdir": paths.log,
        "astsbindir": paths.lib,
    }
    options: Options = {
        # Unique ids of several Asterisks never meet.
        "systemname": settings.node,
        "verbose": 0,
        "debug": 0,
        "nocolor": True,
        "transmit_silence": True,
        "live_dangerously": False,
        "hideconnect": True,
    }
    return file(
        section("directories", {name: str(path) for name, path in directories.items()}),
        section("options", options),
    )


def _modules(installation: Installation) -> str:
    here = installation.modules.is_dir()
    # Elsewhere (a container of its own) cannot be looked at: a missing one is only told there.
    present = [it for it in WANTED if not here or (installation.modules / f"{it}.so").is_file()]
    return file(
        section(
            "modules",
            {
                "autoload": False,
                "require": [f"{name}.so" for name in ESSENTIAL],
                "load": [f"{name}.so" for name in present],
            },
        )
    )


def _logger() -> str:
    # Notices repeat callers' numbers ("No matching endpoint for ..."): they are not kept.
    return file(
        section("general", {"dateformat": "%F %T.%3q", "appendhostname": False}),
        section("logfiles", {"messages.log": "warning,error"}),
    )


def _http(settings: Settings, paths: Layout) -> str:
    pbx = settings.pbx
    options: dict[str, str | int | bool] = {
        "servername": "hotline",
        "enabled": True,
        "bindaddr": pbx.http_host,
        "bindport": pbx.http_port,
        "enable_static": False,
        "enable_status": False,
        "sessionlimit": HTTP_SESSIONS,
    }
    if pbx.tls_cert is not None:
        options |= {
            "tlsenable": True,
            "tlsbindaddr": f"{pbx.http_host}:{pbx.https_port}",
            "tlscertfile": str(paths.keys / "tls-certificate.pem"),
            "tlsprivatekey": str(paths.keys / "tls-key.pem"),
        }
    return file(section("general", options))


def _ari(settings: Settings) -> str:
    user: Options = {
        "type": "user",
        "read_only": False,
        "password": settings.pbx.ari_password,
        "password_format": "plain",
    }
    return file(
        section("general", {"enabled": True, "pretty": False, "websocket_write_timeout": 1000}),
        section(settings.pbx.ari_user, user),
    )


def _prometheus(settings: Settings) -> str:
    options: dict[str, str | bool] = {
        "enabled": True,
        "core_metrics_enabled": True,
        "uri": "metrics",
        "auth_username": settings.pbx.ari_user,
        "auth_password": settings.pbx.ari_password,
    }
    return file(section("general", options))


def _rtp(settings: Settings) -> str:
    options: dict[str, int | bool] = {
        "rtpstart": settings.pbx.rtp_start,
        "rtpend": settings.pbx.rtp_end,
        "icesupport": True,
        "strictrtp": True,
    }
    return file(section("general", options))


def _indications() -> str:
    # Ringing, busy and congestion as callers in China know them (GB/T 3382: 450 Hz).
    tones = {
        "description": "China",
        "ringcadence": "1000,4000",
        "dial": "450",
        "busy": "450/350,0/350",
        "ring": "450/1000,0/4000",
        "congestion": "450/700,0/700",
        "callwaiting": "450/400,0/4000",
        "dialrecall": "450",
        "record": "950/400,0/10000",
        "info": "450/100,0/100,450/100,0/100,450/100,0/100,450/400,0/400",
    }
    return file(section("general", {"country": "cn"}), section("cn", tones))


def _sorcery() -> str:
    # What is pushed through ARI goes to memory: read-only files first, then memory.
    kinds = ("auth", "aor", "endpoint")
    lines = [
        f"{kind} = {store}"
        for kind in kinds
        for store in (f"config,pjsip.conf,criteria=type={kind}", "memory")
    ]
    return file("[res_pjsip]\n" + "\n".join(lines) + "\n")


def _cdr(paths: Layout) -> str:
    # The file's name is a section's, and Asterisk cuts those to 79 letters: no whole path.
    options = {"format": "json", "fields": ", ".join(CDR_FIELDS)}
    return file(section(paths.cdr.name, options))
