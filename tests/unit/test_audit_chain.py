"""The chain shows every change."""

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hotline.audit import AuditLink, Head, head_data, link_hash, next_link, verify_chain

pytestmark = pytest.mark.unit
START = datetime(2026, 3, 5, 8, 0, tzinfo=UTC)


def mac(data: bytes) -> str:
    return hmac.new(b"audit key", data, hashlib.sha256).hexdigest()


def head_of(link: AuditLink) -> Head:
    return Head(link.seq, link.hash, mac(head_data(link.seq, link.hash)))


def chain(length: int) -> list[AuditLink]:
    links: list[AuditLink] = []
    for number in range(length):
        head = head_of(links[-1]) if links else None
        at = START + timedelta(seconds=number)
        links.append(next_link(head, at, "bot", "call.finished", f"C{number}", f"{number:064x}"))
    return links


def problems(links: list[AuditLink], head: Head | None, anchor: Head | None = None) -> list[str]:
    return list(verify_chain(links, head, anchor, mac).problems)


def test_an_unbroken_chain_holds() -> None:
    links = chain(20)
    assert verify_chain(links, head_of(links[-1]), head_of(links[9]), mac).ok
    assert verify_chain([], None, None, mac).ok


@pytest.mark.parametrize("field", ["at", "actor", "action", "subject", "digest"])
def test_a_changed_link_is_named(field: str) -> None:
    links = chain(5)
    value = START if field == "at" else "x"
    changed = [*links[:2], replace(links[2], **{field: value}), *links[3:]]
    assert problems(changed, head_of(links[-1])) == ["link 3 (call.finished) was changed"] or (
        field == "action" and problems(changed, head_of(links[-1])) == ["link 3 (x) was changed"]
    )


def test_a_changed_link_with_its_own_hash_mended_breaks_the_next() -> None:
    links = chain(5)
    bad = replace(links[2], subject="other")
    made = link_hash(bad.seq, bad.at, bad.actor, bad.action, bad.subject, bad.digest, bad.prev_hash)
    changed = [*links[:2], replace(bad, hash=made), *links[3:]]
    assert problems(changed, head_of(links[-1])) == ["link 4 does not follow link 3"]


def test_a_chain_made_anew_throughout_has_no_head() -> None:
    links, forged = chain(5), chain(5)
    again = [replace(link, subject="forged") for link in forged]
    prev = None
    rebuilt: list[AuditLink] = []
    for link in again:
        head = Head(prev.seq, prev.hash, "") if prev else None
        prev = next_link(head, link.at, link.actor, link.action, link.subject, link.digest)
        rebuilt.append(prev)
    old = head_of(links[-1])
    assert problems(rebuilt, old) == ["the chain ends at link 5, its head says 5"]
    made = Head(5, rebuilt[-1].hash, "0" * 64)
    assert problems(rebuilt, made) == ["the chain's head was forged"]


def test_missing_moved_and_inserted_links_are_named() -> None:
    links = chain(6)
    head = head_of(links[-1])
    assert problems([*links[:2], *links[4:]], head)[0] == "links 3 to 4 are missing"
    moved = [*links[:2], replace(links[3], seq=3), replace(links[2], seq=4), *links[4:]]
    assert problems(moved, head)
    assert problems([*links[:3], links[2], *links[3:]], head)


def test_links_cut_off_the_end_are_found() -> None:
    links = chain(6)
    assert problems(links[:4], head_of(links[-1])) == ["the chain ends at link 4, its head says 6"]
    # the head is put back from an old copy: only the anchor file knows
    assert problems(links[:4], head_of(links[3])) == []
    assert problems(links[:4], head_of(links[3]), head_of(links[5])) == [
        "links up to 6 existed, the chain ends at link 4"
    ]
    assert problems([], None, head_of(links[5])) == [
        "links up to 6 existed, the chain ends at link 0"
    ]
    assert problems(links, None) == ["the chain's head is missing"]
