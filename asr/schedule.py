"""What is decoded next when there is more speech than cores: a sans-I/O queue.

Order: what a caller of the bot waits for (finals, the looks ahead that become finals, words over
our voice), pieces of their long stories, their partials; then transcripts of agents' calls, finals
before partials.
Partials are shed first: they are only taken when nobody waits.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import IntEnum

from asr.endpoint import Kind, Listen, Piece


class Priority(IntEnum):
    """Whose call it is."""

    BOT = 0
    """Somebody waits for the answer."""
    AGENT = 1
    """A transcript beside a talk between people."""


@dataclass(slots=True, eq=False)
class Job:
    """One decode asked for."""

    stream: str
    priority: Priority
    kind: Kind
    listen: Listen
    attempts: int = 0
    expect: str = ""
    """The kind of answer that was asked for (see ``asr.engines.base.Request``)."""

    @property
    def piece(self) -> Piece:
        """What is to be decoded."""
        return self.listen.piece

    @property
    def rank(self) -> int:
        """Smaller is sooner."""
        if self.priority is Priority.BOT:
            return {Kind.PIECE: 1, Kind.PARTIAL: 2}.get(self.kind, 0)
        return 4 if self.kind is Kind.PARTIAL else 3


@dataclass(slots=True)
class Counts:
    """What became of the jobs, since start."""

    partials_shed: int = 0
    """Partials not made because others were waiting."""
    finals_shed: int = 0
    """Finals of agents' calls given up because the queue was too long."""
    superseded: int = 0
    """Looks ahead overtaken by further speech before their turn came."""


@dataclass(slots=True)
class Schedule:
    """Jobs that wait, best first."""

    agent_limit: int = 60
    """Finals of agents' calls that may wait; beyond it the oldest are given up."""
    counts: Counts = field(default_factory=Counts)
    _ranks: tuple[deque[Job], ...] = field(
        default_factory=lambda: tuple(deque[Job]() for _ in range(5))
    )

    def __len__(self) -> int:
        return sum(len(rank) for rank in self._ranks)

    def add(self, job: Job, *, idle: bool) -> list[Job]:
        """Queue a job (``idle``: a worker has nothing to do). Gives back the jobs given up."""
        self._supersede(job)
        if job.kind is Kind.PARTIAL and not (idle and len(self) == 0):
            self.counts.partials_shed += 1
            return [job]
        self._ranks[job.rank].append(job)
        agents = self._ranks[3]
        given_up = []
        while len(agents) > self.agent_limit:
            given_up.append(agents.popleft())
            self.counts.finals_shed += 1
        return given_up

    def again(self, job: Job) -> None:
        """Put a job whose worker died in front of its rank."""
        self._ranks[job.rank].appendleft(job)

    def take(self, most: int = 1, besides: Collection[str] = ()) -> list[Job]:
        """The next jobs, all of one rank, no stream twice (its sound must stay in order).

        ``besides``: streams of which nothing may be taken now.
        """
        for rank in self._ranks:
            taken: list[Job] = []
            left: deque[Job] = deque()
            streams = set(besides)
            while rank:
                job = rank.popleft()
                fits = len(taken) < most and job.stream not in streams
                (taken if fits else left).append(job)
                streams.add(job.stream)
            rank.extend(left)
            if taken:
                return taken
        return []

    def promote(self, stream: str, pieces: tuple[Piece, ...]) -> None:
        """A caller waits for these pieces now: treat them as finals."""
        for rank in self._ranks[1:2]:
            urgent = [job for job in rank if job.stream == stream and job.piece in pieces]
            for job in urgent:
                rank.remove(job)
                job.kind = Kind.FINAL
                self._ranks[job.rank].append(job)

    def drop(self, stream: str) -> None:
        """Forget all jobs of a stream."""
        for rank in self._ranks:
            keep = [job for job in rank if job.stream != stream]
            rank.clear()
            rank.extend(keep)

    def _supersede(self, new: Job) -> None:
        for rank in self._ranks:
            for job in [job for job in rank if _overtaken(job, new)]:
                rank.remove(job)
                if job.kind.passing:
                    self.counts.partials_shed += 1
                else:
                    self.counts.superseded += 1


def _overtaken(old: Job, new: Job) -> bool:
    """Whether ``new`` says all that ``old`` would have said."""
    if old.stream != new.stream or old.kind in (Kind.FINAL, Kind.PIECE):
        return False
    a, b = old.piece, new.piece
    if (a.utterance, a.index) != (b.utterance, b.index):
        return old.kind.passing
    return new.kind is not Kind.PARTIAL or old.kind is Kind.PARTIAL
