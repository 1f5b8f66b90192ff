"""The real Asterisk starts as configured, stays ours, and lets nobody in who is unknown."""

import ipaddress
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pbx_bench import Bench, private_settings, wait_for
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from hotline.settings import Settings
from ivr.pbx.control import AsteriskProcess, ari_status
from ivr.pbx.errors import PbxRunningError, PbxStartError
from ivr.pbx.locate import Installation
from ivr.pbx.modules import ESSENTIAL
from ivr.pbx.sandbox import UID

pytestmark = pytest.mark.asterisk


def test_start_says_nothing_wrong(own_pbx: Callable[..., Bench]) -> None:
    lines = own_pbx().process.paths.messages.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "WARNING" in line or "ERROR" in line] == []


def test_every_module_we_name_runs(pbx: Bench) -> None:
    states = {it["name"]: it["status"] for it in pbx.ari("asterisk/modules")}
    assert {name for name in ESSENTIAL if states.get(f"{name}.so") != "Running"} == set()


def test_modules_we_do_not_name_are_not_loaded(pbx: Bench) -> None:
    names = {it["name"] for it in pbx.ari("asterisk/modules")}
    assert not names & {"app_system.so", "func_shell.so", "chan_iax2.so", "res_agi.so"}
    assert "res_pjsip_endpoint_identifier_anonymous.so" not in names


def test_ari_wants_the_password(pbx: Bench) -> None:
    wrong = pbx.settings.model_copy(
        update={"pbx": pbx.settings.pbx.model_copy(update={"ari_password": "wrong"})}
    )
    assert ari_status(pbx.settings) == 200
    assert ari_status(wrong) == 401


def test_asterisk_is_not_root(pbx: Bench) -> None:
    assert pbx.process.pid is not None
    uid = psutil.Process(pbx.process.pid).uids().real
    assert uid == (UID if os.geteuid() == 0 else os.geteuid())


def test_secrets_are_not_readable_by_others(pbx: Bench) -> None:
    modes = {
        path.name: path.stat().st_mode & 0o077 for path in pbx.process.paths.etc.glob("*.conf")
    }
    assert modes["ari.conf"] == 0
    assert modes["pjsip.conf"] == 0
    for folder in (pbx.process.paths.voicemail, pbx.process.paths.spool, pbx.process.paths.log):
        assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS"])
def test_strangers_are_refused(pbx: Bench, method: str) -> None:
    sipp = pbx.sipp("refused", source=pbx.stranger, method=method)
    assert pbx.finish(sipp, 20) == 0


def test_a_strangers_number_that_is_an_endpoints_name_does_not_help(pbx: Bench) -> None:
    sipp = pbx.sipp("refused", source=pbx.stranger, method="INVITE", from_user="trunk")
    assert pbx.finish(sipp, 20) == 0


def test_the_phone_takes_no_calls(pbx: Bench) -> None:
    target = f"{pbx.settings.pbx.phone_bind}:{pbx.settings.pbx.phone_port}"
    sipp = pbx.sipp("refused", source=pbx.stranger, target=target, method="INVITE")
    assert pbx.finish(sipp, 20) == 0


def test_one_folder_has_one_owner(pbx: Bench) -> None:
    second = AsteriskProcess(pbx.settings, pbx.process.installation)
    with pytest.raises(PbxRunningError, match=r"pbx\.run_dir"):
        second.start()
    assert ari_status(pbx.settings) == 200


def test_two_run_beside_each_other(pbx: Bench, own_pbx: Callable[..., Bench]) -> None:
    other = own_pbx()
    assert other.process.pid != pbx.process.pid
    assert ari_status(other.settings) == 200
    assert ari_status(pbx.settings) == 200


