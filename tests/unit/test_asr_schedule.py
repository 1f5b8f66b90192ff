"""Who is decoded first when there is more speech than cores."""

import pytest

from asr.endpoint import Kind, Listen, Piece
from asr.schedule import Job, Priority, Schedule

pytestmark = pytest.mark.unit


def job(
    stream: str, kind: Kind, priority: Priority = Priority.BOT, piece: Piece | None = None
) -> Job:
    where = piece or Piece(1, 0, 0)
    return Job(stream, priority, kind, Listen(where, kind, b"", 0.0, 1.0, 1.0))


def test_callers_of_the_bot_come_before_transcripts() -> None:
    schedule = Schedule()
    schedule.add(job("agent", Kind.FINAL, Priority.AGENT), idle=True)
    schedule.add(job("story", Kind.PIECE), idle=True)
    schedule.add(job("caller", Kind.SPECULATIVE), idle=True)
    order = [schedule.take()[0].stream for _ in range(3)]
    assert order == ["caller", "story", "agent"]
    assert schedule.take() == []


def test_a_partial_is_only_made_when_nobody_waits() -> None:
    schedule = Schedule()
    assert schedule.add(job("a", Kind.PARTIAL), idle=True) == []
    refused = job("b", Kind.PARTIAL)
    assert schedule.add(refused, idle=True) == [refused]
    assert Schedule().add(job("c", Kind.PARTIAL), idle=False) != []
    assert schedule.counts.partials_shed == 1


def test_a_look_ahead_takes_the_place_of_the_partial_that_waits() -> None:
    schedule = Schedule()
    schedule.add(job("a", Kind.PARTIAL), idle=True)
    schedule.add(job("a", Kind.SPECULATIVE), idle=True)
    assert [j.kind for j in schedule.take(4)] == [Kind.SPECULATIVE]
    assert schedule.counts.partials_shed == 1


def test_a_newer_look_ahead_supersedes_an_older_one_of_the_same_piece_only() -> None:
    schedule = Schedule()
    schedule.add(job("a", Kind.SPECULATIVE, piece=Piece(1, 0, 0)), idle=True)
    schedule.add(job("a", Kind.SPECULATIVE, piece=Piece(1, 0, 1)), idle=True)
    schedule.add(job("a", Kind.SPECULATIVE, piece=Piece(1, 1, 0)), idle=True)
    assert schedule.counts.superseded == 1
    pieces = [schedule.take()[0].piece for _ in range(2)]
    assert pieces == [Piece(1, 0, 1), Piece(1, 1, 0)]


def test_a_batch_is_of_one_rank_and_has_no_stream_twice() -> None:
    schedule = Schedule()
    for stream, index in (("a", 0), ("a", 1), ("b", 0), ("c", 0)):
        schedule.add(job(stream, Kind.SPECULATIVE, piece=Piece(1, index, 0)), idle=True)
    schedule.add(job("d", Kind.PIECE), idle=True)
    assert [(j.stream, j.piece.index) for j in schedule.take(4)] == [("a", 0), ("b", 0), ("c", 0)]
    assert [(j.stream, j.piece.index) for j in schedule.take(4)] == [("a", 1)]
    assert [j.stream for j in schedule.take(4)] == ["d"]


def test_pieces_somebody_waits_for_are_promoted() -> None:
    schedule = Schedule()
    schedule.add(job("other", Kind.PIECE), idle=True)
    schedule.add(job("a", Kind.PIECE, piece=Piece(3, 2, 0)), idle=True)
    schedule.promote("a", (Piece(3, 2, 0),))
    assert [schedule.take()[0].stream for _ in range(2)] == ["a", "other"]


def test_agents_finals_are_given_up_when_the_queue_is_too_long() -> None:
    schedule = Schedule(agent_limit=2)
    given_up = []
    for number in range(4):
        given_up += schedule.add(job(f"s{number}", Kind.FINAL, Priority.AGENT), idle=False)
    assert [j.stream for j in given_up] == ["s0", "s1"]
    assert schedule.counts.finals_shed == 2
    assert len(schedule) == 2


def test_bot_finals_are_never_given_up() -> None:
    schedule = Schedule(agent_limit=1)
    for number in range(100):
        assert schedule.add(job(f"s{number}", Kind.FINAL), idle=False) == []


def test_a_job_whose_worker_died_comes_first_again() -> None:
    schedule = Schedule()
    schedule.add(job("waiting", Kind.FINAL), idle=True)
    schedule.again(job("tried", Kind.FINAL))
    assert schedule.take()[0].stream == "tried"


def test_streams_being_decoded_are_passed_over() -> None:
    schedule = Schedule()
    schedule.add(job("a", Kind.FINAL), idle=True)
    schedule.add(job("b", Kind.PIECE), idle=True)
    assert [j.stream for j in schedule.take(4, besides={"a"})] == ["b"]
    assert schedule.take(4, besides={"a"}) == []
    assert [j.stream for j in schedule.take(4)] == ["a"]


def test_drop_forgets_one_stream() -> None:
    schedule = Schedule()
    schedule.add(job("a", Kind.FINAL), idle=True)
    schedule.add(job("b", Kind.PIECE), idle=True)
    schedule.drop("a")
    assert [j.stream for j in schedule.take(9)] == ["b"]
