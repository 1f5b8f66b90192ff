"""ARI over WebSocket: answers find their requests, junk and silence do no harm."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ari.backoff import Backoff
from ivr.ari.protocol import Answered, AriEvent, AriProtocol, Failed, Junk, segment
from ivr.errors import (
    AriConflictError,
    AriError,
    AriNotFoundError,
    AriUnavailableError,
)

pytestmark = pytest.mark.unit


def ask(protocol: AriProtocol, path: str = "channels", now: float = 0.0) -> tuple[str, dict]:
    request_id, text = protocol.request("GET", path, now=now, timeout=5)
    return request_id, json.loads(text)


def answer(request_id: str, status: int, body: object = None) -> str:
    return json.dumps(
        {
            "type": "RESTResponse",
            "request_id": request_id,
            "status_code": status,
            "message_body": None if body is None else json.dumps(body),
        }
    )


def test_request_carries_method_path_query_and_body() -> None:
    protocol = AriProtocol()
    _, text = protocol.request(
        "POST",
        "channels/a/dtmf",
        params={"dtmf": "1#", "duration": 120, "beep": True, "none": None},
        body={"k": "值"},
        now=0,
        timeout=1,
    )
    message = json.loads(text)
    assert message["type"] == "RESTRequest"
    assert message["method"] == "POST"
    assert message["uri"] == "channels/a/dtmf?dtmf=1%23&duration=120&beep=true"
    assert json.loads(message["message_body"]) == {"k": "值"}


def test_answers_match_in_any_order() -> None:
    protocol = AriProtocol()
    first, _ = ask(protocol)
    second, _ = ask(protocol)
    assert protocol.receive(answer(second, 200, [1])) == Answered(second, [1])
    assert protocol.receive(answer(first, 204)) == Answered(first, None)
    assert protocol.pending == 0


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, AriNotFoundError), (409, AriConflictError), (422, AriConflictError), (500, AriError)],
)
def test_error_status_becomes_its_error(status: int, kind: type[AriError]) -> None:
    protocol = AriProtocol()
    request_id, _ = ask(protocol, "channels/13855512345/answer")
    out = protocol.receive(answer(request_id, status))
    assert isinstance(out, Failed)
    assert type(out.error) is kind
    assert "13855512345" not in str(out.error)


def test_late_requests_fail_as_unavailable_and_their_answers_are_junk() -> None:
    protocol = AriProtocol()
    request_id, _ = ask(protocol, now=10.0)
    assert protocol.expire(14.9) == []
    (failed,) = protocol.expire(15.0)
    assert isinstance(failed.error, AriUnavailableError)
    assert failed.error.retryable
    assert isinstance(protocol.receive(answer(request_id, 200)), Junk)


def test_lost_connection_fails_everything_that_waits() -> None:
    protocol = AriProtocol()
    ids = [ask(protocol)[0] for _ in range(3)]
    assert [f.request_id for f in protocol.lost()] == ids
    assert protocol.pending == 0


def test_events_name_their_channel() -> None:
    protocol = AriProtocol()
    out = protocol.receive('{"type":"ChannelDtmfReceived","digit":"1","channel":{"id":"c1"}}')
    assert isinstance(out, AriEvent)
    assert (out.type, out.channel_id) == ("ChannelDtmfReceived", "c1")
    assert "digit" not in repr(out)


@given(
    st.one_of(
        st.text(),
        st.binary(max_size=50),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["type", "channel", "request_id", "status_code"]), inner
                )
            ),
            max_leaves=8,
        ).map(json.dumps),
    )
)
def test_junk_never_raises(text: str | bytes) -> None:
    protocol = AriProtocol()
    ask(protocol)
    assert isinstance(protocol.receive(text), Junk | AriEvent | Failed | Answered)


def test_segment_quotes_what_could_change_the_path() -> None:
    assert segment("a/b?c#d") == "a%2Fb%3Fc%23d"


def test_backoff_grows_and_starts_over_only_after_a_link_that_lasted() -> None:
    backoff = Backoff(lambda: 1.0, first=0.5, longest=4.0, lasting=10.0)
    assert [backoff.after(0.0) for _ in range(5)] == [0.5, 1.0, 2.0, 4.0, 4.0]
    assert backoff.after(0.3) == 4.0
    assert backoff.after(10.0) == 0.5
