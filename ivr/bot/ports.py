"""What the dialogue needs of other rooms, as small protocols. Tests give fakes."""

from collections.abc import Sequence
from typing import Protocol

from hotline.domain.codes import Topic
from hotline.domain.understanding import Understanding
from hotline.knowledge.models import Answer, Office, OfficeKind, Region
from hotline.language.expect import Expect


class Understander(Protocol):
    """Text in, meaning out; pure and quick (milliseconds)."""

    def understand(
        self, text: str, *, alternatives: Sequence[str] = (), expect: Expect | None = None
    ) -> Understanding: ...


class Scored(Protocol):
    """An answer and how well it fits a question, 0..1."""

    @property
    def answer(self) -> Answer: ...
    @property
    def score(self) -> float: ...


class Knowledge(Protocol):
    """The knowledge base as the dialogue sees it (``hotline.knowledge.search.KnowledgeBase``)."""

    @property
    def answers(self) -> tuple[Answer, ...]: ...

    def best(self, topic: Topic | None, text: str, limit: int = 3) -> Sequence[Scored]:
        """Answers that fit, best first; ``topic`` None searches all topics."""
        ...

    def by_id(self, answer_id: str) -> Answer:
        """Raises NotFoundError."""
        ...

    def offices(self, place: str, kind: OfficeKind) -> Sequence[Office]:
        """Offices of a named city or county, the nearest first."""
        ...

    def find_region(self, text: str) -> Sequence[Region]:
        """Regions a sentence names, counties before cities."""
        ...


Regions = Sequence[Region]
"""Cities and counties of Anhui."""
