"""What the dialogue has just asked, which tells how a short answer is to be read."""

from dataclasses import dataclass
from typing import Literal

from hotline.domain.codes import Topic

Kind = Literal[
    "open",
    "yes_no",
    "phone",
    "region",
    "story",
    "since",
    "name",
    "rating",
    "digits",
    "order_no",
    "choice",
]


@dataclass(frozen=True, slots=True)
class Expect:
    """The question the caller is answering; ``topics`` are those the talk is about or offered."""

    kind: Kind = "open"
    topics: tuple[Topic, ...] = ()


OPEN = Expect()
