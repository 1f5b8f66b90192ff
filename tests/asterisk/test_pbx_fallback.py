"""The dialplan catches a hotline that is not there: apology, retry, seats, message, CDR."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pbx_bench import Bench, wait_for

from hotline.domain.codes import CallOutcome
from ivr.pbx import dialplan
from ivr.pbx.fallback import CdrLog, FallbackCall
from ivr.pbx.layout import SORRY, prompt_path

pytestmark = pytest.mark.asterisk

CALLER = "13900001111"
TONE = bytes(0xD5 ^ 0x2A if math.sin(index * 0.3) > 0 else 0x55 ^ 0x2A for index in range(24000))
"""Three seconds of a loud square tone, a-law."""


def context(bench: Bench) -> str:
    """Application that the caller's channel is in, empty without a call."""
    channels = [it for it in bench.ari("channels") if it["name"].startswith("PJSIP/trunk-")]
    return str(channels[0]["dialplan"]["app_name"]) if channels else ""


def later() -> datetime:
    """A time at which what is written by now has settled."""
    return datetime.now(UTC) + timedelta(seconds=2)


def records(bench: Bench) -> list[FallbackCall]:
    """Calls the dialplan handled, once Asterisk has written them."""
    batch = wait_for(
        lambda: (it := CdrLog(bench.settings).claim(later())).calls and it,
        10,
        "the record",
    )
    batch.forget()
    return list(batch.calls)


def test_message_after_fifteen_seconds(pbx: Bench) -> None:
    ear = pbx.ear()
    started = datetime.now(UTC)
    sipp = pbx.sipp("call", rtp_port=ear.port, from_user=CALLER)
    wait_for(lambda: ear.loud_seconds() > 0.2, 5, "the first sound")
    wait_for(lambda: context(pbx) == "Record", 25, "the beep")
    waited = (datetime.now(UTC) - started).total_seconds()
    ear.speak(TONE)
    ear.press("#")
    assert pbx.finish(sipp) == 0
    assert 14 <= waited <= 20

    (call,) = records(pbx)
    assert call.outcome is CallOutcome.VOICEMAIL
    assert call.caller == CALLER
    assert call.answered is not None
    assert call.started <= call.answered < call.ended
    assert abs((call.started - started).total_seconds()) < 3
    assert call.recording is not None
    assert not call.recording.exists(), "the message is deleted once we hold it"
    assert CdrLog(pbx.settings).claim(later()).calls == ()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The retry takes one second instead of fifteen."""
    monkeypatch.setattr(dialplan, "RETRY_S", 1)


@pytest.mark.usefixtures("impatient")
def test_withheld_number_is_served_alike(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    ear = bench.ear()
    sipp = bench.sipp(
        "call",
        rtp_port=ear.port,
        from_user="anonymous",
        from_host="anonymous.invalid",
        extra="Privacy: id",
    )
    wait_for(lambda: context(bench) == "Record", 15, "the beep")
    ear.speak(TONE)
    ear.press("#")
    assert bench.finish(sipp) == 0
    (call,) = records(bench)
    assert call.outcome is CallOutcome.VOICEMAIL
    assert call.caller in (None, "anonymous")


def test_a_hotline_that_comes_back_gets_the_waiting_caller(pbx: Bench) -> None:
    """No record of ours then: the hotline writes its own."""
    with pbx.hotline():
        pass
    ear = pbx.ear()
    sipp = pbx.sipp("call", rtp_port=ear.port, from_user=CALLER)
    wait_for(lambda: ear.loud_seconds() > 0.2, 5, "the apology")
    with pbx.hotline() as events:
        event = json.loads(events.recv(timeout=10))
        while event["type"] != "StasisStart":
            event = json.loads(events.recv(timeout=10))
        assert event["channel"]["caller"]["number"] == CALLER
        assert event["channel"]["state"] == "Up"
        pbx.hang_up(event["channel"]["id"])
        assert pbx.finish(sipp) == 0
    claimed = wait_for(
        lambda: (it := CdrLog(pbx.settings).claim(later())).files and it, 10, "the record"
    )
    claimed.forget()
    assert claimed.calls == ()
    assert [it.unique_id for it in claimed.ended] == [event["channel"]["id"]]
    assert CALLER not in repr(claimed.ended)


@pytest.mark.usefixtures("impatient")
def test_seats_are_rung_in_turn(own_pbx: Callable[..., Bench]) -> None:
    """The first seat is not there, the second answers."""
    bench = own_pbx(seats=["nobody", "anna"])
    home = f"{bench.net}.5"
    bench.push_seat("anna", contact=f"sip:anna@{home}:5060")
    seat = bench.sipp("seat", source=home, rtp_port=bench.ear(home).port)
    ear = bench.ear()
    call = bench.sipp("hang_up", rtp_port=ear.port, from_user=CALLER, options=("-d", "5000"))
    wait_for(lambda: len(bench.ari("bridges")) == 1, 10, "the talk with the seat")
    assert bench.finish(call) == 0
    assert bench.finish(seat) == 0
    (record,) = records(bench)
    assert record.outcome is CallOutcome.FALLBACK_SEAT
    assert record.seat == "PJSIP/anna"
    assert record.caller == CALLER


@pytest.mark.usefixtures("impatient")
def test_who_hangs_up_while_waiting_is_counted(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    ear = bench.ear()
    sipp = bench.sipp("hang_up", rtp_port=ear.port, options=("-d", "500"))
    assert bench.finish(sipp) == 0
    (record,) = records(bench)
    assert record.outcome is CallOutcome.ABANDONED
    assert record.recording is None


@pytest.mark.usefixtures("impatient")
def test_the_rendered_apology_is_played(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    pcm = b"".join(
        int(9000 * math.sin(index * 0.2)).to_bytes(2, "little", signed=True)
        for index in range(16000 * 3)
    )
    prompt_path(bench.settings, SORRY).write_bytes(pcm)
    ear = bench.ear()
    bench.sipp("call", rtp_port=ear.port)
    wait_for(lambda: ear.loud_seconds() > 2.5, 8, "three seconds of sound")


@pytest.mark.usefixtures("impatient")
def test_no_log_of_asterisk_holds_the_number(own_pbx: Callable[..., Bench]) -> None:
    bench = own_pbx()
    ear = bench.ear()
    sipp = bench.sipp("hang_up", rtp_port=ear.port, from_user=CALLER, options=("-d", "300"))
    assert bench.finish(sipp) == 0
    records(bench)
    for path in bench.settings.pbx_dir.rglob("*"):
        if path.is_file():
            assert CALLER.encode() not in path.read_bytes(), path.name
