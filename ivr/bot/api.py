"""What a call session tells the dialogue (inputs) and what the dialogue wants done (actions).

The dialogue never does anything itself: ``Dialogue.turn(input, now)`` returns a list of actions to
be carried out in order. The last action says what the dialogue waits for, and there is exactly one
such action in a list:

=============  ===================================================================================
last action    the session answers with
=============  ===================================================================================
Listen         Heard, Key, or Silence (nothing for ``timeout_s`` after our voice ended)
FileOrder      Filed or FileFailed
LookUp         Found (empty when nothing was found or the look-up failed)
RateOrder      OrderRated
Transfer       TransferDone; ``answered`` = a person has the caller. ``wait_text`` is spoken while
               it rings. Heard and Key may be sent meanwhile: an answer that ends in Transfer again
               lets it ring on, one that ends in anything else stops the ringing
HangUp         nothing. The bot's part is over. After TransferDone(answered=True) it only carries
               the outcome for the record: the person's talk with the caller goes on
=============  ===================================================================================

SpeechLost, Adopted and Hangup may come at any time; Returned takes a talk up that was handed over.
After Hangup the actions hold at most one FileOrder or RateOrder, whose result need not be returned,
and end with HangUp, whose outcome is the record's.
"""

from dataclasses import dataclass
from typing import Literal

from hotline.domain.codes import Act, CallOutcome, EmergencyKind, Topic
from hotline.domain.orders import Intake, OrderView

Expect = Literal[
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
"""What kind of answer is waited for; the words are those of ``hotline.language``."""

Patience = Literal["short", "normal", "story"]
"""How long a pause the recognizer lets pass before it takes the turn as ended."""


# ---- inputs -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The call has been answered."""

    caller_number: str | None
    """None when withheld (personal data)."""
    speech: bool = True
    """Recognition is available; without it everything goes by keys."""
    at_night: bool = False
    seats_on_duty: bool = True
    """Somebody is there to take an ordinary hand-over."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance of the caller, heard to its end."""

    text: str
    """Empty when a word was said and not surely heard; ``alternatives`` tell what it may be."""
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()
    interrupted: bool = False
    """It was spoken over our voice, which was given up."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key pressed: 0-9, * or #."""

    digit: str


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller said nothing for ``Listen.timeout_s`` after our voice ended."""


@dataclass(frozen=True, slots=True)
class Filed:
    """The order is in the database."""

    order: OrderView


@dataclass(frozen=True, slots=True)
class FileFailed:
    """The order could not be stored."""


@dataclass(frozen=True, slots=True)
class Found:
    """Orders found, newest first."""

    orders: tuple[OrderView, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderRated:
    """The rating is kept, or could not be."""

    ok: bool
    reopened: bool = False
    """The order is being done once more."""


@dataclass(frozen=True, slots=True)
class TransferDone:
    """A person has the caller (answered), or nobody took the call."""

    answered: bool


@dataclass(frozen=True, slots=True)
class Returned:
    """A person gives the caller back. May come only after TransferDone(answered=True)."""

    to: Literal["survey", "bot", "person"]
    """survey: the talk is over, how was it? bot: go on with the caller. person: another person is
    to be rung (the answer is Transfer)."""


@dataclass(frozen=True, slots=True)
class SpeechLost:
    """Recognition went down in mid-call."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """The caller has hung up."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """A restarted hotline has taken the live call over."""


Input = (
    Started
    | Heard
    | Key
    | Silence
    | Filed
    | FileFailed
    | Found
    | OrderRated
    | TransferDone
    | Returned
    | SpeechLost
    | Hangup
    | Adopted
)


# ---- actions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Say:
    """Speak a text. Fixed texts come word for word from ``prompts.ALL``: they are cached."""

    text: str
    interruptible: bool = True
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the caller."""

    expect: Expect
    patience: Patience
    timeout_s: float
    """Seconds without a word or key, from the end of our voice, until Silence is sent."""


@dataclass(frozen=True, slots=True)
class FileOrder:
    """Store an order; the same idempotency key never makes a second one."""

    intake: Intake


@dataclass(frozen=True, slots=True)
class LookUp:
    """Find orders: by whole number, or by calling phone and the number's last four digits."""

    order_no: str | None = None
    phone: str | None = None
    tail: str | None = None


@dataclass(frozen=True, slots=True)
class RateOrder:
    """Rate a finished order of the calling telephone."""

    order_no: str
    phone: str
    level: int
    """1 (very dissatisfied) to 5."""
    again: bool
    """The caller wants it done once more."""
    comment: str | None = None
    """Why, in the caller's words (personal data)."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller over to a person."""

    reason: str
    """requested, misunderstood, distress, emergency, foreign, changed_law, not_found, office,
    no_answer, failed or long_call."""
    urgent: bool
    on_call: bool
    """Ring the on-call telephones when no seat answers."""
    topic: Topic | None
    wait_text: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """The bot's part is over."""

    outcome: CallOutcome


@dataclass(frozen=True, slots=True)
class Note:
    """Facts for the call's record; None says nothing new."""

    act: Act | None = None
    topic: Topic | None = None
    region: str | None = None
    """GB/T 2260 code."""
    answer_id: str | None = None
    """A knowledge entry is being spoken."""
    order_no: str | None = None
    """An order filed or asked about."""
    satisfaction: int | None = None
    emergency: EmergencyKind | None = None
    human_requested: bool | None = None
    abusive: bool | None = None
    confidence: float | None = None
    """The understanding's, for this turn."""


Action = Say | Listen | FileOrder | LookUp | RateOrder | Transfer | HangUp | Note
LAST = (Listen, FileOrder, LookUp, RateOrder, Transfer, HangUp)
"""The actions that end a list."""