def test_restart_and_stop_leave_nothing(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    first = bench.process.pid
    assert first is not None
    bench.process.restart()
    assert bench.process.pid not in (None, first)
    assert not psutil.pid_exists(first)
    bench.process.stop()
    assert bench.process.pid is None
    assert ari_status(bench.settings) is None
    assert not any(str(bench.settings.pbx_dir) in mount for mount in _mounts())


def test_a_crashed_asterisk_is_revived(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    first = bench.process.pid
    assert first is not None
    assert bench.process.revive() is False
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: bench.process.pid is None, 5, "the crash")
    assert bench.process.revive() is True
    assert bench.process.pid not in (None, first)
    assert ari_status(bench.settings) == 200


def test_a_stale_pid_file_is_no_hindrance(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    bench.process.stop()
    bench.process.paths.pid.write_text('{"pid": 1, "started": 1.0}', encoding="ascii")
    assert bench.process.pid is None
    assert bench.process.start() is True


def test_the_next_owner_adopts_what_a_released_one_left(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    first = bench.process.pid
    bench.process.release()
    heir = AsteriskProcess(bench.settings, bench.process.installation)
    try:
        assert heir.start() is False
        assert heir.pid == first
    finally:
        heir.stop()


OWNER = """
import sys
from pathlib import Path
from hotline.settings import Settings
from hotline.settings import Settings
from ivr.pbx.control import AsteriskProcess
settings = Settings.model_validate_json(Path(sys.argv[1]).read_text())
process = AsteriskProcess(settings, linger_s=float(sys.argv[2]))
process.start()
print("pid", process.pid, flush=True)
sys.stdin.read()
"""


def killed_owner(settings: Settings, folder: Path, linger_s: int) -> int:
    """Start Asterisk from another process and kill that; process id of Asterisk."""
    given = folder / "settings.json"
    given.write_text(settings.model_dump_json(), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(given), str(linger_s)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        pid = next(int(line.split()[1]) for line in owner.stdout if line.startswith("pid "))
        owner.send_signal(signal.SIGKILL)
    return pid


def test_nothing_is_left_of_a_killed_owner(tmp_path: Path) -> None:
    pid = killed_owner(private_settings(tmp_path), tmp_path, 1)
    wait_for(lambda: not psutil.pid_exists(pid), 10, "the end of Asterisk")


def test_an_heir_in_time_adopts_asterisk_with_its_calls(
    installation: Installation, tmp_path: Path
) -> None:
    settings = private_settings(tmp_path)
    pid = killed_owner(settings, tmp_path, 3)
    heir = AsteriskProcess(settings, installation, linger_s=30)
    try:
        assert heir.pid == pid
        assert heir.start() is False
        with pytest.raises(psutil.TimeoutExpired):
            psutil.Process(pid).wait(5)
        assert ari_status(settings) == 200
    finally:
        heir.stop()


@pytest.mark.parametrize("name", ["http_port", "trunk_port", "phone_port", "seat_port"])
def test_a_taken_port_is_said_plainly(
    pbx: Bench, installation: Installation, tmp_path: Path, name: str
) -> None:
    host = {"trunk_port": "trunk_bind", "phone_port": "phone_bind", "seat_port": "seat_bind"}
    taken = host.get(name, "http_host")
    settings = private_settings(tmp_path, **{taken: getattr(pbx.settings.pbx, taken)})
    process = AsteriskProcess(settings, installation)
    with pytest.raises(PbxStartError, match=f"pbx.{name}"):
        process.start()
    assert process.pid is None


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """A certificate for one address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / "server.pem", folder / "server.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_tls_where_a_certificate_is_given(installation: Installation, tmp_path: Path) -> None:
    """Seats in browsers need wss; the key is read from our own copy, whoever Asterisk runs as."""
    settings = private_settings(tmp_path)
    pair = certificate(tmp_path, settings.pbx.http_host)
    pair[1].chmod(0o600)
    update = {"tls_cert": pair[0], "tls_key": pair[1]}
    settings = settings.model_copy(update={"pbx": settings.pbx.model_copy(update=update)})
    process = AsteriskProcess(settings, installation)
    process.start()
    try:
        trust = ssl.create_default_context(cafile=str(pair[0]))
        address = f"wss://{settings.pbx.http_host}:{settings.pbx.https_port}/ws"
        with connect(address, ssl=trust, subprotocols=[Subprotocol("sip")]) as link:
            assert link.subprotocol == "sip"
        copied = process.paths.keys / "tls-key.pem"
        assert copied.stat().st_mode & 0o077 == 0
        text = process.paths.messages.read_text(encoding="utf-8")
        assert "WARNING" not in text
        assert "ERROR" not in text
    finally:
        process.stop()


def _mounts() -> list[str]:
    return Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
