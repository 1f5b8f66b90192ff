"""What a party told, as triage reads it. It lives only while an order is decided."""

import re
import unicodedata
from dataclasses import dataclass, field

from hotline.domain.understanding import Understanding

MAX_READ = 4000
"""Characters of a description triage looks at; a longer one says what it is about before that."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was said, and what the bot understood of it. Personal data: never kept, never logged."""

    text: str = field(default="", repr=False)
    """``plain_text`` of title and description."""
    people: int | None = None
    """How many people share the trouble."""
    amount: int | None = None
    """Yuan."""
    region: str | None = None
    """Region named in the text, where the document gives none."""
    danger: bool = False
    """The bot sees danger to life or freedom in the words."""
    distress: bool = False
    answered: bool = False
    """The terminal has already answered the question."""


def plain_text(*texts: str) -> str:
    """Texts in one normal form: NFKC, lower case, without blanks; at most ``MAX_READ`` characters.

    Sentence marks stay: a gap in a rule's words does not reach over them.
    """
    joined = unicodedata.normalize("NFKC", "。".join(text[:MAX_READ] for text in texts if text))
    return re.sub(r"\s+", "", joined).lower()[:MAX_READ]


def told(
    title: str,
    description: str,
    extra: dict[str, str] | None = None,
    understanding: Understanding | None = None,
) -> Told:
    """What an intake document tells. Numbers the terminal gives (``extra``: people, amount) stand
    before those the bot heard in the words.
    """
    given = extra or {}
    heard = understanding.slots if understanding else None
    return Told(
        text=plain_text(title, description),
        people=_number(given.get("people")) or (heard.people if heard else None),
        amount=_number(given.get("amount")) or (heard.amount if heard else None),
        region=heard.region if heard else None,
        danger=bool(understanding and understanding.emergency),
        distress=bool(understanding and understanding.distress),
        answered=given.get("answered") == "yes",
    )


def _number(text: str | None) -> int | None:
    plain = (text or "").strip()
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= 12 else None
