"""What differs between us and the hub, and what mends it: decisions without I/O."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from dispatch.hub.compare import Fault, Mend, Ours, Theirs, differences, next_run
from dispatch.hub.errors import RefusedError
from dispatch.hub.inbox import APPLIED, Known, judge, read_wish
from dispatch.hub.messages import FACTS, facts_digest, message
from dispatch.hub.models import FROM_HUB, TO_HUB
from dispatch.life.steps import STEPS
from dispatch.numbers import make_order_no

pytestmark = pytest.mark.unit
NOW = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)
NUMBER = make_order_no("20260305", 1)
OURS = Ours(NUMBER, 3, 2, 2, waiting=False, dead=False, erased=False, digest="d", in_seq=1)
THEIRS = Theirs(NUMBER, 2, "d", erased=False, out_seq=1)


@pytest.mark.parametrize(
    ("ours", "theirs", "faults"),
    [
        (OURS, THEIRS, []),
        (OURS, None, [(Fault.LACKING, Mend.SNAPSHOT)]),
        (None, THEIRS, [(Fault.UNKNOWN, Mend.PERSON)]),
        (None, replace(THEIRS, erased=True), []),
        (OURS, replace(THEIRS, seq=1), [(Fault.BEHIND, Mend.SNAPSHOT)]),
        (OURS, replace(THEIRS, seq=3), [(Fault.AHEAD, Mend.SNAPSHOT)]),
        (OURS, replace(THEIRS, digest="other"), [(Fault.DIFFERENT, Mend.SNAPSHOT)]),
        (OURS, replace(THEIRS, digest=None), [(Fault.DIFFERENT, Mend.SNAPSHOT)]),
        (OURS, replace(THEIRS, out_seq=2), [(Fault.UNHEARD, Mend.FETCH)]),
        (OURS, replace(THEIRS, out_seq=0), [(Fault.FORGOTTEN, Mend.PERSON)]),
        (replace(OURS, erased=True), THEIRS, [(Fault.NOT_ERASED, Mend.ERASE)]),
        (replace(OURS, erased=True), replace(THEIRS, erased=True, digest="x", out_seq=5), []),
        (replace(OURS, erased=True), None, []),
        (OURS, replace(THEIRS, erased=True), [(Fault.ERASED_THERE, Mend.PERSON)]),
        (replace(OURS, waiting=True, last_seq=3), replace(THEIRS, digest="old"), []),
        (replace(OURS, waiting=True, last_seq=3), None, []),
        (replace(OURS, waiting=True), replace(THEIRS, seq=9), [(Fault.AHEAD, Mend.SNAPSHOT)]),
        (replace(OURS, dead=True), THEIRS, [(Fault.DEAD, Mend.PERSON)]),
        (replace(OURS, sent_seq=0, last_seq=0, in_seq=0), None, []),
        (
            OURS,
            replace(THEIRS, seq=1, out_seq=2),
            [(Fault.BEHIND, Mend.SNAPSHOT), (Fault.UNHEARD, Mend.FETCH)],
        ),
    ],
)
def test_every_difference_has_a_name_and_a_mend(
    ours: Ours | None, theirs: Theirs | None, faults: list[tuple[Fault, Mend]]
) -> None:
    found = differences(ours, theirs)
    assert [(difference.fault, difference.mend) for difference in found] == faults
    assert {difference.order_no for difference in found} <= {NUMBER}


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 3, 4, 18, 0, tzinfo=UTC), datetime(2026, 3, 4, 18, 30, tzinfo=UTC)),
        (datetime(2026, 3, 4, 18, 30, tzinfo=UTC), datetime(2026, 3, 5, 18, 30, tzinfo=UTC)),
        (datetime(2026, 3, 4, 23, 0, tzinfo=UTC), datetime(2026, 3, 5, 18, 30, tzinfo=UTC)),
    ],
)
def test_the_night_is_chinas(now: datetime, due: datetime) -> None:
    assert next_run(now, time(2, 30)) == due


def test_facts_have_one_digest_whatever_their_sequence() -> None:
    facts = dict.fromkeys(FACTS) | {"state": "received", "title": "拖欠工资"}
    turned = dict(reversed(facts.items()))
    assert facts_digest(facts) == facts_digest(turned) == facts_digest({**facts, "new": 1})
    assert facts_digest(facts) != facts_digest({**facts, "state": "closed"})
    # docs/hub-protocol.md, "Facts"
    assert facts_digest({}) == "36cc10a4eaae74a30edd5c6f2f5b8317dfa471ac1d0880788291aef1ad6674da"


def test_every_wish_of_the_hub_is_a_step_there_is() -> None:
    assert {step for step, _ in FROM_HUB.values()} <= set(STEPS)
    for step, model in FROM_HUB.values():
        known = {spec.name for spec in STEPS[step].fields} | {"step"}
        named = model.model_fields.get("step")
        steps = [step] if named is None else list(named.annotation.__args__)  # type: ignore[union-attr]
        for name in steps:
            known |= {spec.name for spec in STEPS[name].fields}
        assert set(model.model_fields) <= known, step


def test_every_message_a_step_makes_is_in_the_protocol() -> None:
    assert {step.hub for step in STEPS.values() if step.hub} <= set(TO_HUB)


def wish(kind: str = "order.urge", seq: int = 1, **fields: object) -> bytes:
    return message("hub", kind, NUMBER, seq, NOW, fields)


def test_a_wish_names_its_step_or_has_the_kinds_own() -> None:
    assert read_wish(wish()).step == "urged"
    until = "2026-03-20T00:00:00+08:00"
    asked = read_wish(wish("order.extend", step="extension_asked", reason="appraisal", until=until))
    assert asked.step == "extension_asked"
    assert set(asked.fields) == {"reason", "until"}
    with pytest.raises(RefusedError) as refused:
        read_wish(wish("order.extend", step="closed"))
    assert (refused.value.http, refused.value.field) == (422, "order.step")


def test_numbers_decide_what_is_applied() -> None:
    first = read_wish(wish())
    assert judge(first, None, 0)
    assert not judge(first, Known(first.digest, APPLIED), 1)
    for known, last, reason in (
        (None, 1, "sequence-gap"),
        (None, 7, "sequence-gap"),
        (Known("other", APPLIED), 1, "idempotency-conflict"),
        (Known(first.digest, "step-not-allowed"), 1, "step-not-allowed"),
    ):
        with pytest.raises(RefusedError) as refused:
            judge(first, known, last)
        assert (refused.value.http, refused.value.reason) == (409, reason)
