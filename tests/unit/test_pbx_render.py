"""Asterisk's configuration from settings: nobody unknown gets in, instances stay apart."""

import re
from pathlib import Path

import pytest

from hotline.errors import SettingsError
from hotline.settings import Settings
from ivr.pbx.dialplan import dial_string, render_extensions
from ivr.pbx.ini import section
from ivr.pbx.layout import FALLBACK_PROMPTS, layout, prompt_path
from ivr.pbx.locate import Installation
from ivr.pbx.pjsip import render_pjsip, softphone_password
from ivr.pbx.render import CDR_FIELDS, render

pytestmark = pytest.mark.unit

PASSWORD = "a-password-for-the-tests"


def given(environment: str = "development", **pbx: object) -> Settings:
    values: dict[str, object] = {"ari_password": PASSWORD, **pbx}
    return Settings.model_validate(
        {
            "environment": environment,
            "data_dir": "/srv/hotline",
            "pbx": values,
            "hub": {"secret": PASSWORD},
        }
    )


@pytest.fixture
def asterisk(tmp_path: Path) -> Installation:
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "cdr_custom.so").touch()
    return Installation(Path("/"), (22, 10, 1), ("asterisk",), modules, Path("/usr/share/asterisk"))


def blocks(text: str) -> dict[str, dict[str, list[str]]]:
    """``name/type`` to options of a pjsip.conf."""
    found: dict[str, dict[str, list[str]]] = {}
    for chunk in re.split(r"\n(?=\[)", text):
        lines = [line for line in chunk.splitlines() if line and not line.startswith(";")]
        if not lines or not lines[0].startswith("["):
            continue
        options: dict[str, list[str]] = {}
        for line in lines[1:]:
            key, _, value = line.partition(" = ")
            options.setdefault(key, []).append(value)
        found[f"{lines[0][1:-1]}/{options['type'][0]}"] = options
    return found


def test_every_file_is_below_the_instances_own_folder(asterisk: Installation) -> None:
    one = render(given(run_dir="/srv/one"), asterisk)
    other = render(given(run_dir="/srv/other"), asterisk)
    assert {path.name for path in one} == {path.name for path in other}
    assert all(str(path).startswith("/srv/one/etc/") for path in one)
    assert not any("/srv/other" in text for text in one.values())


def test_every_endpoint_is_known_by_address_or_password() -> None:
    found = blocks(render_pjsip(given()))
    endpoints = {name: it for name, it in found.items() if name.endswith("/endpoint")}
    assert set(endpoints) == {"trunk/endpoint", "phone/endpoint", "softphone/endpoint"}
    for name, options in endpoints.items():
        assert options["identify_by"] == ["ip"] or options.get("auth"), name
    assert found["trunk/identify"]["match"] == ["127.0.0.3"]
    assert "phone/identify" not in found
    assert "anonymous" not in render_pjsip(given())


def test_the_softphone_is_for_development_only() -> None:
    production = given("production")
    assert "softphone" not in render_pjsip(production)
    assert "softphone" not in render_extensions(production)
    assert softphone_password(production) != PASSWORD
    assert len(softphone_password(production)) == 20


def test_carriers_of_production() -> None:
    found = blocks(
        render_pjsip(
            given(
                trunk_bind="10.0.0.5",
                trunk_peers=["203.0.113.7", "203.0.113.64/28", "203.0.113.8:5070"],
                external_address="198.51.100.1",
            )
        )
    )
    assert found["trunk/identify"]["match"] == [
        "203.0.113.7",
        "203.0.113.64/28",
        "203.0.113.8:5070",
    ]
    contacts = found["trunk/aor"]["contact"]
    assert contacts == ["sip:203.0.113.7:5060", "sip:203.0.113.8:5070"]
    assert found["trunk/aor"]["qualify_frequency"] == ["60"]
    assert found["transport-trunk/transport"]["external_media_address"] == ["198.51.100.1"]
    assert "external_media_address" not in found["transport-phone/transport"]


def test_tls_only_with_a_certificate(asterisk: Installation) -> None:
    plain = {path.name: text for path, text in render(given(), asterisk).items()}
    pair = given(tls_cert="/etc/ssl/hotline.pem", tls_key="/etc/ssl/hotline.key")
    secure = {path.name: text for path, text in render(pair, asterisk).items()}
    assert "tls" not in plain["http.conf"]
    assert "wss" not in plain["pjsip.conf"]
    assert "tlscertfile = /srv/hotline/pbx/keys/tls-certificate.pem" in secure["http.conf"]
    assert "protocol = wss" in secure["pjsip.conf"]


def test_modules_that_are_not_built_are_not_named(asterisk: Installation) -> None:
    text = render(given(), asterisk)[Path("/srv/hotline/pbx/etc/modules.conf")]
    assert "load = cdr_custom.so" in text
    assert "res_prometheus" not in text
    assert "autoload = no" in text


def test_records_hold_no_number_but_of_caught_calls() -> None:
    assert not {"src", "dst", "clid", "lastdata"} & {field.split("(")[0] for field in CDR_FIELDS}
    fallback = render_extensions(given())
    assert fallback.index("STASISSTATUS") < fallback.index("CDR(caller)")


def test_the_way_in_is_one_line() -> None:
    text = render_extensions(given(ari_app="hotline"))
    way_in = text.split("[from-trunk]")[1].split("[")[1:]
    assert way_in[0].startswith("+0-9]!,1,Stasis(hotline)")
    outside = text.split("[from-phone]")[1]
    assert "Dial(" not in outside


def test_seats_of_the_fallback() -> None:
    text = render_extensions(given(seats=["anna", "PJSIP/139@trunk"], seat_ring_s=12.4))
    assert "HOTLINE_SEATS = PJSIP/anna&PJSIP/139@trunk" in text
    assert "Dial(${SEAT},12,gr)" in text
    assert dial_string("PJSIP/x") == "PJSIP/x"


@pytest.mark.parametrize(
    ("pbx", "word"),
    [
        ({"ari_password": ""}, "hotline setup"),
        ({"run_dir": "/" + "x" * 100}, "run_dir"),
        ({"run_dir": "/srv/with space"}, "run_dir"),
        ({"tls_cert": "/c.pem"}, "tls_key"),
        ({"rtp_start": 12000, "rtp_end": 12001}, "rtp_end"),
        ({"trunk_peers": ["127.0.0.1"]}, "trunk_peers"),
    ],
)
def test_settings_it_cannot_work_with_are_named(
    asterisk: Installation, pbx: dict[str, object], word: str
) -> None:
    with pytest.raises(SettingsError, match=word):
        render(given(**pbx), asterisk)


def test_a_value_cannot_become_a_second_option_or_a_comment() -> None:
    assert section("x", {"a": "one\nb = two", "c": "se;mi"}) == "[x]\na = oneb = two\nc = se\\;mi\n"


def test_prompts_have_a_place_and_no_digits_to_read() -> None:
    for name, text in FALLBACK_PROMPTS.items():
        assert prompt_path(given(), name).parent == layout(given()).sounds
        assert not any(letter.isdigit() for letter in text)
