"""Names of places by their sound, and which of them stands out."""

import pytest

from asr.engines.expected import SHORTLIST, Places, Weighed, decide

pytestmark = pytest.mark.unit

_NAMES = "合肥市 肥东县 肥西县 长丰县 庐江县 霍山县 霍邱县 含山县 寿县 和县 砀山县 青阳县 凤阳县"
PLACES = Places(_NAMES.split())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("你长逢见", "长丰县"),
        ("荡山线", "砀山县"),
        ("护神献", "霍山县"),
        ("收件", "寿县"),
        ("我在飞东县", "肥东县"),
    ],
)
def test_what_a_recognizer_writes_leads_to_the_name(written: str, name: str) -> None:
    alike = PLACES.alike([written])
    assert alike[0][0] == name
    assert alike[0][1] < 0.35
    assert len(alike) == SHORTLIST


def test_other_readings_of_the_sound_count_too_and_less() -> None:
    first = dict(PLACES.alike(["含山县"]))
    second = dict(PLACES.alike(["", "含山县"]))
    assert first["含山县"] == 0.0
    assert second["含山县"] == pytest.approx(0.02)
    assert PLACES.alike(["", ""]) == []


def test_a_name_as_written_or_in_short_is_named() -> None:
    assert PLACES.named("我家在肥西")
    assert PLACES.named("和县")
    assert not PLACES.named("我和他")
    assert not PLACES.named("飞行线")


def test_the_name_that_stands_out_is_taken_and_no_other() -> None:
    clear = decide([Weighed("霍山县", -8.5, 0.1), Weighed("含山县", -21.4, 0.3)])
    assert clear is not None and clear[0].name == "霍山县"
    assert decide([Weighed("霍山县", -8.5, 0.1), Weighed("含山县", -8.0, 0.1)]) is None
    assert decide([Weighed("淮北市", -29.0, 0.4)]) is None, "nothing fits"
    assert decide([]) is None


def test_a_rare_character_is_made_up_for_by_the_likeness_of_the_sound() -> None:
    """亳 is rare: the model hardly writes it, though what it wrote (博州市) sounds the same."""
    found = decide([Weighed("宿州市", -15.4, 0.35), Weighed("亳州市", -24.0, 0.0)])
    assert found is not None and found[0].name == "亳州市"
