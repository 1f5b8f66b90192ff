"""The containers without an engine: what the files name exists, agrees, and is locked down."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hotline.app.steps import steps
from hotline.settings import Settings, load_settings
from ivr.pbx.locate import Installation
from ivr.pbx.render import render

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
FILES = sorted(DOCKER.glob("*.Dockerfile"))
LONG = "0123456789abcdef0123456789abcdef"
GIVEN = {"CARRIER": "203.0.113.7", "PUBLIC_ADDRESS": "198.51.100.1"}


@pytest.fixture
def compose() -> dict[str, Any]:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    filled = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda it: GIVEN[it.group(1)], text)
    assert "${" not in filled
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


@pytest.fixture
def settings(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings as the hotline's container reads them."""
    example = (DOCKER / "secrets.env.example").read_text(encoding="utf-8")
    for line in example.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value or LONG)
    for name, value in compose["services"]["hotline"]["environment"].items():
        monkeypatch.setenv(name, str(value))
    return load_settings(Path("/nowhere/hotline.toml"))


def instructions(path: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2]) for line in kept]


def udp_ports(service: dict[str, Any]) -> set[int]:
    found: set[int] = set()
    for entry in service["ports"]:
        inner = entry.removesuffix("/udp").rpartition(":")[2]
        first, _, last = inner.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def test_published_ports_are_those_of_the_settings(
    compose: dict[str, Any], settings: Settings
) -> None:
    pbx = settings.pbx
    wanted = {pbx.trunk_port, pbx.seat_port, *range(pbx.rtp_start, pbx.rtp_end + 1)}
    assert udp_ports(compose["services"]["asterisk"]) == wanted
    assert compose["services"]["hotline"]["ports"] == [f"127.0.0.1:{settings.web.port}:8123"]


def test_ari_is_published_nowhere(compose: dict[str, Any], settings: Settings) -> None:
    for name, service in compose["services"].items():
        for entry in service.get("ports", []):
            assert str(settings.pbx.http_port) not in entry, name
    address = compose["services"]["asterisk"]["networks"]["inner"]["ipv4_address"]
    assert settings.pbx.http_host == settings.pbx.trunk_bind == address
    assert compose["networks"]["inner"]["internal"] is True
    subnet = compose["networks"]["inner"]["ipam"]["config"][0]["subnet"]
    assert address.startswith(subnet.removesuffix("0/24"))


def test_asterisk_can_be_rendered_from_them(settings: Settings, compose: dict[str, Any]) -> None:
    command = compose["services"]["pbx-config"]["command"]
    modules = Path(command[command.index("--modules") + 1])
    made = Installation(Path("/"), (22, 8, 0), ("asterisk",), modules, Path("/usr/share/asterisk"))
    texts = render(settings, made)
    main = Path("/var/lib/hotline/pbx/etc/asterisk.conf")
    assert f"astmoddir = {modules}" in texts[main]
    assert "cdr_custom.so" in texts[main.with_name("modules.conf")]
    assert (
        f"external_media_address = {GIVEN['PUBLIC_ADDRESS']}" in texts[main.with_name("pjsip.conf")]
    )
    started = dict(instructions(DOCKER / "asterisk.Dockerfile"))
    assert str(main) in json.loads(started["CMD"])
    assert str(modules) in started["RUN"]


def test_the_database_is_the_one_beside_it(compose: dict[str, Any], settings: Settings) -> None:
    assert "@postgres/hotline" in settings.db_url
    assert "postgres" in compose["services"]
    assert settings.hub.url == "http://hub:8348"


def test_set_up_steps_exist(compose: dict[str, Any], settings: Settings) -> None:
    command = compose["services"]["setup"]["command"]
    named = {command[at + 1] for at, word in enumerate(command) if word == "--only"}
    assert named <= {step.name for step in steps(settings)}


def test_what_lives_is_watched_and_locked_down(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
        assert "network_mode" not in service, name
        if name in ("setup", "pbx-config"):
            continue
        assert service["restart"] == "unless-stopped", name
        own = DOCKER / f"{name}.Dockerfile"
        watched = "healthcheck" in service or (own.is_file() and "HEALTHCHECK" in own.read_text())
        assert watched, name


def test_who_waits_for_whom_exists(compose: dict[str, Any]) -> None:
    names = set(compose["services"])
    volumes = set(compose["volumes"])
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= names
        assert {it.partition(":")[0] for it in service["volumes"]} <= volumes


def test_no_secret_is_in_the_files() -> None:
    example = (DOCKER / "secrets.env.example").read_text(encoding="utf-8")
    for line in example.splitlines():
        name, _, value = line.partition("=")
        if name.endswith(("PASSWORD", "SECRET")) and not line.startswith("#"):
            assert value == "", name
    compose = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"(PASSWORD|SECRET)\w*:\s*\S", compose)


@pytest.mark.parametrize("path", FILES, ids=lambda it: it.name)
def test_dockerfiles(path: Path) -> None:
    lines = instructions(path)
    base = lines[0]
    assert base[0] == "FROM"
    assert ":" in base[1] and not base[1].endswith(":latest")
    for word, rest in lines:
        if word == "COPY":
            *sources, _target = rest.split()
            lacking = [it for it in sources if not (ROOT / it).exists()]
            assert not lacking, lacking
        if word == "RUN" and "apt-get install" in rest:
            assert "--no-install-recommends" in rest
            assert "rm -rf /var/lib/apt/lists/*" in rest
        if word == "RUN":
            assert "sudo" not in rest
            assert "curl" not in rest, "what is fetched is checked by apt or by hash"
        if word in ("CMD", "ENTRYPOINT"):
            json.loads(rest)
    users = [rest for word, rest in lines if word == "USER"]
    assert users == ["10001:10001"], "a number: an orchestrator can see that it is not root"
    assert [word for word, _ in lines].index("USER") < [word for word, _ in lines].index("CMD")
